"""Change the rate of a recording, whole or in chunks (soxr, high quality)."""

import numpy as np
import soxr

__all__ = ["StreamResampler", "resample"]

QUALITY = "HQ"


def resample(samples: np.ndarray, rate: int, to: int) -> np.ndarray:
    """Return `samples` at another rate.

    Args:
        samples: float32 `[samples]`.
        rate: of `samples`, in Hz.
        to: rate of the result, in Hz.

    Returns:
        float32 `[round(samples * to / rate)]`; `samples` itself if the rates are equal.

    Raises:
        ValueError: if a rate is not positive.
    """
    _check(rate, to)
    samples = np.asarray(samples, np.float32)
    if rate == to or len(samples) == 0:
        return samples
    return soxr.resample(samples, rate, to, quality=QUALITY).astype(np.float32, copy=False)


class StreamResampler:
    """Resample a stream that arrives in chunks of any size, including empty ones.

    The pieces returned by `feed` and the rest returned by `flush`, joined, are the whole resampled sound. A
    filter cannot answer before it has heard enough, so the first pieces are short or empty.

    Args:
        rate: of what is fed, in Hz.
        to: rate of what comes out, in Hz.
    """

    def __init__(self, rate: int, to: int) -> None:
        _check(rate, to)
        self.rate = rate
        self.to = to
        self._stream = self._open()

    def _open(self) -> soxr.ResampleStream | None:
        if self.rate == self.to:
            return None
        return soxr.ResampleStream(self.rate, self.to, 1, dtype="float32", quality=QUALITY)

    def feed(self, samples: np.ndarray) -> np.ndarray:
        """Take float32 `[samples]` and return what is ready, float32 `[0 or more]`."""
        samples = np.ascontiguousarray(samples, np.float32)
        if samples.ndim != 1:
            raise ValueError(f"samples have shape {list(samples.shape)}: feed one channel, [samples]")
        if self._stream is None or len(samples) == 0:
            return samples
        return self._stream.resample_chunk(samples)

    def flush(self) -> np.ndarray:
        """Return what is still inside and be ready for another stream."""
        if self._stream is None:
            return np.zeros(0, np.float32)
        rest = self._stream.resample_chunk(np.zeros(0, np.float32), last=True)
        self._stream = self._open()
        return rest


def _check(rate: int, to: int) -> None:
    if rate <= 0 or to <= 0:
        raise ValueError(f"cannot resample from {rate} Hz to {to} Hz: rates are positive")
