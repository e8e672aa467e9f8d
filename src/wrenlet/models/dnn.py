"""Dense keyword models: a window of frames, and nothing but dense layers."""

from typing import Any

from torch import nn

from wrenlet.models.blocks import PooledChannels
from wrenlet.models.head import append_dropout, append_head, check_positive, check_share
from wrenlet.streaming import Framewise, Sequential, StreamingModule, Window

__all__ = ["DNN_SIZES", "dnn"]


def dnn(
    features: int,
    classes: int,
    *,
    frame_units: tuple[int, ...] = (64, 128),
    pool: int = 2,
    window: int = 49,
    bottleneck: int | None = 128,
    dense: tuple[int, ...] = (256,),
    dropout: float = 0.1,
) -> StreamingModule:
    """Dense layers for every frame, then dense layers over a window of frames.

    Source: Chen et al. 2014 (Small-footprint keyword spotting using deep neural networks), in the form of
        Rybakov et al. 2020 (arXiv:2005.06720). What is computed for a frame is kept, not computed again for
        every window.

    Example:
        >>> dnn(20, 12)(torch.zeros(1, 50, 20)).shape
        torch.Size([1, 50, 12])

    Args:
        features: values in a frame of the input `[batch, frames, features]`.
        classes: values in a frame of the output `[batch, frames, classes]`: logits.
        frame_units: widths of the dense layers for every frame, each followed by ReLU.
        pool: neighbouring values of a frame of which the largest is kept.
        window: frames that an answer sees.
        bottleneck: width of a dense layer over the window without activation, or None for none.
        dense: widths of the dense layers after it, each followed by ReLU.
        dropout: share of the window's values that is zeroed while training.

    Raises:
        InputError: if a number is outside its range.
    """
    check_positive("pool", pool)
    check_positive("window", window)
    check_share("dropout", dropout)
    children: dict[str, StreamingModule] = {}
    width = features
    for number, units in enumerate(frame_units, 1):
        check_positive("frame_units", units)
        children[f"frame{number}"] = Framewise(nn.Linear(width, units))
        children[f"frame{number}_relu"] = Framewise(nn.ReLU())
        width = units
    if pool > 1:
        children["pool"] = Framewise(PooledChannels(pool))
        width //= pool
    children["window"] = Window(window, (width,), flatten=True)
    append_dropout(children, "window", dropout)
    append_head(children, width * window, dense, classes, bottleneck=bottleneck)
    return Sequential(children)


DNN_SIZES: dict[str, dict[str, Any]] = {
    "dnn": {
        "frame_units": (64, 128),
        "pool": 2,
        "window": 49,
        "bottleneck": 128,
        "dense": (256,),
        "dropout": 0.1,
    },
}
