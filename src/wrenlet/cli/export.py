"""`wrenlet export`: a run's model in other forms."""

from pathlib import Path
from typing import Annotated

import typer

from wrenlet.cli.printing import note, table
from wrenlet.extras import require

__all__ = ["EXAMPLE", "export"]

EXAMPLE = "Example:  wrenlet export runs/digits --set export.weight_scales=tensor --out smaller"


def export(
    run: Annotated[
        Path,
        typer.Argument(
            help="A run's folder, its recipe's for the latest run, or the checkpoint inside a run."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("artefacts"),
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change an export or detection setting; may be repeated."
        ),
    ] = None,
) -> None:
    """Export a trained run again with other settings; the run itself stays as it is."""
    pipeline = require("wrenlet.recipes.pipeline", "train", "wrenlet export")
    from wrenlet.recipes import open_run

    # A checkpoint alone has no calibration clips: they lie in the run around it.
    folder = open_run(run.parent.parent if run.is_file() else run)
    paths = pipeline.export_again(folder, out, settings or [])
    from wrenlet.artefact import audit

    rows = []
    for path in paths:
        found = audit(path) if path.suffix == ".tflite" else None
        rows.append((str(path), path.stat().st_size, len(found.body_floats) if found else None))
    table(("file", "bytes", "float tensors outside the front-end"), rows)
    note(f"{len(paths)} files; `wrenlet evaluate` and `wrenlet benchmark` measure them")
