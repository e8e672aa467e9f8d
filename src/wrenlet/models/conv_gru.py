"""Causal convolutions before GRU layers: local patterns first, memory after."""

from typing import Any

from torch import nn

from wrenlet.models.head import append_head, append_recurrent, check_positive
from wrenlet.streaming import GRU, BatchNorm, Conv1d, Framewise, Sequential, StreamingModule

__all__ = ["CONV_GRU_SIZES", "conv_gru"]


def conv_gru(
    features: int,
    classes: int,
    *,
    filters: tuple[int, ...] = (32, 32),
    kernel: int = 5,
    hidden: int = 48,
    layers: int = 1,
    dropout: float = 0.0,
    dense: tuple[int, ...] = (),
) -> StreamingModule:
    """Stack causal convolutions over time with batch normalisation and ReLU, GRU layers, and a dense head.

    Source: the convolutional recurrent networks of Arik et al. 2017 (arXiv:1703.05390) and Rybakov et al.
        2020 (arXiv:2005.06720), with convolutions over time alone, so that a hop is a few dense products.

    Example:
        >>> conv_gru(20, 10)(torch.zeros(1, 63, 20)).shape
        torch.Size([1, 63, 10])

    Args:
        features: values in a frame of the input `[batch, frames, features]`.
        classes: values in a frame of the output `[batch, frames, classes]`: logits.
        filters: channels of each convolution.
        kernel: frames that each convolution sees.
        hidden: units of each GRU layer.
        layers: how many GRU layers.
        dropout: share of the outputs of each GRU layer that is zeroed while training.
        dense: widths of the dense layers, each followed by ReLU, between the last GRU and the logits.

    Raises:
        InputError: if a number is outside its range.
    """
    check_positive("kernel", kernel)
    check_positive("hidden", hidden)
    children: dict[str, StreamingModule] = {}
    width = features
    for number, channels in enumerate(filters, 1):
        check_positive("filters", channels)
        # The normalisation that follows has a bias of its own.
        children[f"conv{number}"] = Conv1d(width, channels, kernel, bias=False)
        children[f"conv{number}_norm"] = BatchNorm(channels)
        children[f"conv{number}_relu"] = Framewise(nn.ReLU())
        width = channels
    width = append_recurrent(
        children, "gru", lambda width: GRU(width, hidden), width, hidden, layers, dropout
    )
    append_head(children, width, dense, classes)
    return Sequential(children)


CONV_GRU_SIZES: dict[str, dict[str, Any]] = {
    "conv_gru_48": {"filters": (32, 32), "kernel": 5, "hidden": 48},
    "conv_gru_64": {"filters": (40, 40), "kernel": 5, "hidden": 64},
}
