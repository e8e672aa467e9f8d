"""What to export and how to quantise it."""

from dataclasses import dataclass
from typing import Literal

from wrenlet.errors import InputError

__all__ = ["ExportSettings"]


@dataclass(frozen=True)
class ExportSettings:
    """Which files an export writes.

    Attributes:
        formats: `litert` and/or `onnx`; ONNX files are float32.
        inputs: `audio` puts the front-end into the graph, in float; `features` leaves it out.
        precisions: `float32` and/or `int8`.
        full_integer: whether an int8 file with a float tensor outside the front-end fails the export.
        calibration_clips: clips of the training or validation split that set the ranges of activations.
        observer: how a range is read off the calibration values: `minmax` keeps them all, `percentile` clips
            `tail` of them at either end (of logits none), `mse` takes the range with the least squared error.
        tail: share of values clipped at either end by `percentile`.
        weight_scales: `channel` (a scale for each output channel) or `tensor` (smaller, coarser).
        tie_concatenations: give everything that is concatenated one scale, so that no requantisation is left.
        keep_names: keep the converter's long tensor names, to look at the graph in a viewer.
    """

    formats: tuple[Literal["litert", "onnx"], ...] = ("litert", "onnx")
    inputs: tuple[Literal["audio", "features"], ...] = ("audio", "features")
    precisions: tuple[Literal["float32", "int8"], ...] = ("float32", "int8")
    full_integer: bool = True
    calibration_clips: int = 100
    observer: Literal["minmax", "percentile", "mse"] = "percentile"
    tail: float = 1e-3
    weight_scales: Literal["channel", "tensor"] = "channel"
    tie_concatenations: bool = True
    keep_names: bool = False

    def __post_init__(self) -> None:
        for name, values, known in (
            ("formats", self.formats, ("litert", "onnx")),
            ("inputs", self.inputs, ("audio", "features")),
            ("precisions", self.precisions, ("float32", "int8")),
            ("observer", (self.observer,), ("minmax", "percentile", "mse")),
            ("weight_scales", (self.weight_scales,), ("channel", "tensor")),
        ):
            wrong = [value for value in values if value not in known]
            if wrong or not values:
                raise InputError(
                    f"export.{name} is {wrong[0] if wrong else 'empty'}: it must be among {', '.join(known)}"
                )
        if self.calibration_clips < 1:
            raise InputError(
                f"export.calibration_clips is {self.calibration_clips}: it must be at least 1; use about 100"
            )
        if not 0 <= self.tail < 0.1:
            raise InputError(
                f"export.tail is {self.tail}: it is a share at either end, in 0 … 0.1; use 0.001"
            )
