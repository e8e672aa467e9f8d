"""`wrenlet listen`: words in a recording, a pipe or a microphone."""

import dataclasses
import sys
from pathlib import Path
from typing import Annotated

import typer

from wrenlet.cli.paths import existing_artefact, nearest_file
from wrenlet.cli.printing import note, say, show_json
from wrenlet.errors import InputError

__all__ = ["EXAMPLE", "listen"]

EXAMPLE = (
    "Example:  wrenlet listen zoo/digits-int8.tflite some.wav     or     "
    "arecord -f S16_LE -r 16000 -t raw | wrenlet listen zoo/digits-int8.tflite - --rate 16000"
)


def listen(
    artefact: Annotated[Path, typer.Argument(help="A .tflite or .onnx file that wrenlet exported.")],
    source: Annotated[
        str, typer.Argument(help="A recording, - for standard input (WAV or raw 16 bit), or mic.")
    ],
    rate: Annotated[
        int | None, typer.Option(help="Hz, of raw audio from a pipe.", show_default="the artefact's")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="Least confidence of an event.", show_default="the artefact's"),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line: start, end (s), label, confidence.")
    ] = False,
) -> None:
    """Print every word that is heard, with its time and confidence, as soon as it is sure."""
    from wrenlet.runtime import load

    model = load(existing_artefact(artefact))
    if source not in ("-", "mic") and not Path(source).is_file():
        raise InputError(f"{source} is no recording: {nearest_file(Path(source)) or 'give a file, - or mic'}")
    settings = model.detection
    if threshold is not None:
        settings = dataclasses.replace(settings, threshold=threshold)
    heard = 0
    for event in model.listen(source, settings, rate=rate, notice=note):
        heard += 1
        if json:
            show_json(event)
        else:
            say(f"{event.start:9.2f} – {event.end:.2f} s   {event.label:<16} {event.confidence:6.1%}")
        sys.stdout.flush()
    if not heard and not json:
        note("nothing was recognised")
