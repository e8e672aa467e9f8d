"""`wrenlet benchmark`: size, speed and memory of an artefact on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from wrenlet.cli.paths import existing_artefact
from wrenlet.cli.printing import show_json, table
from wrenlet.extras import require

__all__ = ["EXAMPLE", "benchmark"]

EXAMPLE = "Example:  wrenlet benchmark zoo/digits-int8.tflite"


def benchmark(
    artefact: Annotated[Path, typer.Argument(help="A .tflite or .onnx file that wrenlet exported.")],
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print JSON: size_bytes, hop_ms, step_us {median, p95}, real_time_factor, "
            "peak_tensor_bytes, macs_per_hop.",
        ),
    ] = False,
) -> None:
    """Measure the file that ships: its size, the time of a hop on one core, memory, multiply-accumulates."""
    path = existing_artefact(artefact)
    measured = require("wrenlet.measure", "data", "wrenlet benchmark").benchmark(path)
    if json:
        show_json(measured)
        return
    rows = [
        ("size", f"{measured.size_bytes:,} bytes"),
        ("a hop of audio", f"{measured.hop_ms:g} ms"),
        ("a hop on one core, median", f"{measured.step_us.median:.1f} µs"),
        ("a hop on one core, 95th percentile", f"{measured.step_us.p95:.1f} µs"),
        ("computing for a second of audio", f"{measured.real_time_factor:.6f} s"),
    ]
    if measured.peak_tensor_bytes is not None:  # ONNX files do not tell
        rows.append(("peak tensor memory", f"{measured.peak_tensor_bytes:,} bytes"))
    if measured.macs_per_hop is not None:
        rows.append(("multiply-accumulates for a hop", f"{measured.macs_per_hop:,}"))
    table(("measured", "value"), rows, title=path.name)
