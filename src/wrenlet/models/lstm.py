"""LSTM keyword models: one architecture that takes every argument, and named sizes that are only numbers."""

from typing import Any

from wrenlet.models.head import append_head, append_recurrent, check_positive
from wrenlet.streaming import LSTM, Sequential, StreamingModule

__all__ = ["LSTM_SIZES", "lstm"]


def lstm(
    features: int,
    classes: int,
    *,
    hidden: int = 64,
    layers: int = 1,
    peepholes: bool = False,
    projection: int | None = None,
    dropout: float = 0.0,
    dense: tuple[int, ...] = (),
) -> StreamingModule:
    """Stack LSTM layers and a dense head that answers at every frame.

    Source: Hochreiter and Schmidhuber 1997; peepholes: Gers et al. 2002; projection: Sak et al. 2014,
        section 2.

    Example:
        >>> lstm(20, 10, hidden=64)(torch.zeros(1, 63, 20)).shape
        torch.Size([1, 63, 10])

    Args:
        features: values in a frame of the input `[batch, frames, features]`.
        classes: values in a frame of the output `[batch, frames, classes]`: logits.
        hidden: cells of each layer.
        layers: how many LSTM layers.
        peepholes: whether the gates also see the cell.
        projection: width that each layer's output is projected to, or None for `hidden`.
        dropout: share of each layer's outputs that is zeroed while training.
        dense: widths of the dense layers, each followed by ReLU, between the last LSTM and the logits.

    Raises:
        InputError: if a number is outside its range.
    """
    check_positive("hidden", hidden)
    if projection is not None:
        check_positive("projection", projection)
    children: dict[str, StreamingModule] = {}
    width = append_recurrent(
        children,
        "lstm",
        lambda width: LSTM(width, hidden, peepholes=peepholes, projection=projection),
        features,
        projection or hidden,
        layers,
        dropout,
    )
    append_head(children, width, dense, classes)
    return Sequential(children)


LSTM_SIZES: dict[str, dict[str, Any]] = {
    "lstm_24": {"hidden": 24},
    "lstm_32": {"hidden": 32},
    "lstm_48": {"hidden": 48},
    "lstm_64": {"hidden": 64},
    "lstm_128": {"hidden": 128},
    "lstm_peep": {"hidden": 500, "peepholes": True, "projection": 200},
}
