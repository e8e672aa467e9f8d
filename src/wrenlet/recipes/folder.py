"""A run's folder: stages that are either whole or absent, and a lock that a dead process cannot keep."""

import errno
import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from wrenlet.errors import InputError

__all__ = ["RunFolder", "check_space", "is_disk_full", "open_run"]

#: What a stage leaves in the folder; its presence says that the stage is whole.
RESULTS = {
    "prepare": "prepare",
    "train": "train",
    "export": "artefacts",
    "verify": "verify.json",
    "report": "report.html",
}


class RunFolder:
    """`runs/<recipe>/<digest>/`.

    Attributes:
        path: of the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"RunFolder({str(self.path)!r})"

    @property
    def recipe_file(self) -> Path:
        """The resolved recipe."""
        return self.path / "recipe.yaml"

    @property
    def checkpoint(self) -> Path:
        """The trained recogniser."""
        return self.path / "train" / "checkpoint.safetensors"

    @property
    def artefacts(self) -> Path:
        """The folder of `.tflite` and `.onnx` files."""
        return self.path / "artefacts"

    def result(self, stage: str) -> Path:
        """Return the file or folder that a stage leaves."""
        return self.path / RESULTS[stage]

    def is_whole(self, stage: str) -> bool:
        """Say whether a stage has finished."""
        return self.result(stage).exists()

    def is_started(self, stage: str) -> bool:
        """Say whether a stage was begun and stopped on the way."""
        return self.partial(stage).exists()

    @contextmanager
    def writing(self, stage: str, *, resume: bool = False) -> Iterator[Path]:
        """Give a folder to write a stage into, which becomes the stage's result when the block ends well.

        Args:
            stage: a key of `RESULTS`.
            resume: keep what an interrupted attempt left there, for a stage that continues from it.
        """
        partial, result = self.partial(stage), self.result(stage)
        if partial.exists() and not resume:
            shutil.rmtree(partial)
        partial.mkdir(parents=True, exist_ok=True)
        yield partial
        if result.suffix:  # a stage of files: the one that says "whole" is moved last
            for file in sorted(partial.iterdir(), key=lambda file: file.name == result.name):
                if file.is_dir():
                    shutil.rmtree(self.path / file.name, ignore_errors=True)
                file.replace(self.path / file.name)
            partial.rmdir()
            return
        old = self.path / f".{result.name}.old"
        if result.exists():
            shutil.rmtree(old, ignore_errors=True)
            result.rename(old)
        partial.rename(result)
        shutil.rmtree(old, ignore_errors=True)

    def read(self, file: str) -> Any:
        """Read a JSON file of the folder, such as `verify.json`."""
        return json.loads((self.path / file).read_text(encoding="utf-8"))

    def write(self, file: str, text: str) -> None:
        """Write a text file of the folder, whole or not at all."""
        partial = self.path / f".{file}.partial"
        partial.write_text(text, encoding="utf-8")
        partial.replace(self.path / file)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder: two runs of the same recipe must not write into each other.

        The operating system lets go of the lock when its holder dies, however it dies, so a file that was
        left behind stops nobody.

        Raises:
            InputError: if another process holds it, naming that process.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        file = self.path / ".lock"
        with file.open("a+", encoding="utf-8") as handle:
            if not _take(handle):
                handle.seek(0)
                holder = handle.read().strip() or "another process"
                raise InputError(
                    f"{self.path} is being written by {holder}: wait for it, or stop it and run the same "
                    "command again"
                )
            handle.truncate(0)
            handle.write(f"process {os.getpid()} on {socket.gethostname()}")
            handle.flush()
            yield

    def partial(self, stage: str) -> Path:
        """Return the folder that a stage is written into before it is whole."""
        return self.path / f".{stage}.partial"


def open_run(path: Path) -> RunFolder:
    """Return the run in a folder, or the only or latest run below it.

    Args:
        path: `runs/digits/0123456789ab`, or `runs/digits` for the latest run there.

    Raises:
        InputError: if there is no run.
    """
    if (path / "recipe.yaml").is_file():
        return RunFolder(path)
    found = sorted(path.glob("*/recipe.yaml"), key=lambda file: file.stat().st_mtime) if path.is_dir() else []
    if found:
        return RunFolder(found[-1].parent)
    raise InputError(
        f"{path} is no run: give the folder that  wrenlet run  named, such as runs/digits/0123456789ab"
    )


def check_space(path: Path, needed: int, purpose: str) -> None:
    """Refuse to start what the disk cannot hold.

    Args:
        path: any path on the disk; it need not exist.
        needed: bytes.
        purpose: what is about to be written, for the message.

    Raises:
        InputError: if less is free.
    """
    free = free_space(path)
    if free < needed:
        raise InputError(
            f"{purpose} needs {needed / 1e6:,.0f} MB, and the disk of {path} has {free / 1e6:,.0f} MB free: "
            "free some space, or give another disk with --runs, and run the same command"
        )


def free_space(path: Path) -> int:
    """Return the free bytes on the disk that holds, or would hold, `path`."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


def is_disk_full(error: BaseException, path: Path) -> bool:
    """Say whether an error, of whatever library, comes from a full disk."""
    codes = (errno.ENOSPC, errno.EDQUOT)
    cause: BaseException | None = error
    while cause is not None:
        # Compiled writers (checkpoints, event files) wrap the code in text.
        if getattr(cause, "errno", None) in codes or "No space left" in str(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return isinstance(error, (OSError, RuntimeError)) and free_space(path) < 65_536


def _take(handle: TextIO) -> bool:
    """Lock an open file for this process, or say that another has it."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
