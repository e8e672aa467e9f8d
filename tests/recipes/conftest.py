"""A run of a tiny recipe, made once for all tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tone_recipe import finished_run


@pytest.fixture(scope="session")
def finished() -> Iterator[tuple[Path, Path]]:
    recipe, run = finished_run()
    yield recipe, run
    shutil.rmtree(recipe.parent, ignore_errors=True)
    finished_run.cache_clear()
