"""Words on the terminal: tables and colours for people, plain columns and JSON for pipes."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

__all__ = ["complain", "note", "say", "show_json", "table"]


def say(text: str = "") -> None:
    """Write a line of the answer to stdout."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """Write a line that is not the answer (progress, remarks) to stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def complain(text: str) -> None:
    """Write an error to stderr, in red for people."""
    red, plain = ("\x1b[31m", "\x1b[0m") if sys.stderr.isatty() else ("", "")
    note(f"{red}error:{plain} {text}")


def show_json(value: Any) -> None:
    """Write the answer as one line of JSON; dataclasses become objects."""
    say(json.dumps(value, default=_plain, allow_nan=False))


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str = "") -> None:
    """Write a table to stdout; columns of numbers are right-aligned.

    Args:
        columns: headings.
        rows: cells; None shows as an en dash.
        title: above it.
    """
    cells = [[_cell(cell) for cell in row] for row in rows]
    right = [
        all(isinstance(row[i], int | float) or row[i] is None for row in rows) for i in range(len(columns))
    ]
    if not sys.stdout.isatty():
        widths = [max(len(line[i]) for line in [list(columns), *cells]) for i in range(len(columns))]
        if title:
            say(title)
        for line in [list(columns), *cells]:
            parts = [
                text.rjust(width) if flush else text.ljust(width)
                for text, width, flush in zip(line, widths, right, strict=True)
            ]
            say("  ".join(parts).rstrip())
        return
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    shown = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left")
    for name, flush in zip(columns, right, strict=True):
        shown.add_column(name, justify="right" if flush else "left")
    for line in cells:
        shown.add_row(*map(escape, line))
    Console().print(shown)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if (as_list := getattr(value, "tolist", None)) is not None:  # numpy's arrays and scalars
        return as_list()
    return str(value)
