"""`wrenlet report`: a run's page, written again."""

from pathlib import Path
from typing import Annotated

import typer

from wrenlet.cli.printing import say
from wrenlet.extras import require

__all__ = ["EXAMPLE", "report"]

EXAMPLE = "Example:  wrenlet report runs/digits"


def report(
    run: Annotated[Path, typer.Argument(help="A run's folder, or its recipe's for the latest run.")],
) -> None:
    """Write report.md and report.html of a verified run again, from what the run measured."""
    pipeline = require("wrenlet.recipes.pipeline", "train", "wrenlet report")
    from wrenlet.recipes import open_run

    folder = open_run(run)
    pipeline.rebuild_report(folder)
    say(pipeline.verdict(folder))
    say(f"report: {folder.path / 'report.html'}")
