"""`wrenlet models`: the networks that a recipe can name."""

from typing import Annotated

import typer

from wrenlet.cli.printing import show_json, table
from wrenlet.extras import require

__all__ = ["EXAMPLE", "models"]

EXAMPLE = "Example:  wrenlet models     then     wrenlet run digits --set model.name=gru_64"


def models(
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON: name → about, source, arguments, parameters.")
    ] = False,
) -> None:
    """List the networks that a recipe can name, with their sizes and sources."""
    zoo = require("wrenlet.models", "train", "wrenlet models")
    if json:
        show_json(
            {
                name: {
                    "about": card.about,
                    "source": card.source,
                    "arguments": card.arguments,
                    "parameters": card.parameters,
                    "streaming": card.streaming,
                    "licence": card.licence,
                }
                for name, card in zoo.MODELS.items()
            }
        )
        return
    table(
        ("model", "parameters", "streams", "about"),
        [
            (name, card.parameters, "yes" if card.streaming else "no", card.about)
            for name, card in zoo.MODELS.items()
        ],
    )
