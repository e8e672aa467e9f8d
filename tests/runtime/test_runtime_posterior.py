"""One word, one event: smoothing, threshold, refractory time."""

import numpy as np
import pytest

from wrenlet.errors import InputError
from wrenlet.runtime import PosteriorSettings
from wrenlet.runtime.posterior import PosteriorDetector

LABELS = ("_silence_", "_unknown_", "yes", "no")
HOP, RATE = 160, 16000  # 10 ms


class Scripted:
    """A program that answers with the label which the first sample of a hop names, `lookahead` hops late."""

    hop, classes = HOP, 4

    def __init__(self, lookahead: int = 0) -> None:
        self.lookahead = lookahead
        self.reset()

    def reset(self) -> None:
        self.late = [0] * self.lookahead

    def run(self, hops: np.ndarray) -> np.ndarray:
        self.late += [int(hop[0]) for hop in hops]
        now, self.late = self.late[: len(hops)], self.late[len(hops) :]
        return 10 * np.eye(4, dtype=np.float32)[now]


def detect(script: list[tuple[int, int]], settings=None, lookahead: int = 0, block: int = 5):
    labels = np.concatenate([[label] * count for label, count in script])
    hops = np.repeat(labels[:, None], HOP, axis=1).astype(np.float32)
    chosen = settings or PosteriorSettings(threshold=0.6, smoothing_ms=100, refractory_ms=300)
    detector = PosteriorDetector(Scripted(lookahead), LABELS, RATE, chosen)
    found = [event for at in range(0, len(hops), block) for event in detector.feed(hops[at : at + block])]
    return [*found, *detector.flush()]


@pytest.mark.parametrize("block", [1, 5, 1000])
@pytest.mark.parametrize("lookahead", [0, 3])
def test_a_word_is_one_event_however_long_it_lasts(block, lookahead):
    found = detect([(0, 50), (2, 80), (0, 50), (3, 12)], block=block, lookahead=lookahead)
    assert [event.label for event in found] == ["yes", "no"]
    assert found[0].start == pytest.approx(0.47)
    assert found[0].end == pytest.approx(0.57)  # 6 or 7 of 10 frames
    assert found[0].confidence >= 0.6


def test_a_flicker_is_smoothed_away():
    assert detect([(0, 20), (2, 4), (0, 20), (2, 1)]) == []
    assert detect([(2, 5)]) == []  # and at the very start there is no shorter average


def test_silence_and_unknown_words_are_never_reported():
    assert detect([(0, 100), (1, 100)]) == []


def test_another_word_within_the_refractory_time_is_not_reported_at_once():
    found = detect([(2, 15), (3, 15), (0, 100), (3, 15)])
    assert [event.label for event in found] == ["yes", "no"]
    assert found[1].start > 1


def test_the_same_word_again_after_a_pause_is_a_second_event():
    assert [event.label for event in detect([(2, 20), (0, 40), (2, 20)])] == ["yes", "yes"]


def test_settings_out_of_range_are_named():
    for changes in ({"threshold": -0.1}, {"smoothing_ms": 0}, {"refractory_ms": -1}):
        with pytest.raises(InputError, match=next(iter(changes))):
            PosteriorSettings(**changes)
