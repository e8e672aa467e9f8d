"""Batch normalisation in frequency bands."""

import torch
from torch import Tensor

from wrenlet.streaming.batch_norm import BatchNorm
from wrenlet.streaming.module import State, StreamingModule
from wrenlet.streaming.window import check_positive

__all__ = ["SubSpectralNorm"]


class SubSpectralNorm(StreamingModule):
    """Normalise every channel in each of several bands of neighbouring bins (Chang et al., ICASSP 2021).

    Args:
        bins: frequency bins in.
        channels: of each bin.
        bands: groups of `bins / bands` neighbouring bins with statistics and affine numbers of their own.

    Shapes:
        `[batch, time, bins, channels]` → the same; `norm.weight` is `[bands * channels]`, band by band.

    Raises:
        ValueError: if the bins do not split evenly into the bands.
    """

    def __init__(self, bins: int, channels: int, bands: int) -> None:
        super().__init__()
        check_positive("SubSpectralNorm", bins=bins, channels=channels, bands=bands)
        if bins % bands:
            raise ValueError(f"SubSpectralNorm got bands={bands}: it must divide {bins} bins")
        self.bands = bands
        self.frame_shape = (bins, channels)
        self.norm = BatchNorm(bands * channels)

    def initial_state(self, batch: int) -> State:  # noqa: ARG002 - the contract's argument
        """Return `{}`: there is none."""
        return {}

    def step(self, chunk: Tensor, state: State) -> tuple[Tensor, State]:
        """Normalise a chunk `[batch, time, bins, channels]`."""
        self.check_chunk(chunk)
        bins, channels = chunk.shape[2:]
        each = bins // self.bands
        if self.training:
            # [batch, time, bands, each, channels] with the bins of a band before its channels.
            banded = chunk.unflatten(2, (self.bands, each)).transpose(2, 3).flatten(3)
            normal, _ = self.norm.step(banded, state)
            return normal.unflatten(3, (self.bands, channels)).transpose(2, 3).reshape(chunk.shape), state
        # Every bin has numbers of its own here: a constant each for one product and one sum. As a 1×1
        # depthwise convolution it would round once less, but 12 bytes of scales a bin and channel weigh more
        # in the file than all of a small network.
        scale, offset = (
            torch.stack([value.reshape(self.bands, channels)] * each, 1).reshape(bins, channels)
            for value in self.norm.affine()
        )
        return chunk * scale + offset, state
