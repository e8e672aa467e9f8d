"""The Fourier transform of a real window as two small matrix products.

A transform of `N = n1 * n2` points splits the sample index as `n2 * a + b` and the bin as `c + n1 * d`
(Cooley and Tukey, 1965): a product over `a`, a rotation of every `[c, b]`, and a product over `b`. It needs
about `N ** 1.5` constants instead of `N ** 2`, only multiplications that every converter knows, and no
complex type. Three savings: rows `a` beyond the window hold zeros and are left out; a real input makes rows
`c > n1 / 2` mirror images; columns `d` without a wanted bin are left out.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["FactoredTransform", "Plan", "plan_transform"]

# Weights of the plan's cost, from timing the LiteRT graph: a product with the constant on the left (stage 1)
# costs about twice as much a multiplication, and a constant costs about as much as 16 multiplications.
STAGE_ONE_COST = 2
CONSTANT_COST = 16


@dataclass(frozen=True)
class Plan:
    """How one transform is factored.

    Attributes:
        length: points of the transform, `n1 * n2`.
        window: samples that are not padding.
        n1: points of the first stage.
        n2: points of the second stage.
        rows: `a` that hold samples: `ceil(window / n2)`.
        columns: `d` of the second stage, in ascending order of their bins.
        bins: `[c][column]`, the bin of the real transform in that cell, 0 … length / 2. A bin on the border
            of two columns is in both.
    """

    length: int
    window: int
    n1: int
    n2: int
    rows: int
    columns: tuple[int, ...]
    bins: tuple[tuple[int, ...], ...]

    @property
    def constants(self) -> int:
        """Numbers that the graph stores."""
        halves = self.n1 // 2 + 1
        return 2 * (halves * (self.rows + self.n2) + self.n2 * len(self.columns))

    @property
    def cost(self) -> float:
        """Weighted multiplications and constants, which the plan minimises."""
        halves = self.n1 // 2 + 1
        first = 2 * halves * self.rows * self.n2
        second = 4 * halves * self.n2 * len(self.columns)
        padding = self.rows * self.n2 - self.window
        return (
            STAGE_ONE_COST * first + second + CONSTANT_COST * self.constants + 4 * self.window * (padding > 0)
        )


def plan_transform(length: int, window: int, wanted: Collection[int]) -> Plan:
    """Return the cheapest factorisation that yields the wanted bins.

    Args:
        length: points of the transform, even.
        window: samples before the zeros, at most `length`.
        wanted: bins of the real transform, among 0 … `length // 2`.
    """
    divisors = [n1 for n1 in range(1, length + 1) if length % n1 == 0]
    return min((_plan(length, window, n1, frozenset(wanted)) for n1 in divisors), key=lambda plan: plan.cost)


def _plan(length: int, window: int, n1: int, wanted: frozenset[int]) -> Plan:
    n2 = length // n1

    def bins(column: int) -> tuple[int, ...]:
        ks = (c + n1 * column for c in range(n1 // 2 + 1))
        return tuple(min(k, length - k) for k in ks)

    chosen, missing = [], set(wanted)
    # Low columns first: for n1 = 1 and 2 they hold every bin, and the high ones are mirror images of them.
    for column in range(n2):
        if not missing.isdisjoint(bins(column)):
            chosen.append(column)
            missing.difference_update(bins(column))
    chosen.sort(key=lambda column: (min(bins(column)), max(bins(column))))
    cells = tuple(zip(*(bins(column) for column in chosen), strict=True))
    return Plan(length, window, n1, n2, math.ceil(window / n2), tuple(chosen), cells)


class FactoredTransform(nn.Module):
    """Squared magnitude of the wanted bins of real windows.

    Args:
        plan: the factorisation.
        window: shape of the window, float64 `[plan.window]`.
    """

    def __init__(self, plan: Plan, window: Tensor) -> None:
        super().__init__()
        self.plan = plan
        n1, n2 = plan.n1, plan.n2
        a, b = torch.arange(plan.rows), torch.arange(n2)
        c, d = torch.arange(n1 // 2 + 1), torch.tensor(plan.columns)
        if n1 == 1:  # one row: nothing to fold, and the second stage stops where the window does
            b = b[: plan.window]
        self._constant("window", window)
        self._turn("first", c[:, None] * a[None], n1)
        self._turn("twiddle", c[:, None] * b[None], plan.length)
        self._turn("second", d[:, None] * b[None], n2)

    def forward(self, frames: Tensor) -> Tensor:
        """Return the power of every cell of the plan.

        Args:
            frames: `[batch, window]`, samples.

        Returns:
            `[batch, n1 // 2 + 1, columns]`; `plan.bins` says which bin a cell holds.
        """
        plan = self.plan
        x = frames * self.window
        if plan.n1 == 1:
            real, imaginary = F.linear(x, self.second_cos), F.linear(x, self.second_sin)
            return torch.addcmul(real * real, imaginary, imaginary)[:, None]
        x = F.pad(x, (0, plan.rows * plan.n2 - plan.window)) if plan.rows * plan.n2 > plan.window else x
        x = x.reshape(-1, plan.rows, plan.n2)
        # With cos and sin of the angles, (re + i·im)(cos - i·sin) = (re·cos + im·sin) + i(im·cos - re·sin).
        # The input is real: the first stage's imaginary part is -down, which turns the signs below. Sums are
        # in place so that a batch's tensors stay in the cache; an exported graph is the same either way.
        across, down = torch.matmul(self.first_cos, x), torch.matmul(self.first_sin, x)
        real = (across * self.twiddle_cos).sub_(down * self.twiddle_sin)
        minus = (down * self.twiddle_cos).add_(across * self.twiddle_sin)
        left = F.linear(real, self.second_cos).sub_(F.linear(minus, self.second_sin))
        right = F.linear(minus, self.second_cos).add_(F.linear(real, self.second_sin))
        return torch.addcmul(left * left, right, right)

    def _turn(self, name: str, steps: Tensor, points: int) -> None:
        """Store the cosine and the sine of `steps` in `points` of a full turn."""
        # The remainder in integers keeps the angle exact however large the product of the indices is.
        angle = (steps % points).double() * (2 * math.pi / points)
        self._constant(f"{name}_cos", angle.cos())
        self._constant(f"{name}_sin", angle.sin())

    def _constant(self, name: str, value: Tensor) -> None:
        self.register_buffer(name, value.float().contiguous(), persistent=False)

    window: Tensor
    first_cos: Tensor
    first_sin: Tensor
    twiddle_cos: Tensor
    twiddle_sin: Tensor
    second_cos: Tensor
    second_sin: Tensor
