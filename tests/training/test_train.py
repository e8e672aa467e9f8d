import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tones import LABELS, ToneClips, tone_clips, tone_recogniser

from wrenlet.audio import AugmentSettings
from wrenlet.errors import InputError
from wrenlet.features import MaskSettings
from wrenlet.models import Recogniser
from wrenlet.training import (
    ScheduleSettings,
    TrainerOptions,
    TrainingResult,
    TrainingSettings,
    predict_clips,
    train,
)

QUIET = TrainerOptions(accelerator="cpu", devices=1, progress=False)
SHORT = TrainingSettings(epochs=6, batch=16, learning_rate=0.01, weight_decay=0.0)
CLIPS, CHECK = tone_clips(48, seed=1), tone_clips(18, seed=2)


def run(
    folder: Path,
    settings: TrainingSettings = SHORT,
    *,
    seed: int = 0,
    augment: AugmentSettings | None = None,
    mask: MaskSettings | None = None,
    clips: ToneClips = CLIPS,
    options: TrainerOptions = QUIET,
    **arguments: object,
) -> tuple[Recogniser, TrainingResult]:
    recogniser = tone_recogniser(clips, **arguments)
    result = train(
        recogniser,
        clips,  # type: ignore[arg-type]
        CHECK,  # type: ignore[arg-type]
        settings,
        augment or AugmentSettings(),
        mask or MaskSettings(),
        seed=seed,
        folder=folder,
        options=options,
    )
    return recogniser, result


def numbers(result: TrainingResult) -> list[dict[str, float]]:
    return [{key: value for key, value in row.items() if "seconds" not in key} for row in result.history]


def same_weights(one: Recogniser, other: Recogniser) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_a_tiny_set_is_learned_by_heart(tmp_path: Path) -> None:
    settings = replace(SHORT, epochs=20, learning_rate=0.02)
    recogniser, result = run(tmp_path, settings, augment=AugmentSettings.off())
    predicted = predict_clips(recogniser, CLIPS).argmax(axis=1)  # type: ignore[arg-type]
    assert (predicted == CLIPS.labels).all()
    assert result.best_accuracy == 1.0
    assert not recogniser.training


def test_the_recogniser_ends_with_the_best_epochs_weights(tmp_path: Path) -> None:
    recogniser, result = run(tmp_path)
    right = predict_clips(recogniser, CHECK).argmax(axis=1) == CHECK.labels  # type: ignore[arg-type]
    assert right.mean() == pytest.approx(result.best_accuracy)
    best = max(result.history, key=lambda row: (row["validation_accuracy"], -row["validation_loss"]))
    assert result.best_epoch == best["epoch"]


