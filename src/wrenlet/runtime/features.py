"""The front-end in NumPy, for artefacts that take features: as in training, but without torch."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wrenlet.artefact import Sidecar
from wrenlet.errors import InputError

__all__ = ["NumpyFrontend"]

#: What a setting is if the sidecar does not name it; the defaults of `wrenlet.features.FeatureSettings`.
DEFAULTS: dict[str, Any] = {
    "kind": "mfcc",
    "window_ms": 32.0,
    "hop_ms": 16.0,
    "transform_length": None,
    "window": "hann",
    "preemphasis": 0.0,
    "spectrum": "power",
    "mel_bins": 40,
    "mel_low_hz": 20.0,
    "mel_high_hz": None,
    "mel_scale": "slaney",
    "mel_norm": "slaney",
    "log_floor": 1e-6,
    "level": "absolute",
    "level_range_db": 60.0,
    "level_decay_db": 20.0,
    "coefficients": 20,
    "deltas": 0,
}
#: Slope of the regression line through ±2 frames.
SLOPE = np.array([-0.2, -0.1, 0.0, 0.1, 0.2])


class NumpyFrontend:
    """Normalised features of audio, hop by hop.

    Defined as `wrenlet.features.Frontend` and `Normalise` are, and tested against them: log-mel energies or
    MFCC of overlapping windows, silence before the start, Δ by regression over ±2 frames (each 2 hops late).

    Attributes:
        hop: samples from one window to the next.
        feature_count: features of a frame.
        lookahead: steps of the artefact that the features are late, because Δ looks ahead.

    Args:
        sidecar: of the artefact; its feature settings, mean and standard deviation.

    Raises:
        InputError: if the settings are not complete.
    """

    def __init__(self, sidecar: Sidecar) -> None:
        unknown = sorted(set(sidecar.features) - {*DEFAULTS, "sample_rate"})
        if unknown:
            raise InputError(
                f"the artefact's feature settings hold {', '.join(unknown)}, "
                "which this wrenlet does not know: upgrade wrenlet"
            )
        settings = DEFAULTS | sidecar.features
        rate = int(settings.get("sample_rate", sidecar.sample_rate))
        self.hop = round(settings["hop_ms"] * rate / 1000)
        self._window_samples = round(settings["window_ms"] * rate / 1000)
        length = settings["transform_length"] or max(2, 1 << (self._window_samples - 1).bit_length())
        self._length = int(length)
        self._preemphasis = float(settings["preemphasis"])
        self._overlap = self._window_samples - self.hop + (self._preemphasis > 0)
        self._power = settings["spectrum"] == "power"
        self._floor = float(settings["log_floor"])
        nepers = math.log(10) / (10 if self._power else 20)
        self._relative = settings["level"] == "relative"
        self._range = float(settings["level_range_db"]) * nepers
        self._decay = float(settings["level_decay_db"]) * nepers * self.hop / rate
        self._window = window_shape(settings["window"], self._window_samples)
        top = rate / 2 if settings["mel_high_hz"] is None else float(settings["mel_high_hz"])
        bank = mel_bank(rate, self._length, settings["mel_bins"], settings["mel_low_hz"], top, settings)
        self._bank = np.ascontiguousarray(bank.T)
        mfcc = settings["kind"] == "mfcc"
        self._cosines = dct(settings["coefficients"], settings["mel_bins"]).T if mfcc else None
        self._taps = delta_taps(int(settings["deltas"]))
        # A step that takes several frames starts on a whole one, so late frames are held back until then.
        stride, late = max(1, sidecar.hop_samples // self.hop), 2 * int(settings["deltas"])
        self._delay = -late % stride
        self.lookahead = (late + self._delay) // stride
        self._level = math.log(self._floor)
        self._silence = self._statics(np.zeros((1, self._window_samples)))[0]
        self.feature_count = len(self._silence) * len(self._taps)
        self._mean = np.array(sidecar.mean or np.zeros(self.feature_count))
        self._scale = 1 / np.array(sidecar.std or np.ones(self.feature_count))
        if len(self._mean) != self.feature_count or len(self._scale) != self.feature_count:
            raise InputError(
                f"the artefact has {len(self._mean)} means for {self.feature_count} features: export it again"
            )
        self.reset()

    def reset(self) -> None:
        """Go back to silence."""
        self._before = np.zeros(self._overlap)
        self._level = math.log(self._floor)
        self._frames = np.repeat(self._silence[None], self._taps.shape[1] - 1, axis=0)
        self._late = np.zeros((self._delay, self.feature_count), np.float32)

    def run(self, hops: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return normalised features `[frames, features]` of the next whole hops, of any shape."""
        signal = np.concatenate([self._before, hops.reshape(-1)], dtype=np.float64)
        self._before = signal[len(signal) - self._overlap :]
        if self._preemphasis:
            signal = signal[1:] - self._preemphasis * signal[:-1]
        windows = np.lib.stride_tricks.sliding_window_view(signal, self._window_samples)[:: self.hop]
        features = self._statics(windows)
        if len(self._taps) > 1:
            held = np.concatenate([self._frames, features])
            self._frames = held[len(features) :]
            around = np.lib.stride_tricks.sliding_window_view(held, self._taps.shape[1], axis=0)
            features = np.einsum("tfl,kl->tkf", around, self._taps).reshape(len(features), -1)
        normalised = ((features - self._mean) * self._scale).astype(np.float32)
        if not self._delay:
            return normalised
        held = np.concatenate([self._late, normalised])
        self._late = held[len(normalised) :]
        return held[: len(normalised)]

    def _statics(self, windows: NDArray[np.float64]) -> NDArray[np.float64]:
        spectrum = np.fft.rfft(windows * self._window, self._length)
        strength = spectrum.real**2 + spectrum.imag**2
        if not self._power:
            strength = np.sqrt(strength)
        energies = np.log(np.maximum(strength @ self._bank, self._floor))
        if self._relative:
            energies = self._levelled(energies)
        return energies if self._cosines is None else energies @ self._cosines

    def _levelled(self, energies: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return energies relative to the loudest band of late; advances the level."""
        fall = np.arange(len(energies) + 1) * self._decay
        loudest = np.concatenate([[self._level], energies.max(axis=1)])
        level = (np.maximum.accumulate(loudest + fall) - fall)[1:]
        self._level = float(level[-1])
        return np.maximum(energies - level[:, None], -self._range)


def window_shape(name: str, samples: int) -> NDArray[np.float64]:
    """Return the periodic window `[samples]`."""
    constant = {"hann": 0.5, "hamming": 0.54, "rectangular": 1.0}[name]
    return constant - (1 - constant) * np.cos(np.arange(samples) * (2 * math.pi / samples))


def mel_bank(
    rate: int, length: int, bands: int, low_hz: float, high_hz: float, settings: dict[str, Any]
) -> NDArray[np.float64]:
    """Return the weight of every bin in every triangular band, `[bands, length // 2 + 1]`."""
    htk = settings["mel_scale"] == "htk"
    low, high = (_to_mel(hz, htk) for hz in (low_hz, high_hz))
    corners = np.array([_to_hz(mel, htk) for mel in np.linspace(low, high, bands + 2)])
    bins = np.arange(length // 2 + 1) * (rate / length)
    left, centre, right = (corners[start : start + bands, None] for start in range(3))
    weights = np.maximum(0, np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre)))
    return weights * (2 / (right - left)) if settings["mel_norm"] == "slaney" else weights


def dct(coefficients: int, bands: int) -> NDArray[np.float64]:
    """Return the first rows of the orthonormal DCT-II, `[coefficients, bands]`."""
    row = np.arange(coefficients)[:, None]
    matrix = np.cos(math.pi / bands * row * (np.arange(bands) + 0.5)) * math.sqrt(2 / bands)
    matrix[0] *= math.sqrt(0.5)
    return matrix


def delta_taps(order: int) -> NDArray[np.float64]:
    """Return the weights of `4 * order + 1` frames in the statics, in Δ and in ΔΔ, `[1 + order, frames]`."""
    taps = np.zeros((1 + order, 4 * order + 1))
    taps[0, 2 * order] = 1
    for row in range(1, 1 + order):
        taps[row] = sum(
            weight * np.roll(taps[row - 1], shift) for shift, weight in zip(range(-2, 3), SLOPE, strict=True)
        )
    return taps


def _to_mel(hz: float, htk: bool) -> float:
    if htk:
        return 2595 * math.log10(1 + hz / 700)
    return hz * 3 / 200 if hz < 1000 else 15 + math.log(hz / 1000) * 27 / math.log(6.4)


def _to_hz(mel: float, htk: bool) -> float:
    if htk:
        return 700 * (10 ** (mel / 2595) - 1)
    return mel * 200 / 3 if mel < 15 else 1000 * math.exp((mel - 15) * math.log(6.4) / 27)
