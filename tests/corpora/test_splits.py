from collections import Counter

import pytest

from wrenlet.corpora.splits import SPLITS, carve, split_clips, split_speakers


def groups(labels=10, speakers=6, clips=50):
    return {f"{d}_{s}_{i}": (d, s) for d in range(labels) for s in range(speakers) for i in range(clips)}


def test_shares_are_exact_over_all_and_even_in_every_group():
    parts = split_clips(groups(), seed=0)
    assert Counter(parts.values()) == {"train": 2100, "validation": 450, "test": 450}
    for group in set(groups().values()):
        count = Counter(parts[name] for name, own in groups().items() if own == group)
        assert count["train"] == 35
        assert {count["validation"], count["test"]} <= {7, 8}


def test_a_seed_repeats_a_split_and_another_seed_changes_it():
    assert split_clips(groups(), 0) == split_clips(dict(reversed(groups().items())), 0)
    assert split_clips(groups(), 0) != split_clips(groups(), 1)


@pytest.mark.parametrize("clips", [1, 2, 3, 5])
def test_tiny_groups_still_fill_every_split_together(clips):
    parts = split_clips(groups(4, 4, clips), 0)
    assert set(parts.values()) == set(SPLITS)
    assert len(parts) == 16 * clips


@pytest.mark.parametrize("count", [3, 4, 7, 40])
def test_every_split_gets_at_least_one_speaker(count):
    parts = split_speakers([f"s{i}" for i in range(count)], 0)
    assert len(parts) == count
    assert set(parts.values()) == set(SPLITS)
    assert Counter(parts.values())["train"] >= count * 0.3


def test_two_speakers_cannot_fill_three_splits():
    with pytest.raises(ValueError, match="2 speakers"):
        split_speakers(["a", "b", "a"], 0)


def test_carving_takes_its_share_of_every_group():
    parts = carve(groups(), 0, "validation", 0.2)
    assert Counter(parts.values()) == {"train": 2400, "validation": 600}
