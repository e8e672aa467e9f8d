"""One step of an artefact: a hop in, logits out, the state kept inside."""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wrenlet.errors import InputError

__all__ = ["Step", "dequantise", "disagreement", "quantise"]


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


def disagreement(path: Path, problem: str) -> InputError:
    """Return the error for a graph which is not the one that the artefact's knowledge describes."""
    return InputError(
        f"{path}: the graph is not the one its wrenlet metadata describes ({problem}): export it again"
    )
