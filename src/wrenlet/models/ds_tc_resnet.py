"""Residual networks of depthwise separable convolutions over time (MatchboxNet)."""

from typing import Any

from torch import nn

from wrenlet.models.blocks import append_mean, append_normalised, check_lengths, look_ahead
from wrenlet.models.head import append_dropout, append_head, check_positive, check_share
from wrenlet.streaming import (
    DepthwiseConv1d,
    Framewise,
    Residual,
    Sequential,
    StreamingModule,
)

__all__ = ["DS_TC_RESNET_SIZES", "ds_tc_resnet"]


def ds_tc_resnet(
    features: int,
    classes: int,
    *,
    filters: tuple[int, ...] = (128, 64, 64, 64, 128, 128),
    repeats: tuple[int, ...] = (1, 1, 1, 1, 1, 1),
    kernels: tuple[int, ...] = (11, 13, 15, 17, 29, 1),
    strides: tuple[int, ...] = (1, 1, 1, 1, 1, 1),
    dilations: tuple[int, ...] = (1, 1, 1, 1, 2, 1),
    residual: tuple[bool, ...] = (False, True, True, True, False, False),
    dropout: float = 0.0,
    window: int = 49,
    causal: bool = False,
) -> StreamingModule:
    """Blocks of a depthwise convolution over time and a dense layer, and the mean over a clip.

    Source: Majumdar and Ginsburg 2020, MatchboxNet, arXiv:2004.08531, as `ds_tc_resnet` in the code of
        Rybakov et al. 2020 (arXiv:2005.06720).

    Example:
        >>> ds_tc_resnet(40, 12)(torch.zeros(1, 98, 40)).shape
        torch.Size([1, 98, 12])

    Args:
        features: values in a frame of the input `[batch, frames, features]`.
        classes: values in a frame of the output `[batch, frames // stride, classes]`: logits; the stride is
            the product of all strides.
        filters: channels that each block puts out.
        repeats: separable convolutions in each block.
        kernels: frames that the depthwise convolutions of each block see.
        strides: of each block, at its first convolution.
        dilations: frames from tap to tap in each block.
        residual: which blocks add their input, through a dense layer.
        dropout: share of each activation that is zeroed while training.
        window: frames of a clip, over which the last block is averaged.
        causal: whether kernels see no frame after the present one; else they are centred, as published.

    Raises:
        InputError: if a number is outside its range, or the lists do not match.
    """
    lists = {"kernels": kernels, "strides": strides, "dilations": dilations, "repeats": repeats}
    check_lengths("filters", filters, **lists, residual=residual)
    for name, values in {"filters": filters, **lists}.items():
        for value in values:
            check_positive(name, value)
    check_share("dropout", dropout)
    children: dict[str, StreamingModule] = {}
    before = features
    for number, count in enumerate(filters):
        block: dict[str, StreamingModule] = {}
        inner = before
        for turn in range(1, repeats[number] + 1):
            stride = strides[number] if turn == 1 else 1
            if kernels[number] > 1 or stride > 1:
                ahead = look_ahead(kernels[number], stride, dilations[number], causal=causal)
                block[f"depth{turn}"] = DepthwiseConv1d(
                    inner,
                    kernels[number],
                    stride=stride,
                    dilation=dilations[number],
                    bias=False,
                    lookahead=ahead,
                )
            else:  # one tap: a factor for each channel
                block[f"depth{turn}"] = DepthwiseConv1d(inner, 1, bias=False)
            last = turn == repeats[number]
            point = Framewise(nn.Linear(inner, count, bias=False))
            append_normalised(block, f"point{turn}", point, count, None if last else nn.ReLU())
            if not last:
                append_dropout(block, f"point{turn}_act", dropout)
            inner = count
        name = f"block{number + 1}"
        if residual[number]:
            shortcut: dict[str, StreamingModule] = {}
            if strides[number] > 1:
                shortcut["take"] = DepthwiseConv1d(before, 1, stride=strides[number], bias=False)
            append_normalised(shortcut, "point", Framewise(nn.Linear(before, count, bias=False)), count)
            children[name] = Residual(Sequential(block), Sequential(shortcut))
        else:
            children[name] = Sequential(block)
        children[f"{name}_relu"] = Framewise(nn.ReLU())
        append_dropout(children, name, dropout)
        before = count
    append_mean(children, window, before)
    append_head(children, before, (), classes)
    return Sequential(children)


DS_TC_RESNET_SIZES: dict[str, dict[str, Any]] = {
    "ds_tc_resnet": {"window": 98},
    "ds_tc_resnet_causal": {"window": 98, "causal": True},
}
