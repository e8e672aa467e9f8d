"""Charts as inline SVG that takes its colours from the page, so that one drawing serves light and dark."""

import io
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from math import isfinite
from typing import Any

from wrenlet.extras import require
from wrenlet.report.contents import ClipPicture, Training
from wrenlet.report.escaping import clean

__all__ = ["clip_chart", "learning_charts"]

# Matplotlib wants colours it knows; each of these odd ones stands for a variable of the page's stylesheet.
INK, FAINT, RIGHT, WRONG = "#010203", "#010204", "#010205", "#010206"
VARIABLES = {INK: "--muted", FAINT: "--line", RIGHT: "--right", WRONG: "--wrong"}
STYLE: dict[str, Any] = {
    "svg.hashsalt": "wrenlet",
    "svg.fonttype": "none",  # text stays text: sharp, small, and in the page's typeface
    "text.parse_math": False,
    "font.family": "DejaVu Sans",  # for the measures only; comes with matplotlib
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 3.0,
    "ytick.major.size": 0.0,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


@contextmanager
def _figure(width: float, height: float, **layout: Any) -> Iterator[Any]:
    matplotlib = require("matplotlib", "train", "drawing a report")
    figures = require("matplotlib.figure", "train", "drawing a report")
    # A Figure without pyplot: no window system, no global list of open figures.
    with matplotlib.rc_context(STYLE):
        yield figures.Figure(figsize=(width, height), **layout)


def _svg(figure: Any, description: str) -> str:
    """Return the figure as an SVG element: no dates, no ids of another chart, variables for colours."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style[^>]*>.*?</style>", "", text, flags=re.DOTALL)
    view = re.search(r'viewBox="[^"]*"', text)
    opening = (
        f'<svg {view.group() if view else ""} role="img" xmlns="http://www.w3.org/2000/svg" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" stroke-linejoin="round" '
        f'aria-label="{escape(clean(description))}">'
    )
    body = text[text.index(">") + 1 :]
    mark = f"c{zlib.crc32((body + description).encode('utf-8', 'backslashreplace')):08x}"
    body = re.sub(r'(\sid="|url\(#|xlink:href="#)', rf"\g<1>{mark}-", body)
    for colour, variable in VARIABLES.items():
        body = body.replace(colour, f"var({variable})")
    body = re.sub(r"font:\s*([\d.]+)px[^;\"]*", r"font-size: \1px", body)
    # A hundredth of a point is finer than any screen; only paths, because a matrix needs all its digits.
    body = re.sub(r'\sd="[^"]*"', lambda path: re.sub(r"(\d\.\d{2})\d+", r"\1", path.group()), body)
    return opening + re.sub(r"\s*\n\s*", "\n", body).strip()


def learning_charts(training: Training) -> tuple[str, ...]:
    """Return the curves of loss and of accuracy over the epochs; what was not recorded is left out."""
    charts = []
    for quantity, scale in (("loss", 1.0), ("accuracy", 100.0)):
        lines = []
        for part in ("training", "validation"):
            points = [(e.epoch, getattr(e, f"{part}_{quantity}")) for e in training.epochs]
            found = [(epoch, v * scale) for epoch, v in points if v is not None and isfinite(v)]
            if found:
                lines.append((part, found))
        if lines:
            charts.append(_curves(quantity, lines, training.best_epoch))
    return tuple(charts)


def _curves(quantity: str, lines: Sequence[tuple[str, list[tuple[int, float]]]], best: int) -> str:
    tickers = require("matplotlib.ticker", "train", "drawing a report")
    unit = " (%)" if quantity == "accuracy" else ""
    with _figure(4.6, 2.7, layout="constrained") as figure:
        axes = figure.add_subplot()
        for part, points in lines:
            main = part == "validation"
            axes.plot(
                [epoch for epoch, _ in points],
                [value for _, value in points],
                color=RIGHT if main else INK,
                linewidth=1.9 if main else 1.2,
                linestyle="solid" if main else (0, (3, 2)),
                marker="o" if len(points) == 1 else None,
                label=part,
            )
        validation = dict(dict(lines).get("validation", []))
        if best in validation:
            label = f"kept: epoch {best}"
            axes.plot([best], [validation[best]], "o", color=WRONG, markersize=5, label=label, zorder=5)
        axes.set_xlabel("epoch")
        axes.set_title(quantity + unit, loc="left", fontsize=9, color=INK)
        axes.xaxis.set_major_locator(tickers.MaxNLocator(6, integer=True))
        axes.yaxis.set_major_locator(tickers.MaxNLocator(5))
        axes.margins(x=0.02)
        # Above the axes: a legend inside would sit on a curve sooner or later.
        axes.legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, fontsize=8,
            handlelength=1.6, columnspacing=1.2, handletextpad=0.5, borderaxespad=0.2,
        )  # fmt: skip
        last = "; ".join(f"{part} ends at {points[-1][1]:.3g}" for part, points in lines)
        return _svg(figure, f"Curve of the {quantity}{unit} over {lines[0][1][-1][0]} epochs: {last}.")


def clip_chart(clip: ClipPicture) -> str:
    """Return the waveform over the features of one clip, on one axis of time."""
    tickers = require("matplotlib.ticker", "train", "drawing a report")
    end = max(clip.seconds, 1e-3)
    with _figure(2.7, 1.8) as figure:
        wave, grid = figure.subplots(
            2, 1, sharex=True, height_ratios=(2, 3),
            gridspec_kw={"hspace": 0.12, "left": 0.02, "right": 0.98, "top": 0.98, "bottom": 0.19},
        )  # fmt: skip
        columns = len(clip.envelope)
        if columns:
            times = [end * (index + 0.5) / columns for index in range(columns)]
            colour = WRONG if clip.mistaken else RIGHT
            bottom, top = ([pair[side] for pair in clip.envelope] for side in (0, 1))
            wave.fill_between(times, bottom, top, color=colour, linewidth=0.6)
            loudest = max(max(map(abs, bottom)), max(map(abs, top)), 1e-4)
            wave.set_ylim(-loudest * 1.05, loudest * 1.05)
        wave.set_axis_off()
        if clip.features:
            rows = [list(feature) for feature in zip(*clip.features, strict=True)]
            ranked = sorted(value for row in rows for value in row)
            # The outer 2 % on either side share a colour, or one loud frame would hide the rest.
            low, high = ranked[len(ranked) // 50], ranked[-1 - len(ranked) // 50]
            grid.imshow(
                rows, aspect="auto", origin="lower", cmap="viridis", interpolation="none",
                extent=(0.0, end, 0.0, float(len(rows))), vmin=low, vmax=max(high, low + 1e-9),
            )  # fmt: skip
        grid.set_yticks([])
        grid.set_xlim(0.0, end)
        grid.grid(visible=False)
        grid.spines["left"].set_visible(False)
        grid.tick_params(labelsize=10)
        grid.xaxis.set_major_locator(tickers.MaxNLocator(4, steps=[1, 2, 5]))
        grid.xaxis.set_major_formatter(tickers.FuncFormatter(lambda value, _: f"{value:g} s"))
        frames, height = len(clip.features), len(clip.features[0]) if clip.features else 0
        return _svg(
            figure,
            f"Waveform of {clip.name}, {clip.seconds:.2f} seconds of “{clip.label}”, "
            f"above its {clip.feature_name}, {frames} frames of {height}.",
        )
