"""Which recordings training mixes under its clips."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from wrenlet.errors import InputError
from wrenlet.recipes import load_recipe
from wrenlet.recipes.stages import TRAINING_NOISE, _noise

RATE = 16000


def context(noise: Path | None, *overrides: str) -> Any:
    """Return what the stage reads of a run, with a corpus that has this folder of noise."""
    recipe = load_recipe("commands-gru", overrides)
    return SimpleNamespace(recipe=recipe, corpora=(SimpleNamespace(noise=noise),))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Recordings whose beginning is 0.02 and whose end, kept for tests, is 0.5."""
    samples = np.full(10 * RATE, 0.02, np.float32)
    samples[round(TRAINING_NOISE * len(samples)) :] = 0.5
    for name in ("tap", "wind"):
        soundfile.write(tmp_path / f"{name}.wav", samples, RATE, subtype="FLOAT")
    return tmp_path


def test_training_never_hears_the_end_of_the_corpus_noise(folder: Path) -> None:
    heard = _noise(context(folder, "augment.noise_volume=0.1"))
    assert heard is not None
    assert len(heard) == 2 * 8 * RATE
    np.testing.assert_allclose(heard, 0.02, rtol=1e-3)


def test_ratios_need_even_recordings_and_volumes_the_recorded_level(folder: Path) -> None:
    heard = _noise(context(folder))
    assert heard is not None
    np.testing.assert_allclose(heard, 0.1, rtol=1e-3)


def test_a_persons_own_folder_is_heard_whole(folder: Path) -> None:
    heard = _noise(context(None, f"augment.noise=folder:{folder}"))
    assert heard is not None
    assert len(heard) == 2 * 10 * RATE


def test_a_corpus_without_noise_is_refused_and_no_noise_is_no_mistake() -> None:
    with pytest.raises(InputError, match=r"use augment\.noise=pink"):
        _noise(context(None))
    assert _noise(context(None, "augment.noise_probability=0")) is None
    assert _noise(context(None, "augment.noise=pink")) is None
