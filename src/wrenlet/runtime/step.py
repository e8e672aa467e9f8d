"""One step of an artefact: a hop in, logits out, the state kept inside."""

from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from wrenlet.artefact import Sidecar
from wrenlet.errors import InputError

__all__ = ["Step", "dequantise", "disagreement", "file_format", "open_step", "quantise"]


class Step(Protocol):
    """What every runtime offers: run hops in order, carrying the state from one to the next.

    Attributes:
        frame_shape: axes of one hop without the batch: `(hop_samples,)` for audio, `(1, features)` for
            features.
        classes: number of logits.
    """

    frame_shape: tuple[int, ...]
    classes: int

    def reset(self) -> None:
        """Go back to the zero state."""
        ...

    def run(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run hops one after the other.

        Args:
            frames: `[hops, *frame_shape]`.

        Returns:
            Logits `[hops, classes]`.
        """
        ...

    def state(self) -> dict[str, NDArray]:
        """Return a copy of the state that the next hop starts from, in the tensors' own dtypes."""
        ...


def quantise(values: NDArray, scale: float, zero_point: int, dtype: np.dtype) -> NDArray:
    """Round real values onto an integer tensor's grid; what lies outside saturates.

    Args:
        values: real numbers of any shape.
        scale: value of one step of the grid.
        zero_point: the integer that stands for 0.0.
        dtype: `int8`, `uint8` or `int16`.
    """
    limits = np.iinfo(dtype)
    return np.clip(np.rint(values / scale) + zero_point, limits.min, limits.max).astype(dtype)


def dequantise(values: NDArray, scale: float, zero_point: int) -> NDArray[np.float32]:
    """Return the real numbers that an integer tensor stands for."""
    return (values.astype(np.float32) - np.float32(zero_point)) * np.float32(scale)


def open_step(path: Path, sidecar: Sidecar, threads: int = 1) -> Step:
    """Open an artefact's graph with the runtime for its format, in the zero state.

    Args:
        path: a `.tflite` or `.onnx` file.
        sidecar: what the file knows about itself.
        threads: CPU threads; a hop is too small to gain from more than one.

    Raises:
        InputError: if the graph is damaged or is not the one that its knowledge describes.
        MissingExtraError: if the file is ONNX and `onnxruntime` is not installed.
    """
    # Imported here, so that an ONNX file needs no LiteRT and the other way round.
    if file_format(path) == "onnx":
        from wrenlet.runtime.onnx import OnnxStep

        return OnnxStep(path, sidecar, threads)
    from wrenlet.runtime.litert import LiteRTStep

    return LiteRTStep(path, sidecar, threads)


def file_format(path: Path) -> Literal["tflite", "onnx"]:
    """Return the format of an artefact by its first bytes, so that a file may have any name."""
    with path.open("rb") as file:
        return "tflite" if file.read(8)[4:] == b"TFL3" else "onnx"


def disagreement(path: Path, problem: str) -> InputError:
    """Return the error for a graph which is not the one that the artefact's knowledge describes."""
    return InputError(
        f"{path}: the graph is not the one its wrenlet metadata describes ({problem}): export it again"
    )
