"""Batch normalisation of frames, channels last."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wrenlet.streaming.module import State, StreamingModule

__all__ = ["BatchNorm"]


class BatchNorm(StreamingModule):
    """Normalise every channel over batch, time and any axes between; the channels are the last axis.

    In training the statistics are those of the batch, so `step` mixes frames then, as every batch
    normalisation does; in evaluation it is one multiplication and one addition for each channel, and streams.

    Args:
        channels: size of the last axis.
        eps: added to the variance.
        momentum: weight of the present batch in the running statistics.

    Shapes:
        `[batch, time, *frame]` → the same; parameters and buffers are named as in `torch.nn.BatchNorm1d`.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, channels: int, *, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps = eps
        self.momentum = momentum
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.register_buffer("num_batches_tracked", torch.tensor(0, dtype=torch.long))

    def initial_state(self, batch: int) -> State:  # noqa: ARG002 - the contract's argument
        """Return `{}`: there is none."""
        return {}

    def step(self, chunk: Tensor, state: State) -> tuple[Tensor, State]:
        """Normalise a chunk."""
        self.check_chunk(chunk)
        if not self.training:
            scale, offset = self.affine()
            return chunk * scale + offset, state
        self.num_batches_tracked.add_(1)
        flat = F.batch_norm(
            chunk.reshape(-1, chunk.shape[-1]),
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training=True,
            momentum=self.momentum,
            eps=self.eps,
        )
        return flat.reshape(chunk.shape), state

    def affine(self) -> tuple[Tensor, Tensor]:
        """Return what evaluation multiplies by and adds, each `[channels]`."""
        scale = self.weight * torch.rsqrt(self.running_var + self.eps)
        return scale, self.bias - self.running_mean * scale
