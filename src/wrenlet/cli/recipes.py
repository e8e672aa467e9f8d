"""`wrenlet recipes`: what comes with the package."""

from typing import Annotated

import typer

from wrenlet.cli.printing import say, show_json, table
from wrenlet.recipes.catalogue import SHIPPED, about, find_recipe

__all__ = ["EXAMPLE", "recipes"]

EXAMPLE = "Example:  wrenlet recipes digits > mine.yaml     then     wrenlet run mine.yaml"


def recipes(
    name: Annotated[
        str | None, typer.Argument(help="Print this recipe instead of the list.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON: name → about.")] = False,
) -> None:
    """List the shipped recipes, or print one to start your own from."""
    if name is not None:
        say(find_recipe(name).read_text(encoding="utf-8").rstrip())
        return
    found = {name: about(name) for name in SHIPPED}
    if json:
        show_json(found)
    else:
        table(("recipe", "about"), list(found.items()))
