"""A training begins with the weights of an earlier one, or says why it cannot."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_train import CLIPS, QUIET, SHORT, run, same_weights
from tones import tone_clips, tone_recogniser

from wrenlet.audio import AugmentSettings
from wrenlet.errors import InputError
from wrenlet.features import MaskSettings
from wrenlet.models import save_recogniser
from wrenlet.training import train
from wrenlet.training.start import start_from


def stored(folder: Path, seed: int = 7) -> Path:
    """Write an untrained recogniser with a normalisation of its own where a run keeps its checkpoint."""
    path = folder / "train" / "checkpoint.safetensors"
    path.parent.mkdir(parents=True)
    save_recogniser(tone_recogniser(tone_clips(12, seed=seed), seed=seed), path)
    return path


@pytest.mark.parametrize("folder", [True, False])
def test_weights_and_normalisation_are_those_of_the_checkpoint(tmp_path: Path, folder: bool) -> None:
    path = stored(tmp_path)
    source, recogniser = tone_recogniser(tone_clips(12, seed=7), seed=7), tone_recogniser(CLIPS)
    assert not same_weights(source, recogniser)
    start_from(recogniser, str(tmp_path if folder else path))
    assert same_weights(source, recogniser)


def test_training_starts_there_and_continues_to_the_same_numbers(tmp_path: Path) -> None:
    path = stored(tmp_path / "first")
    settings = replace(SHORT, epochs=2, learning_rate=1e-9, start_from=str(path))
    recogniser, _ = run(tmp_path / "second", settings)
    source = tone_recogniser(tone_clips(12, seed=7), seed=7)
    for name, value in source.state_dict().items():
        torch.testing.assert_close(recogniser.state_dict()[name], value, atol=1e-6, rtol=0)
    again, _ = run(tmp_path / "second", settings)
    assert same_weights(recogniser, again)


def test_steps_end_the_training_and_fixed_lengths_stay(tmp_path: Path) -> None:
    _, result = run(tmp_path / "steps", replace(SHORT, epochs=9, steps=5))
    assert result.epochs_run == 2
    recogniser = tone_recogniser(CLIPS)
    kept = train(
        recogniser, CLIPS, CLIPS, replace(SHORT, steps=3), AugmentSettings(), MaskSettings(),  # type: ignore[arg-type]
        seed=0, folder=tmp_path / "kept", options=QUIET, keep_length=True,
    )  # fmt: skip
    assert kept.epochs_run == 1


@pytest.mark.parametrize(
    ("model", "arguments", "complaint"),
    [
        ("gru_32", {}, "whose model.name is lstm_24, and here it is gru_32"),
        ("lstm_24", {"hidden": 25}, "use the same model.arguments, which were none"),
        ("lstm_24", {"dense": (4,)}, "use the same model.arguments, which were none"),
    ],
)
def test_weights_that_do_not_fit_say_why(
    tmp_path: Path, model: str, arguments: dict[str, object], complaint: str
) -> None:
    stored(tmp_path)
    with pytest.raises(InputError, match=complaint):
        start_from(tone_recogniser(CLIPS, model=model, **arguments), str(tmp_path))


def test_a_checkpoint_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"give a checkpoint\.safetensors, or the folder"):
        start_from(tone_recogniser(CLIPS), str(tmp_path))
