import numpy as np
import pytest

from wrenlet.audio import fit_length, trim_silence

RATE = 8000


def clip(before: float, speech: float, after: float, floor: float = 1e-4) -> np.ndarray:
    chance = np.random.default_rng(0)
    parts = [chance.normal(0, floor, round(before * RATE)), chance.normal(0, 0.2, round(speech * RATE))]
    return np.concatenate([*parts, chance.normal(0, floor, round(after * RATE))]).astype(np.float32)


def test_silence_before_and_after_goes_and_the_margin_stays():
    samples = clip(0.5, 0.3, 0.4)
    kept = trim_silence(samples, RATE, trim_db=40, margin_ms=50, max_seconds=0)
    assert len(kept) / RATE == pytest.approx(0.4, abs=0.045)
    assert kept.base is samples, "a view, so that trimming costs no memory"
    start = (kept.__array_interface__["data"][0] - samples.__array_interface__["data"][0]) / 4 / RATE
    assert start == pytest.approx(0.45, abs=0.025)


@pytest.mark.parametrize("gain", [1e-3, 1.0, 4.0])
def test_gain_does_not_move_the_cut(gain):
    samples = clip(0.5, 0.3, 0.4)
    assert len(trim_silence(gain * samples, RATE)) == len(trim_silence(samples, RATE))


def test_a_constant_offset_counts_as_silence():
    samples = clip(0.5, 0.3, 0.4)
    assert abs(len(trim_silence(samples + np.float32(0.3), RATE)) - len(trim_silence(samples, RATE))) <= 80


def test_zero_decibels_keep_everything_and_long_clips_are_cut_at_the_end():
    samples = clip(0.5, 0.3, 0.4)
    assert len(trim_silence(samples, RATE, trim_db=0, max_seconds=0)) == len(samples)
    np.testing.assert_array_equal(trim_silence(samples, RATE, trim_db=0, max_seconds=1.0), samples[:RATE])


def test_digital_silence_is_returned_whole():
    assert len(trim_silence(np.zeros(4000, np.float32), RATE)) == 4000


@pytest.mark.parametrize("count", [0, 1, 2, 39, 41, 159, 161, 200])
def test_clips_shorter_than_a_frame_survive(count):
    samples = clip(0, 0.1, 0)[:count]
    assert len(trim_silence(samples, RATE)) == count


def test_every_clip_gets_the_same_length_when_it_is_asked_for():
    ramp = np.arange(1, 5, dtype=np.float32)
    assert fit_length(ramp, 1, max_seconds=7, fill="end").tolist() == [1, 2, 3, 4, 0, 0, 0]
    assert fit_length(ramp, 1, max_seconds=7, fill="centre").tolist() == [0, 1, 2, 3, 4, 0, 0]
    assert fit_length(ramp, 1, max_seconds=7) is ramp
    assert fit_length(ramp, 1, max_seconds=0) is ramp
    for fill in ("none", "end"):
        assert fit_length(ramp, 1, max_seconds=2, fill=fill).tolist() == [1, 2]
    for length in range(1, 9):
        for fill in ("end", "centre"):
            assert len(fit_length(ramp, 1, max_seconds=length, fill=fill)) == length


@pytest.mark.parametrize("before", [0.0, 0.4, 1.2, 1.7, 2.5])
def test_a_word_in_a_long_recording_is_found_and_stands_in_the_middle(before):
    samples = clip(before, 0.3, 2.5 - before)
    kept = fit_length(samples, RATE, max_seconds=1.0, fill="centre")
    assert len(kept) == RATE
    assert np.square(kept).sum() > 0.98 * np.square(samples).sum()
    if 0.7 <= before <= 1.8:
        start = (kept.__array_interface__["data"][0] - samples.__array_interface__["data"][0]) / 4 / RATE
        assert start == pytest.approx(before - 0.35, abs=0.05)


def test_long_silence_is_cut_without_a_warning():
    assert len(fit_length(np.zeros(20000, np.float32), RATE, max_seconds=1.0, fill="centre")) == RATE
