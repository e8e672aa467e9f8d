"""Find words by the pauses between them."""

from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from wrenlet.runtime.detection import BACKGROUND, EndpointSettings, Event
from wrenlet.runtime.program import Program

__all__ = ["EndpointDetector", "NoiseFloor"]

#: The floor is the minimum over this many stretches, each this long.
STRETCHES, STRETCH_MS = 8, 250.0
#: Hops that are run at once: nobody asks before the word ends, and a call costs as much as several hops.
BATCH = 16
#: So long after a word its breath and its echo, as far below its peak as a pause is, start no new one.
TAIL_MS = 1000.0
#: So long the floor is taken for the lowest possible, because a recording may start within a word.
PRIOR_MS = 1000.0


class NoiseFloor:
    """The quietest energy of the last two seconds, which is longer than a word: so it has a pause in it.

    Args:
        hop_ms: time between two energies.
        quietest: lowest floor, in dB.
    """

    def __init__(self, hop_ms: float, quietest: float) -> None:
        self._quietest = quietest
        self._stretch = max(1, round(STRETCH_MS / hop_ms))
        self._prior = round(PRIOR_MS / hop_ms)
        self._minima: deque[float] = deque(maxlen=STRETCHES)
        self._seen = 0
        self._current = np.inf
        self.value = quietest

    def update(self, energy: float) -> float:
        """Take the next energy in dB; returns the floor in dB."""
        self._current = min(self._current, energy)
        self._seen += 1
        if self._seen > self._prior:
            self.value = max(self._quietest, min(self._current, min(self._minima, default=np.inf)))
        if self._seen % self._stretch == 0:
            self._minima.append(self._current)
            self._current = np.inf
        return self.value


class EndpointDetector:
    """Words out of hops of audio; see `EndpointSettings` for how.

    Args:
        program: the artefact's program, used by this detector alone.
        labels: in the order of the logits.
        rate: of the audio, in Hz.
        settings: thresholds and times.
    """

    def __init__(
        self, program: Program, labels: tuple[str, ...], rate: int, settings: EndpointSettings
    ) -> None:
        self._program = program
        self._labels = labels
        self._settings = settings
        self._hop_seconds = program.hop / rate
        hop_ms = 1000 * self._hop_seconds

        def hops(ms: float) -> int:
            return max(1, round(ms / hop_ms))

        self._onset, self._pause = hops(settings.onset_ms), hops(settings.pause_ms)
        self._margin = round(settings.margin_ms / hop_ms)
        self._shortest, self._longest = hops(settings.shortest_ms), hops(settings.longest_ms)
        self._answer = hops(settings.answer_ms)
        self._tail = hops(TAIL_MS)
        self._floor = NoiseFloor(hop_ms, settings.quietest_dbfs)
        self._before: deque[NDArray[np.float32]] = deque(maxlen=self._margin + self._onset)
        self._energies: deque[float] = deque(maxlen=self._onset)
        self._index = 0  # of the next hop
        self._above = 0  # hops in a row above the onset
        self._tail_until = 0
        self._active = False

    def feed(self, hops: NDArray[np.float32]) -> Iterator[Event]:
        """Take audio `[hops, hop_samples]`; yields the words that ended in it."""
        # The variance, not the power: a microphone's DC offset is no sound.
        energies = 10 * np.log10(hops.var(axis=1, dtype=np.float64) + 1e-12)
        for hop, energy in zip(hops, energies.tolist(), strict=True):
            floor = self._floor.update(energy)
            if self._active:
                event = self._during(hop, energy, floor)
                if event is not None:
                    yield event
            else:
                self._waiting(hop, energy, floor)
            self._index += 1

    def flush(self) -> Iterator[Event]:
        """End the audio; yields the word that it ended in."""
        if self._active:
            event = self._close(self._index - 1)
            if event is not None:
                yield event

    def _waiting(self, hop: NDArray[np.float32], energy: float, floor: float) -> None:
        self._before.append(hop)
        self._energies.append(energy)
        onset = floor + self._settings.onset_db
        if self._index < self._tail_until:
            onset = max(onset, self._peak - self._settings.range_db)
        self._above = self._above + 1 if energy > onset else 0
        if self._above < self._onset:
            return
        self._active = True
        self._start = self._index + 1 - len(self._before)
        self._first_loud = self._index + 1 - self._onset
        self._last_loud = self._index
        self._peak = max(self._energies)
        # Answers by frame, counted from the start, for as long as the word's end may still turn out to lie
        # there.
        self._answers: dict[int, NDArray[np.float32]] = {}
        self._frames = -self._program.lookahead
        self._program.reset()
        self._pending = list(self._before)

    def _step(self, hop: NDArray[np.float32]) -> None:
        self._pending.append(hop)
        if len(self._pending) >= BATCH:
            self._run()

    def _run(self) -> None:
        """Run the hops that wait, and forget the answers that nobody can ask for any more."""
        wanted = self._pending[: max(0, self._answer - self._frames)]
        if wanted:
            for logits in self._program.run(np.stack(wanted)):
                self._answers[self._frames] = logits
                self._frames += 1
            oldest = self._frames - self._pause - self._margin - self._program.lookahead - BATCH
            self._answers = {frame: logits for frame, logits in self._answers.items() if frame >= oldest}
        self._pending = []

    def _during(self, hop: NDArray[np.float32], energy: float, floor: float) -> Event | None:
        self._step(hop)
        self._peak = max(self._peak, energy)
        if energy > max(floor + self._settings.release_db, self._peak - self._settings.range_db):
            self._last_loud = self._index
        return self._close(self._index) if self._index - self._last_loud >= self._pause else None

    def _close(self, now: int) -> Event | None:
        self._active, self._above = False, 0
        self._tail_until = now + self._tail
        self._before.clear()
        loud = self._last_loud + 1 - self._first_loud
        end = min(self._last_loud + self._margin, now)
        contrast = self._peak - self._floor.value
        if not self._shortest <= loud <= self._longest or contrast < self._settings.contrast_db:
            return None
        frame = min(end - self._start, self._answer - 1)
        self._run()
        while self._frames <= frame:  # look-ahead, at the very end of the audio
            self._pending = [np.zeros(self._program.hop, np.float32)]
            self._run()
        logits = self._answers[frame].astype(np.float64)
        chances = np.exp(logits - logits.max())
        chances /= chances.sum()
        best = int(chances.argmax())
        if self._labels[best] in BACKGROUND or chances[best] < self._settings.threshold:
            return None
        return Event(
            round(self._start * self._hop_seconds, 3),
            round((end + 1) * self._hop_seconds, 3),
            self._labels[best],
            float(chances[best]),
        )
