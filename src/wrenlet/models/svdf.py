"""SVDF keyword models: dense layers, each with one filter over time for every unit."""

from typing import Any

from torch import nn

from wrenlet.errors import InputError
from wrenlet.models.blocks import check_lengths
from wrenlet.models.head import append_dropout, append_head, check_positive, check_share
from wrenlet.streaming import SVDF, Framewise, Sequential, StreamingModule

__all__ = ["SVDF_SIZES", "svdf"]


def svdf(
    features: int,
    classes: int,
    *,
    units: tuple[int, ...] = (256,) * 6,
    memories: tuple[int, ...] = (4, 10, 10, 10, 10, 10),
    projections: tuple[int, ...] = (128,) * 5,
    dropout: float = 0.0,
    bottleneck: int | None = None,
    dense: tuple[int, ...] = (),
) -> StreamingModule:
    """Stack SVDF layers, each followed by ReLU and a dense projection, and a dense head.

    Source: Alvarez and Park 2019, End-to-end streaming keyword spotting, arXiv:1812.02802; sizes: Rybakov et
        al. 2020, arXiv:2005.06720.

    Example:
        >>> svdf(30, 12)(torch.zeros(1, 50, 30)).shape
        torch.Size([1, 50, 12])

    Args:
        features: values in a frame of the input `[batch, frames, features]`.
        classes: values in a frame of the output `[batch, frames, classes]`: logits.
        units: of each SVDF layer.
        memories: frames that the filters of each layer see.
        projections: widths of the dense layers after them; the last SVDF layer may go without.
        dropout: share of each SVDF layer's outputs that is zeroed while training.
        bottleneck: width of a dense layer without activation before the head, or None for none.
        dense: widths of the dense layers, each followed by ReLU, before the logits.

    Raises:
        InputError: if a number is outside its range, or the lists do not match.
    """
    check_lengths("units", units, memories=memories)
    if len(projections) not in (len(units), len(units) - 1):
        raise InputError(
            f"model argument projections has {len(projections)} values: units has {len(units)}, so give "
            f"{len(units)}, or {len(units) - 1} to leave out the last"
        )
    check_share("dropout", dropout)
    children: dict[str, StreamingModule] = {}
    width = features
    for number, (count, memory) in enumerate(zip(units, memories, strict=True), 1):
        check_positive("units", count)
        check_positive("memories", memory)
        name = f"svdf{number}"
        children[name] = SVDF(width, count, memory)
        children[f"{name}_relu"] = Framewise(nn.ReLU())
        append_dropout(children, name, dropout)
        width = count
        if number <= len(projections):
            width = projections[number - 1]
            check_positive("projections", width)
            children[f"{name}_project"] = Framewise(nn.Linear(count, width))
    append_head(children, width, dense, classes, bottleneck=bottleneck)
    return Sequential(children)


SVDF_SIZES: dict[str, dict[str, Any]] = {
    "svdf": {
        "units": (256, 256, 256, 256, 256, 256),
        "memories": (4, 10, 10, 10, 10, 10),
        "projections": (128, 128, 128, 128, 128),
    },
    "svdf_32k": {
        "units": (16, 32, 32, 32, 64, 128),
        "memories": (4, 10, 10, 10, 10, 10),
        "projections": (40, 40, 64, 64, 64),
    },
}
