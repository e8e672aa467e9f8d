"""The mel scale and its triangular bands (Slaney's Auditory Toolbox and HTK, as librosa defines both)."""

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["hz_to_mel", "mel_to_hz", "mel_weights"]

# Slaney: linear up to 1 kHz, then 27 steps to every factor of 6.4.
LINEAR_HZ_PER_MEL = 200 / 3
BREAK_HZ = 1000.0
BREAK_MEL = BREAK_HZ / LINEAR_HZ_PER_MEL
LOG_STEP = math.log(6.4) / 27


def hz_to_mel(hz: npt.ArrayLike, scale: Literal["slaney", "htk"]) -> np.ndarray:
    """Return frequencies in Hz as float64 mels."""
    hz = np.asarray(hz, np.float64)
    if scale == "htk":
        return 2595 * np.log10(1 + hz / 700)
    above = BREAK_MEL + np.log(np.maximum(hz, BREAK_HZ) / BREAK_HZ) / LOG_STEP
    return np.where(hz < BREAK_HZ, hz / LINEAR_HZ_PER_MEL, above)


def mel_to_hz(mel: npt.ArrayLike, scale: Literal["slaney", "htk"]) -> np.ndarray:
    """Return mels as float64 frequencies in Hz."""
    mel = np.asarray(mel, np.float64)
    if scale == "htk":
        return 700 * (10 ** (mel / 2595) - 1)
    above = BREAK_HZ * np.exp(LOG_STEP * (np.maximum(mel, BREAK_MEL) - BREAK_MEL))
    return np.where(mel < BREAK_MEL, mel * LINEAR_HZ_PER_MEL, above)


def mel_weights(
    sample_rate: int,
    length: int,
    bands: int,
    low_hz: float,
    high_hz: float,
    scale: Literal["slaney", "htk"],
    norm: Literal["slaney", "none"],
) -> np.ndarray:
    """Return the weight of every bin in every band.

    Args:
        sample_rate: in Hz.
        length: points of the transform, even.
        bands: number of triangles, their corners equally spaced in mels.
        low_hz: where the first triangle begins.
        high_hz: where the last one ends.
        scale: of the mels.
        norm: `slaney` divides a triangle by half its width in Hz; `none` leaves its peak at 1.

    Returns:
        float64 `[bands, length // 2 + 1]`.
    """
    low, high = hz_to_mel([low_hz, high_hz], scale)
    corners = mel_to_hz(np.linspace(low, high, bands + 2), scale)
    bins = np.arange(length // 2 + 1) * (sample_rate / length)
    left, centre, right = (corners[i : i + bands, None] for i in range(3))
    rising = (bins - left) / (centre - left)
    falling = (right - bins) / (right - centre)
    weights = np.maximum(0, np.minimum(rising, falling))
    return weights * (2 / (right - left)) if norm == "slaney" else weights
