"""From a file to a step that runs: which runtime its format needs."""

from pathlib import Path
from typing import Literal

from wrenlet.artefact import Sidecar
from wrenlet.runtime.step import Step

__all__ = ["file_format", "open_step"]


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
