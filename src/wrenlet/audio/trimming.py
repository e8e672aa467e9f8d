"""Find the spoken part of a short recording."""

import numpy as np

__all__ = ["trim_silence"]

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
