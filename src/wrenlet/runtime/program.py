"""From hops of audio to logits, whether the artefact takes audio or features."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wrenlet.artefact import Sidecar
from wrenlet.runtime.features import NumpyFrontend
from wrenlet.runtime.opening import open_step
from wrenlet.runtime.step import Step, disagreement

__all__ = ["Program"]


class Program:
    """An artefact's step, with the front-end before it when the artefact takes features.

    Answers come `lookahead` hops late; see `Stream` and `Program.clip` for what puts them in line.

    Attributes:
        step: the graph.
        hop: audio samples of one step.
        lookahead: hops that an answer is late.
        frontend: makes the features, if the artefact takes these.
        classes: number of logits.

    Args:
        path: the artefact.
        sidecar: its knowledge.

    Raises:
        InputError: if the graph is damaged or is not the one that its knowledge describes.
    """

    def __init__(self, path: Path, sidecar: Sidecar) -> None:
        self.step: Step = open_step(path, sidecar)
        self.hop = sidecar.hop_samples
        self.frontend = NumpyFrontend(sidecar) if sidecar.input == "features" else None
        # What the sidecar counts is the look-ahead of the graph; a front-end outside adds its own.
        self.lookahead = sidecar.lookahead_hops + (self.frontend.lookahead if self.frontend else 0)
        if self.frontend is None:
            expected: tuple[int, ...] = (self.hop,)
        else:  # a body with a stride takes several frames in one step
            expected = (self.hop // self.frontend.hop, self.frontend.feature_count)
        if self.step.frame_shape != expected:
            raise disagreement(
                path, f"{sidecar.input} has the shape {self.step.frame_shape}, expected {expected}"
            )
        if self.step.classes != len(sidecar.labels):
            raise disagreement(path, f"{self.step.classes} logits for {len(sidecar.labels)} labels")
        self.classes = self.step.classes

    def reset(self) -> None:
        """Go back to the zero state."""
        self.step.reset()
        if self.frontend is not None:
            self.frontend.reset()

    def run(self, hops: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run audio hops `[hops, hop_samples]` in order; returns logits `[hops, classes]`."""
        if self.frontend is None:
            return self.step.run(hops)
        return self.step.run(self.frontend.run(hops).reshape(-1, *self.step.frame_shape))

    def clip(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run a whole recording from the zero state, and leave the program in the zero state.

        Args:
            samples: `[n]` at the artefact's rate; the last hop is filled up with zeros.

        Returns:
            Logits `[ceil(n / hop), classes]`, in line with the audio.
        """
        frames = -(-len(samples) // self.hop)
        padded = np.zeros((frames + self.lookahead) * self.hop, np.float32)
        padded[: len(samples)] = samples
        self.reset()
        logits = self.run(padded.reshape(-1, self.hop))[self.lookahead :]
        self.reset()
        return logits
