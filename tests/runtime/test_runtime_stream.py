"""A stream answers the same however the audio is cut into pieces."""

import numpy as np
import pytest
from tiny_artefacts import HOP, LABELS, RATE

from wrenlet.audio import resample
from wrenlet.runtime import load
from wrenlet.runtime.stream import Stream


def feed(stream: Stream, samples: np.ndarray, sizes) -> np.ndarray:
    found, start = [], 0
    for size in sizes:
        found.append(stream.feed(samples[start : start + size]))
        start += size
    found += [stream.feed(samples[start:]), stream.flush()]
    return np.concatenate(found)


class Late:
    """A program that answers with the mean of the hop, `lookahead` hops late."""

    def __init__(self, lookahead: int) -> None:
        self.hop, self.classes, self.lookahead = 4, 1, lookahead
        self.reset()

    def reset(self) -> None:
        self.before = [0.0] * self.lookahead

    def run(self, hops: np.ndarray) -> np.ndarray:
        self.before += [float(hop.mean()) for hop in hops]
        found, self.before = self.before[: len(hops)], self.before[len(hops) :]
        return np.array(found, np.float32).reshape(-1, 1)


@pytest.mark.parametrize(
    "sizes", [[], [0, 1, 0, 1], [HOP - 1, 1], [HOP, HOP + 1], [37] * 130, [3 * HOP + 5, 0, 7]]
)
def test_any_chunking_gives_the_offline_answer(any_path, speech, sizes):
    model = load(any_path)
    np.testing.assert_array_equal(feed(model.stream(), speech, sizes), model.run(speech))


def test_single_samples(model, speech):
    short = speech[: 3 * HOP + 2]
    np.testing.assert_array_equal(feed(model.stream(), short, [1] * len(short)), model.run(short))


def test_integers_are_scaled_to_full_scale(model, speech):
    pcm = np.round(speech * 32767).astype(np.int16)
    expected = model.run(pcm / np.float32(32768))
    np.testing.assert_array_equal(feed(model.stream(), pcm, [100, 333]), expected)
    np.testing.assert_array_equal(feed(model.stream(), pcm.astype(np.int32) << 16, [100]), expected)


def test_flush_starts_afresh(model, speech):
    stream = model.stream()
    first = feed(stream, speech, [500])
    np.testing.assert_array_equal(feed(stream, speech, [77]), first)
    assert stream.flush().shape == (0, len(LABELS))


def test_two_streams_do_not_share_a_state(model, speech):
    one, two = model.stream(), model.stream()
    found_one, found_two = [], []
    for start in range(0, len(speech), HOP):
        found_one.append(one.feed(speech[start : start + HOP]))
        found_two.append(two.feed(-speech[start : start + HOP]))
        model.run(speech)  # nor do they share it with the model
    np.testing.assert_array_equal(np.concatenate([*found_one, one.flush()]), model.run(speech))
    np.testing.assert_array_equal(np.concatenate([*found_two, two.flush()]), model.run(-speech))


@pytest.mark.parametrize("rate", [16000, 44100, 11025, 4000])
def test_other_rates_are_resampled(model, rate):
    time = np.arange(rate) / rate
    tone = (0.3 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    found = feed(model.stream(rate), tone, [1, 0, 999])
    expected = model.run(resample(tone, rate, RATE))
    assert abs(len(found) - len(expected)) <= 1
    count = min(len(found), len(expected))
    np.testing.assert_allclose(found[:count], expected[:count], atol=0.02)


@pytest.mark.parametrize("lookahead", [0, 1, 3])
def test_look_ahead_puts_answers_in_line(lookahead):
    samples = np.repeat(np.arange(1, 6), 4)[:18].astype(np.float32)
    found = feed(Stream(Late(lookahead), 8000, 8000), samples, [1, 7])
    np.testing.assert_allclose(found[:, 0], [1, 2, 3, 4, 2.5])


def test_samples_that_are_no_audio_become_zero_and_are_counted(model, speech):
    broken, mended = speech.copy(), speech.copy()
    broken[[5, 900, 901]] = np.nan, -np.inf, 1e30
    mended[[5, 900, 901]] = 0
    stream = model.stream()
    found = [stream.feed(broken)]
    assert stream.replaced == 3
    np.testing.assert_array_equal(np.concatenate([*found, stream.flush()]), model.run(mended))
    assert stream.replaced == 0


@pytest.mark.parametrize("wrong", [np.zeros((10, 2), np.float32), np.zeros(10, np.int64), np.array(["a"])])
def test_what_is_no_audio_is_refused(model, wrong):
    with pytest.raises(ValueError, match="samples"):
        model.stream().feed(wrong)


def test_a_list_of_nothing_is_audio_too(model):
    assert model.stream().feed([]).shape == (0, len(LABELS))


@pytest.mark.parametrize("rate", [0, -8000, 10**9])
def test_a_rate_that_cannot_be_is_refused(model, rate):
    with pytest.raises(ValueError, match="rate"):
        model.stream(rate)
