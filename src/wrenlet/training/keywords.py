"""The task of keywords and digits: one label a clip, answered at its last real frame."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import lightning
import torch
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from wrenlet.audio import AugmentSettings
from wrenlet.audio.augment import augment
from wrenlet.corpora.speech_commands import SILENCE
from wrenlet.features import MaskSettings, mask_features
from wrenlet.models import Recogniser
from wrenlet.training.data import Resident, audio_batch, cache_features
from wrenlet.training.losses import clip_loss, frame_count, last_frame
from wrenlet.training.optimisers import build_optimiser
from wrenlet.training.order import epoch_order, mixed_seed, split_batches
from wrenlet.training.schedules import learning_rate
from wrenlet.training.settings import TrainingSettings

__all__ = ["EpochScore", "KeywordTask", "changes_audio"]


def changes_audio(settings: AugmentSettings) -> bool:
    """Return whether any augmentation of waveforms has a chance above zero."""
    chances = (value for name, value in vars(settings).items() if name.endswith("_probability"))
    return settings.silence_db is not None or any(value > 0 for value in chances)


@dataclass(frozen=True)
class EpochScore:
    """What an epoch came to.

    Attributes:
        loss: mean training loss of a clip, with augmentation and label smoothing.
        validation_loss: mean cross-entropy of a validation clip.
        validation_accuracy: share of validation clips with the right label.
        learning_rate: of the epoch's last step.
    """

    loss: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float


class KeywordTask(lightning.LightningModule):
    """Waveform augmentation → front-end → normalise → feature masking → body → last real frame → loss.

    A training step is a pure function of the weights, the seed, the epoch and the step's number: chance has
    no memory, so nothing but weights, optimiser and counters is needed to continue a training exactly.

    Attributes:
        score: of the epoch that just ended; None once it was taken by `take_score`.

    Args:
        recogniser: learns; its front-end and normalisation stay as they are.
        learn: training clips.
        check: validation clips.
        settings: of the training.
        augment_settings: changes to training waveforms.
        mask_settings: changes to training features.
        seed: of the training.
        noise: recordings for augmentation, `[samples]`, or None.
        keep_length: whether augmentation keeps the length of every clip.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        learn: Resident,
        check: Resident,
        settings: TrainingSettings,
        augment_settings: AugmentSettings,
        mask_settings: MaskSettings,
        *,
        seed: int,
        noise: Tensor | None = None,
        keep_length: bool = False,
    ) -> None:
        super().__init__()
        self.recogniser = recogniser
        self.learn = learn
        self.check = check
        self.settings = settings
        self.augment_settings = augment_settings
        self.mask_settings = mask_settings
        self.augmented = changes_audio(augment_settings)
        self.seed = seed
        self.noise = noise
        self.keep_length = keep_length
        self.score: EpochScore | None = None
        self.batches: list[Tensor] = []
        self.sums = torch.zeros(2)
        self.check_sums = torch.zeros(3)

    @cached_property
    def epoch_steps(self) -> int:
        """Steps of an epoch, the same on every rank."""
        return len(self.cut_epoch(0, self.trainer.world_size))

    def cut_epoch(self, epoch: int, world: int) -> list[Tensor]:
        """Return the batches of an epoch as indices over all ranks."""
        labels = self.learn.labels.cpu()
        order = epoch_order(labels, self.seed, epoch, self.settings.sampling)
        return split_batches(
            order, self.learn.host_lengths, self.settings.batch, self.seed, epoch, self.settings.pool, world
        )

    # The loaders only count: which clips a number stands for follows from seed and epoch, see
    # `training_step`.
    def train_dataloader(self) -> range:
        """Return the numbers of an epoch's steps."""
        return range(self.epoch_steps)

    def val_dataloader(self) -> range:
        """Return the numbers of the validation's batches."""
        return range(-(-len(self.check) // self.check_batch))

    @property
    def check_batch(self) -> int:
        """Validation clips computed at a time over all ranks: without gradients, more fit."""
        return max(4 * self.settings.batch, 256) * self.trainer.world_size

    def configure_optimizers(self) -> Any:
        """Return the optimiser, and the schedule as a factor on its rate for every step."""
        optimiser = build_optimiser(self.settings, self.recogniser.body)
        peak = self.settings.learning_rate
        schedule = LambdaLR(optimiser, lambda step: self.rate_at(step) / peak)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step, from 0 over the whole training."""
        settings, epoch_steps = self.settings, self.epoch_steps
        _, steps = settings.length(epoch_steps)
        return learning_rate(settings.schedule, settings.learning_rate, step, steps, epoch_steps)

    def on_fit_start(self) -> None:
        """Move the clips to the device and compute once all features that never change."""
        chunk = 256
        self.check = cache_features(self.recogniser, self.check.to(self.device), chunk)
        self.learn = self.learn.to(self.device)
        if not self.augmented:
            self.learn = cache_features(self.recogniser, self.learn, chunk)
        if self.noise is not None:
            self.noise = self.noise.to(self.device)

    def training_step(self, batch: int, batch_idx: int) -> Tensor:  # noqa: ARG002 - Lightning's argument
        """Return the mean loss of one step's clips."""
        epoch, rank, world = self.current_epoch, self.global_rank, self.trainer.world_size
        if batch_idx == 0:
            self.batches = self.cut_epoch(epoch, world)
            self.sums = torch.zeros(2, device=self.device)
        seed = mixed_seed(self.seed, epoch, batch_idx, rank)
        torch.manual_seed(seed)  # dropout draws from the global generator
        generator = torch.Generator().manual_seed(seed)
        answers, labels = self.answers(self.batches[batch_idx][rank::world], generator)
        loss = clip_loss(answers, labels, self.settings.label_smoothing)
        self.sums += torch.stack([loss.detach() * len(labels), loss.new_tensor(len(labels))])
        return loss

    def answers(self, indices: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return the logits `[batch, classes]` of changed training clips, and their labels `[batch]`."""
        body = self.recogniser.body
        if self.augmented:
            waveforms, lengths, labels = self.learn.take(indices)
            with torch.no_grad(), self.full_precision():
                waveforms, lengths = augment(
                    waveforms,
                    lengths,
                    self.augment_settings,
                    generator,
                    sample_rate=self.recogniser.frontend.settings.sample_rate,
                    noise=self.noise,
                    silent=self.are_silent(labels),
                    keep_length=self.keep_length,
                )
                features = self.recogniser.features(audio_batch(self.recogniser, waveforms))
            frames = frame_count(lengths, self.recogniser.frontend.stride)
        else:
            features, frames, labels = self.learn.take(indices, body.stride, body.lookahead)
        features = mask_features(features, frames, self.mask_settings, generator)
        return last_frame(body(features), frame_count(frames, body.stride)), labels

    def are_silent(self, labels: Tensor) -> Tensor | None:
        """Return which of `labels` are that of clips without speech, or None if there is no such label."""
        names = self.recogniser.labels
        return labels == names.index(SILENCE) if SILENCE in names else None

    def validation_step(self, batch: int, batch_idx: int) -> None:
        """Add one batch of validation clips to the sums of loss, right answers and clips."""
        if batch_idx == 0:
            self.check_sums = torch.zeros(3, device=self.device)
        indices = torch.arange(len(self.check))[batch * self.check_batch : (batch + 1) * self.check_batch]
        indices = indices[self.global_rank :: self.trainer.world_size]
        if len(indices) == 0:
            return
        body = self.recogniser.body
        features, frames, labels = self.check.take(indices, body.stride, body.lookahead)
        answers = last_frame(body(features), frame_count(frames, body.stride))
        loss = clip_loss(answers, labels, reduction="sum")
        right = (answers.argmax(dim=1) == labels).sum()
        self.check_sums += torch.stack([loss, right.to(loss.dtype), loss.new_tensor(len(labels))])

    def on_validation_epoch_end(self) -> None:
        """Add up all ranks' sums; every rank gets the same score, so all take the same decisions."""
        sums = self.trainer.strategy.reduce(self.sums, reduce_op="sum")
        check = self.trainer.strategy.reduce(self.check_sums, reduce_op="sum")
        assert isinstance(sums, Tensor)
        assert isinstance(check, Tensor)
        loss, clips = sums.tolist()
        check_loss, right, checked = check.tolist()
        rate = self.rate_at(self.global_step - 1)
        self.score = EpochScore(loss / clips, check_loss / checked, right / checked, rate)
        shown = {"loss": self.score.loss, "val_accuracy": self.score.validation_accuracy}
        # Once an epoch and equal on all ranks: logging each step would cost as much as a small model's step.
        self.log_dict(shown, prog_bar=True, logger=False, batch_size=1, sync_dist=self.trainer.world_size > 1)

    def take_score(self) -> EpochScore | None:
        """Return the score of the epoch that just ended, once: a continued training passes there twice."""
        score, self.score = self.score, None
        return score

    def full_precision(self) -> torch.autocast:
        """Return a context in which the front-end computes in 32 bit: a log spectrum in 16 bit is noise."""
        return torch.autocast(self.device.type, enabled=False)
