"""A training that was killed gives the numbers of one that was not."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from test_train import CHECK, CLIPS, QUIET, SHORT, numbers, run, same_weights
from tones import tone_recogniser

from wrenlet.audio import AugmentSettings
from wrenlet.errors import InputError
from wrenlet.features import MaskSettings
from wrenlet.models import load_weights
from wrenlet.training import TrainerOptions, train
from wrenlet.training.keeper import Keeper
from wrenlet.training.keywords import KeywordTask

WORKER = Path(__file__).with_name("worker.py")
ARGUMENTS = {"dropout": 0.2}


class Killed(BaseException):
    """Stands for a process that ends without a chance to tidy up."""


@pytest.mark.parametrize("augment", [AugmentSettings(), AugmentSettings.off()], ids=["augmented", "cached"])
@pytest.mark.parametrize("killed", [1, 3, 5])
def test_killed_after_whole_epochs_and_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: int, augment: AugmentSettings
) -> None:
    whole, result = run(tmp_path / "whole", augment=augment, **ARGUMENTS)
    kept_whole = torch.load(tmp_path / "whole" / "resume.ckpt", weights_only=True)

    original = Keeper.on_train_epoch_end

    def fatal(self: Keeper, trainer: object, task: object) -> None:
        original(self, trainer, task)  # type: ignore[arg-type]
        if len(self.history) == killed:
            raise Killed

    monkeypatch.setattr(Keeper, "on_train_epoch_end", fatal)
    with pytest.raises(Killed):
        run(tmp_path / "parts", augment=augment, **ARGUMENTS)
    monkeypatch.undo()
    continued, again = run(tmp_path / "parts", augment=augment, **ARGUMENTS)

    assert numbers(again) == numbers(result)
    assert same_weights(whole, continued)
    kept = torch.load(tmp_path / "parts" / "resume.ckpt", weights_only=True)
    assert all(
        torch.equal(value, kept["state_dict"][name]) for name, value in kept_whole["state_dict"].items()
    )


def test_killed_in_the_middle_of_an_epoch_and_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, result = run(tmp_path / "whole", **ARGUMENTS)
    original = KeywordTask.training_step

    def fatal(self: KeywordTask, batch: int, batch_idx: int) -> torch.Tensor:
        if self.current_epoch == 2 and batch_idx == 1:
            raise Killed
        return original(self, batch, batch_idx)

    monkeypatch.setattr(KeywordTask, "training_step", fatal)
    with pytest.raises(Killed):
        run(tmp_path / "parts", **ARGUMENTS)
    monkeypatch.undo()
    continued, again = run(tmp_path / "parts", **ARGUMENTS)
    assert numbers(again) == numbers(result)
    assert same_weights(whole, continued)


def start(folder: Path, *extra: str) -> subprocess.Popen:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, str(WORKER), str(folder), *extra], env=environment)


def wait_for_epochs(folder: Path, process: subprocess.Popen, epochs: int) -> None:
    metrics = folder / "metrics.jsonl"
    deadline = time.monotonic() + 60
    while not metrics.is_file() or metrics.read_text().count("\n") < epochs:
        assert process.poll() is None, "the training ended before it could be stopped"
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_a_process_that_is_stopped_anywhere_continues_exactly(tmp_path: Path, stop: signal.Signals) -> None:
    process = start(tmp_path / "parts", "slowly")
    wait_for_epochs(tmp_path / "parts", process, 2)
    time.sleep(0.05)  # some way into the next epoch
    process.send_signal(stop)
    status = process.wait(timeout=60)
    assert status == (-9 if stop == signal.SIGKILL else 130)

    whole, result = run(tmp_path / "whole", **ARGUMENTS)
    continued, again = run(tmp_path / "parts", **ARGUMENTS)
    assert numbers(again) == numbers(result)
    assert same_weights(whole, continued)


@pytest.mark.slow
def test_two_processes_learn_together(tmp_path: Path) -> None:
    recogniser = tone_recogniser(CLIPS)
    options = TrainerOptions(accelerator="cpu", devices=2, progress=False)
    result = train(
        recogniser, CLIPS, CHECK, SHORT, AugmentSettings.off(), MaskSettings(),  # type: ignore[arg-type]
        seed=0, folder=tmp_path / "two", options=options,
    )  # fmt: skip
    _, alone = run(tmp_path / "one", augment=AugmentSettings.off())
    # The same batches, halved: the same training but for the order of additions.
    assert result.history[0]["loss"] == pytest.approx(alone.history[0]["loss"], rel=1e-4)
    assert result.epochs_run == SHORT.epochs
    assert [row["epoch"] for row in result.history] == list(range(1, SHORT.epochs + 1))


def test_a_best_file_of_another_model_is_refused(tmp_path: Path) -> None:
    run(tmp_path)
    with pytest.raises(InputError, match="another model"):
        load_weights(tone_recogniser(CLIPS, hidden=8).body, tmp_path / "best.safetensors")


def test_no_file_of_a_training_needs_unpickling(tmp_path: Path) -> None:
    run(tmp_path)
    assert torch.load(tmp_path / "resume.ckpt", weights_only=True)["callbacks"]
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"best.safetensors", "metrics.jsonl", "resume.ckpt", "tensorboard"}


def test_quiet_means_nothing_on_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, options=QUIET)
    output = capfd.readouterr()
    assert output.out == ""
    assert output.err == ""
