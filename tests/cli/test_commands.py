"""What the commands print, and how they end."""

import json
import os
import re
import subprocess
import sys
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tone_recipe import write_tones

Call = Callable[..., tuple[int, str, str]]
COMMANDS = (
    "run", "data", "evaluate", "benchmark", "listen", "export", "report", "recipes", "models", "doctor"
)  # fmt: skip


@pytest.fixture
def artefact(finished: tuple[Path, Path]) -> Path:
    return finished[1] / "artefacts" / "tones-int8.tflite"


@pytest.fixture
def tones(tmp_path: Path) -> Path:
    return write_tones(tmp_path / "tones", clips=6, seed=5)


def test_every_command_has_help_with_an_example(call: Call) -> None:
    listed = call("--help").out
    for command in COMMANDS:
        assert command in listed
        code, out, _ = call(command, "--help")
        assert code == 0
        if command == "data":
            for below in ("list", "get", "check"):
                assert "Example:" in call("data", below, "--help").out
        else:
            assert "Example:" in out, command


def test_the_version_is_told(call: Call) -> None:
    from wrenlet import __version__

    assert call("--version") == (0, f"wrenlet {__version__}\n", "")


def test_help_and_the_list_of_recipes_do_not_wait_for_torch() -> None:
    program = (
        "import sys\n"
        "from wrenlet.cli import main\n"
        "assert main(['--help']) == 0 and main(['recipes']) == 0 and main(['run', '--help']) == 0\n"
        "heavy = {'torch', 'lhotse', 'lightning', 'numpy', 'ai_edge_litert'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_is_there_at_once() -> None:
    before = os.times()
    subprocess.run([sys.executable, "-m", "wrenlet.cli", "--help"], capture_output=True, check=True)
    after = os.times()
    # The processor's time, not the clock's: other tests may be running beside this one.
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    assert spent < 0.5


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["rnu"], "Did you mean 'run'?"),
        (["run"], "Missing argument"),
        (["run", "digits", "--epochs", "3"], "No such option: --epochs"),
        (["run", "digist"], "did you mean digits?"),
        (["run", "digits", "--set", "training.epcohs=3"], "did you mean training.epochs?"),
        (["run", "digits", "--set", "model.name=lstm_65"], "lstm_64"),
        (["run", "digits", "--threads", "0"], "--threads"),
        (["recipes", "quikstart"], "did you mean quickstart?"),
        (["data", "get", "digit"], "did you mean digits?"),
        (["data", "check", "digits", "--split", "rnd"], "use random, official or speakers"),
        (["report", "nowhere"], "nowhere is no run"),
        (["export", "nowhere"], "nowhere is no run"),
        (["benchmark", "nowhere.tflite"], "nowhere.tflite does not exist"),
        (["listen", "nowhere.tflite", "x.wav"], "nowhere.tflite does not exist"),
    ],
)
def test_a_slip_is_one_sentence_with_the_mend(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = call(*arguments)
    assert code == 2
    assert out == ""
    assert complaint in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir()), "nothing is written"


def test_a_near_artefact_is_suggested(call: Call, artefact: Path) -> None:
    assert f"did you mean {artefact}?" in call("benchmark", artefact.with_name("tones-int.tflite")).err
    assert "did you mean" in call("benchmark", artefact.parent).err
    assert "is no artefact" in call("benchmark", artefact.parent.parent / "verify.json").err


def test_evaluate_prints_the_documented_json(call: Call, artefact: Path, tones: Path) -> None:
    code, out, _ = call("evaluate", artefact, "--corpus", f"folder:{tones}", "--json")
    told = json.loads(out)
    assert code == 0
    assert {"accuracy", "interval", "clips", "per_class", "confusion"} <= set(told)
    assert told["clips"] == 12
    low, high = told["interval"]
    assert 0 <= low <= told["accuracy"] <= high <= 1
    assert set(told["per_class"]) == {"high", "low"}
    assert [sum(row) for row in told["confusion"]] == [6, 6]
    for entry in told["per_class"].values():
        assert set(entry) == {"precision", "recall", "f1", "support"}


def test_evaluate_shows_people_a_table_and_a_matrix(call: Call, artefact: Path, tones: Path) -> None:
    code, out, _ = call("evaluate", artefact, "--corpus", f"folder:{tones}", "--stream")
    assert code == 0
    assert "95 % interval" in out
    assert "recall" in out
    assert "said ↓ heard →" in out


def test_evaluate_by_name_takes_the_test_clips_of_the_run(
    call: Call, artefact: Path, finished: tuple[Path, Path]
) -> None:
    told = json.loads((finished[1] / "verify.json").read_text())
    shipped = next(row for row in told["measurements"] if row["mode"] == "offline" and row["artefact"])
    name = f"folder:{finished[0].parent / 'recordings'}"
    everything = json.loads(call("evaluate", artefact, "--corpus", name, "--json").out)
    assert everything["clips"] == 80
    # The same corpus by its name and split, as `digits:test` would be.
    from wrenlet.artefact import read_sidecar
    from wrenlet.cli.evaluate import choose_corpus

    settings, split = choose_corpus("digits", read_sidecar(artefact))
    assert (settings.name, split) == ("digits", "test")
    known = read_sidecar(artefact)
    known.corpus.update(name="digits", split="official")
    settings, split = choose_corpus("digits:validation", known)
    assert (settings.split, split) == ("official", "validation")
    assert shipped["clips"] == 12


