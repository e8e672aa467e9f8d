"""Find words in the smoothed probabilities of a model that knows silence and unknown words."""

from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from wrenlet.runtime.detection import BACKGROUND, Event, PosteriorSettings
from wrenlet.runtime.program import Program

__all__ = ["PosteriorDetector"]


class PosteriorDetector:
    """Words out of hops of audio; see `PosteriorSettings` for how.

    An event spans the frames that were averaged. A label is reported once for as long as it stays above the
    threshold.

    Args:
        program: the artefact's program, used by this detector alone.
        labels: in the order of the logits.
        rate: of the audio, in Hz.
        settings: threshold and times.
    """

    def __init__(
        self, program: Program, labels: tuple[str, ...], rate: int, settings: PosteriorSettings
    ) -> None:
        self._program = program
        self._labels = labels
        self._threshold = settings.threshold
        self._hop_seconds = program.hop / rate
        self._smoothing = max(1, round(settings.smoothing_ms / 1000 / self._hop_seconds))
        self._refractory = round(settings.refractory_ms / 1000 / self._hop_seconds)
        self._words = np.array([label not in BACKGROUND for label in labels])
        self._recent: deque[NDArray[np.float64]] = deque(maxlen=self._smoothing)
        self._index = -program.lookahead  # of the frame that the next answer is for
        self._quiet_until = 0
        self._held: int | None = None  # the label that has been reported and is still above the threshold
        program.reset()

    def feed(self, hops: NDArray[np.float32]) -> Iterator[Event]:
        """Take audio `[hops, hop_samples]`; yields the words that were heard in it."""
        logits = self._program.run(hops).astype(np.float64)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        for chances in powers / powers.sum(axis=1, keepdims=True):
            event = self._frame(chances) if self._index >= 0 else None
            self._index += 1
            if event is not None:
                yield event

    def flush(self) -> Iterator[Event]:
        """End the audio; yields the word that the look-ahead held back."""
        if self._program.lookahead:
            yield from self.feed(np.zeros((self._program.lookahead, self._program.hop), np.float32))

    def _frame(self, chances: NDArray[np.float64]) -> Event | None:
        self._recent.append(chances)
        # Divided by the whole length from the start, so that one frame alone cannot report a word.
        smoothed = np.where(self._words, sum(self._recent) / self._smoothing, 0.0)
        best = int(smoothed.argmax())
        if smoothed[best] < self._threshold:
            self._held = None
            return None
        if best == self._held or self._index < self._quiet_until:
            return None
        self._held = best
        self._quiet_until = self._index + 1 + self._refractory
        start = max(0, self._index + 1 - self._smoothing) * self._hop_seconds
        end = (self._index + 1) * self._hop_seconds
        return Event(round(start, 3), round(end, 3), self._labels[best], float(smoothed[best]))
