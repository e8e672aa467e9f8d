"""Every model by name, with a card; one explicit dict, so that reading it is knowing what there is."""

import difflib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from wrenlet.errors import InputError
from wrenlet.models.conv_gru import CONV_GRU_SIZES, conv_gru
from wrenlet.models.gru import GRU_SIZES, gru
from wrenlet.models.lstm import LSTM_SIZES, lstm
from wrenlet.streaming import StreamingModule

__all__ = ["MODELS", "Blueprint", "ModelCard", "blueprint_of", "build_model"]

HOCHREITER = "Hochreiter and Schmidhuber 1997, Long Short-Term Memory, doi:10.1162/neco.1997.9.8.1735"
PEEPHOLES = (
    "Rybakov et al. 2020, Streaming keyword spotting on mobile devices, arXiv:2005.06720; "
    "Sak et al. 2014, arXiv:1402.1128"
)
ARIK = (
    "Arik et al. 2017, Convolutional recurrent neural networks for small-footprint keyword spotting, "
    "arXiv:1703.05390; with convolutions over time alone"
)
CHO = "Cho et al. 2014, Learning phrase representations using RNN encoder-decoder, arXiv:1406.1078"


@dataclass(frozen=True)
class ModelCard:
    """What a person should know before choosing a model.

    Attributes:
        about: one sentence.
        source: the paper or page that describes it.
        build: the architecture, called with features, classes and arguments.
        arguments: the numbers of this size; a recipe may change each of them.
        parameters: how many the model has with 20 features and 10 classes.
        streaming: whether it answers hop by hop with the same numbers as offline.
        licence: of this implementation.
    """

    about: str
    source: str
    build: Callable[..., StreamingModule]
    arguments: dict[str, Any] = field(default_factory=dict)
    parameters: int = 0
    streaming: bool = True
    licence: str = "Apache-2.0"


#: Every model that a recipe can name.
MODELS: dict[str, ModelCard] = {
    "lstm_24": ModelCard("One LSTM of 24 cells.", HOCHREITER, lstm, LSTM_SIZES["lstm_24"], 4_570),
    "lstm_32": ModelCard("One LSTM of 32 cells.", HOCHREITER, lstm, LSTM_SIZES["lstm_32"], 7_114),
    "lstm_48": ModelCard("One LSTM of 48 cells.", HOCHREITER, lstm, LSTM_SIZES["lstm_48"], 13_738),
    "lstm_64": ModelCard("One LSTM of 64 cells.", HOCHREITER, lstm, LSTM_SIZES["lstm_64"], 22_410),
    "lstm_128": ModelCard("One LSTM of 128 cells.", HOCHREITER, lstm, LSTM_SIZES["lstm_128"], 77_578),
    "lstm_peep": ModelCard(
        "One LSTM of 500 cells with peepholes and a projection to 200.",
        PEEPHOLES,
        lstm,
        LSTM_SIZES["lstm_peep"],
        545_510,
    ),
    "gru_32": ModelCard("One GRU of 32 units.", CHO, gru, GRU_SIZES["gru_32"], 5_514),
    "gru_64": ModelCard("One GRU of 64 units.", CHO, gru, GRU_SIZES["gru_64"], 17_162),
    "gru_128": ModelCard("One GRU of 128 units.", CHO, gru, GRU_SIZES["gru_128"], 58_890),
    "gru_400": ModelCard("One GRU of 400 units.", CHO, gru, GRU_SIZES["gru_400"], 510_410),
    "conv_gru_48": ModelCard(
        "Two convolutions of 32 filters over time, one GRU of 48 units.",
        ARIK,
        conv_gru,
        CONV_GRU_SIZES["conv_gru_48"],
        20_746,
    ),
    "conv_gru_64": ModelCard(
        "Two convolutions of 40 filters over time, one GRU of 64 units.",
        ARIK,
        conv_gru,
        CONV_GRU_SIZES["conv_gru_64"],
        33_162,
    ),
}


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
        InputError: if there is no such model or argument, naming the nearest that exists.
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
    changes = {key: tuple(value) if isinstance(value, list) else value for key, value in arguments.items()}
    body = card.build(features, classes, **{**card.arguments, **changes})
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
