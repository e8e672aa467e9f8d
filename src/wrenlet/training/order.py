"""Which clips a step sees and what chance does to them, as pure functions of seed, epoch and step.

Nothing here has a memory, so a training continued after a crash sees exactly what it would have seen.
"""

import numpy as np
import torch
from torch import Tensor

__all__ = ["epoch_order", "mixed_seed", "split_batches"]


def mixed_seed(*numbers: int) -> int:
    """Return one well-mixed 63-bit seed for several numbers, such as (seed, epoch, step, rank).

    Neighbouring numbers give unrelated seeds, which adding or xor-ing them would not.
    """
    words = np.random.SeedSequence([number % 2**64 for number in numbers]).generate_state(1, np.uint64)
    return int(words[0]) >> 1


def epoch_order(labels: Tensor, seed: int, epoch: int, sampling: str) -> Tensor:
    """Return the clips of an epoch in order, as indices `[clips]`.

    Args:
        labels: of all clips, `[clips]`.
        seed: of the training.
        epoch: from 0.
        sampling: `natural`: each clip once; `balanced`: each label equally often (to within one), a rare
            label's clips all seen before any is repeated.
    """
    generator = torch.Generator().manual_seed(mixed_seed(seed, epoch))
    total = len(labels)
    if sampling == "natural":
        return torch.randperm(total, generator=generator)
    present = labels.unique()
    parts = []
    for position, label in enumerate(present):
        own = (labels == label).nonzero().flatten()
        quota = total // len(present) + int(position < total % len(present))
        rounds = [own[torch.randperm(len(own), generator=generator)] for _ in range(-(-quota // len(own)))]
        parts.append(torch.cat(rounds)[:quota] if rounds else own[:0])
    order = torch.cat(parts)
    return order[torch.randperm(total, generator=generator)]


def split_batches(
    order: Tensor, lengths: Tensor, batch: int, seed: int, epoch: int, pool: int = 1, world: int = 1
) -> list[Tensor]:
    """Cut an epoch's order into batches of indices, the last one perhaps shorter.

    Args:
        order: indices of clips.
        lengths: of all clips; only compared with each other.
        batch: clips a batch, over all ranks.
        seed: of the training.
        epoch: from 0.
        pool: batches whose clips are sorted by length together; their order is then shuffled.
        world: ranks; a last batch with fewer clips than ranks is left out, for every rank must take part.
    """
    if pool > 1:
        order = torch.cat([part[lengths[part].argsort(stable=True)] for part in order.split(batch * pool)])
    batches = list(order.split(batch))
    if len(batches) > 1 and len(batches[-1]) < world:
        batches.pop()
    if pool > 1:
        generator = torch.Generator().manual_seed(mixed_seed(seed, epoch, 1))
        batches = [batches[int(i)] for i in torch.randperm(len(batches), generator=generator)]
    return batches
