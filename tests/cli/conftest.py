"""A run of a tiny recipe, made once for all tests, and a way to call a command."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

sys.path.append(str(Path(__file__).parent.parent / "recipes"))  # the two rooms share one run

from tone_recipe import finished_run

from wrenlet.cli import main


class Outcome(NamedTuple):
    """What a command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def finished() -> Iterator[tuple[Path, Path]]:
    recipe, run = finished_run()
    yield recipe, run
    shutil.rmtree(recipe.parent, ignore_errors=True)
    finished_run.cache_clear()


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    monkeypatch.delenv("WRENLET_DEBUG", raising=False)
    monkeypatch.delenv("WRENLET_DATA", raising=False)

    def outcome(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Outcome(code, *capsys.readouterr())

    return outcome
