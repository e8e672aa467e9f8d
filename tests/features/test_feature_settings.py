import dataclasses

import pytest

from wrenlet.errors import InputError
from wrenlet.features import FeatureSettings, MaskSettings


def test_a_duration_between_samples_names_the_nearest_ones() -> None:
    with pytest.raises(InputError) as error:
        FeatureSettings(hop_ms=7.3)
    assert str(error.value) == "features.hop_ms is 7.3: 7.3 ms at 16000 Hz is 116.8 samples; use 7.25 or 7.5"


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("milliseconds", [7.31, 12.013, 0.011, 24.99])
def test_the_suggested_durations_are_accepted(rate: int, milliseconds: float) -> None:
    with pytest.raises(InputError) as error:
        FeatureSettings(sample_rate=rate, hop_ms=milliseconds, window_ms=1000)
    suggestions = [float(part) for part in str(error.value).split("; use ")[1].split(" or ")]
    assert suggestions
    for suggestion in suggestions:
        FeatureSettings(sample_rate=rate, hop_ms=suggestion, window_ms=1000, mel_low_hz=20)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"kind": "mfc"}, "must be one of mfcc, logmel"),
        ({"deltas": 3}, "must be one of 0, 1, 2"),
        ({"sample_rate": 0}, "above 0"),
        ({"log_floor": 0.0}, "above 0"),
        ({"log_floor": float("nan")}, "above 0"),
        ({"window_ms": float("inf")}, "above 0"),
        ({"preemphasis": 1.0}, "use 0 .off. or 0.97"),
        ({"window_ms": 10.0, "hop_ms": 16.0}, "shorter than features.hop_ms 16"),
        ({"transform_length": 513}, "even and hold the window of 512 samples; use at least 512"),
        ({"transform_length": 256}, "use at least 512"),
        ({"mel_high_hz": 9000.0}, "nothing above 8000 Hz; use at most 8000"),
        ({"mel_low_hz": 4000.0, "mel_high_hz": 4000.0}, "below the upper edge"),
        ({"mel_low_hz": -1.0}, "at least 0"),
        ({"coefficients": 41}, "40 mel bands give at most 40"),
        (
            {"mel_bins": 200},
            "of the bands lie between two bins.*use features.mel_bins of at most [0-9]+ or a",
        ),
    ],
)
def test_impossible_settings_are_refused_with_the_mend(arguments: dict, says: str) -> None:
    with pytest.raises(InputError, match=says):
        FeatureSettings(**arguments)


def test_the_mends_for_empty_bands_work() -> None:
    with pytest.raises(InputError) as error:
        FeatureSettings(mel_bins=200)
    words = str(error.value).split("at most ")[1].split()
    FeatureSettings(mel_bins=int(words[0]))
    FeatureSettings(mel_bins=200, transform_length=int(words[-1]))


@pytest.mark.parametrize(
    ("arguments", "counts"),
    [
        ({}, (512, 256, 512, 20)),
        ({"window_ms": 40.0, "hop_ms": 20.0, "kind": "logmel"}, (640, 320, 1024, 40)),
        ({"sample_rate": 8000}, (256, 128, 256, 20)),
        ({"sample_rate": 22050, "window_ms": 20.0, "hop_ms": 9.9773243, "deltas": 2}, (441, 220, 512, 60)),
        ({"window_ms": 40.0, "transform_length": 720}, (640, 256, 720, 20)),
    ],
)
def test_counts_follow_from_durations(arguments: dict, counts: tuple[int, ...]) -> None:
    chosen = FeatureSettings(**arguments)
    assert (chosen.window_samples, chosen.hop_samples, chosen.fft_length, chosen.feature_count) == counts


def test_settings_survive_a_round_through_a_dict() -> None:
    chosen = FeatureSettings(kind="logmel", mel_high_hz=7600.0, deltas=1)
    assert FeatureSettings(**dataclasses.asdict(chosen)) == chosen


@pytest.mark.parametrize(
    "arguments", [{"time_masks": -1}, {"frequency_width": -2}, {"frame_occlusion": 1.5}, {"time_share": -0.1}]
)
def test_impossible_masks_are_refused(arguments: dict) -> None:
    with pytest.raises(InputError, match=f"mask.{next(iter(arguments))} is"):
        MaskSettings(**arguments)
