from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wrenlet.features.bank import MelBank, group_bands
from wrenlet.features.mel import mel_weights
from wrenlet.features.transform import FactoredTransform, plan_transform


@settings(max_examples=120, deadline=None, derandomize=True)
@given(half=st.integers(1, 160), data=st.data())
def test_every_wanted_bin_is_the_transforms(half: int, data: st.DataObject) -> None:
    length = 2 * half
    size = data.draw(st.integers(1, length))
    low = data.draw(st.integers(0, half))
    high = data.draw(st.integers(low, half))
    plan = plan_transform(length, size, range(low, high + 1))
    shape = torch.rand(size, dtype=torch.float64, generator=torch.Generator().manual_seed(half))
    frames = torch.randn(3, size, generator=torch.Generator().manual_seed(size))
    cells = FactoredTransform(plan, shape)(frames).numpy()
    expected = np.abs(np.fft.rfft(frames.double().numpy() * shape.numpy(), length)) ** 2
    assert set(range(low, high + 1)) <= {k for row in plan.bins for k in row}
    np.testing.assert_allclose(cells, expected[:, np.array(plan.bins)], atol=1e-4 * max(1, expected.max()))


def test_power_of_two_is_factored_about_its_root_and_mirror_images_are_left_out() -> None:
    plan = plan_transform(1024, 640, range(513))
    assert (plan.n1, plan.n2, plan.rows, len(plan.columns)) == (32, 32, 20, 32)
    assert len(plan.bins) == 17
    assert plan.constants * 60 < 640 * 2 * 513


def test_unwanted_columns_are_not_computed() -> None:
    assert len(plan_transform(1024, 640, range(200)).columns) < 32


@pytest.mark.parametrize("prime", [101, 257, 509])
def test_twice_a_prime_still_beats_one_matrix(prime: int) -> None:
    plan = plan_transform(2 * prime, 2 * prime - 10, range(prime + 1))
    assert plan.constants < 0.6 * (2 * prime - 10) * 2 * (prime + 1)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(bands=st.integers(1, 14), seed=st.integers(0, 1000), cost=st.integers(0, 4000))
def test_groups_are_the_cheapest_of_all_partitions(bands: int, seed: int, cost: int) -> None:
    draw = np.random.default_rng(seed)
    firsts = np.sort(draw.integers(0, 30, bands))
    supports = [
        (int(first), int(first + width))
        for first, width in zip(firsts, draw.integers(1, 9, bands), strict=True)
    ]

    def price(groups: list[tuple[int, int]]) -> int:
        total = 0
        for start, end in groups:
            reads = supports[start:end]
            total += cost + 4 * (end - start) * 5 * (max(b for _, b in reads) - min(a for a, _ in reads))
        return total

    cheapest = None
    for cuts in range(2 ** (bands - 1)):
        edges = [0, *(i + 1 for i in range(bands - 1) if cuts >> i & 1), bands]
        total = price(list(pairwise(edges)))
        cheapest = total if cheapest is None else min(cheapest, total)
    groups = group_bands(supports, rows=5, group_cost=cost)
    assert [g.bands[0] for g in groups] == [0, *(g.bands[1] for g in groups[:-1])]
    assert groups[-1].bands[1] == bands
    assert price([g.bands for g in groups]) == cheapest


@pytest.mark.parametrize(
    ("length", "size", "bands"), [(1024, 640, 40), (256, 256, 20), (486, 400, 24), (202, 202, 8)]
)
def test_banded_sums_equal_the_dense_bank(length: int, size: int, bands: int) -> None:
    weights = mel_weights(16000, length, bands, 20.0, 8000.0, "slaney", "slaney")
    plan = plan_transform(length, size, np.flatnonzero(weights.max(axis=0)).tolist())
    power = np.random.default_rng(0).random((4, length // 2 + 1))
    cells = torch.from_numpy(power[:, np.array(plan.bins)]).float()
    bank = MelBank(weights, plan.bins)
    np.testing.assert_allclose(bank(cells).numpy(), power @ weights.T, rtol=1e-5)
    np.testing.assert_allclose(
        torch.cat([bank(cell) for cell in cells.split(1)]).numpy(), power @ weights.T, rtol=1e-5
    )
    banded = sum(bank.get_buffer(f"weight{index}").numel() for index in range(len(bank.groups)))
    assert banded < 0.6 * bank.dense.numel() or len(bank.groups) == 1
