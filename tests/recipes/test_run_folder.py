"""A run's folder: stages are whole or absent, and a dead lock stops nobody."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from wrenlet.errors import InputError
from wrenlet.recipes.folder import RunFolder, check_space, is_disk_full, open_run


def _fail_while_writing(folder: RunFolder, stage: str, text: str) -> None:
    def work() -> None:
        with folder.writing(stage, resume=True) as partial:
            (partial / "file").write_text(text)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()


def test_a_stage_that_fails_leaves_no_result(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    _fail_while_writing(folder, "prepare", "half")
    assert not folder.is_whole("prepare")
    assert folder.is_started("prepare")
    with folder.writing("prepare") as partial:
        assert not list(partial.iterdir()), "a stage that cannot resume starts afresh"
        (partial / "whole").write_text("whole")
    assert folder.is_whole("prepare")
    assert not folder.is_started("prepare")
    assert [file.name for file in (tmp_path / "prepare").iterdir()] == ["whole"]


def test_a_stage_that_resumes_finds_what_it_left(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    _fail_while_writing(folder, "train", "epoch 3")
    with folder.writing("train", resume=True) as partial:
        assert (partial / "file").read_text() == "epoch 3"
    assert folder.is_whole("train")


def test_a_stage_of_files_moves_the_one_that_says_whole_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunFolder(tmp_path)
    order = []
    replace = Path.replace
    monkeypatch.setattr(
        Path, "replace", lambda self, target: (order.append(self.name), replace(self, target))[1]
    )
    with folder.writing("report") as partial:
        (partial / "report.html").write_text("page")
        (partial / "report.md").write_text("page")
        (partial / "zzz.json").write_text("{}")
    assert order[-1] == "report.html"
    assert folder.is_whole("report")
    assert (tmp_path / "report.md").is_file()


def test_writing_a_stage_again_replaces_it_whole(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for name in ("first", "second"):
        with folder.writing("export") as partial:
            (partial / name).write_text(name)
    assert [file.name for file in (tmp_path / "artefacts").iterdir()] == ["second"]


HOLD = """
import sys, time
from pathlib import Path
from wrenlet.recipes.folder import RunFolder
with RunFolder(Path(sys.argv[1])).locked():
    print("held", flush=True)
    time.sleep(60)
"""


def test_two_runs_do_not_write_into_each_other_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(InputError, match=f"being written by process {holder.pid}"),
            RunFolder(tmp_path).locked(),
        ):
            pass
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
    with RunFolder(tmp_path).locked():
        pass
    with RunFolder(tmp_path).locked():
        pass


def test_a_disk_without_room_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    check_space(tmp_path / "not" / "yet", 1, "a run")
    with pytest.raises(InputError, match="a run needs 1,000,000,000,000 MB") as caught:
        check_space(tmp_path / "not" / "yet", 10**18, "a run")
    assert "run the same command" in str(caught.value)


def test_a_full_disk_is_recognised_however_a_library_wraps_it(tmp_path: Path) -> None:
    plain = OSError(errno.ENOSPC, "No space left on device")
    wrapped = RuntimeError("I/O error: No space left on device (os error 28)")
    chained = RuntimeError("checkpoint failed")
    chained.__cause__ = plain
    assert all(is_disk_full(error, tmp_path) for error in (plain, wrapped, chained))
    assert not is_disk_full(RuntimeError("diverged"), tmp_path)


def test_a_run_is_found_by_its_folder_or_as_the_latest_of_its_recipe(tmp_path: Path) -> None:
    for time, name in enumerate(("bbb", "aaa")):
        (tmp_path / "digits" / name).mkdir(parents=True)
        file = tmp_path / "digits" / name / "recipe.yaml"
        file.write_text("name: digits\n")
        os.utime(file, (time, time))
    assert open_run(tmp_path / "digits" / "bbb").path.name == "bbb"
    assert open_run(tmp_path / "digits").path.name == "aaa"
    for missing in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(InputError, match="is no run"):
            open_run(missing)
