"""GRU keyword models: one architecture that takes every argument, and named sizes that are only numbers."""

from typing import Any

from wrenlet.models.head import append_head, append_recurrent, check_positive
from wrenlet.streaming import GRU, Sequential, StreamingModule

__all__ = ["GRU_SIZES", "gru"]


def gru(
    features: int,
    classes: int,
    *,
    hidden: int = 64,
    layers: int = 1,
    dropout: float = 0.0,
    dense: tuple[int, ...] = (),
) -> StreamingModule:
    """Stack GRU layers and a dense head that answers at every frame.

    Source: Cho et al. 2014, with the reset gate after the recurrent product and two bias sets, as PyTorch
        has it.

    Example:
        >>> gru(20, 10, hidden=64)(torch.zeros(1, 63, 20)).shape
        torch.Size([1, 63, 10])

    Args:
        features: values in a frame of the input `[batch, frames, features]`.
        classes: values in a frame of the output `[batch, frames, classes]`: logits.
        hidden: units of each layer.
        layers: how many GRU layers.
        dropout: share of each layer's outputs that is zeroed while training.
        dense: widths of the dense layers, each followed by ReLU, between the last GRU and the logits.

    Raises:
        InputError: if a number is outside its range.
    """
    check_positive("hidden", hidden)
    children: dict[str, StreamingModule] = {}
    width = append_recurrent(
        children, "gru", lambda width: GRU(width, hidden), features, hidden, layers, dropout
    )
    append_head(children, width, dense, classes)
    return Sequential(children)


GRU_SIZES: dict[str, dict[str, Any]] = {
    "gru_32": {"hidden": 32},
    "gru_64": {"hidden": 64},
    "gru_128": {"hidden": 128},
    "gru_400": {"hidden": 400},
}
