"""Find the spoken part of a short recording, and give it the length that a model wants."""

from typing import Literal

import numpy as np

__all__ = ["fit_length", "trim_silence"]

FRAME_MS = 20.0
HOP_MS = 5.0


def trim_silence(
    samples: np.ndarray,
    rate: int,
    *,
    trim_db: float = 40.0,
    margin_ms: float = 50.0,
    max_seconds: float = 1.0,
) -> np.ndarray:
    """Cut the quiet beginning and end off a recording.

    Silence is measured against the recording's own loudest frame (20 ms every 5 ms, mean removed, so that a
    constant offset of the microphone counts as silence), which makes the cut independent of gain.

    Args:
        samples: float32 `[samples]`.
        rate: in Hz.
        trim_db: frames this many dB below the loudest are silence; 0 keeps everything.
        margin_ms: kept on either side of what is not silence.
        max_seconds: longer results are cut at the end; 0 sets no limit.

    Returns:
        A view of `samples`, never empty unless `samples` is. Digital silence is not trimmed.
    """
    start, end = 0, len(samples)
    if trim_db > 0 and end > 0:
        frame = max(1, min(round(FRAME_MS * rate / 1000), end))
        hop = max(1, round(HOP_MS * rate / 1000))
        # Running sums in float64: differences of large float32 sums would drown a quiet frame.
        power = np.square(samples - samples.mean(dtype=np.float64), dtype=np.float64)
        total = np.concatenate(([0.0], np.cumsum(power)))
        begins = np.arange(0, end - frame + hop, hop)
        begins[-1] = end - frame
        energy = total[begins + frame] - total[begins]
        loud = np.flatnonzero(energy >= energy.max() * 10 ** (-trim_db / 10))
        if energy.max() > 0:
            margin = round(margin_ms * rate / 1000)
            start = max(0, int(begins[loud[0]]) - margin)
            end = min(end, int(begins[loud[-1]]) + frame + margin)
    if max_seconds > 0:
        end = min(end, start + max(1, round(max_seconds * rate)))
    return samples[start:end]


def fit_length(
    samples: np.ndarray, rate: int, *, max_seconds: float, fill: Literal["none", "end", "centre"] = "none"
) -> np.ndarray:
    """Cut what is longer than `max_seconds`, and fill up with zeros what is shorter.

    Args:
        samples: float32 `[samples]`.
        rate: in Hz.
        max_seconds: of the result; 0 sets no limit.
        fill: `none` fills nothing up; `end` appends zeros; `centre` puts as many before as after, and keeps
            the loudest part of what is too long, where the others keep the beginning.

    Returns:
        A view of `samples` if nothing had to be filled up.
    """
    if max_seconds <= 0:
        return samples
    length = max(1, round(max_seconds * rate))
    missing = length - len(samples)
    if missing < 0:
        start = _loudest(samples, length) if fill == "centre" else 0
        return samples[start : start + length]
    if fill == "none" or missing == 0:
        return samples
    before = missing // 2 if fill == "centre" else 0
    return np.pad(samples, (before, missing - before))


def _loudest(samples: np.ndarray, length: int) -> int:
    """Return where the stretch of `length` samples with the most energy begins."""
    power = np.square(samples - samples.mean(dtype=np.float64), dtype=np.float64)
    total = np.concatenate(([0.0], np.cumsum(power)))
    energy = total[length:] - total[:-length]
    # A short word fits in many stretches equally well: the middle one has the most room on both sides.
    best = np.flatnonzero(energy >= energy.max() * (1 - 1e-3))
    return int(best[len(best) // 2])
