"""`wrenlet run`: a recipe, from recordings to a verified artefact."""

from pathlib import Path
from typing import Annotated

import typer

from wrenlet.cli.printing import note, say
from wrenlet.extras import require

__all__ = ["EXAMPLE", "run"]

#: Exit code of a run that finished, but whose artefacts do not do what the trained model does.
CHECK_FAILED = 3
EXAMPLE = "Example:  wrenlet run digits --set training.epochs=20 --set model.name=gru_64"


def run(
    recipe: Annotated[
        str, typer.Argument(help="A shipped recipe (see `wrenlet recipes`), a YAML file or a run.")
    ],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a setting; may be repeated."),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Folder of the corpora.", envvar="WRENLET_DATA", show_default=False)
    ] = None,
    runs: Annotated[Path, typer.Option(help="Folder that receives the run.")] = Path("runs"),
    accelerator: Annotated[str, typer.Option(help="auto, cpu, gpu, mps or tpu.")] = "auto",
    devices: Annotated[str, typer.Option(help="auto, how many devices, or which: 2, or 0,1.")] = "auto",
    strategy: Annotated[
        str, typer.Option(help="How devices share the work: auto, ddp, fsdp, deepspeed.")
    ] = "auto",
    precision: Annotated[
        str, typer.Option(help="Of the training: 32-true, bf16-mixed, 16-mixed.")
    ] = "32-true",
    threads: Annotated[
        int | None, typer.Option(min=1, help="Processor threads.", show_default="all cores")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the result.")] = False,
) -> None:
    """Carry out a recipe: prepare, train, export, verify, report.

    The same command continues a run that was stopped, after its last finished stage. Settings that decide the
    numbers belong to the recipe (`--set`); the options here only say where and on what it runs. Exit code 3:
    the run finished, but a check of parity or of integers failed; the report says which.
    """
    pipeline = require("wrenlet.recipes.pipeline", "train", "wrenlet run")
    recipes = require("wrenlet.recipes", "train", "wrenlet run")
    options = pipeline.RunOptions(
        accelerator=accelerator,
        devices=devices,
        strategy=strategy,
        precision=precision,
        threads=threads,
        quiet=quiet,
        command=_command(recipe, settings or []),
    )
    from wrenlet.corpora import data_root

    folder = pipeline.run(recipes.load_recipe(recipe, settings or []), data_root(data), runs, options)
    if not quiet:
        note("")
    say(pipeline.verdict(folder))
    say(f"report: {folder.path / 'report.html'}")
    if pipeline.failures(folder):
        raise typer.Exit(CHECK_FAILED)


def _command(recipe: str, settings: list[str]) -> str:
    """Return the command that repeats the numbers, for the report."""
    import shlex

    return shlex.join(["wrenlet", "run", recipe, *(part for text in settings for part in ("--set", text))])
