"""Convolutions over time and frequency before GRU layers, running on or clip by clip."""

from typing import Any

from wrenlet.models.blocks import append_convolutions
from wrenlet.models.head import append_dropout, append_head, check_positive, check_share
from wrenlet.streaming import GRU, Sequential, StreamingModule, WholeClip

__all__ = ["CRNN_SIZES", "crnn"]

Pairs = tuple[tuple[int, int], ...]


def crnn(
    features: int,
    classes: int,
    *,
    filters: tuple[int, ...] = (16, 16),
    kernels: Pairs = ((3, 3), (5, 3)),
    strides: Pairs | None = None,
    dilations: Pairs | None = None,
    hidden: int = 256,
    layers: int = 1,
    bottleneck: int | None = 128,
    dense: tuple[int, ...] = (256,),
    dropout: float = 0.1,
    clip_frames: int | None = None,
    skip_frames: int = 0,
) -> StreamingModule:
    """Stack convolutions over time and frequency, each followed by ReLU, GRU layers and a dense head.

    Source: Arik et al. 2017 (arXiv:1703.05390), in the form of Rybakov et al. 2020 (arXiv:2005.06720).

    Example:
        >>> crnn(20, 12)(torch.zeros(1, 50, 20)).shape
        torch.Size([1, 50, 12])
        >>> crnn(20, 12, clip_frames=50, skip_frames=1)(torch.zeros(1, 100, 20)).shape
        torch.Size([1, 2, 12])

    Args:
        features: values in a frame of the input `[batch, frames, features]`.
        classes: values in a frame of the output `[batch, frames, classes]`: logits.
        filters: channels of each convolution.
        kernels: taps of each over (time, frequency).
        strides: of each over (time, frequency), or None for ones.
        dilations: of each over (time, frequency), or None for ones.
        hidden: units of each GRU layer.
        layers: how many GRU layers.
        bottleneck: width of a dense layer without activation after them, or None for none.
        dense: widths of the dense layers after it, each followed by ReLU.
        dropout: share of the outputs of each GRU layer that is zeroed while training.
        clip_frames: None to run on and answer at every frame; or the frames of a clip, to answer once a clip
            and start anew with the next.
        skip_frames: of a clip, that the network does not see, such as the first, whose window is not full.

    Raises:
        InputError: if a number is outside its range, or the lists do not match.
    """
    check_positive("hidden", hidden)
    check_positive("layers", layers)
    check_share("dropout", dropout)
    children: dict[str, StreamingModule] = {}
    width = append_convolutions(children, features, filters, kernels, strides, dilations)
    for number in range(1, layers + 1):
        name = "gru" if layers == 1 else f"gru{number}"
        children[name] = GRU(width, hidden)
        width = hidden
        append_dropout(children, name, dropout)
    append_head(children, width, dense, classes, bottleneck=bottleneck)
    running = Sequential(children)
    if clip_frames is None:
        return running
    return WholeClip(running, clip_frames, (features,), skip=skip_frames)


PUBLISHED: dict[str, Any] = {
    "filters": (16, 16),
    "kernels": ((3, 3), (5, 3)),
    "hidden": 256,
    "bottleneck": 128,
    "dense": (256,),
    "dropout": 0.1,
}

CRNN_SIZES: dict[str, dict[str, Any]] = {
    "crnn": PUBLISHED,
    "crnn_state": PUBLISHED,
    "crnn_clip": {**PUBLISHED, "clip_frames": 50, "skip_frames": 1},
}