@pytest.mark.parametrize("padding", [1, 128, 3000])
def test_padding_never_changes_an_answer(padding: int) -> None:
    recogniser = tone_recogniser(CLIPS)
    longer = tone_clips(48, seed=1, padding=padding)
    plain = predict_clips(recogniser, CLIPS)  # type: ignore[arg-type]
    assert np.array_equal(plain, predict_clips(recogniser, longer))  # type: ignore[arg-type]
    alone = recogniser(torch.from_numpy(CLIPS.waveforms[:1, : -(-CLIPS.lengths[0] // 128) * 128]))[0, -1]
    assert np.allclose(plain[0], alone.detach().numpy(), atol=1e-6)


@pytest.mark.parametrize("augmented", [True, False])
def test_padding_never_changes_a_training(tmp_path: Path, augmented: bool) -> None:
    augment = AugmentSettings() if augmented else AugmentSettings.off()
    settings = replace(SHORT, epochs=2)
    one = run(tmp_path / "short", settings, augment=augment)
    other = run(tmp_path / "long", settings, augment=augment, clips=tone_clips(48, seed=1, padding=2000))
    assert numbers(one[1]) == numbers(other[1])


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(tmp_path: Path) -> None:
    settings = replace(SHORT, epochs=3)
    first, result = run(tmp_path / "a", settings, seed=5, dropout=0.2)
    torch.rand(7)  # what others drew from the global generator must not matter
    second, again = run(tmp_path / "b", settings, seed=5, dropout=0.2)
    third, other = run(tmp_path / "c", settings, seed=6, dropout=0.2)
    assert numbers(result) == numbers(again)
    assert same_weights(first, second)
    assert numbers(result) != numbers(other)
    assert not same_weights(first, third)


def test_training_leaves_the_callers_generator_alone(tmp_path: Path) -> None:
    recogniser = tone_recogniser(CLIPS)
    before = torch.get_rng_state()
    train(
        recogniser, CLIPS, CHECK, replace(SHORT, epochs=1), AugmentSettings(), MaskSettings(),  # type: ignore[arg-type]
        seed=0, folder=tmp_path, options=QUIET,
    )  # fmt: skip
    assert torch.equal(before, torch.get_rng_state())


def test_patience_stops_a_training_that_no_longer_improves(tmp_path: Path) -> None:
    # A rate of almost nothing: no epoch changes an answer, and the loss improves at most a little.
    frozen = TrainingSettings(
        epochs=50, batch=16, optimiser="sgd", momentum=0.0, learning_rate=1e-30, patience=3,
        schedule=ScheduleSettings("constant"),
    )  # fmt: skip
    _, result = run(tmp_path, frozen)
    assert result.best_epoch == 1
    assert result.epochs_run == 4


def test_every_epoch_leaves_a_row_and_the_learning_rate_follows_the_schedule(tmp_path: Path) -> None:
    settings = replace(SHORT, epochs=3, schedule=ScheduleSettings("exponential", decay=0.5))
    _, result = run(tmp_path, settings)
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert rows == result.history
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert [row["learning_rate"] for row in rows] == pytest.approx([0.01, 0.005, 0.0025])
    assert set(rows[0]) == {
        "epoch", "loss", "validation_loss", "validation_accuracy", "learning_rate", "seconds", "cpu_seconds"
    }  # fmt: skip
    assert list((tmp_path / "tensorboard").glob("events.out.tfevents.*"))


def test_a_finished_folder_answers_without_training(tmp_path: Path) -> None:
    settings = replace(SHORT, epochs=2)
    first, result = run(tmp_path, settings)
    resume = (tmp_path / "resume.ckpt").stat().st_mtime_ns
    second, again = run(tmp_path, settings)
    assert again == result
    assert same_weights(first, second)
    assert (tmp_path / "resume.ckpt").stat().st_mtime_ns == resume


def test_a_folder_of_another_training_is_refused(tmp_path: Path) -> None:
    run(tmp_path, replace(SHORT, epochs=1))
    with pytest.raises(InputError, match="other settings, seed or clips"):
        run(tmp_path, replace(SHORT, epochs=1), seed=1)


def test_a_damaged_resume_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "resume.ckpt").write_bytes(b"PK\x03\x04 not whole")
    with pytest.raises(InputError, match=r"resume\.ckpt is damaged"):
        run(tmp_path)


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "nadam", "radam", "rmsprop", "sgd"])
def test_every_optimiser_lowers_the_loss(tmp_path: Path, optimiser: str) -> None:
    settings = TrainingSettings(
        epochs=5, batch=16, optimiser=optimiser, learning_rate=0.3 if optimiser == "sgd" else 0.01,  # type: ignore[arg-type]
    )  # fmt: skip
    _, result = run(tmp_path, settings, augment=AugmentSettings.off())
    assert result.history[-1]["loss"] < result.history[0]["loss"]


def test_balanced_and_pooled_training_runs(tmp_path: Path) -> None:
    _, result = run(tmp_path, replace(SHORT, epochs=1, sampling="balanced", pool=2))
    assert result.epochs_run == 1


def test_diverging_training_says_what_to_lower(tmp_path: Path) -> None:
    wild = TrainingSettings(
        epochs=2,
        optimiser="sgd",
        learning_rate=1e38,
        gradient_clip=0.0,
        schedule=ScheduleSettings("constant"),
    )
    with pytest.raises(InputError, match="lower the learning rate"):
        run(tmp_path, wild)


def test_too_little_to_learn_from_is_refused(tmp_path: Path) -> None:
    one = replace(CLIPS, labels=np.zeros_like(CLIPS.labels))
    with pytest.raises(InputError, match="one label"):
        run(tmp_path, clips=one)
    empty = ToneClips(np.zeros((0, 10), np.float32), np.zeros(0, np.int64), np.zeros(0, np.int64))
    recogniser = tone_recogniser(CLIPS)
    with pytest.raises(InputError, match="0 training clips"):
        train(
            recogniser, empty, CHECK, SHORT, AugmentSettings(), MaskSettings(),  # type: ignore[arg-type]
            seed=0, folder=tmp_path, options=QUIET,
        )  # fmt: skip


def test_half_precision_trains_and_a_progress_bar_shows(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    options = TrainerOptions(accelerator="cpu", devices=1, precision="bf16-mixed", progress=True)
    _, result = run(tmp_path, replace(SHORT, epochs=1), options=options)
    assert result.epochs_run == 1
    assert "Epoch" in capfd.readouterr().err


def test_training_keeps_the_thread_count(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    run(tmp_path, replace(SHORT, epochs=1))
    assert torch.get_num_threads() == before


def test_labels_of_the_tones_are_those_of_the_recogniser() -> None:
    assert tone_recogniser(CLIPS).labels == LABELS
