"""The pieces keyword models share: recurrent stacks, dropout, the dense head, and checks of numbers."""

from collections.abc import Callable

from torch import nn

from wrenlet.errors import InputError
from wrenlet.streaming import Framewise, StreamingModule

__all__ = ["append_dropout", "append_head", "append_recurrent", "check_positive", "check_share"]


def append_recurrent(
    children: dict[str, StreamingModule],
    name: str,
    build: Callable[[int], StreamingModule],
    width: int,
    outputs: int,
    layers: int,
    dropout: float,
) -> int:
    """Add `<name>`, or `<name>1`, `<name>2`, … if there are several, to `children`, each with its dropout.

    Args:
        children: layers by name, extended in place.
        name: of the layers.
        build: makes a layer for the values of a frame that come in.
        width: values in a frame that comes into the first layer.
        outputs: values in a frame that leaves each layer.
        layers: how many.
        dropout: share of each layer's outputs that is zeroed while training.

    Returns:
        Values in a frame that leaves the last layer.

    Raises:
        InputError: if a number is outside its range.
    """
    check_positive("layers", layers)
    check_share("dropout", dropout)
    for number in range(1, layers + 1):
        own = name if layers == 1 else f"{name}{number}"
        children[own] = build(width)
        width = outputs
        append_dropout(children, own, dropout)
    return width


def append_dropout(children: dict[str, StreamingModule], after: str, share: float) -> None:
    """Add `<after>_dropout` to `children`, unless there is nothing to drop.

    Args:
        children: layers by name, extended in place.
        after: name of the layer whose outputs are dropped.
        share: of the outputs, zeroed while training.
    """
    if share > 0:
        children[f"{after}_dropout"] = Framewise(nn.Dropout(share))


def append_head(
    children: dict[str, StreamingModule],
    width: int,
    dense: tuple[int, ...],
    classes: int,
    *,
    bottleneck: int | None = None,
) -> None:
    """Add `bottleneck`, `dense1`, `dense1_relu`, … and `logits` to `children`.

    Args:
        children: layers by name, extended in place.
        width: values in a frame that comes in.
        dense: widths of the hidden dense layers, each followed by ReLU.
        classes: values in a frame that goes out.
        bottleneck: width of a dense layer without activation before the others, or None for none.

    Raises:
        InputError: if a width is not positive.
    """
    check_positive("classes", classes)
    if bottleneck is not None:
        check_positive("bottleneck", bottleneck)
        children["bottleneck"] = Framewise(nn.Linear(width, bottleneck))
        width = bottleneck
    for number, units in enumerate(dense, 1):
        check_positive("dense", units)
        children[f"dense{number}"] = Framewise(nn.Linear(width, units))
        children[f"dense{number}_relu"] = Framewise(nn.ReLU())
        width = units
    children["logits"] = Framewise(nn.Linear(width, classes))


def check_positive(name: str, value: int) -> None:
    """Raise `InputError` unless `value` is at least 1."""
    if value < 1:
        raise InputError(f"model argument {name} is {value}: it must be at least 1")


def check_share(name: str, value: float) -> None:
    """Raise `InputError` unless `value` is in 0…1, 1 excluded."""
    if not 0 <= value < 1:
        raise InputError(f"model argument {name} is {value}: it must be at least 0 and below 1")
