"""What a recipe may learn from, beside its own corpus and at all."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tone_recipe import write_recipe, write_tones

from wrenlet.corpora import Clips
from wrenlet.errors import InputError
from wrenlet.recipes import RunOptions, load_recipe, run
from wrenlet.recipes.joining import join_clips, refuse_leaks

OPTIONS = RunOptions(accelerator="cpu", devices=1, quiet=True)


def clips(*speakers: str, seed: int = 0) -> Clips:
    waveforms = np.random.default_rng(seed).normal(0, 0.1, (len(speakers), 8)).astype(np.float32)
    ids = tuple(f"clip{seed}-{number}" for number in range(len(speakers)))
    ones = np.ones(len(speakers), np.int64)
    return Clips(waveforms, 8 * ones, 0 * ones, ("yes", "no"), ids, speakers, 8000)


def test_strangers_of_the_test_may_not_be_trained_on() -> None:
    training, test = clips("ann", "ben"), clips("cleo", "dan", seed=1)
    refuse_leaks(clips("eve", "", seed=2), "join.0 (digits)", training, [test])
    with pytest.raises(
        InputError, match=r"join\.0 \(digits\) would train on 1 speakers .*\(cleo\): use the same"
    ):
        refuse_leaks(clips("cleo", "ann", seed=2), "join.0 (digits)", training, [test])


def test_speakers_whom_the_training_knows_anyway_are_no_leak() -> None:
    training, test = clips("ann", "ben"), clips("ann", "ben", seed=1)
    refuse_leaks(clips("ann", seed=2), "join.0 (digits)", training, [test])


def test_the_same_recording_may_not_train_and_test_however_padded() -> None:
    training, test = clips("", ""), clips("", "", seed=1)
    wider = join_clips(
        [clips("", "", seed=2), replace(test, waveforms=np.pad(test.waveforms, ((0, 0), (0, 3))))]
    )
    with pytest.raises(InputError, match=r"2 recordings .* such as clip1-0 \(there clip1-0\)"):
        refuse_leaks(wider, "join.1 (folder:more)", training, [clips("", seed=3), test])


def test_digital_silence_is_no_recording_that_could_leak() -> None:
    silent = replace(clips(""), waveforms=np.zeros((1, 8), np.float32))
    refuse_leaks(silent, "join.0 (digits)", clips(""), [silent])


def test_the_same_corpus_with_another_seed_is_refused_before_training(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path)
    joined = load_recipe(recipe, [f"join=[{{name: 'folder:{tmp_path / 'recordings'}', seed: 1}}]"])
    with pytest.raises(InputError, match="recordings that are validation or test clips"):
        run(joined, tmp_path, tmp_path / "runs", OPTIONS)
    assert not list(tmp_path.glob("runs/*/*/prepare"))


def test_one_label_is_nothing_to_learn(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path)
    shutil.rmtree(tmp_path / "recordings" / "low")
    with pytest.raises(InputError, match="has one label only, 'high': a model needs at least two"):
        run(load_recipe(recipe), tmp_path, tmp_path / "runs", OPTIONS)


def test_a_label_without_training_clips_is_refused_when_one_is_left(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path)
    shutil.rmtree(tmp_path / "recordings")
    for part in ("train", "validation", "test"):
        write_tones(tmp_path / "recordings" / part, clips=3)
    shutil.rmtree(tmp_path / "recordings" / "train" / "low")
    with pytest.raises(InputError, match="training has no clips of 'low'"):
        run(load_recipe(recipe), tmp_path, tmp_path / "runs", OPTIONS)


@pytest.mark.parametrize("override", ["model.arguments.hidden=abc", "model.arguments.hidden=64.5"])
def test_arguments_that_a_model_cannot_take_are_one_sentence(tmp_path: Path, override: str) -> None:
    with pytest.raises(InputError, match="hidden"):
        run(load_recipe(write_recipe(tmp_path), [override]), tmp_path, tmp_path / "runs", OPTIONS)


def test_a_slip_in_a_sweeps_last_value_shows_before_its_first_run(tmp_path: Path) -> None:
    recipe = load_recipe(write_recipe(tmp_path), ["sweep.model.name=[lstm_24, lstm_25]"])
    with pytest.raises(InputError, match="lstm_25"):
        run(recipe, tmp_path, tmp_path / "runs", OPTIONS)
    assert not (tmp_path / "runs").exists()


def test_a_missing_exporter_is_said_before_training_not_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "litert_torch", None)
    with pytest.raises(InputError, match=r"pip install 'wrenlet\[export\]'"):
        run(load_recipe(write_recipe(tmp_path)), tmp_path, tmp_path / "runs", OPTIONS)
    assert not (tmp_path / "runs").exists()
