import pytest
import torch

from wrenlet.training.order import epoch_order, mixed_seed, split_batches

LABELS = torch.tensor([0] * 50 + [1] * 7 + [2] * 3)
LENGTHS = torch.arange(60).flip(0)


def test_neighbouring_seeds_share_nothing() -> None:
    seeds = {mixed_seed(seed, epoch, step) for seed in range(5) for epoch in range(5) for step in range(5)}
    assert len(seeds) == 125
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert mixed_seed(-1, 0) == mixed_seed(-1, 0)


@pytest.mark.parametrize("sampling", ["natural", "balanced"])
def test_an_epochs_order_depends_on_seed_and_epoch_only(sampling: str) -> None:
    first = epoch_order(LABELS, 1, 2, sampling)
    torch.manual_seed(99)
    assert torch.equal(first, epoch_order(LABELS, 1, 2, sampling))
    assert not torch.equal(first, epoch_order(LABELS, 1, 3, sampling))
    assert not torch.equal(first, epoch_order(LABELS, 2, 2, sampling))


def test_natural_sampling_visits_each_clip_once() -> None:
    assert sorted(epoch_order(LABELS, 0, 0, "natural").tolist()) == list(range(60))


def test_balanced_sampling_visits_labels_equally_and_every_rare_clip() -> None:
    order = epoch_order(LABELS, 0, 0, "balanced")
    assert LABELS[order].bincount().tolist() == [20, 20, 20]
    assert set(range(50, 60)) <= set(order.tolist())
    assert not torch.equal(LABELS[order], LABELS[order].sort().values)


@pytest.mark.parametrize("pool", [1, 3])
def test_batches_hold_the_whole_epoch(pool: int) -> None:
    batches = split_batches(torch.randperm(60), LENGTHS, 16, 0, 0, pool)
    assert sorted(len(batch) for batch in batches) == [12, 16, 16, 16]
    assert sorted(torch.cat(batches).tolist()) == list(range(60))


def test_pooling_puts_clips_of_like_length_together() -> None:
    spread = [
        sum(
            int(LENGTHS[b].max() - LENGTHS[b].min())
            for b in split_batches(torch.randperm(60), LENGTHS, 15, 0, 0, pool)
        )
        for pool in (1, 4)
    ]
    assert spread[1] == 4 * 14
    assert spread[0] > 2 * spread[1]


def test_a_last_batch_too_small_for_all_ranks_is_left_out() -> None:
    assert len(split_batches(torch.arange(9), LENGTHS, 4, 0, 0, world=2)) == 2
    assert len(split_batches(torch.arange(9), LENGTHS, 4, 0, 0, world=1)) == 3
