"""`wrenlet evaluate`: accuracy of an artefact on recordings."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wrenlet.cli.paths import existing_artefact
from wrenlet.cli.printing import note, say, show_json, table
from wrenlet.errors import InputError
from wrenlet.extras import require

if TYPE_CHECKING:
    from wrenlet.artefact import Sidecar
    from wrenlet.corpora import CorpusSettings
    from wrenlet.measure import Score

__all__ = ["EXAMPLE", "choose_corpus", "evaluate"]

EXAMPLE = "Example:  wrenlet evaluate zoo/digits-int8.tflite --corpus folder:my-recordings"


def evaluate(
    artefact: Annotated[Path, typer.Argument(help="A .tflite or .onnx file that wrenlet exported.")],
    corpus: Annotated[
        str,
        typer.Option(
            help="folder:PATH with a folder for each label, or NAME[:SPLIT] such as digits:test. A corpus "
            "that the artefact learned from is split as it was then, and its test clips are taken."
        ),
    ],
    data: Annotated[
        str | None, typer.Option(help="Folder of the corpora.", envvar="WRENLET_DATA", show_default=False)
    ] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="Feed clips in pieces of odd sizes, as a device does.")
    ] = False,
    max_bad_share: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Share of recordings that may be unreadable; they are left out and named.",
            show_default="0.1",
        ),
    ] = None,
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print JSON: accuracy, interval [low, high], clips, per_class {label: {precision, recall, "
            "f1, support}}, confusion (rows: truth, columns: answer), labels, left_out.",
        ),
    ] = False,
) -> None:
    """Measure the accuracy of the file that ships: 95 % interval, a table by label, confusion matrix."""
    path = existing_artefact(artefact)
    measure = require("wrenlet.measure", "data", "wrenlet evaluate")
    from wrenlet.runtime import load

    model = load(path)
    clips, labels = _clips(corpus, data, model.sidecar, max_bad_share)
    score = measure.evaluate(model, clips, labels, through="stream" if stream else "predict")
    if score.left_out:
        named = ", ".join(f"{label} ({count})" for label, count in sorted(score.left_out.items()))
        count = sum(score.left_out.values())
        note(f"{count} clips of labels that the model does not know are left out: {named}")
    if json:
        show_json(score.to_json())
    else:
        _show(path, corpus, score)


def _clips(
    corpus: str, data: str | None, sidecar: "Sidecar", max_bad_share: float | None
) -> tuple[Any, tuple[str, ...]]:
    """Return the clips that `--corpus` names, cut with the artefact's rules, and their labels."""
    corpora = require("wrenlet.corpora", "data", "wrenlet evaluate")
    settings, split = choose_corpus(corpus, sidecar)
    if max_bad_share is not None:
        settings = replace(settings, max_bad_share=max_bad_share)
    opened = corpora.open_corpus(settings, corpora.data_root(data))
    clips = corpora.load_clips(
        opened.split(split),
        opened.labels,
        sidecar.sample_rate,
        sidecar.clip,
        max_bad_share=settings.max_bad_share,
    )
    for text in clips.notes:
        note(text)
    skipped = (*opened.skipped, *clips.skipped)
    if skipped:
        named = "; ".join(map(str, skipped[:5])) + ("; …" if len(skipped) > 5 else "")
        note(f"{len(skipped)} recordings left out: {named}")
    if len(clips) == 0:
        raise InputError(f"{corpus} has no clips to evaluate: `wrenlet data check` shows what is there")
    return clips, opened.labels


def choose_corpus(corpus: str, sidecar: "Sidecar") -> tuple["CorpusSettings", str]:
    """Return which corpus and which of its splits `--corpus` means."""
    corpora = require("wrenlet.corpora", "data", "wrenlet evaluate")
    if corpus.startswith("folder:"):
        return corpora.CorpusSettings(name=corpus), "all"
    name, _, split = corpus.partition(":")
    for known in (sidecar.corpus, *sidecar.corpus.get("join", ())):
        if known.get("name") == name:
            # The artefact knows how its corpora were split: only so are test clips ones that it never saw.
            fields = corpora.CorpusSettings.__dataclass_fields__
            given = {
                key: tuple(value) if isinstance(value, list) else value
                for key, value in known.items()
                if key in fields
            }
            return corpora.CorpusSettings(**given), split or "test"
    first = corpora.find_corpus(name).splits[0]
    words = () if name == "digits" or "_unknown_" in sidecar.labels else sidecar.labels
    return corpora.CorpusSettings(name=name, split=first, words=words), split or "test"


def _show(path: Path, corpus: str, score: "Score") -> None:
    low, high = score.interval
    say(
        f"{path.name} on {corpus}: {score.accuracy:.2%} of {score.clips:,} clips "
        f"(95 % interval {low:.2%} – {high:.2%})"
    )
    say()
    table(
        ("label", "clips", "recall", "precision", "F1"),
        [
            (
                entry.label,
                entry.support,
                f"{entry.recall:.1%}" if entry.support else None,
                f"{entry.precision:.1%}",
                f"{entry.f1:.3f}" if entry.support else None,
            )
            for entry in score.per_class
        ],
    )
    if len(score.labels) <= 40:
        say()
        rows = [(label, *row) for label, row in zip(score.labels, score.confusion, strict=True)]
        table(("said ↓ heard →", *score.labels), rows)
    sys.stdout.flush()
