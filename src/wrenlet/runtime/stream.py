"""Feed an artefact audio in pieces of any size, as it comes."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wrenlet.audio import StreamResampler
from wrenlet.runtime.program import Program

__all__ = ["LOUDEST", "Stream", "replace_broken", "to_float"]

#: Full scale is 1, and sums of channels or a resampler may go a little beyond; this is no audio any more.
LOUDEST = 8.0


class Stream:
    """Audio in pieces of any size, logits out, one a hop.

    However the audio is cut into pieces, the answers are the same. Each stream has a state of its own.

    Example:
        >>> stream = wrenlet.load("digits.tflite").stream(rate=44100)    # doctest: +SKIP
        >>> logits = stream.feed(block)                                  # doctest: +SKIP

    Attributes:
        rate: of the audio that is fed, in Hz.
        replaced: how many samples were no audio (NaN, or far beyond full scale) and were taken for zero,
            since the last reset.

    Args:
        program: the artefact's program, used by this stream alone.
        rate: of the audio that will be fed, in Hz.
        model_rate: of the audio that the artefact takes, in Hz.
    """

    def __init__(self, program: Program, rate: int, model_rate: int) -> None:
        self.rate = rate
        self._program = program
        self._model_rate = model_rate
        self.reset()

    def reset(self) -> None:
        """Start afresh: zero state, nothing held back."""
        self._program.reset()
        self._resampler = (
            None if self.rate == self._model_rate else StreamResampler(self.rate, self._model_rate)
        )
        self._held = np.zeros(0, np.float32)
        self._warm_up = self._program.lookahead
        self.replaced = 0

    def feed(self, samples: ArrayLike) -> NDArray[np.float32]:
        """Take the next samples.

        Args:
            samples: `[n]`, `n` of any size and 0 too; floats in -1…1, or int16, int32 or uint8 at full scale.

        Returns:
            Logits `[hops, classes]` of the hops that are complete; look-ahead holds back the last ones.

        Raises:
            ValueError: if the samples are not one channel of numbers.
        """
        audio, replaced = replace_broken(to_float(samples))
        self.replaced += replaced
        return self._take(audio if self._resampler is None else self._resampler.feed(audio))

    def flush(self) -> NDArray[np.float32]:
        """End the audio: fill up the last hop with zeros, wait for the look-ahead, and start afresh.

        Returns:
            Logits `[hops, classes]` of what was held back.
        """
        first = self._take(self._resampler.flush()) if self._resampler is not None else self._nothing()
        hop = self._program.hop
        zeros = -len(self._held) % hop + self._program.lookahead * hop
        last = self._take(np.zeros(zeros, np.float32))
        self.reset()
        return np.concatenate([first, last])

    def _take(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        held = np.concatenate([self._held, audio]) if len(self._held) else audio
        whole = len(held) // self._program.hop * self._program.hop
        self._held = held[whole:].copy()
        if not whole:
            return self._nothing()
        logits = self._program.run(held[:whole].reshape(-1, self._program.hop))
        dropped = min(self._warm_up, len(logits))
        self._warm_up -= dropped
        return logits[dropped:]

    def _nothing(self) -> NDArray[np.float32]:
        return np.zeros((0, self._program.classes), np.float32)


def to_float(samples: ArrayLike) -> NDArray[np.float32]:
    """Return one channel of samples as float32 in -1…1.

    Raises:
        ValueError: if there is more than one axis, or the dtype is not that of audio.
    """
    array = np.asarray(samples)
    if array.ndim == 0:
        array = array[None]
    if array.ndim != 1:
        raise ValueError(
            f"samples have the shape {array.shape}: one channel is [n]; "
            "mix several down with samples.mean(axis=1)"
        )
    if array.dtype == np.uint8:
        return (array.astype(np.float32) - np.float32(128)) / np.float32(128)
    if array.dtype in (np.int16, np.int32):
        return array.astype(np.float32) * np.float32(2.0 ** -(8 * array.itemsize - 1))
    if not np.issubdtype(array.dtype, np.floating) and array.size:
        raise ValueError(f"samples are {array.dtype}: audio is float in -1…1, int16, int32 or uint8")
    return array.astype(np.float32, copy=False)


def replace_broken(samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
    """Return the samples with zero for what is no audio, and how many there were.

    That is NaN, infinity, and what lies so far beyond full scale that it would upset a state for good.
    """
    if samples.size == 0 or np.abs(samples).max() <= LOUDEST:  # false for NaN
        return samples, 0
    sound = np.abs(samples) <= LOUDEST
    return np.where(sound, samples, np.float32(0)), int(samples.size - np.count_nonzero(sound))
