"""The mel bank as a few small dense products over neighbouring bins."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["BandGroup", "MelBank", "group_bands"]

#: What one more group costs (a slice, a reshape and a product), in bytes of weights that take as long to
#: multiply.
GROUP_COST_BYTES = 4096


@dataclass(frozen=True)
class BandGroup:
    """Neighbouring bands that share one product.

    Attributes:
        bands: first band and the one after the last.
        columns: first column of the spectrum's cells that they read, and the one after the last.
    """

    bands: tuple[int, int]
    columns: tuple[int, int]


def group_bands(
    supports: Sequence[tuple[int, int]], rows: int, group_cost: int = GROUP_COST_BYTES
) -> list[BandGroup]:
    """Split bands into contiguous groups at the least cost, by dynamic programming.

    A group costs its dense float weights, `bands * rows * columns * 4` bytes, and `group_cost`.

    Args:
        supports: for every band, the first column that it reads and the one after the last.
        rows: cells in a column.
        group_cost: bytes that one more group is worth.
    """
    best: list[tuple[int, int]] = [(0, 0)]  # cost of the first bands, and where the last group begins
    for end in range(1, len(supports) + 1):
        options = []
        first, last = supports[end - 1]
        for start in range(end - 1, -1, -1):
            first, last = min(first, supports[start][0]), max(last, supports[start][1])
            options.append((best[start][0] + 4 * (end - start) * rows * (last - first) + group_cost, start))
        best.append(min(options))
    groups, end = [], len(supports)
    while end:
        start = best[end][1]
        reads = supports[start:end]
        groups.append(
            BandGroup((start, end), (min(first for first, _ in reads), max(last for _, last in reads)))
        )
        end = start
    return groups[::-1]


class MelBank(nn.Module):
    """Sums of a spectrum over mel bands, for bins in the order that the factored transform leaves them.

    Args:
        weights: float64 `[bands, bins]`, every band a contiguous run of bins above zero.
        cells: `[rows][columns]`, the bin that each cell of the spectrum holds; columns ascend.
    """

    dense: Tensor

    def __init__(self, weights: np.ndarray, cells: Sequence[Sequence[int]]) -> None:
        super().__init__()
        table = np.asarray(cells)
        rows, columns = table.shape
        holders = [np.flatnonzero((table == k).any(axis=0)) for k in range(weights.shape[1])]
        supports = []
        for band in weights:
            bins = np.flatnonzero(band)
            # A bin on the border of two columns can be read from either: take the narrowest run.
            first = min(int(holders[k].max()) for k in bins)
            last = max(first, *(int(holders[k].min()) for k in bins))
            supports.append((first, last + 1))
        self.groups = group_bands(supports, rows)
        dense = np.zeros((len(weights), rows, columns))
        for index, group in enumerate(self.groups):
            inside = slice(*group.columns)
            for band in range(*group.bands):
                for k in np.flatnonzero(weights[band]):
                    row, column = np.argwhere(table[:, inside] == k)[0]
                    dense[band, row, group.columns[0] + column] = weights[band, k]
            part = dense[slice(*group.bands), :, inside]
            self.register_buffer(f"weight{index}", _flat(part), persistent=False)
        self.register_buffer("dense", _flat(dense), persistent=False)

    def forward(self, spectrum: Tensor) -> Tensor:
        """Return `[batch, bands]` from the cells `[batch, rows, columns]`."""
        # For one window, as in an exported step, what counts is the weights that are read; for many they stay
        # in the cache, and one product beats several with their slices.
        if spectrum.shape[0] > 1 or len(self.groups) == 1:
            return F.linear(spectrum.flatten(1), self.dense)
        sums = []
        for index, group in enumerate(self.groups):
            cells = spectrum[:, :, slice(*group.columns)]
            sums.append(F.linear(cells.flatten(1), self.get_buffer(f"weight{index}")))
        return torch.cat(sums, 1)


def _flat(weights: np.ndarray) -> Tensor:
    """Return `[bands, rows, columns]` as float32 `[bands, rows * columns]`."""
    return torch.from_numpy(weights.reshape(len(weights), -1)).float().contiguous()
