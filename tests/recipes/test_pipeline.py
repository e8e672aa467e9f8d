"""From recordings to a report, whole, stopped at every point and continued."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tone_recipe import write_tones

from wrenlet.artefact import read_sidecar
from wrenlet.errors import InputError
from wrenlet.recipes import Recipe, RunFolder, RunOptions, load_recipe, pipeline
from wrenlet.recipes.pipeline import STAGES, export_again, rebuild_report, run, verdict

OPTIONS = RunOptions(accelerator="cpu", devices=1, quiet=True)


class Killed(BaseException):
    """Stands for a process that is no more."""


def _figures(folder: Path) -> dict[str, Any]:
    """Return every number of a run that does not depend on the machine's mood."""
    told = json.loads((folder / "verify.json").read_text())
    history = json.loads((folder / "train" / "result.json").read_text())["history"]
    timed = {"step_us_median", "step_us_p95", "real_time_factor"}
    return {
        "rows": [
            {key: value for key, value in row.items() if key not in timed} for row in told["measurements"]
        ],
        "answers": told["answers"],
        "confusion": told["confusion"],
        "parity": told["parity"],
        "history": [{key: value for key, value in row.items() if "seconds" not in key} for row in history],
    }


def test_a_run_leaves_everything_that_its_layout_promises(finished: tuple[Path, Path]) -> None:
    recipe, folder = finished
    assert folder.parent.name == "tones"
    assert load_recipe(folder) == load_recipe(recipe)
    for name in ("environment.json", "verify.json", "report.html", "report.md", "report.json"):
        assert (folder / name).stat().st_size > 100
    assert {file.name for file in (folder / "artefacts").iterdir()} == {
        "tones-float32.tflite",
        "tones-int8.tflite",
    }
    assert {"checkpoint.safetensors", "metrics.jsonl", "result.json"} <= {
        file.name for file in (folder / "train").iterdir()
    }
    assert not list(folder.glob(".*partial"))


def test_the_artefact_knows_the_run_that_made_it(finished: tuple[Path, Path]) -> None:
    recipe, folder = finished
    sidecar = read_sidecar(folder / "artefacts" / "tones-int8.tflite")
    assert sidecar.name == "tones"
    assert sidecar.digest == folder.name
    assert sidecar.labels == ("high", "low")
    assert sidecar.corpus["name"] == f"folder:{recipe.parent / 'recordings'}"
    assert sidecar.clip == load_recipe(recipe).clip
    assert sidecar.data[0]["name"] == "recordings"


def test_the_verdict_speaks_of_the_int8_file_on_the_test_clips(finished: tuple[Path, Path]) -> None:
    _, folder = finished
    told = json.loads((folder / "verify.json").read_text())
    assert told["ships"] == "tones-int8.tflite"
    assert verdict(RunFolder(folder)).startswith("tones-int8.tflite recognises 2 labels")
    modes = [(row["precision"], row["mode"]) for row in told["measurements"]]
    assert set(modes) == {
        ("float32", "offline"),
        ("float32", "stream"),
        ("int8", "offline"),
        ("int8", "stream"),
    }
    assert {row["clips"] for row in told["measurements"]} == {12}
    assert all(row["ok"] for row in told["parity"]["rows"]), told["parity"]


