"""Models built by name, with arguments that a recipe may change."""

import difflib
import inspect
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from wrenlet.errors import InputError
from wrenlet.models.cards import MODELS
from wrenlet.streaming import StreamingModule

__all__ = ["Blueprint", "blueprint_of", "build_model"]


@dataclass(frozen=True)
class Blueprint:
    """All that is needed to build a body again before its weights are loaded.

    Attributes:
        name: a key of `MODELS`.
        features: values in a frame of the input.
        classes: logits in a frame of the output.
        arguments: what was changed from the card's numbers.
    """

    name: str
    features: int
    classes: int
    arguments: dict[str, Any] = field(default_factory=dict)


def build_model(name: str, features: int, classes: int, **arguments: Any) -> StreamingModule:
    """Build the body of a recogniser: `[batch, frames, features]` to logits `[batch, frames, classes]`.

    Args:
        name: a key of `MODELS`.
        features: values in a frame of the input.
        classes: logits in a frame of the output.
        arguments: changes to the card's numbers, by the names of the architecture's arguments.

    Raises:
        InputError: if there is no such model or argument, naming the nearest that exists, or the numbers make
            no model.
    """
    if name not in MODELS:
        raise InputError(f"model {name!r} does not exist: {suggest(name, MODELS)}")
    card = MODELS[name]
    known = [
        parameter.name
        for parameter in inspect.signature(card.build).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    for argument in arguments:
        if argument not in known:
            raise InputError(f"model {name} has no argument {argument!r}: {suggest(argument, known)}")
    changes = {key: as_tuple(value) for key, value in arguments.items()}
    try:
        body = card.build(features, classes, **{**card.arguments, **changes})
    except InputError:
        raise
    except ValueError as error:  # of a layer, which knows nothing of the model it is in
        raise InputError(f"model {name} cannot be built for {features} features: {error}") from error
    # The checkpoint needs to know what was built; a plain attribute survives copying and is no part of the
    # maths.
    cast(Any, body).blueprint = Blueprint(name, features, classes, changes)
    return body


def blueprint_of(body: StreamingModule) -> Blueprint:
    """Return what `build_model` noted on `body`.

    Raises:
        ValueError: if the body was not made by `build_model`.
    """
    blueprint = getattr(body, "blueprint", None)
    if not isinstance(blueprint, Blueprint):
        raise ValueError(
            "this body was not made by build_model, so a checkpoint could not be built again from it"
        )
    return blueprint


def suggest(wrong: str, known: Iterable[str]) -> str:
    """Return `did you mean …?` or, when nothing is near, all that there is."""
    names = list(known)
    near = difflib.get_close_matches(wrong, names, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names) or 'none'}"


def as_tuple(value: Any) -> Any:
    """Return lists, as recipes and checkpoints have them, as tuples, however deep."""
    return tuple(as_tuple(one) for one in value) if isinstance(value, (list, tuple)) else value
