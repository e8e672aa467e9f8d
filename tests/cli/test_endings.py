"""Exit codes: what is the person's to mend, what is ours, and what was stopped."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from wrenlet.errors import InputError
from wrenlet.extras import EXTRAS, MissingExtraError

Call = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (InputError("features.hop_ms is 7.3: use 7.5"), 2, "error: features.hop_ms is 7.3: use 7.5\n"),
        (MissingExtraError("train", "wrenlet run", "torch"), 2, "pip install 'wrenlet[train]'"),
        (OSError(errno.ENOSPC, "No space left on device", "/x/y"), 2, "the disk that holds /x/y is full"),
        (PermissionError(errno.EACCES, "Permission denied", "/x/y"), 2, "/x/y may not be read or written"),
        (KeyboardInterrupt(), 130, "the same command continues"),
        (ZeroDivisionError("division by zero"), 1, "WRENLET_DEBUG=1 shows where"),
    ],
)
def test_an_error_ends_with_its_code_and_one_sentence(
    call: Call, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, told: str
) -> None:
    def fail(name: str) -> None:
        raise error

    monkeypatch.setattr("wrenlet.cli.recipes.find_recipe", fail)
    outcome = call("recipes", "digits")
    assert outcome[0] == code
    assert told in outcome[2]
    assert "Traceback" not in outcome[2]
    assert outcome[2].strip().count("\n") == 0


@pytest.mark.parametrize("how", ["option", "variable"])
def test_the_traceback_is_there_for_who_asks(call: Call, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.setattr("wrenlet.cli.recipes.find_recipe", lambda _: 1 / 0)
    if how == "variable":
        monkeypatch.setenv("WRENLET_DEBUG", "1")
        outcome = call("recipes", "digits")
    else:
        outcome = call("--debug", "recipes", "digits")
    assert outcome[0] == 1
    assert "ZeroDivisionError" in outcome[2]
    assert "Traceback" in outcome[2]


def test_a_missing_part_says_which_extra_brings_it() -> None:
    program = (
        "import sys\n"
        "for name in ('torch', 'lhotse', 'lightning', 'litert_torch'): sys.modules[name] = None\n"
        "from wrenlet.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    for arguments, extra in (
        (["run", "digits"], "train"),
        (["models"], "train"),
        (["report", "runs"], "train"),
        (["export", "runs"], "train"),
        (["data", "check", "digits", "--data", "/nowhere"], None),
        (["recipes"], None),
    ):
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
        )
        if extra is None:
            assert "pip install" not in done.stderr
            assert done.returncode in (0, 2)
        else:
            assert done.returncode == 2, done.stderr
            assert f"pip install 'wrenlet[{extra}]'" in done.stderr
            assert extra in EXTRAS


def test_a_reader_who_leaves_is_no_error() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m wrenlet.cli recipes digits | head -1; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_while_training_says_that_the_same_command_continues(
    finished: tuple[Path, Path], tmp_path: Path
) -> None:
    recipe, whole = finished
    runs = tmp_path / "runs"
    command = [sys.executable, "-m", "wrenlet.cli", "run", str(recipe), "--runs", str(runs)]
    process = subprocess.Popen(
        [*command, "--accelerator", "cpu", "--set", "training.epochs=400"], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not list(runs.glob("tones/*/.train.partial/resume.ckpt")):
        assert process.poll() is None, "the run ended by itself"
        assert time.monotonic() < deadline, "training did not start within a minute"
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130, told
    assert told.strip().splitlines()[-1].startswith("stopped: the same command continues")
    assert "Traceback" not in told
    (folder,) = (runs / "tones").iterdir()
    assert folder.name != whole.name
    assert (folder / "prepare").is_dir()


def test_a_reader_that_leaves_while_a_command_still_writes_is_no_error() -> None:
    program = (
        "import sys, wrenlet.cli.recipes as recipes\n"
        "recipes.find_recipe = lambda _: [sys.stdout.write('x' * 100_000) for _ in range(10)]\n"
        "from wrenlet.cli import main\n"
        "sys.exit(main(['recipes', 'digits']))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.wait(20) == 0
        assert process.stderr.read() == ""
