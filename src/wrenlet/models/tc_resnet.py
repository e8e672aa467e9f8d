"""Residual networks of convolutions over time, with features as channels."""

from typing import Any

from torch import nn

from wrenlet.errors import InputError
from wrenlet.models.blocks import append_mean, append_normalised, look_ahead
from wrenlet.models.head import append_dropout, append_head, check_positive, check_share
from wrenlet.streaming import Conv1d, Framewise, Residual, Sequential, StreamingModule

__all__ = ["TC_RESNET_SIZES", "tc_resnet"]


def tc_resnet(
    features: int,
    classes: int,
    *,
    channels: tuple[int, ...] = (16, 24, 32, 48),
    width: float = 1.0,
    first_kernel: int = 3,
    kernel: int = 9,
    dropout: float = 0.5,
    window: int = 49,
    causal: bool = False,
) -> StreamingModule:
    """A convolution over time, then residual blocks of two, and the mean over a clip.

    A block that changes the number of channels halves the frames.

    Source: Choi et al. 2019, Temporal convolution for real-time keyword spotting on mobile devices,
        arXiv:1904.03814, and its code.

    Example:
        >>> tc_resnet(40, 12)(torch.zeros(1, 56, 40)).shape
        torch.Size([1, 7, 12])

    Args:
        features: values in a frame of the input `[batch, frames, features]`.
        classes: values in a frame of the output `[batch, frames // stride, classes]`: logits; the stride is
            two to the number of blocks that change the channels.
        channels: of the first convolution and of each block.
        width: factor for all channels, rounded down.
        first_kernel: frames that the first convolution sees.
        kernel: frames that the others see.
        dropout: share of the last block's mean that is zeroed while training.
        window: frames of a clip, over which the last block is averaged.
        causal: whether kernels see no frame after the present one; else they are centred, as published.

    Raises:
        InputError: if a number is outside its range.
    """
    check_share("dropout", dropout)
    if width <= 0:
        raise InputError(f"model argument width is {width}: it must be above 0")
    sizes = [int(width * count) for count in channels]
    for size in (*sizes, len(sizes)):
        check_positive("channels", size)
    children: dict[str, StreamingModule] = {}
    ahead = look_ahead(first_kernel, causal=causal)
    first = Conv1d(features, sizes[0], first_kernel, bias=False, lookahead=ahead)
    append_normalised(children, "conv", first, sizes[0], nn.ReLU())
    before = sizes[0]
    for number, size in enumerate(sizes[1:], 1):
        stride = 1 if size == before else 2
        body: dict[str, StreamingModule] = {}
        ahead = look_ahead(kernel, stride, causal=causal)
        down = Conv1d(before, size, kernel, stride=stride, bias=False, lookahead=ahead)
        append_normalised(body, "conv1", down, size, nn.ReLU())
        ahead = look_ahead(kernel, causal=causal)
        append_normalised(body, "conv2", Conv1d(size, size, kernel, bias=False, lookahead=ahead), size)
        shortcut: dict[str, StreamingModule] = {}
        if stride > 1:
            append_normalised(
                shortcut, "conv", Conv1d(before, size, 1, stride=stride, bias=False), size, nn.ReLU()
            )
        children[f"block{number}"] = Residual(Sequential(body), Sequential(shortcut) if shortcut else None)
        children[f"block{number}_relu"] = Framewise(nn.ReLU())
        before = size
    append_mean(children, window, before)
    append_dropout(children, "mean", dropout)
    append_head(children, before, (), classes)
    return Sequential(children)


EIGHT = (16, 24, 32, 48)
FOURTEEN = (16, 24, 24, 32, 32, 48, 48)

TC_RESNET_SIZES: dict[str, dict[str, Any]] = {
    "tc_resnet_8": {"channels": EIGHT},
    "tc_resnet_8_1_5": {"channels": EIGHT, "width": 1.5},
    "tc_resnet_14": {"channels": FOURTEEN},
    "tc_resnet_14_1_5": {"channels": FOURTEEN, "width": 1.5},
    "tc_resnet_8_causal": {"channels": EIGHT, "causal": True},
    "tc_resnet_14_causal": {"channels": FOURTEEN, "causal": True},
}
