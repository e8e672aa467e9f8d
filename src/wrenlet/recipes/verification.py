"""The stage that measures: every figure comes from the files that ship, on clips never used before."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from wrenlet.artefact import audit
from wrenlet.corpora import Clips
from wrenlet.errors import InputError
from wrenlet.measure import Benchmark, Score, benchmark, clip_logits, evaluate, parity, score
from wrenlet.recipes.stages import Context
from wrenlet.report import Measurement
from wrenlet.runtime import load, softmax
from wrenlet.training import predict_clips

__all__ = ["shipping", "verify"]

#: More clips than this say no more about whether two forms of a model agree.
PARITY_CLIPS = 1000


def shipping(paths: list[Path]) -> Path:
    """Return the artefact that a run's verdict speaks of: int8 from raw audio if there is one.

    Raises:
        InputError: if there is no artefact.
    """
    if not paths:
        raise InputError(
            "the run has no artefacts: export.formats, inputs and precisions must name at least one"
        )
    infos = {path: load(path).sidecar for path in paths}

    def rank(path: Path) -> tuple[bool, bool, bool, str]:
        return (
            infos[path].precision != "int8",
            infos[path].input != "audio",
            path.suffix != ".tflite",
            path.name,
        )

    return min(paths, key=rank)


def verify(context: Context, folder: Path) -> None:
    """Measure accuracy, parity, size, latency and memory of every artefact on the test clips."""
    test, recogniser = context.clips("test"), context.recogniser
    paths = [path for path in context.folder.artefacts.iterdir() if path.suffix in (".tflite", ".onnx")]
    paths.sort(key=lambda path: (path.suffix == ".onnx", "-features" in path.stem, path.name))
    ships = shipping(paths)
    labels = recogniser.labels
    offline = score(test.labels, predict_clips(recogniser, test).argmax(axis=1), labels)
    rows = [Measurement("float32", "offline", offline.accuracy, offline.interval, offline.clips)]
    benchmarks = {path.name: benchmark(path) for path in paths}
    shipped = evaluate(ships, test, labels, through="stream")
    for path in paths:
        if path == ships:
            rows.append(_measured(path, "offline", evaluate(path, test, labels), benchmarks[path.name]))
            rows.append(_measured(path, "stream", shipped, benchmarks[path.name], ships=True))
        else:
            streamed = evaluate(path, test, labels, through="stream")
            rows.append(_measured(path, "stream", streamed, benchmarks[path.name]))
    compared = np.linspace(0, len(test) - 1, min(len(test), PARITY_CLIPS)).astype(int)
    agreed = parity(recogniser, paths, test.waveforms[compared], test.lengths[compared])
    told = {
        "ships": ships.name,
        "labels": list(labels),
        "measurements": [asdict(row) for row in rows],
        "confusion": shipped.confusion,
        "benchmarks": {name: figures.to_json() for name, figures in benchmarks.items()},
        "parity": agreed.to_json(),
        "audits": [_audit(path, context) for path in paths if path.suffix == ".tflite"],
        "answers": _answers(ships, test),
    }
    (folder / "verify.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    context.note(f"test: float {offline.accuracy:.2%}, {ships.name} {shipped.accuracy:.2%}")
    for row in agreed.rows:
        if not row.ok:
            context.note(f"parity of {row.name} does not hold: {row.limit}, labels {row.agreement:.1%}")


def _answers(path: Path, clips: Clips) -> dict[str, list[Any]]:
    """Return the shipped artefact's answer for every test clip."""
    model = load(path)
    chances = [softmax(logits[-1]) for logits in clip_logits(model, clips, list(range(len(clips))))]
    return {
        "predicted": [int(chance.argmax()) for chance in chances],
        "confidence": [round(float(chance.max()), 6) for chance in chances],
    }


def _audit(path: Path, context: Context) -> dict[str, Any]:
    found = audit(path)
    asked = load(path).sidecar.precision == "int8" and context.recipe.export.full_integer
    return {
        "artefact": path.name,
        "operators": found.operators,
        "dtypes": found.dtypes,
        "float_tensors": [tensor.name for tensor in found.float_tensors],
        "integer_asked": asked,
        "passed": not (asked and found.body_floats),
    }


def _measured(path: Path, mode: str, found: Score, figures: Benchmark, *, ships: bool = False) -> Measurement:
    return Measurement(
        precision=load(path).sidecar.precision,
        mode=mode,
        accuracy=found.accuracy,
        interval=found.interval,
        clips=found.clips,
        artefact=path.name,
        size_bytes=figures.size_bytes,
        step_us_median=figures.step_us.median,
        step_us_p95=figures.step_us.p95,
        real_time_factor=figures.real_time_factor,
        peak_tensor_bytes=figures.peak_tensor_bytes,
        macs_per_hop=figures.macs_per_hop,
        ships=ships,
    )
