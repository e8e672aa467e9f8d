import numpy as np
import pytest

from wrenlet.audio import StreamResampler, resample


def noise(count: int = 8000) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.5, 0.5, count).astype(np.float32)


@pytest.mark.parametrize(
    ("rate", "to"), [(16000, 8000), (8000, 16000), (44100, 16000), (48000, 8000), (11025, 16000)]
)
def test_a_stream_resampled_in_any_chunks_is_the_same_sound_as_the_whole(rate, to):
    samples = noise()
    stream = StreamResampler(rate, to)
    for chunk in (1, 7, 160, 999, 8000):
        pieces = [stream.feed(samples[i : i + chunk]) for i in range(0, len(samples), chunk)]
        joined = np.concatenate([*pieces, stream.feed(samples[:0]), stream.flush()])
        whole = resample(samples, rate, to)
        assert abs(len(joined) - len(whole)) <= 1
        count = min(len(joined), len(whole))
        np.testing.assert_allclose(joined[:count], whole[:count], atol=1e-4)


def test_equal_rates_pass_samples_through_untouched():
    samples = noise(10)
    stream = StreamResampler(8000, 8000)
    np.testing.assert_array_equal(stream.feed(samples), samples)
    assert len(stream.flush()) == 0
    assert resample(samples, 8000, 8000) is samples


def test_what_a_lower_rate_cannot_hold_is_removed_not_folded_back():
    high = np.sin(2 * np.pi * 6000 * np.arange(16000) / 16000).astype(np.float32)
    assert np.abs(resample(high, 16000, 8000)[500:-500]).max() < 1e-3


@pytest.mark.parametrize(("rate", "to"), [(0, 8000), (8000, -1)])
def test_impossible_rates_are_refused(rate, to):
    with pytest.raises(ValueError, match="positive"):
        StreamResampler(rate, to)
    with pytest.raises(ValueError, match="positive"):
        resample(noise(), rate, to)


def test_a_stream_takes_one_channel():
    with pytest.raises(ValueError, match="one channel"):
        StreamResampler(16000, 8000).feed(np.zeros((2, 160), np.float32))