def test_labels_that_the_model_does_not_know_are_left_out_and_counted(
    call: Call, artefact: Path, tones: Path
) -> None:
    (tones / "low").rename(tones / "hum")
    code, out, err = call("evaluate", artefact, "--corpus", f"folder:{tones}", "--json")
    assert code == 0
    assert json.loads(out)["clips"] == 6
    assert json.loads(out)["left_out"] == {"hum": 6}
    assert "6 clips of labels that the model does not know are left out: hum (6)" in err


def test_recordings_of_every_kind_are_evaluated_and_damaged_ones_named(
    call: Call, artefact: Path, tones: Path
) -> None:
    stereo = np.random.default_rng(0).normal(0, 0.1, (16000, 2))
    soundfile.write(tones / "high" / "stereo.wav", stereo, 16000)
    soundfile.write(tones / "low" / "fast.flac", stereo[:, 0], 44100)
    (tones / "low" / "empty.wav").write_bytes(b"")
    code, out, err = call("evaluate", artefact, "--corpus", f"folder:{tones}", "--json")
    assert code == 0
    assert json.loads(out)["clips"] == 14
    assert "mixed down" in err
    assert "resampled from 44100 Hz" in err
    assert "1 recordings left out" in err
    assert "empty.wav" in err


def test_one_recording_of_one_label_is_enough_to_evaluate(call: Call, artefact: Path, tones: Path) -> None:
    for file in [*(tones / "high").iterdir(), *list((tones / "low").iterdir())[1:]]:
        file.unlink()
    code, out, _ = call("evaluate", artefact, "--corpus", f"folder:{tones}", "--json")
    assert code == 0
    assert json.loads(out)["clips"] == 1
    shown = call("evaluate", artefact, "--corpus", f"folder:{tones}").out
    assert re.search(r"^high +0 +– ", shown, re.M), "no clips, no recall"


def test_how_many_recordings_may_be_damaged_is_for_the_person_to_say(
    call: Call, artefact: Path, tones: Path
) -> None:
    for number in range(3):
        (tones / "low" / f"bad{number}.wav").write_bytes(b"RIFF")
    code, _, err = call("evaluate", artefact, "--corpus", f"folder:{tones}")
    assert code == 2
    assert "--max-bad-share" in err
    code, out, err = call(
        "evaluate", artefact, "--corpus", f"folder:{tones}", "--json", "--max-bad-share", "0.5"
    )
    assert code == 0
    assert json.loads(out)["clips"] == 12
    assert "3 recordings left out" in err


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda folder: [file.unlink() for file in folder.rglob("*.wav")], "holds no recordings"),
        (lambda folder: folder.rename(folder.with_name("away")), "there is no folder"),
        (lambda folder: [file.write_bytes(b"RIFF") for file in folder.rglob("*.wav")], "cannot be used"),
    ],
)
def test_a_corpus_that_cannot_be_used_is_one_sentence(
    call: Call, artefact: Path, tones: Path, damage: Callable[[Path], object], complaint: str
) -> None:
    damage(tones)
    code, out, err = call("evaluate", artefact, "--corpus", f"folder:{tones}")
    assert (code, out) == (2, "")
    assert complaint in err


