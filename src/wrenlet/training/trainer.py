"""Train a recogniser, or continue a training exactly where it was interrupted."""

import hashlib
import json
import logging
import signal
import warnings
from collections.abc import Iterator, Sized
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import RichProgressBar
from lightning.pytorch.loggers import TensorBoardLogger

from wrenlet.audio import AugmentSettings
from wrenlet.corpora import Clips
from wrenlet.errors import InputError
from wrenlet.features import MaskSettings
from wrenlet.models import Recogniser, load_weights
from wrenlet.training.data import Resident
from wrenlet.training.keeper import BEST, RESUME, Keeper, Kept, Row, best_row, read_kept
from wrenlet.training.keywords import KeywordTask
from wrenlet.training.settings import TrainerOptions, TrainingSettings
from wrenlet.training.start import start_from

__all__ = ["TrainingResult", "train"]


@dataclass(frozen=True)
class TrainingResult:
    """How a training went.

    Attributes:
        best_epoch: whose weights the recogniser ends with, from 1.
        best_accuracy: of that epoch on the validation clips, 0…1.
        epochs_run: over all sessions; fewer than asked for if it stopped early.
        seconds: spent in epochs, over all sessions.
        history: one row an epoch: `epoch`, `loss`, `validation_loss`, `validation_accuracy`, `learning_rate`,
            `seconds`, `cpu_seconds`.
    """

    best_epoch: int
    best_accuracy: float
    epochs_run: int
    seconds: float
    history: list[Row]


def train(
    recogniser: Recogniser,
    training: Clips,
    validation: Clips,
    settings: TrainingSettings,
    augment: AugmentSettings,
    mask: MaskSettings,
    *,
    seed: int,
    folder: Path,
    options: TrainerOptions | None = None,
    noise: np.ndarray | None = None,
    keep_length: bool = False,
) -> TrainingResult:
    """Train `recogniser`, which ends with the best weights on validation, on the CPU and in evaluation mode.

    Called again on the same folder with the same arguments, it continues after the last whole epoch and
    gives the numbers that an uninterrupted training gives; a finished training returns at once.

    Args:
        recogniser: with its initial weights, which `settings.start_from` replaces; they and `normalise`
            must be the same when a training is continued.
        training: clips to learn from.
        validation: clips that choose the best epoch and the end.
        settings: of the training.
        augment: changes to training waveforms; with `AugmentSettings.off()` features are computed once.
        mask: changes to training features.
        seed: decides order, augmentation, masking and dropout.
        folder: gets `metrics.jsonl`, `best.safetensors`, `resume.ckpt` and TensorBoard events.
        options: accelerator, devices, strategy, precision, progress bar.
        noise: recordings for `augment.noise` as `read_noise` gives them, float32 `[samples]`.
        keep_length: whether augmentation keeps the length of every clip, for those that all have the same.

    Raises:
        InputError: if there is nothing to learn from, there are no such weights to start from, the folder
            holds another training, or the loss diverges.
        KeyboardInterrupt: on Ctrl-C; the folder can be continued.
    """
    options = options or TrainerOptions()
    check_clips(recogniser, training, validation)
    if settings.start_from is not None:
        start_from(recogniser, settings.start_from)
    fingerprint = fingerprint_of(
        recogniser, training, validation, settings, augment, mask, seed, keep_length=keep_length
    )
    kept = read_kept(folder)
    if kept is not None and kept.fingerprint != fingerprint:
        raise InputError(
            f"{folder} holds a training with other settings, seed or clips: "
            "give another folder, or delete this one"
        )
    if kept is None or not kept.finished:
        folder.mkdir(parents=True, exist_ok=True)
        epochs, _ = settings.length(epoch_steps_of(training, settings))
        keeper = Keeper(folder, epochs, settings.patience, fingerprint)
        task = KeywordTask(
            recogniser,
            Resident.from_clips(training),
            Resident.from_clips(validation),
            settings,
            augment,
            mask,
            seed=seed,
            noise=None if noise is None else torch.from_numpy(noise),
            keep_length=keep_length,
        )
        with quiet_lightning(), torch.random.fork_rng(devices=[]):
            trainer = build_trainer(task, keeper, settings, options)
            fit(trainer, task, folder / RESUME if kept else None)
        recogniser.cpu()
        kept = read_kept(folder)
        if kept is None:
            raise RuntimeError(f"training ended without writing {folder / RESUME}")
    load_weights(recogniser.body, folder / BEST)
    recogniser.eval()
    return summary(kept)


