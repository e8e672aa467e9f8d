"""Reports as files: `report.md`, a self-contained `report.html`, and `report.json` to render them again."""

import os
import re
import tempfile
from pathlib import Path
from typing import Any

from wrenlet.extras import require
from wrenlet.report import charts, escaping, numbers
from wrenlet.report.contents import RunReport
from wrenlet.report.storage import REPORT_FILE, to_json
from wrenlet.report.sweep import SweepReport

__all__ = ["write_report", "write_sweep_report"]

TEMPLATES = Path(__file__).parent / "templates"
#: More labels than this make a matrix that nobody reads; the most frequent mistakes are listed instead.
MATRIX_LABELS = 40
#: Columns of a sweep that get a mean, a standard deviation and their ends.
SUMMARISED = ("accuracy", "float_accuracy", "agreement", "size_bytes", "step_us_median", "epochs", "seconds")
FILTERS = {
    name: getattr(module, name) for module in (numbers, escaping) for name in module.__all__ if name.islower()
}


def write_report(report: RunReport, folder: Path) -> tuple[Path, Path]:
    """Write `report.json`, `report.md` and `report.html` of one run.

    Args:
        report: what the pages show.
        folder: made if it is missing; a page that is there is replaced as a whole or not at all.

    Returns:
        The paths of the Markdown and of the HTML page.

    Raises:
        MissingExtraError: if matplotlib or Jinja2 is not installed.
        OSError: if the folder cannot be written, for example because the disk is full.
    """
    labels = len(report.labels)
    ends = _axis([row.interval for row in report.measurements])
    values = {
        "report": report,
        "curves": charts.learning_charts(report.training) if report.training else (),
        "pictures": [(clip, charts.clip_chart(clip)) for clip in report.clips],
        "matrix": bool(report.confusion) and labels <= MATRIX_LABELS,
        "axis": ends,
    }
    return _write("run", report, values, folder)


def write_sweep_report(report: SweepReport, folder: Path) -> tuple[Path, Path]:
    """Write `report.json`, `report.md` and `report.html` of several runs; see `write_report`."""
    summaries = {name: report.summary(name) for name in SUMMARISED}
    ends = _axis([run.interval for run in report.runs if run.interval])
    return _write("sweep", report, {"report": report, "summaries": summaries, "axis": ends}, folder)


def _write(
    page: str, report: RunReport | SweepReport, values: dict[str, Any], folder: Path
) -> tuple[Path, Path]:
    jinja2 = require("jinja2", "train", "writing a report")
    settings: dict[str, Any] = {
        "loader": jinja2.FileSystemLoader(TEMPLATES),
        "undefined": jinja2.StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
        "keep_trailing_newline": True,
    }
    html = jinja2.Environment(autoescape=True, finalize=escaping.clean, **settings)
    # Markdown has no autoescape of its own: every string is escaped on its way out, unless it is verbatim.
    markdown = jinja2.Environment(autoescape=False, finalize=escaping.escape_markdown, **settings)
    for environment in (html, markdown):
        environment.filters.update(FILTERS, place=_place)
        environment.globals.update(dash=numbers.DASH)
    rendered = {
        REPORT_FILE: to_json(report),
        "report.md": re.sub(r"\n{3,}", "\n\n", markdown.get_template(f"{page}.md.j2").render(values)),
        "report.html": html.get_template(f"{page}.html.j2").render(values),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in rendered.items():
        _replace(folder / name, text)
    return folder / "report.md", folder / "report.html"


def _replace(path: Path, text: str) -> None:
    """Write the file under another name and rename it, so that a reader never sees half of it."""
    # A file name that is not UTF-8 reaches us with lone surrogates; shown escaped, it can still be found.
    content = text.encode("utf-8", "backslashreplace")
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.chmod(0o644)  # mkstemp's 0600 would hide the page from a web server
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _axis(intervals: list[tuple[float, float]]) -> tuple[float, float]:
    """Return the ends of the axis on which intervals of accuracy are drawn: from a round share to 1."""
    lowest = min((low for low, _ in intervals), default=0.0)
    step = 0.05 if lowest < 0.9 else 0.01
    return max(0.0, min(0.98, step * int(lowest / step - 1e-9))), 1.0


def _place(value: float, axis: tuple[float, float]) -> str:
    """Return where a value lies on the axis, as a percentage for the stylesheet."""
    low, high = axis
    return f"{100 * min(1.0, max(0.0, (value - low) / (high - low))):.2f}%"
