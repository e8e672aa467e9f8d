"""Inverted residual blocks over time: wide inside, narrow between."""

from typing import Any

from torch import nn

from wrenlet.errors import InputError
from wrenlet.models.blocks import append_mean, append_normalised, check_lengths, look_ahead
from wrenlet.models.head import append_dropout, append_head, check_positive, check_share
from wrenlet.streaming import Conv1d, DepthwiseConv1d, Framewise, Residual, Sequential, StreamingModule

__all__ = ["MOBILENET_V2_SIZES", "mobilenet_v2"]


def mobilenet_v2(
    features: int,
    classes: int,
    *,
    first_filters: int = 32,
    first_kernel: int = 3,
    first_stride: int = 2,
    filters: tuple[int, ...] = (32, 32, 64, 64),
    kernels: tuple[int, ...] = (3, 3, 3, 3),
    strides: tuple[int, ...] = (1, 2, 1, 1),
    expansion: float = 1.5,
    dropout: float = 0.0,
    window: int = 49,
    causal: bool = False,
) -> StreamingModule:
    """A convolution over time, then inverted residual blocks, and the mean over a clip.

    Source: Sandler et al. 2018, MobileNetV2, arXiv:1801.04381, over time alone as in the code of Rybakov et
        al. 2020 (arXiv:2005.06720).

    Example:
        >>> mobilenet_v2(30, 12)(torch.zeros(1, 52, 30)).shape
        torch.Size([1, 13, 12])

    Args:
        features: values in a frame of the input `[batch, frames, features]`.
        classes: values in a frame of the output `[batch, frames // stride, classes]`: logits; the stride is
            the product of all strides.
        first_filters: channels of the first convolution.
        first_kernel: frames that it sees.
        first_stride: its stride.
        filters: channels that each block puts out; it adds its input if it has as many and no stride.
        kernels: frames that the depthwise convolution of each block sees.
        strides: of each block.
        expansion: channels inside a block for each that comes in.
        dropout: share of the last block's mean that is zeroed while training.
        window: frames of a clip, over which the last block is averaged.
        causal: whether kernels see no frame after the present one; else they are centred.

    Raises:
        InputError: if a number is outside its range, or the lists do not match.
    """
    check_lengths("filters", filters, kernels=kernels, strides=strides)
    for name, values in (("filters", (first_filters, *filters)), ("kernels", (first_kernel, *kernels))):
        for value in values:
            check_positive(name, value)
    if expansion <= 0:
        raise InputError(f"model argument expansion is {expansion}: it must be above 0")
    check_share("dropout", dropout)
    children: dict[str, StreamingModule] = {}
    ahead = look_ahead(first_kernel, first_stride, causal=causal)
    first = Conv1d(features, first_filters, first_kernel, stride=first_stride, bias=False, lookahead=ahead)
    append_normalised(children, "conv", first, first_filters, nn.ReLU6())
    before = first_filters
    for number, (count, kernel, stride) in enumerate(zip(filters, kernels, strides, strict=True), 1):
        inner = max(1, int(expansion * before))
        body: dict[str, StreamingModule] = {}
        append_normalised(body, "expand", Framewise(nn.Linear(before, inner, bias=False)), inner, nn.ReLU6())
        ahead = look_ahead(kernel, stride, causal=causal)
        depth = DepthwiseConv1d(inner, kernel, stride=stride, bias=False, lookahead=ahead)
        append_normalised(body, "depth", depth, inner, nn.ReLU6())
        append_normalised(body, "project", Framewise(nn.Linear(inner, count, bias=False)), count)
        block = Sequential(body)
        children[f"block{number}"] = Residual(block) if stride == 1 and count == before else block
        before = count
    append_mean(children, window, before)
    append_dropout(children, "mean", dropout)
    append_head(children, before, (), classes)
    return Sequential(children)


MOBILENET_V2_SIZES: dict[str, dict[str, Any]] = {
    "mobilenet_v2_30k": {
        "first_filters": 32,
        "filters": (32, 32, 64, 64),
        "kernels": (3, 3, 3, 3),
        "strides": (1, 2, 1, 1),
        "expansion": 1.5,
    },
    "mobilenet_v2_30k_causal": {
        "first_filters": 32,
        "filters": (32, 32, 64, 64),
        "kernels": (3, 3, 3, 3),
        "strides": (1, 2, 1, 1),
        "expansion": 1.5,
        "causal": True,
    },
}
