"""What a training leaves at the end of each epoch: numbers, best weights, and where to continue."""

import json
import logging
import math
import time
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback

from wrenlet.errors import InputError
from wrenlet.models import save_weights
from wrenlet.training.keywords import KeywordTask

__all__ = ["BEST", "METRICS", "RESUME", "Keeper", "Kept", "best_row", "read_kept"]

BEST = "best.safetensors"
METRICS = "metrics.jsonl"
RESUME = "resume.ckpt"

Row = dict[str, float]

#: Gets about ten lines a training, for those who see no progress bar.
LOG = logging.getLogger(__name__)


def clocks() -> tuple[float, float]:
    """Return seconds of the clock and of the processor, each from its own beginning."""
    return time.perf_counter(), time.process_time()


def rank_of(row: Row) -> tuple[float, float]:
    """Return what makes one epoch better than another: accuracy, then less loss."""
    return row["validation_accuracy"], -row["validation_loss"]


def best_row(history: list[Row]) -> Row:
    """Return the best epoch on validation; of equal ones the first."""
    return max(history, key=rank_of)


class Keeper(Callback):
    """Keeps an epoch in `metrics.jsonl`, `best.safetensors` and `resume.ckpt`, and stops early.

    Attributes:
        history: one row an epoch, from the first of all sessions.
        finished: whether the last epoch or the end of patience was reached.

    Args:
        folder: of the training.
        epochs: of the whole training.
        patience: epochs without a better validation before stopping; None never stops early.
        fingerprint: of all that decides the numbers; a folder with another one is not continued.
    """

    def __init__(self, folder: Path, epochs: int, patience: int | None, fingerprint: str) -> None:
        self.folder = folder
        self.epochs = epochs
        self.patience = patience
        self.fingerprint = fingerprint
        self.history: list[Row] = []
        self.finished = False
        self.since = clocks()

    @property
    def state_key(self) -> str:
        """The name under which the checkpoint holds this callback's state."""
        return STATE_KEY

    def state_dict(self) -> dict[str, Any]:
        """Return plain values only: the checkpoint is read without unpickling."""
        return {"fingerprint": self.fingerprint, "history": self.history, "finished": self.finished}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what an earlier session kept."""
        self.history = list(state_dict["history"])
        self.finished = bool(state_dict["finished"])

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002
        """Start the clock of the first epoch."""
        self.since = clocks()

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Keep the epoch: where to continue is written last, so that a kill in between repeats it."""
        assert isinstance(pl_module, KeywordTask)
        score = pl_module.take_score()
        if score is None:
            return  # a continued training passes the end of the epoch that it continues from
        now = clocks()
        row: Row = {
            "epoch": len(self.history) + 1,
            **vars(score),
            "seconds": round(now[0] - self.since[0], 3),
        }
        row["cpu_seconds"] = round(now[1] - self.since[1], 3)
        self.since = now
        if not math.isfinite(score.loss):
            raise InputError(
                f"training.learning_rate: the loss of epoch {row['epoch']} is {score.loss}; "
                "lower the learning rate or turn on gradient_clip, and start again in an empty folder"
            )
        better = not self.history or rank_of(row) > rank_of(best_row(self.history))
        self.history.append(row)
        waited = row["epoch"] - best_row(self.history)["epoch"]
        self.finished = row["epoch"] >= self.epochs or (self.patience is not None and waited >= self.patience)
        if better:
            self.keep_best(trainer, pl_module)
        if trainer.is_global_zero:
            self.write_metrics()
            if self.finished or row["epoch"] % max(1, self.epochs // 10) == 0:
                LOG.info(
                    "epoch %d of %d: loss %.3f, validation %.1f %%",
                    row["epoch"],
                    self.epochs,
                    row["loss"],
                    100 * row["validation_accuracy"],
                )
        for logger in trainer.loggers:
            logger.log_metrics(
                {key: value for key, value in row.items() if key != "epoch"}, step=int(row["epoch"])
            )
        partial = self.folder / f"{RESUME}.partial"
        trainer.save_checkpoint(partial)
        if trainer.is_global_zero:
            partial.replace(self.folder / RESUME)
        trainer.should_stop = trainer.should_stop or self.finished

    def keep_best(self, trainer: lightning.Trainer, task: KeywordTask) -> None:
        """Write the weights of the body."""
        if trainer.is_global_zero:
            save_weights(task.recogniser.body, self.folder / BEST)

    def write_metrics(self) -> None:
        """Write all rows again: a line half written by a killed process cannot stay."""
        partial = self.folder / f"{METRICS}.partial"
        partial.write_text("".join(json.dumps(row) + "\n" for row in self.history), encoding="utf-8")
        partial.replace(self.folder / METRICS)


STATE_KEY = "wrenlet.Keeper"


class Kept:
    """What `resume.ckpt` says without building anything.

    Attributes:
        fingerprint: of the training that wrote it.
        history: one row an epoch.
        finished: whether there is nothing left to do.
    """

    def __init__(self, state: dict[str, Any]) -> None:
        self.fingerprint = str(state["fingerprint"])
        self.history: list[Row] = list(state["history"])
        self.finished = bool(state["finished"])


def read_kept(folder: Path) -> Kept | None:
    """Return what an earlier session kept in `folder`, or None.

    Raises:
        InputError: if the file is damaged.
    """
    path = folder / RESUME
    if not path.is_file():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        return Kept(content["callbacks"][STATE_KEY])
    except Exception as error:  # whatever a damaged file makes torch raise
        raise InputError(f"{path} is damaged ({error}): delete it to start this training again") from error
