"""The figures that the report derives must be those of the matrix, and never claim more than was measured."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from wrenlet.errors import InputError
from wrenlet.report import (
    RunReport,
    SweepReport,
    SweepRun,
    choose_clips,
    from_dict,
    picture_clip,
    read_report,
    to_dict,
)
from wrenlet.report import numbers as n
from wrenlet.report.contents import AuditRow, Measurement, ParityRow, class_scores
from wrenlet.report.storage import to_json


def test_the_verdict_speaks_of_another_artefact_than_the_one_that_ships(run_report: RunReport):
    assert run_report.verdict == (
        "digits-int8.tflite recognises 10 labels with 99.3 % accuracy "
        "(95 % interval 98.1–99.8 %, 450 test clips) in 34.2 KB and takes 4.4 µs for a 16 ms hop."
    )


def test_the_verdict_hides_a_failed_check(run_report: RunReport):
    parity = (ParityRow("torch offline / torch stream", 0.3, False, 1e-5),)
    audits = (AuditRow("digits-int8.tflite", {}, {}, ("norm",), True, False),)
    report = dataclasses.replace(run_report, parity=parity, audits=audits)
    assert report.verdict.endswith(
        "; 2 of 2 checks failed: parity of torch offline / torch stream, audit of digits-int8.tflite."
    )


@pytest.mark.parametrize("shipping", [0, 2])
def test_a_report_without_exactly_one_shipping_artefact_is_accepted(shipping: int):
    rows = tuple(Measurement("int8", "stream", 1.0, (0.9, 1.0), 5, ships=i < shipping) for i in range(2))
    with pytest.raises(InputError, match=f"^{shipping} measurements .* mark exactly one"):
        RunReport("x", ("a", "b"), rows)


def test_a_matrix_of_another_size_than_the_labels_is_accepted(run_report: RunReport):
    with pytest.raises(InputError, match="10 rows of 10"):
        dataclasses.replace(run_report, confusion=((1, 0), (0, 1)))


def test_per_class_figures_disagree_with_the_matrix():
    yes, no, never = class_scores(("yes", "no", "never"), ((8, 2, 0), (1, 9, 0), (0, 0, 0)))
    assert (yes.clips, yes.predicted) == (10, 9)
    assert (yes.recall, yes.precision) == (0.8, 8 / 9)
    assert yes.f1 == pytest.approx(2 * 0.8 * (8 / 9) / (0.8 + 8 / 9))
    assert no.recall == 0.9
    assert (never.recall, never.precision, never.f1) == (None, None, None)


def test_the_most_frequent_mistake_is_not_named_first(run_report: RunReport):
    confusion = np.diag([9] * 10)
    confusion[2, 7], confusion[0, 1] = 5, 2
    report = dataclasses.replace(run_report, confusion=tuple(map(tuple, confusion.tolist())))
    assert report.confused == (("two", "seven", 5), ("zero", "one", 2))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (n.percent(0.9933), "99.3 %"),
        (n.percent(0.9999), "99.9 %"),  # never rounded up to perfection
        (n.percent(1.0), "100.0 %"),
        (n.percent(0.99999, 0), "99 %"),
        (n.percent(float("nan")), "–"),
        (n.span((0.981, 1.0)), "98.1–100.0 %"),
        (n.points(0.0021), "0.21"),
        (n.thousands(71040), "71,040"),
        (n.kilobytes(34_180), "34.2"),
        (n.microseconds(4.41), "4.4"),
        (n.microseconds(12345.6), "12,346"),
        (n.milliseconds(16.0), "16"),
        (n.milliseconds(7.25), "7.25"),
        (n.significant(0.000278), "0.00028"),
        (n.significant(12.34), "12"),
        (n.significant(0.0), "0"),
        (n.scientific(3.14e-6), "3.1e-6"),
        (n.scientific(0.41), "0.41"),
        (n.scientific(float("inf")), "inf"),
        (n.duration(9.96), "10.0 s"),
        (n.duration(59.7), "1 min 0 s"),
        (n.duration(171.3), "2 min 51 s"),
        (n.duration(7500), "2 h 5 min"),
        (n.decimals(None), "–"),
    ],
)
def test_a_number_is_written_otherwise_than_meant(written: str, meant: str):
    assert written == meant


def test_a_sweep_counts_failed_runs_or_divides_by_n(sweep_report: SweepReport):
    accuracies = [run.accuracy for run in sweep_report.runs if run.accuracy is not None]
    found = sweep_report.summary("accuracy")
    assert found is not None
    assert (found.runs, found.lowest, found.highest) == (5, 0.668, 0.872)
    assert found.mean == pytest.approx(np.mean(accuracies))
    assert found.deviation == pytest.approx(np.std(accuracies, ddof=1))
    assert "75.8 % mean accuracy" in sweep_report.verdict
    assert sweep_report.verdict.endswith("; 1 of 6 runs failed.")


def test_a_sweep_of_one_run_claims_a_deviation(run_report: RunReport):
    sweep = SweepReport("x", "seeds", (SweepRun.of("seed 0", run_report),))
    found = sweep.summary("accuracy")
    assert found is not None
    assert found.deviation is None
    with pytest.raises(InputError, match="no runs"):
        SweepReport("x", "seeds", ())


def test_a_row_of_a_sweep_loses_figures_of_its_run(run_report: RunReport):
    row = SweepRun.of("seed 0", run_report, report="0/report.html")
    assert row == SweepRun(
        "seed 0", 0.9933, (0.9806, 0.9977), 450, 0.9956, 0.9978, 34_180, 4.41, 40, 171.3, "0/report.html"
    )


def test_a_report_changes_on_its_way_through_json(
    run_report: RunReport, sweep_report: SweepReport, tmp_path: Path
):
    for report in (run_report, sweep_report):
        assert from_dict(json.loads(json.dumps(to_dict(report)))) == report
        (tmp_path / "report.json").write_text(to_json(report), encoding="utf-8")
        assert read_report(tmp_path) == read_report(tmp_path / "report.json") == report


def test_numbers_of_numpy_or_diverged_losses_lose_the_report(run_report: RunReport):
    raw = run_report.measurements[-1]
    measured = dataclasses.replace(
        raw, accuracy=np.float32(0.5), clips=np.int64(4), real_time_factor=float("inf")
    )
    stored = json.loads(to_json(dataclasses.replace(run_report, measurements=(measured,))))
    back = from_dict(stored)
    assert isinstance(back, RunReport)
    assert (back.shipped.accuracy, back.shipped.clips, back.shipped.real_time_factor) == (
        0.5,
        4,
        float("inf"),
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "other"}, "not a stored report"),
        ({"format": 99}, "format 99 .* upgrade wrenlet"),
        ({"labels": "zero"}, r"report\.labels is 'zero': it must be tuple"),
        ({"seed": "0"}, r"report\.seed is '0': it must be int"),
        ({"corpus": {"about": "x"}}, r"report\.corpus\.name is missing"),
        (
            {"clips": [{"name": "a", "label": "b", "predicted": "c", "confidence": True, "seconds": 1}]},
            "confidence",
        ),
        ({"confusion": [[1.5]]}, r"report\.confusion\[0\]\[0\] is '1\.5'"),
    ],
)
def test_a_damaged_report_is_not_named_by_its_place(run_report: RunReport, change: dict, message: str):
    with pytest.raises(InputError, match=message):
        from_dict({**to_dict(run_report), **change})


def test_a_key_of_a_newer_wrenlet_is_refused(run_report: RunReport):
    assert from_dict({**to_dict(run_report), "mood": "sunny"}) == run_report


@pytest.mark.parametrize("content", [None, "", "{", "[]", '"x"'])
def test_a_missing_or_truncated_file_is_not_named(tmp_path: Path, content: str | None):
    path = tmp_path / "report.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"report\.json: "):
        read_report(path)


def test_the_picture_of_a_long_clip_is_as_large_as_the_clip():
    samples = np.sin(np.arange(160_000) / 10)
    clip = picture_clip("long", "a", "b", 0.5, samples, 16_000, np.ones((625, 40)), "log-mel")
    assert (clip.seconds, len(clip.envelope), len(clip.features)) == (10.0, 240, 240)
    assert min(low for low, _ in clip.envelope) == pytest.approx(-1, abs=1e-3)
    assert clip.mistaken


@pytest.mark.parametrize("samples", [[], [0.0], [float("nan"), 0.5]])
def test_a_clip_of_hardly_any_samples_breaks_the_picture(samples: list[float]):
    clip = picture_clip("short", "a", "a", 1.0, samples, 8000, np.zeros((0, 20)))
    assert clip.features == ()
    assert all(np.isfinite(clip.envelope).ravel())


def test_the_chosen_clips_leave_out_mistakes_or_labels():
    truth = [0, 1, 2, 0, 1, 2, 0, 1]
    predicted = [0, 1, 2, 1, 1, 0, 0, 1]
    confidence = [0.9, 0.9, 0.9, 0.4, 0.9, 0.7, 0.9, 0.9]
    assert choose_clips(truth, predicted, confidence, most=5) == [5, 3, 0, 1, 2]
    everything_wrong = choose_clips([0] * 30, [1] * 30, [0.5] * 30, most=12)
    assert everything_wrong == list(range(12))
    assert len(choose_clips([0] * 30 + [1] * 30, [1] * 60, [0.5] * 60, most=12)) == 12


def test_importing_the_report_loads_torch_or_matplotlib():
    code = "import sys, wrenlet.report; print(sorted({'torch', 'matplotlib', 'jinja2'} & set(sys.modules)))"
    path = str(Path(__file__).parents[2] / "src")
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {path!r}); {code}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
