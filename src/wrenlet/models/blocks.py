"""The pieces convolutional keyword models share: pictures of features, where a kernel looks, and pooling."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from wrenlet.errors import InputError
from wrenlet.models.head import check_positive
from wrenlet.streaming import BatchNorm, Conv2d, Framewise, RunningMean, StreamingModule

__all__ = [
    "PooledChannels",
    "append_convolutions",
    "append_mean",
    "append_normalised",
    "append_picture",
    "check_lengths",
    "look_ahead",
]

Pair = tuple[int, int]


def look_ahead(kernel: int, stride: int = 1, dilation: int = 1, *, causal: bool) -> int:
    """Return the frames that a kernel sees after its stride: half of its span, or none.

    Args:
        kernel: taps.
        stride: input frames for one output frame.
        dilation: frames from tap to tap.
        causal: whether it must see none.
    """
    return 0 if causal else max((kernel - 1) * dilation + 1 - stride, 0) // 2


def append_picture(children: dict[str, StreamingModule], features: int) -> None:
    """Add `picture`: `[batch, frames, features]` to one channel `[batch, frames, features, 1]`."""
    children["picture"] = Framewise(nn.Unflatten(2, (features, 1)), (features,))


def append_normalised(
    children: dict[str, StreamingModule],
    name: str,
    layer: StreamingModule,
    channels: int,
    activation: nn.Module | None = None,
) -> None:
    """Add a layer, `<name>_norm` and, if there is an activation, `<name>_act`.

    Args:
        children: layers by name, extended in place.
        name: of the layer.
        layer: without a bias: the normalisation has one.
        channels: that the layer puts out.
        activation: after the normalisation.
    """
    children[name] = layer
    children[f"{name}_norm"] = BatchNorm(channels)
    if activation is not None:
        children[f"{name}_act"] = Framewise(activation)


def append_convolutions(
    children: dict[str, StreamingModule],
    features: int,
    filters: Sequence[int],
    kernels: Sequence[Pair],
    strides: Sequence[Pair] | None,
    dilations: Sequence[Pair] | None,
) -> int:
    """Add `picture`, `conv1`, `conv1_relu`, … and `flat`: causal over time, without padding over frequency.

    Args:
        children: layers by name, extended in place.
        features: values in a frame that comes in.
        filters: channels of each convolution.
        kernels: taps of each over (time, frequency).
        strides: of each over (time, frequency), or None for ones.
        dilations: of each over (time, frequency), or None for ones.

    Returns:
        Values in a frame that goes out.

    Raises:
        InputError: if the lists differ in length.
        ValueError: if a kernel does not fit.
    """
    ones = ((1, 1),) * len(filters)
    strides, dilations = strides or ones, dilations or ones
    check_lengths("filters", filters, kernels=kernels, strides=strides, dilations=dilations)
    append_picture(children, features)
    bins, width = features, 1
    for number, (channels, kernel, stride, dilation) in enumerate(
        zip(filters, kernels, strides, dilations, strict=True), 1
    ):
        check_positive("filters", channels)
        layer = Conv2d(
            width, channels, bins, kernel, stride=stride, dilation=dilation, frequency_padding="valid"
        )
        children[f"conv{number}"] = layer
        children[f"conv{number}_relu"] = Framewise(nn.ReLU())
        bins, width = layer.output_bins, channels
    children["flat"] = Framewise(nn.Flatten(2))
    return bins * width


def append_mean(children: dict[str, StreamingModule], window: int, channels: int) -> None:
    """Add `mean`, the mean of what the layers so far say over the last `window` input frames.

    Args:
        children: layers by name, extended in place.
        window: input frames of a clip; with strided layers, rounded up to whole strides.
        channels: values in a frame.
    """
    check_positive("window", window)
    stride = 1
    for layer in children.values():
        stride *= layer.stride
    children["mean"] = RunningMean(-(-window // stride), (channels,))


class PooledChannels(nn.Module):
    """The larger of every `size` neighbouring channels: `[batch, time, channels]` → fewer channels.

    Args:
        size: channels that become one; a remainder is dropped.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, frames: Tensor) -> Tensor:
        """Pool the channels of every frame."""
        return F.max_pool2d(frames.unsqueeze(1), (1, self.size)).squeeze(1)


def check_lengths(first: str, values: Sequence[object], **others: Sequence[object]) -> None:
    """Raise `InputError` unless all lists have a value for each layer."""
    check_positive(f"{first} (how many)", len(values))
    for name, other in others.items():
        if len(other) != len(values):
            raise InputError(
                f"model argument {name} has {len(other)} values: {first} has {len(values)}, and each layer "
                "needs one of both"
            )
