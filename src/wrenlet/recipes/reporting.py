"""The stage that tells: a run's folder as a page for people."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wrenlet import __version__
from wrenlet.recipes.stages import Context
from wrenlet.report import (
    AuditRow,
    ClipPicture,
    Corpus,
    DataSource,
    Epoch,
    Measurement,
    ParityRow,
    RunReport,
    SkippedFile,
    SplitRow,
    Training,
    choose_clips,
    picture_clip,
    write_report,
)

__all__ = ["report"]


def report(context: Context, folder: Path) -> None:
    """Write `report.md` and `report.html` from what the other stages left."""
    write_report(contents(context), folder)


def contents(context: Context) -> RunReport:
    """Gather the report of a run from its folder."""
    run, recipe = context.folder, context.recipe
    told, corpus, result = run.read("verify.json"), context.corpus, run.read("train/result.json")
    machine = {name: str(value) for name, value in run.read("environment.json").items() if name != "command"}
    seconds = run.read("seconds.json").items()
    machine["seconds"] = ", ".join(f"{stage} {took:.1f}" for stage, took in seconds if stage != "report")
    epochs = tuple(
        Epoch(
            epoch=int(row["epoch"]),
            training_loss=row.get("loss"),
            validation_loss=row.get("validation_loss"),
            training_accuracy=row.get("accuracy"),
            validation_accuracy=row.get("validation_accuracy"),
            learning_rate=row.get("learning_rate"),
        )
        for row in result["history"]
    )
    return RunReport(
        title=recipe.name,
        labels=tuple(told["labels"]),
        measurements=tuple(
            Measurement(**{**row, "interval": tuple(row["interval"])}) for row in told["measurements"]
        ),
        confusion=tuple(tuple(row) for row in told["confusion"]),
        hop_ms=recipe.features.hop_ms,
        command=context.command,
        recipe=run.recipe_file.read_text(encoding="utf-8"),
        digest=context.digest,
        seed=recipe.seed,
        sample_rate=recipe.sample_rate,
        training=Training(epochs, result["best_epoch"], result["seconds"], result["parameters"]),
        parity=tuple(_parity(row, told["parity"]["clips"]) for row in told["parity"]["rows"]),
        audits=tuple(
            AuditRow(**{**row, "float_tensors": tuple(row["float_tensors"])}) for row in told["audits"]
        ),
        corpus=Corpus(
            name=corpus["name"],
            about=corpus["about"],
            splits=tuple(_split(row) for row in corpus["splits"]),
            skipped=tuple(SkippedFile(str(entry["path"]), entry["reason"]) for entry in corpus["skipped"]),
            notes=tuple(corpus["notes"]),
            digest=corpus["digest"],
        ),
        sources=tuple(_source(card) for card in corpus["cards"]),
        clips=_pictures(context, told["answers"]),
        environment=machine,
        made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC by wrenlet {__version__}",
    )


def _pictures(context: Context, answers: dict[str, list[Any]]) -> tuple[ClipPicture, ...]:
    test, recogniser = context.clips("test"), context.recogniser
    labels, hop = recogniser.labels, recogniser.frontend.stride
    chosen = choose_clips(test.labels.tolist(), answers["predicted"], answers["confidence"])
    pictures = []
    for clip in chosen:
        samples = test.waveforms[clip, : test.lengths[clip]]
        padded = np.concatenate([samples, np.zeros(-len(samples) % hop, np.float32)])
        with torch.no_grad():
            features = recogniser.features(torch.from_numpy(padded)[None])[0].numpy()
        pictures.append(
            picture_clip(
                name=str(test.ids[clip]),
                label=labels[int(test.labels[clip])],
                predicted=labels[answers["predicted"][clip]],
                confidence=answers["confidence"][clip],
                samples=samples,
                sample_rate=test.sample_rate,
                features=features,
                feature_name={"mfcc": "MFCC", "logmel": "log-mel"}[context.recipe.features.kind],
            )
        )
    return tuple(pictures)


def _split(row: dict[str, Any]) -> SplitRow:
    return SplitRow(
        split=row["split"],
        clips=row["clips"],
        hours=row["hours"],
        speakers=row["speakers"] or None,
        labels=len(row["labels"]),
        shortest_seconds=row["shortest"],
        median_seconds=row["median"],
        longest_seconds=row["longest"],
    )


def _parity(row: dict[str, Any], clips: int) -> ParityRow:
    other = "" if row["allowed"] else f" ({row['limit']}; mean {row['mean_error']:.2g})"
    return ParityRow(
        comparison=f"torch offline / {row['name']}{other}",
        difference=row["max_error"],
        passed=row["ok"],
        limit=row["allowed"],
        agreement=row["agreement"],
        clips=clips,
    )


def _source(card: dict[str, Any]) -> DataSource:
    return DataSource(
        name=str(card.get("name", "")),
        licence=str(card.get("licence", "")),
        attribution=str(card.get("attribution", "")),
        url=str(card.get("homepage", "")),
    )