def summary(kept: Kept) -> TrainingResult:
    """Return the result that the kept history amounts to."""
    best = best_row(kept.history)
    return TrainingResult(
        best_epoch=int(best["epoch"]),
        best_accuracy=best["validation_accuracy"],
        epochs_run=len(kept.history),
        seconds=sum(row["seconds"] for row in kept.history),
        history=kept.history,
    )


def check_clips(recogniser: Recogniser, training: Clips, validation: Clips) -> None:
    """Raise `InputError` unless there are clips of two labels to learn from and some to validate with."""
    for name, clips in (("training", training), ("validation", validation)):
        if len(clips) == 0:
            raise InputError(
                f"there are 0 {name} clips: check the corpus and its split with `wrenlet data check`"
            )
        rate = recogniser.frontend.settings.sample_rate
        if clips.sample_rate != rate:
            raise ValueError(
                f"the {name} clips have {clips.sample_rate} Hz, the front-end {rate} Hz: load them at {rate}"
            )
    if len(np.unique(training.labels)) < 2:
        raise InputError("all training clips have one label: a recogniser needs recordings of at least two")


def fingerprint_of(
    recogniser: Recogniser,
    training: Clips,
    validation: Clips,
    settings: TrainingSettings,
    augment: AugmentSettings,
    mask: MaskSettings,
    seed: int,
    *,
    keep_length: bool,
) -> str:
    """Return a digest of all that decides the numbers, but for the machine."""
    parts: dict[str, Any] = {
        "settings": asdict(settings),
        "augment": asdict(augment),
        "mask": asdict(mask),
        "features": asdict(recogniser.frontend.settings),
        "labels": recogniser.labels,
        "weights": {name: list(tensor.shape) for name, tensor in recogniser.body.state_dict().items()},
        "seed": seed,
        "keep_length": keep_length,
    }
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode())
    for clips in (training, validation):
        digest.update(clips.lengths.tobytes())
        digest.update(clips.labels.tobytes())
    return digest.hexdigest()


def epoch_steps_of(clips: Sized, settings: TrainingSettings) -> int:
    """Return the steps of an epoch, whatever the number of devices."""
    return max(1, -(-len(clips) // settings.batch))


def build_trainer(
    task: KeywordTask, keeper: Keeper, settings: TrainingSettings, options: TrainerOptions
) -> lightning.Trainer:
    """Return a trainer with nothing in it that works every step."""
    steps = epoch_steps_of(task.learn, settings)
    callbacks: list[lightning.Callback] = [keeper]
    if options.progress:
        # Results go to stdout, progress does not.
        callbacks.append(RichProgressBar(refresh_rate=max(1, steps // 10), console_kwargs={"stderr": True}))
    return lightning.Trainer(
        accelerator=options.accelerator,
        devices=options.devices,
        strategy=strategy_of(options),
        precision=options.precision,  # pyright: ignore[reportArgumentType] - Lightning checks the text
        max_epochs=keeper.epochs,
        gradient_clip_val=settings.gradient_clip or None,
        callbacks=callbacks,
        logger=TensorBoardLogger(keeper.folder, name="", version="tensorboard"),
        log_every_n_steps=steps,
        num_sanity_val_steps=0,
        enable_progress_bar=options.progress,
        enable_model_summary=False,
        enable_checkpointing=False,
        use_distributed_sampler=False,
        deterministic=True,
        default_root_dir=keeper.folder,
    )


def strategy_of(options: TrainerOptions) -> str:
    """Return Lightning's strategy for the options.

    `auto` with several devices would start the person's whole command again for each of them; `ddp_spawn`
    starts only the training.
    """
    several = str(options.devices).count(",") > 0 or (
        str(options.devices).isdigit() and int(options.devices) > 1
    )
    return "ddp_spawn" if options.strategy == "auto" and several else options.strategy


def fit(trainer: lightning.Trainer, task: KeywordTask, checkpoint: Path | None) -> None:
    """Run the trainer, and let Ctrl-C through as what it is.

    Lightning answers Ctrl-C with `sys.exit` and leaves it switched off; our callers have their own way to
    say that the same command continues.
    """
    before = signal.getsignal(signal.SIGINT)
    try:
        trainer.fit(task, ckpt_path=checkpoint, weights_only=True)
    except SystemExit as exit_request:
        signal.signal(signal.SIGINT, before)
        if trainer.interrupted:
            raise KeyboardInterrupt from exit_request
        raise


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Keep Lightning's notes about devices and tips to itself, and the warnings that are wrong for us."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric", "lightning")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            # A person who asks for the CPU on a machine with a GPU knows it.
            warnings.filterwarnings("ignore", message=".*available but not used.*")
            # Lightning's own loops still ask torch in the old way; nothing of ours can change that.
            warnings.filterwarnings("ignore", message=".*LeafSpec.*is deprecated", category=FutureWarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
