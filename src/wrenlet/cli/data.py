"""`wrenlet data`: what there is to learn from."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from wrenlet.cli.printing import note, say, show_json, table
from wrenlet.errors import InputError
from wrenlet.extras import require

if TYPE_CHECKING:
    from wrenlet.corpora import CorpusCheck

__all__ = ["app"]

app = typer.Typer(help="List, download and check corpora.", no_args_is_help=True)

Root = Annotated[
    str | None,
    typer.Option("--data", help="Folder of the corpora.", envvar="WRENLET_DATA", show_default=False),
]


@app.command("list", epilog="Example:  wrenlet data list")
def list_corpora(
    data: Root = None,
    json: Annotated[
        bool,
        typer.Option("--json", help="Print JSON: root, corpora {name: {about, licence, splits, present}}."),
    ] = False,
) -> None:
    """List the corpora that a recipe can name, and which of them are here."""
    corpora = require("wrenlet.corpora", "data", "wrenlet data list")
    root = corpora.data_root(data)
    cards = corpora.CORPORA.values()
    if json:
        found = {
            card.name: {
                "about": card.about,
                "licence": card.licence,
                "attribution": card.attribution,
                "homepage": card.homepage,
                "splits": list(card.splits),
                "present": card.present(root),
            }
            for card in cards
        }
        show_json({"root": str(root), "corpora": found})
        return
    rows = [
        (
            card.name,
            ", ".join(card.splits),
            ("here" if card.present(root) else "no") if card.folder else "–",
            card.licence or "–",
            card.about,
        )
        for card in cards
    ]
    table(("corpus", "splits", "here?", "licence", "about"), rows, title=f"data folder: {root}")


@app.command("get", epilog="Example:  wrenlet data get digits")
def get(
    name: Annotated[str, typer.Argument(help="A corpus of `wrenlet data list`.")],
    data: Root = None,
) -> None:
    """Download a corpus into the data folder; a stopped download continues with the same command."""
    corpora = require("wrenlet.corpora", "data", "wrenlet data get")
    root = corpora.data_root(data)
    with _progress("downloading", "B") as progress:
        notes = corpora.get_corpus(name, root, progress)
    for text in notes:
        note(text)
    card = corpora.find_corpus(name)
    say(f"{card.name} is in {root / card.folder} ({card.licence}, {card.attribution})")


@app.command(
    "check", epilog="Example:  wrenlet data check digits   or   wrenlet data check folder:recordings"
)
def check(
    name: Annotated[str, typer.Argument(help="A corpus of `wrenlet data list`, or folder:PATH.")],
    split: Annotated[
        str | None,
        typer.Option(help="How it is split: random, official, speakers or hash.", show_default="its first"),
    ] = None,
    held_out: Annotated[str | None, typer.Option(help="The speaker left out, for speakers.")] = None,
    words: Annotated[str, typer.Option(help="Words of synthetic or speech_commands, with commas.")] = "",
    data: Root = None,
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print JSON: recordings, splits [{split, clips, hours, speakers, labels, shortest, median, "
            "longest}], unreadable [{path, reason}], duplicates, notes.",
        ),
    ] = False,
) -> None:
    """Decode every recording; show counts, hours, speakers, durations per split, and name what is damaged."""
    corpora = require("wrenlet.corpora", "data", "wrenlet data check")
    splits = corpora.find_corpus(name).splits
    if split is not None and split not in splits:
        raise InputError(f"--split is {split!r}: use {' or '.join(', '.join(splits).rsplit(', ', 1))}")
    # Damaged recordings are what this command is for: it names all of them, however many.
    settings = corpora.CorpusSettings(
        name=name,
        split=split or splits[0],
        held_out=held_out,
        words=tuple(word.strip() for word in words.split(",") if word.strip()),
        max_bad_share=1.0,
    )
    opened = corpora.open_corpus(settings, corpora.data_root(data))
    with _progress("decoding", "recordings") as progress:
        found = corpora.check_corpus(opened, progress)
    if json:
        show_json(
            {
                "recordings": found.recordings,
                "splits": found.rows,
                "unreadable": [{"path": str(bad.path), "reason": bad.reason} for bad in found.unreadable],
                "duplicates": found.duplicates,
                "notes": found.notes,
            }
        )
    else:
        _show(name, found)


def _show(name: str, found: "CorpusCheck") -> None:
    rows = [
        (
            row.split,
            row.clips,
            f"{row.hours:.2f}",
            row.speakers or None,
            len(row.labels),
            f"{row.shortest:.2f}",
            f"{row.median:.2f}",
            f"{row.longest:.2f}",
        )
        for row in found.rows
    ]
    columns = ("split", "clips", "hours", "speakers", "labels", "shortest s", "median s", "longest s")
    table(columns, rows, title=f"{name}: {found.recordings:,} recordings")
    for text in found.notes:
        say(f"note: {text}")
    leaks = [pair for pair in found.duplicates if pair.leaks]
    if found.duplicates:
        say(f"{len(found.duplicates)} recordings occur twice, {len(leaks)} of them in two splits")
        for pair in leaks[:20]:
            say(f"  {pair.first} ({pair.first_split}) = {pair.second} ({pair.second_split})")
    say(f"{len(found.unreadable)} recordings cannot be read{':' if found.unreadable else ''}")
    for bad in found.unreadable:
        say(f"  {bad}")


@contextmanager
def _progress(doing: str, unit: str) -> Iterator[Callable[[int, int | None], None] | None]:
    """Give a function that shows progress on stderr; None where nobody looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    amount = DownloadColumn() if unit == "B" else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
