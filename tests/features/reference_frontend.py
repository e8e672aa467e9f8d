"""An independent float64 front-end on np.fft: written from the definitions, sharing no code with wrenlet."""

import numpy as np

from wrenlet.features import FeatureSettings


def mel_bank(settings: FeatureSettings) -> np.ndarray:
    def to_mel(f):
        if settings.mel_scale == "htk":
            return 1127.01048 * np.log1p(f / 700)
        return f * 3 / 200 if f < 1000 else 15 + 27 * np.log(f / 1000) / np.log(6.4)

    def to_hz(m):
        if settings.mel_scale == "htk":
            return 700 * np.expm1(m / 1127.01048)
        return m * 200 / 3 if m < 15 else 1000 * 6.4 ** ((m - 15) / 27)

    low, high = to_mel(settings.mel_low_hz), to_mel(settings.mel_high_hz or settings.sample_rate / 2)
    corners = [to_hz(low + (high - low) * i / (settings.mel_bins + 1)) for i in range(settings.mel_bins + 2)]
    frequencies = np.arange(settings.fft_length // 2 + 1) * settings.sample_rate / settings.fft_length
    bank = np.array([np.interp(frequencies, corners[i : i + 3], [0, 1, 0]) for i in range(settings.mel_bins)])
    if settings.mel_norm == "slaney":
        bank /= np.array([[(corners[i + 2] - corners[i]) / 2] for i in range(settings.mel_bins)])
    return bank


def window(settings: FeatureSettings) -> np.ndarray:
    n = np.arange(settings.window_samples) / settings.window_samples
    return {
        "hann": np.sin(np.pi * n) ** 2,
        "hamming": 0.08 + 0.92 * np.sin(np.pi * n) ** 2,
        "rectangular": np.ones(settings.window_samples),
    }[settings.window]


def statics(audio: np.ndarray, settings: FeatureSettings) -> np.ndarray:
    """Frames of `audio`, each ending at a whole hop after the window's overlap: `[frames, features]`."""
    hop, size = settings.hop_samples, settings.window_samples
    emphasised = audio - settings.preemphasis * np.concatenate([[0.0], audio[:-1]])
    frames = np.array([emphasised[i : i + size] for i in range(0, len(audio) - size + 1, hop)])
    spectrum = np.abs(np.fft.rfft(frames * window(settings), settings.fft_length))
    if settings.spectrum == "power":
        spectrum = spectrum**2
    features = np.log(np.maximum(spectrum @ mel_bank(settings).T, settings.log_floor))
    if settings.level == "relative":
        features = levelled(features, settings)
    if settings.kind == "mfcc":
        bands = settings.mel_bins
        k = np.arange(settings.coefficients)[:, None]
        dct = np.sqrt(2 / bands) * np.cos(np.pi * k * (2 * np.arange(bands) + 1) / (2 * bands))
        dct[0] /= np.sqrt(2)
        features = features @ dct.T
    return features


def levelled(energies: np.ndarray, settings: FeatureSettings) -> np.ndarray:
    decibel = np.log(10) / 10 / (1 if settings.spectrum == "power" else 2)
    level, answer = np.log(settings.log_floor), np.empty_like(energies)
    for t, frame in enumerate(energies):
        fallen = level - settings.level_decay_db * decibel * settings.hop_samples / settings.sample_rate
        level = max(frame.max(), fallen)
        answer[t] = np.maximum(frame - level, -settings.level_range_db * decibel)
    return answer


def slope(x: np.ndarray) -> np.ndarray:
    """Regression slope over five frames; two fewer at either end."""
    return (2 * (x[4:] - x[:-4]) + x[3:-1] - x[1:-3]) / 10


def reference_features(audio: np.ndarray, settings: FeatureSettings) -> np.ndarray:
    """Features of `[samples]` with silence on both sides, `[samples // hop, features]`."""
    hop, reach = settings.hop_samples, 2 * settings.deltas
    count = len(audio) // hop
    overlap = settings.window_samples - hop
    before, after = np.zeros(overlap + reach * hop), np.zeros(reach * hop)
    x = statics(np.concatenate([before, np.float64(audio[: count * hop]), after]), settings)
    parts = [x[reach : len(x) - reach]]
    if settings.deltas:
        first = slope(x)
        parts.append(first[reach - 2 : len(first) - (reach - 2)])
    if settings.deltas == 2:
        parts.append(slope(first))
    return np.concatenate(parts, axis=1)
