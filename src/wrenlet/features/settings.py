"""What the front-end computes, as data."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from wrenlet.errors import InputError
from wrenlet.features.mel import mel_weights

__all__ = ["FeatureSettings", "MaskSettings"]

Kind = Literal["mfcc", "logmel"]
WindowShape = Literal["hann", "hamming", "rectangular"]
Spectrum = Literal["power", "magnitude"]
MelScale = Literal["slaney", "htk"]
MelNorm = Literal["slaney", "none"]
Level = Literal["absolute", "relative"]

#: How far from a whole number of samples a duration may lie, so that 24.98866 ms can name 551 samples at
#: 22050 Hz.
SAMPLE_TOLERANCE = 1e-3


@dataclass(frozen=True)
class FeatureSettings:
    """Settings of the front-end: log-mel energies or MFCC of overlapping windows.

    Frame `j` covers the `window_samples` that end at sample `(j + 1) * hop_samples`; before the start there
    is silence. The logarithm is natural, `log(max(x, log_floor))`; MFCC are its orthonormal DCT-II.

    Attributes:
        kind: `mfcc` or `logmel`.
        sample_rate: of the audio, in Hz.
        window_ms: length of a window in ms, a whole number of samples.
        hop_ms: from one window to the next in ms, a whole number of samples, at most `window_ms`.
        transform_length: points of the Fourier transform, even and at least the window; the window is
            followed by zeros. `None`: the next power of two. Lengths with two factors of like size make the
            smallest graph.
        window: shape of the window, periodic: `hann`, `hamming` or `rectangular`.
        preemphasis: `a` in `x[n] - a * x[n - 1]`, from 0 (off) to below 1.
        spectrum: what the mel bands add up: `power` (squared magnitude) or `magnitude`.
        mel_bins: number of mel bands.
        mel_low_hz: lower edge of the lowest band in Hz.
        mel_high_hz: upper edge of the highest band in Hz; `None`: half the sample rate.
        mel_scale: `slaney` (linear below 1 kHz; librosa's default) or `htk`.
        mel_norm: `slaney` (every band has the same area) or `none` (every band peaks at 1).
        log_floor: energies below are raised to it before the logarithm.
        level: `absolute`, or `relative`: energies count relative to the loudest band of late, so that gain
            does not matter; causal, and in the exported graph.
        level_range_db: energies further below that level are raised to it, in dB; `relative` only.
        level_decay_db: how fast the level falls, in dB a second; `relative` only.
        coefficients: MFCC kept, from coefficient 0; not used by `logmel`.
        deltas: how many time derivatives follow the statics: 0, 1 (Δ) or 2 (Δ and ΔΔ). Each is the slope of a
            regression over ±2 frames and delays the answer by 2 hops.
    """

    kind: Kind = "mfcc"
    sample_rate: int = 16000
    window_ms: float = 32.0
    hop_ms: float = 16.0
    transform_length: int | None = None
    window: WindowShape = "hann"
    preemphasis: float = 0.0
    spectrum: Spectrum = "power"
    mel_bins: int = 40
    mel_low_hz: float = 20.0
    mel_high_hz: float | None = None
    mel_scale: MelScale = "slaney"
    mel_norm: MelNorm = "slaney"
    log_floor: float = 1e-6
    level: Level = "absolute"
    level_range_db: float = 60.0
    level_decay_db: float = 20.0
    coefficients: int = 20
    deltas: Literal[0, 1, 2] = 0

    def __post_init__(self) -> None:
        """Raise `InputError` unless the settings describe a front-end."""
        self._check_choices()
        for name in (
            "sample_rate", "window_ms", "hop_ms", "mel_bins", "coefficients", "log_floor", "level_range_db",
        ):  # fmt: skip
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"features.{name} is {value}: it must be above 0")
        if not 0 <= self.preemphasis < 1:
            raise InputError(
                f"features.preemphasis is {self.preemphasis}: it must be at least 0 and "
                "below 1; use 0 (off) or 0.97"
            )
        if not (math.isfinite(self.level_decay_db) and self.level_decay_db >= 0):
            raise InputError(
                f"features.level_decay_db is {self.level_decay_db}: it must be at least 0; use 20 dB a "
                "second, or 0 for a level that never falls"
            )
        self._check_durations()
        self._check_bands()

    @property
    def window_samples(self) -> int:
        """Samples in a window."""
        return round(self.window_ms * self.sample_rate / 1000)

    @property
    def hop_samples(self) -> int:
        """Samples from one window to the next: the stride of the front-end."""
        return round(self.hop_ms * self.sample_rate / 1000)

    @property
    def fft_length(self) -> int:
        """Points of the transform."""
        if self.transform_length is not None:
            return self.transform_length
        return max(2, 1 << (self.window_samples - 1).bit_length())

    @property
    def mel_top_hz(self) -> float:
        """Upper edge of the highest band in Hz."""
        return self.sample_rate / 2 if self.mel_high_hz is None else self.mel_high_hz

    @property
    def static_count(self) -> int:
        """Features of a frame without the derivatives."""
        return self.coefficients if self.kind == "mfcc" else self.mel_bins

    @property
    def feature_count(self) -> int:
        """Features of a frame."""
        return self.static_count * (1 + self.deltas)

    def _check_choices(self) -> None:
        choices = {
            "kind": get_args(Kind),
            "window": get_args(WindowShape),
            "spectrum": get_args(Spectrum),
            "mel_scale": get_args(MelScale),
            "mel_norm": get_args(MelNorm),
            "level": get_args(Level),
            "deltas": (0, 1, 2),
        }
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise InputError(
                    f"features.{name} is {getattr(self, name)!r}: it must be one of "
                    f"{', '.join(map(str, known))}"
                )

    def _check_durations(self) -> None:
        for name in ("window_ms", "hop_ms"):
            milliseconds = getattr(self, name)
            samples = milliseconds * self.sample_rate / 1000
            if abs(samples - round(samples)) > SAMPLE_TOLERANCE or round(samples) < 1:
                near = " or ".join(_nearest_durations(milliseconds, self.sample_rate))
                raise InputError(
                    f"features.{name} is {milliseconds:g}: {milliseconds:g} ms at {self.sample_rate} Hz is "
                    f"{samples:.6g} samples; use {near}"
                )
        if self.window_samples < self.hop_samples:
            raise InputError(
                f"features.window_ms is {self.window_ms:g}: shorter than features.hop_ms {self.hop_ms:g}, so "
                f"audio would be skipped; use a window of at least {self.hop_ms:g} ms or a shorter hop"
            )
        length = self.fft_length
        if length % 2 or length < self.window_samples:
            least = self.window_samples + self.window_samples % 2
            raise InputError(
                f"features.transform_length is {length}: it must be even and hold the window of "
                f"{self.window_samples} samples; use at least {least}, or null for the next power of two"
            )

    def _check_bands(self) -> None:
        nyquist = self.sample_rate / 2
        if not 0 <= self.mel_low_hz < self.mel_top_hz:
            raise InputError(
                f"features.mel_low_hz is {self.mel_low_hz:g}: it must be at least 0 and below the upper edge "
                f"of {self.mel_top_hz:g} Hz"
            )
        if self.mel_top_hz > nyquist:
            raise InputError(
                f"features.mel_high_hz is {self.mel_top_hz:g}: audio at {self.sample_rate} Hz holds nothing "
                f"above {nyquist:g} Hz; use at most {nyquist:g}, or null for all of it"
            )
        if self.kind == "mfcc" and self.coefficients > self.mel_bins:
            raise InputError(
                f"features.coefficients is {self.coefficients}: {self.mel_bins} mel bands give at most "
                f"{self.mel_bins} coefficients; use fewer, or more features.mel_bins"
            )
        if self.mel_bins > self.fft_length // 2:  # said before anything of that size is computed
            raise InputError(
                f"features.mel_bins is {self.mel_bins}: the {self.fft_length}-point transform has "
                f"{self.fft_length // 2} bins to share out; use fewer, such as 40"
            )
        empty = self._empty_bands(self.mel_bins, self.fft_length)
        if empty:
            fewer = next(
                (n for n in range(self.mel_bins - 1, 0, -1) if not self._empty_bands(n, self.fft_length)), 0
            )
            longer = self.fft_length * 2
            while self._empty_bands(self.mel_bins, longer) and longer < self.fft_length * 64:
                longer *= 2
            mends = [f"features.mel_bins of at most {fewer}"] * (fewer > 0) + [
                f"a features.transform_length of {longer}"
            ]
            raise InputError(
                f"features.mel_bins is {self.mel_bins}: {empty} of the bands lie between two bins of the "
                f"{self.fft_length}-point transform and would always be empty; use {' or '.join(mends)}"
            )

    def _empty_bands(self, bands: int, length: int) -> int:
        weights = mel_weights(
            self.sample_rate, length, bands, self.mel_low_hz, self.mel_top_hz, self.mel_scale, self.mel_norm
        )
        return int((weights.max(axis=1) <= 0).sum())


def _nearest_durations(milliseconds: float, sample_rate: int) -> list[str]:
    """Return the whole-sample durations next to `milliseconds`, with two decimals where one is near."""
    below = math.floor(milliseconds * sample_rate / 1000)
    found = []
    for start, sign in ((below, -1), (below + 1, 1)):
        near = range(start, start + sign * (1 + max(4, below // 8)), sign)
        durations = [samples * 1000 / sample_rate for samples in near if samples > 0]
        short = [d for d in durations if abs(d - round(d, 2)) < 1e-9]
        found += [f"{d:.7g}" for d in (short or durations)[:1]]
    return found


@dataclass(frozen=True)
class MaskSettings:
    """What is blanked in a clip's normalised features while training; everything is off by default.

    Attributes:
        time_masks: stretches of frames blanked in every clip (SpecAugment, Park et al., 2019).
        time_width: longest stretch in frames; each is drawn from 0 up to it.
        time_share: largest share of a clip's real frames that one stretch may take, from 0 to 1.
        frequency_masks: runs of neighbouring features blanked in every clip.
        frequency_width: longest run in features; each is drawn from 0 up to it.
        cutouts: rectangles blanked in every clip (cutout, DeVries and Taylor, 2017).
        cutout_frames: how long each rectangle is; its middle lies anywhere in the clip, so that it may reach
            beyond.
        cutout_features: how many neighbouring features each rectangle takes.
        channel_occlusion: probability that a clip loses one feature from beginning to end.
        frame_occlusion: probability that a frame loses all its features.
    """

    time_masks: int = 0
    time_width: int = 10
    time_share: float = 0.25
    frequency_masks: int = 0
    frequency_width: int = 5
    cutouts: int = 0
    cutout_frames: int = 10
    cutout_features: int = 5
    channel_occlusion: float = 0.0
    frame_occlusion: float = 0.0

    def __post_init__(self) -> None:
        """Raise `InputError` unless counts are at least 0 and shares lie between 0 and 1."""
        for name in (
            "time_masks", "time_width", "frequency_masks", "frequency_width", "cutouts", "cutout_frames",
            "cutout_features",
        ):  # fmt: skip
            if getattr(self, name) < 0:
                raise InputError(
                    f"mask.{name} is {getattr(self, name)}: it must be at least 0; 0 turns it off"
                )
        for name in ("time_share", "channel_occlusion", "frame_occlusion"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(
                    f"mask.{name} is {getattr(self, name)}: it must lie between 0 and 1; 0 turns it off"
                )
