"""Figures that people decide by: each against a value worked out by hand or by another route."""

import json

import numpy as np
import pytest

from wrenlet.measure import score, wilson_interval

TRUTH = [0, 0, 0, 1, 1, 2]
ANSWERS = [0, 0, 1, 1, 0, 1]


def test_accuracy_confusion_and_class_figures_by_hand():
    found = score(TRUTH, ANSWERS, ("a", "b", "c", "d"))
    assert found.accuracy == 0.5
    assert found.clips == 6
    assert found.confusion == ((2, 1, 0, 0), (1, 1, 0, 0), (0, 1, 0, 0), (0, 0, 0, 0))
    a, b, c, d = found.per_class
    assert (a.precision, a.recall, a.f1, a.support) == pytest.approx((2 / 3, 2 / 3, 2 / 3, 3))
    assert (b.precision, b.recall, b.f1, b.support) == pytest.approx((1 / 3, 1 / 2, 0.4, 2))
    assert (c.precision, c.recall, c.f1, c.support) == (0, 0, 0, 1)
    assert (d.precision, d.recall, d.f1, d.support) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (0, 20, 0.0, 0.1611), (20, 20, 0.8389, 1.0), (1, 1, 0.2065, 1.0)],
)
def test_wilson_interval_is_the_published_one(hits, trials, low, high):
    assert wilson_interval(hits, trials) == (pytest.approx(low, abs=2e-4), pytest.approx(high, abs=2e-4))


def test_interval_covers_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(0)
    covered = [
        low <= 0.9 <= high
        for low, high in (wilson_interval(int(h), 200) for h in rng.binomial(200, 0.9, 2000))
    ]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.02)


def test_json_has_the_documented_keys():
    told = json.loads(json.dumps(score(TRUTH, ANSWERS, ("a", "b", "c"), {"z": 2}).to_json()))
    assert {"accuracy", "interval", "clips", "per_class", "confusion"} <= set(told)
    assert set(told["per_class"]["a"]) == {"precision", "recall", "f1", "support"}
    assert told["confusion"][0] == [2, 1, 0]
    assert told["left_out"] == {"z": 2}
    low, high = told["interval"]
    assert low < told["accuracy"] < high


@pytest.mark.parametrize(
    ("truth", "answers"), [([], []), ([0], [0, 1]), ([0], [3]), ([-1], [0]), ([[0]], [[0]])]
)
def test_what_cannot_be_scored_is_refused(truth, answers):
    with pytest.raises(ValueError, match=r"index|labels"):
        score(truth, answers, ("a", "b", "c"))