def test_stopped_in_every_stage_it_continues_to_the_same_numbers(
    finished: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, whole = finished
    killed: set[str] = set()

    def dying(stage: pipeline.Stage) -> pipeline.Stage:
        def work(context: Any, folder: Path) -> None:
            stage.work(context, folder)
            if stage.name not in killed:
                killed.add(stage.name)
                raise Killed

        return replace(stage, work=work)

    monkeypatch.setattr(pipeline, "STAGES", tuple(map(dying, STAGES)))
    for stage in STAGES:
        with pytest.raises(Killed):
            run(load_recipe(recipe), tmp_path, tmp_path / "runs", OPTIONS)
        folder = next((tmp_path / "runs" / "tones").iterdir())
        assert not RunFolder(folder).is_whole(stage.name)
        assert RunFolder(folder).is_started(stage.name)
    done = run(load_recipe(recipe), tmp_path, tmp_path / "runs", OPTIONS)
    assert len(killed) == 5
    assert done.path.name == whole.name
    assert _figures(done.path) == _figures(whole)
    assert not list(done.path.glob(".*partial"))


def test_killed_while_training_it_continues_to_the_same_numbers(
    finished: tuple[Path, Path], tmp_path: Path
) -> None:
    recipe, whole = finished
    command = [
        sys.executable,
        "-m",
        "wrenlet.cli",
        "run",
        str(recipe),
        "--runs",
        str(tmp_path / "runs"),
        "-q",
    ]
    process = subprocess.Popen([*command, "--accelerator", "cpu", "--threads", "1"])
    metrics = tmp_path / "runs" / "tones" / whole.name / ".train.partial" / "metrics.jsonl"
    deadline = time.monotonic() + 60
    while not (metrics.exists() and metrics.read_text().count("\n") >= 1):
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline, "training did not start within a minute"
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    kept = metrics.read_text().count("\n")
    assert 1 <= kept < 6, "the kill came too late to test anything"
    done = run(load_recipe(recipe), tmp_path, tmp_path / "runs", OPTIONS)
    assert _figures(done.path) == _figures(whole)


def test_a_finished_run_does_nothing_again(
    finished: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, whole = finished
    before = {
        file: file.stat().st_mtime_ns for file in whole.rglob("*") if file.is_file() and file.name != ".lock"
    }

    def forbidden(context: Any, folder: Path) -> None:
        raise AssertionError

    monkeypatch.setattr(pipeline, "STAGES", tuple(replace(stage, work=forbidden) for stage in STAGES))
    assert run(load_recipe(recipe), recipe.parent, recipe.parent / "runs", OPTIONS).path == whole
    assert before == {file: file.stat().st_mtime_ns for file in before}


@pytest.mark.parametrize("stage", [stage.name for stage in STAGES])
def test_a_full_disk_is_one_sentence_and_loses_nothing(
    finished: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    recipe, whole = finished
    folder = tmp_path / "runs" / "tones" / whole.name
    shutil.copytree(whole, folder)
    late = [one.name for one in STAGES][[one.name for one in STAGES].index(stage) :]
    for name in late:  # the run stands before this stage
        result = RunFolder(folder).result(name)
        shutil.rmtree(result) if result.is_dir() else result.unlink()

    def full(context: Any, partial: Path) -> None:
        (partial / "half").write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    stages = tuple(replace(one, work=full) if one.name == stage else one for one in STAGES)
    monkeypatch.setattr(pipeline, "STAGES", stages)
    with pytest.raises(InputError, match=r"the disk of .* is full: free some space and run the same command"):
        run(load_recipe(recipe), tmp_path, tmp_path / "runs", OPTIONS)
    left = RunFolder(folder)
    assert [one.name for one in STAGES if left.is_whole(one.name)] == [
        one.name for one in STAGES if one.name not in late
    ]


def test_a_disk_without_room_is_refused_before_work(
    finished: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, _ = finished
    monkeypatch.setattr("wrenlet.recipes.folder.free_space", lambda _: 1000)
    with pytest.raises(InputError, match="a run needs 50 MB"):
        run(load_recipe(recipe), tmp_path, tmp_path / "runs", OPTIONS)
    assert not list(tmp_path.rglob("clips.json"))


def test_a_sweep_runs_every_variation_and_sums_up(
    finished: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, whole = finished
    # The variation that is the plain recipe is there already: a sweep repeats nothing.
    shutil.copytree(whole, tmp_path / "runs" / "tones" / whole.name)
    swept = load_recipe(recipe, ["sweep.seed=[0, 1]"])
    folder = run(swept, tmp_path, tmp_path / "runs", OPTIONS)
    assert folder.path.name.startswith("sweep-")
    told = folder.read("summary.json")
    assert [row["name"] for row in told["runs"]] == ["seed 0", "seed 1"]
    values = [row["accuracy"] for row in told["runs"]]
    assert told["summary"]["accuracy"]["mean"] == pytest.approx(sum(values) / 2)
    assert told["summary"]["accuracy"]["deviation"] is not None
    for row in told["runs"]:
        assert (folder.path / row["report"]).is_file()
    assert told["runs"][0]["report"] == f"../{whole.name}/report.html"
    assert verdict(folder).startswith("2 seeds")
    assert len(list((tmp_path / "runs" / "tones").iterdir())) == 3
    rebuild_report(folder)
    assert verdict(folder).startswith("2 seeds")


def test_a_run_is_exported_again_without_its_corpus(finished: tuple[Path, Path], tmp_path: Path) -> None:
    _, whole = finished
    before = sorted((whole / "artefacts").iterdir())
    settings = ["export.precisions=[int8]", "export.inputs=[features]", "detection.threshold=0.9"]
    (path,) = export_again(RunFolder(whole), tmp_path / "out", settings)
    assert path.name == "tones-int8-features.tflite"
    assert read_sidecar(path).detection == {"threshold": 0.9}
    assert sorted((whole / "artefacts").iterdir()) == before
    with pytest.raises(InputError, match="cannot change a trained model"):
        export_again(RunFolder(whole), tmp_path / "out", ["training.epochs=3"])


def test_a_report_is_written_again_from_what_the_run_stored(
    finished: tuple[Path, Path], tmp_path: Path
) -> None:
    _, whole = finished
    folder = tmp_path / whole.name
    shutil.copytree(whole, folder)
    for name in ("report.md", "report.html", "report.json"):
        (folder / name).unlink()
    rebuild_report(RunFolder(folder))
    assert verdict(RunFolder(folder)) == verdict(RunFolder(whole))
    (folder / "verify.json").unlink()
    with pytest.raises(InputError, match="not verified yet"):
        rebuild_report(RunFolder(folder))


def test_a_joined_corpus_adds_only_its_training_clips(finished: tuple[Path, Path], tmp_path: Path) -> None:
    recipe, _ = finished
    more = write_tones(tmp_path / "more", clips=20, seed=1)
    other = more / "hum"
    shutil.copytree(more / "low", other)
    joined = load_recipe(recipe, [f"join=[{{name: 'folder:{more}'}}]"])
    counts = _prepared(joined, tmp_path)
    plain = _prepared(load_recipe(recipe), tmp_path / "plain")
    assert counts["train"] == plain["train"] + 2 * 14
    assert (counts["validation"], counts["test"]) == (plain["validation"], plain["test"])
    notes = next((tmp_path / "runs" / "tones").glob("*/prepare/corpus.json"))
    assert (
        "14 train clips of more have other labels and are left out" in json.loads(notes.read_text())["notes"]
    )


def _prepared(recipe: Recipe, folder: Path) -> dict[str, int]:
    """Run only the first stage; return how many clips each split has."""
    stages = STAGES[:1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "STAGES", stages)
        done = run(recipe, folder, folder / "runs", OPTIONS)
    found = {}
    for split in ("train", "validation", "test"):
        found[split] = len(json.loads((done.path / "prepare" / split / "clips.json").read_text())["ids"])
    return found
