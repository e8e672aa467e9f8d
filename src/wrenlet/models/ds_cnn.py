"""Depthwise separable convolutions over time and frequency, averaged over a clip."""

from typing import Any

from torch import nn

from wrenlet.models.blocks import append_mean, append_normalised, append_picture, look_ahead
from wrenlet.models.head import append_dropout, append_head, check_positive, check_share
from wrenlet.streaming import (
    Conv2d,
    DepthwiseConv2d,
    Framewise,
    FrequencyMean,
    Sequential,
    StreamingModule,
)

__all__ = ["DS_CNN_SIZES", "ds_cnn"]

Pair = tuple[int, int]


def ds_cnn(
    features: int,
    classes: int,
    *,
    filters: int = 64,
    first_kernel: Pair = (10, 4),
    first_stride: Pair = (2, 2),
    kernel: Pair = (3, 3),
    strides: tuple[Pair, ...] = ((1, 1),) * 4,
    dropout: float = 0.2,
    window: int = 49,
    causal: bool = False,
) -> StreamingModule:
    """One convolution, then blocks of a depthwise and a 1×1 convolution, and the mean over a clip.

    Source: Zhang et al. 2017, Hello Edge, arXiv:1711.07128, table 4 and its code.

    Example:
        >>> ds_cnn(10, 12)(torch.zeros(1, 50, 10)).shape
        torch.Size([1, 25, 12])

    Args:
        features: values in a frame of the input `[batch, frames, features]`.
        classes: values in a frame of the output `[batch, frames // stride, classes]`: logits; the stride is
            the product of all strides over time.
        filters: channels of every layer.
        first_kernel: taps of the first convolution over (time, frequency).
        first_stride: its stride over (time, frequency).
        kernel: taps of the depthwise convolutions over (time, frequency).
        strides: of each block over (time, frequency).
        dropout: share of the last block's mean that is zeroed while training.
        window: frames of a clip, over which the last block is averaged.
        causal: whether kernels see no frame after the present one; else they are centred, as published.

    Raises:
        InputError: if a number is outside its range.
    """
    check_positive("filters", filters)
    check_share("dropout", dropout)
    children: dict[str, StreamingModule] = {}
    append_picture(children, features)
    first = Conv2d(
        1,
        filters,
        features,
        first_kernel,
        stride=first_stride,
        bias=False,
        lookahead=look_ahead(first_kernel[0], first_stride[0], causal=causal),
    )
    append_normalised(children, "conv", first, filters, nn.ReLU())
    bins = first.output_bins
    for number, stride in enumerate(strides, 1):
        depthwise = DepthwiseConv2d(
            filters,
            bins,
            kernel,
            stride=stride,
            bias=False,
            lookahead=look_ahead(kernel[0], stride[0], causal=causal),
        )
        append_normalised(children, f"depth{number}", depthwise, filters, nn.ReLU())
        bins = depthwise.output_bins
        point = Conv2d(filters, filters, bins, (1, 1), bias=False)
        append_normalised(children, f"point{number}", point, filters, nn.ReLU())
    children["bins"] = FrequencyMean(bins, filters)
    children["flat"] = Framewise(nn.Flatten(2))
    append_mean(children, window, filters)
    append_dropout(children, "mean", dropout)
    append_head(children, filters, (), classes)
    return Sequential(children)


DS_CNN_SIZES: dict[str, dict[str, Any]] = {
    "ds_cnn_s": {"filters": 64, "first_stride": (2, 2), "strides": ((1, 1),) * 4},
    "ds_cnn_m": {"filters": 172, "first_stride": (2, 1), "strides": ((2, 2), *((1, 1),) * 3)},
    "ds_cnn_l": {"filters": 276, "first_stride": (2, 1), "strides": ((2, 2), *((1, 1),) * 4)},
    "ds_cnn_s_causal": {"filters": 64, "first_stride": (2, 2), "strides": ((1, 1),) * 4, "causal": True},
    "ds_cnn_m_causal": {
        "filters": 172,
        "first_stride": (2, 1),
        "strides": ((2, 2), *((1, 1),) * 3),
        "causal": True,
    },
}
