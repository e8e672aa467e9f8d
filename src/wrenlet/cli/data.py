"""`wrenlet data`: what there is to learn from."""

from typing import Annotated

import typer

from wrenlet.cli.printing import note, say, show_json, table
from wrenlet.extras import require

__all__ = ["app"]

app = typer.Typer(help="List, download and check corpora.", no_args_is_help=True)

Root = Annotated[
    str | None, typer.Option("--data", help="Folder of the corpora.", envvar="WRENLET_DATA", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