@pytest.mark.parametrize("command", ["evaluate", "benchmark", "listen"])
def test_a_file_that_is_not_ours_or_not_whole_is_one_sentence(
    call: Call, artefact: Path, tones: Path, tmp_path: Path, command: str
) -> None:
    rest = {
        "evaluate": ["--corpus", f"folder:{tones}"],
        "benchmark": [],
        "listen": [tones / "low" / "000.wav"],
    }
    content = artefact.read_bytes()
    for name, data in (
        ("empty", b""),
        ("text", b"not a model at all" * 10),
        ("short", content[: len(content) // 2]),
        ("shorter", content[:100]),
    ):
        file = tmp_path / f"{name}.tflite"
        file.write_bytes(data)
        code, out, err = call(command, file, *rest[command])
        assert (code, out) == (2, ""), name
        assert str(file) in err
        assert err.count("\n") == 1


def test_benchmark_prints_the_documented_json(call: Call, artefact: Path) -> None:
    code, out, _ = call("benchmark", artefact, "--json")
    told = json.loads(out)
    assert code == 0
    assert {
        "size_bytes", "hop_ms", "step_us", "real_time_factor", "peak_tensor_bytes", "macs_per_hop"
    } <= set(told)  # fmt: skip
    assert {"median", "p95"} <= set(told["step_us"])
    assert told["size_bytes"] == artefact.stat().st_size
    assert told["hop_ms"] == 16
    assert "multiply-accumulates" in call("benchmark", artefact).out


def test_benchmark_shows_an_onnx_file_without_what_it_does_not_tell(
    call: Call, artefact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from wrenlet import measure

    found = replace(
        measure.benchmark(artefact, blocks=1, block_hops=1), peak_tensor_bytes=None, macs_per_hop=None
    )
    monkeypatch.setattr(measure, "benchmark", lambda _: found)
    code, out, _ = call("benchmark", artefact)
    assert code == 0
    assert "median" in out
    assert "multiply-accumulates" not in out
    assert json.loads(call("benchmark", artefact, "--json").out)["macs_per_hop"] is None


def test_listen_prints_one_event_a_line(call: Call, artefact: Path, tmp_path: Path) -> None:
    times = np.arange(8000 * 2) / 8000
    sound = np.where((times > 1) & (times < 1.3), 0.4 * np.sin(2 * np.pi * 400 * times), 0)
    soundfile.write(tmp_path / "one.wav", sound + np.random.default_rng(0).normal(0, 1e-4, len(times)), 8000)
    code, out, _ = call("listen", artefact, tmp_path / "one.wav", "--json", "--threshold", "0")
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert len(events) == 1
    assert set(events[0]) == {"start", "end", "label", "confidence"}
    assert 0.8 < events[0]["start"] < 1.1
    assert events[0]["label"] in ("high", "low")
    assert events[0]["label"] in call("listen", artefact, tmp_path / "one.wav", "--threshold", "0").out
    quiet = call("listen", artefact, tmp_path / "one.wav", "--threshold", "1")
    assert quiet == (0, "", "nothing was recognised\n")


def test_listen_refuses_what_is_no_recording(call: Call, artefact: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.wav").write_text("no sound")
    assert call("listen", artefact, tmp_path / "notes.wav").code == 2
    near = call("listen", artefact, tmp_path / "note.wav")
    assert near.code == 2
    assert f"did you mean {tmp_path / 'notes.wav'}?" in near.err
    with wave.open(str(tmp_path / "empty.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
    assert call("listen", artefact, tmp_path / "empty.wav").code in (0, 2)


def test_report_and_export_work_on_a_finished_run(
    call: Call, finished: tuple[Path, Path], tmp_path: Path
) -> None:
    run = finished[1]
    code, out, _ = call("report", run.parent)
    assert code == 0
    assert "tones-int8.tflite recognises 2 labels" in out
    settings = ["--set", "export.precisions=[float32]", "--set", "export.formats=[litert]"]
    for source in (run, run / "train" / "checkpoint.safetensors"):
        code, out, _ = call("export", source, "--out", tmp_path / "out", *settings)
        assert code == 0
        assert "tones-float32.tflite" in out
    code, _, err = call("export", run, "--out", tmp_path / "out", "--set", "training.epochs=1")
    assert code == 2
    assert "cannot change a trained model" in err


def test_recipes_can_be_listed_and_printed(call: Call, tmp_path: Path) -> None:
    assert "quickstart" in call("recipes").out
    assert set(json.loads(call("recipes", "--json").out)) >= {"quickstart", "digits"}
    printed = tmp_path / "mine.yaml"
    printed.write_text(call("recipes", "digits").out)
    from wrenlet.recipes import load_recipe

    assert load_recipe(printed) == load_recipe("digits")


def test_models_are_listed_with_their_sizes(call: Call) -> None:
    listed = json.loads(call("models", "--json").out)
    assert listed["lstm_64"]["parameters"] > 20_000
    assert "lstm_64" in call("models").out


def test_data_is_listed_and_checked(call: Call, tones: Path, tmp_path: Path) -> None:
    listed = json.loads(call("data", "list", "--data", tmp_path, "--json").out)
    assert listed["root"] == str(tmp_path)
    assert listed["corpora"]["digits"]["present"] is False
    (tones / "low" / "bad.wav").write_bytes(b"RIFFbad")
    code, out, _ = call("data", "check", f"folder:{tones}")
    assert code == 0
    assert "1 recordings cannot be read" in out
    assert "bad.wav" in out
    told = json.loads(call("data", "check", f"folder:{tones}", "--json").out)
    assert told["recordings"] == 13
    assert {row["split"] for row in told["splits"]} == {"train", "validation", "test"}
    missing = call("data", "check", "digits", "--data", tmp_path)
    assert missing.code == 2
    assert "wrenlet data get digits" in missing.err


def test_the_doctor_tells_what_is_installed(call: Call, tmp_path: Path) -> None:
    told = json.loads(call("doctor", "--json", "--data", tmp_path).out)
    assert told["packages"]["numpy"]
    assert told["extras"]["train"] == {"missing": []}
    assert told["data"]["path"] == str(tmp_path)
    assert told["data"]["free_gb"] >= 0
    shown = call("doctor", "--data", tmp_path)
    assert shown.code == 0
    assert "accelerators" in shown.out
