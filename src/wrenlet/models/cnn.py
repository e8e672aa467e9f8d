"""Convolutional keyword models: convolutions over time and frequency until one vector is left."""

from typing import Any

from wrenlet.models.blocks import append_convolutions
from wrenlet.models.head import append_dropout, append_head, check_share
from wrenlet.streaming import Sequential, StreamingModule

__all__ = ["CNN_SIZES", "cnn"]

Pairs = tuple[tuple[int, int], ...]


def cnn(
    features: int,
    classes: int,
    *,
    filters: tuple[int, ...] = (64, 64, 64, 64, 128, 64, 128),
    kernels: Pairs = ((3, 3), (5, 3), (5, 3), (5, 3), (5, 2), (5, 1), (10, 1)),
    strides: Pairs | None = None,
    dilations: Pairs | None = ((1, 1), (1, 1), (2, 1), (1, 1), (2, 1), (1, 1), (2, 1)),
    bottleneck: int | None = 128,
    dense: tuple[int, ...] = (256,),
    dropout: float = 0.5,
) -> StreamingModule:
    """Stack convolutions over time and frequency, each followed by ReLU, and a dense head.

    Source: Sainath and Parada 2015 (Convolutional neural networks for small-footprint keyword spotting), in
        the form of Rybakov et al. 2020 (arXiv:2005.06720), which needs no pooling over time: the kernels
        together see one clip of 49 frames.

    Example:
        >>> cnn(20, 12)(torch.zeros(1, 50, 20)).shape
        torch.Size([1, 50, 12])

    Args:
        features: values in a frame of the input `[batch, frames, features]`.
        classes: values in a frame of the output `[batch, frames, classes]`: logits.
        filters: channels of each convolution.
        kernels: taps of each over (time, frequency).
        strides: of each over (time, frequency), or None for ones.
        dilations: of each over (time, frequency), or None for ones.
        bottleneck: width of a dense layer without activation after them, or None for none.
        dense: widths of the dense layers after it, each followed by ReLU.
        dropout: share of the last convolution's outputs that is zeroed while training.

    Raises:
        InputError: if a number is outside its range, or the lists do not match.
    """
    check_share("dropout", dropout)
    children: dict[str, StreamingModule] = {}
    width = append_convolutions(children, features, filters, kernels, strides, dilations)
    append_dropout(children, "flat", dropout)
    append_head(children, width, dense, classes, bottleneck=bottleneck)
    return Sequential(children)


CNN_SIZES: dict[str, dict[str, Any]] = {
    "cnn": {
        "filters": (64, 64, 64, 64, 128, 64, 128),
        "kernels": ((3, 3), (5, 3), (5, 3), (5, 3), (5, 2), (5, 1), (10, 1)),
        "dilations": ((1, 1), (1, 1), (2, 1), (1, 1), (2, 1), (1, 1), (2, 1)),
        "bottleneck": 128,
        "dense": (256,),
        "dropout": 0.5,
    },
}
