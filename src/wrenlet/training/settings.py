"""Settings of a training: what is in the recipe and its digest, and where it runs, which is not."""

from dataclasses import dataclass, field
from typing import Literal

from wrenlet.errors import InputError

__all__ = ["ScheduleSettings", "TrainerOptions", "TrainingSettings"]


@dataclass(frozen=True)
class ScheduleSettings:
    """How the learning rate moves over the steps of a training.

    Attributes:
        kind: `one-cycle` (cosine up, cosine down), `cosine` (linear up, cosine down), `staged` (rates held
            for given numbers of steps), `exponential` (a factor an epoch), `geometric` (the same factor every
            step, down to `last`) or `constant`.
        warmup: share of all steps on the way up; `one-cycle` and `cosine`.
        first: rate of the first step of `one-cycle`, as a share of the learning rate.
        last: rate of the last step of `one-cycle`, `cosine` and `geometric`, as a share of the learning rate.
        decay: factor an epoch; `exponential`.
        stage_steps: steps of each stage; `staged`. The last rate is kept after the last stage.
        stage_rates: rate of each stage, instead of the learning rate; `staged`.
    """

    kind: Literal["one-cycle", "cosine", "staged", "exponential", "geometric", "constant"] = "one-cycle"
    warmup: float = 0.3
    first: float = 0.04
    last: float = 0.0001
    decay: float = 0.95
    stage_steps: tuple[int, ...] = ()
    stage_rates: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Raise `InputError` unless every number is in its range."""
        within("training.schedule.warmup", self.warmup, 0.0, 1.0)
        above_zero("training.schedule.first", self.first)
        within("training.schedule.first", self.first, 0.0, 1.0)
        within("training.schedule.last", self.last, 0.0, 1.0)
        above_zero("training.schedule.decay", self.decay)
        within("training.schedule.decay", self.decay, 0.0, 1.0)
        if self.kind == "geometric":
            above_zero("training.schedule.last", self.last)
        if self.kind == "staged" and not self.stage_steps:
            raise InputError(
                "training.schedule.stage_steps is empty: a staged schedule needs the steps of each stage, "
                "such as [2000, 1000]"
            )
        if len(self.stage_steps) != len(self.stage_rates):
            raise InputError(
                f"training.schedule has {len(self.stage_steps)} stage_steps and {len(self.stage_rates)} "
                "stage_rates: give one rate for each stage"
            )
        for steps in self.stage_steps:
            at_least("training.schedule.stage_steps", steps, 1)
        for rate in self.stage_rates:
            above_zero("training.schedule.stage_rates", rate)


@dataclass(frozen=True)
class TrainingSettings:
    """How a recogniser learns.

    Attributes:
        epochs: passes over the training clips.
        steps: of the whole training, made up to whole epochs, instead of `epochs`; None: `epochs` decides.
        batch: clips a step, over all devices together.
        optimiser: the rule that turns gradients into steps.
        learning_rate: the highest rate of the schedule.
        weight_decay: per step and rate, on matrices only (decoupled for `adamw`, else added to the gradient).
        momentum: of `sgd` and `rmsprop`.
        schedule: how the rate moves.
        gradient_clip: largest norm of the whole gradient; 0 leaves it alone.
        label_smoothing: share of the target that is spread over all labels.
        sampling: `natural` visits each clip once an epoch; `balanced` visits every label equally often,
            repeating clips of rare labels.
        pool: batches whose clips are sorted by length together, so that less padding is computed; 1: no
            sorting.
        patience: epochs without a better validation after which training stops; None never stops early.
        start_from: checkpoint (`checkpoint.safetensors` or the folder of a run) whose weights and
            normalisation the training begins with, in place of weights by chance.
    """

    epochs: int = 30
    steps: int | None = None
    batch: int = 64
    optimiser: Literal["adam", "adamw", "nadam", "radam", "rmsprop", "sgd"] = "adamw"
    learning_rate: float = 0.01
    weight_decay: float = 0.01
    momentum: float = 0.9
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    gradient_clip: float = 1.0
    label_smoothing: float = 0.1
    sampling: Literal["natural", "balanced"] = "natural"
    pool: int = 8
    patience: int | None = None
    start_from: str | None = None

    def __post_init__(self) -> None:
        """Raise `InputError` unless every number is in its range."""
        at_least("training.epochs", self.epochs, 1)
        if self.steps is not None:
            at_least("training.steps", self.steps, 1)
        at_least("training.batch", self.batch, 1)
        at_least("training.pool", self.pool, 1)
        above_zero("training.learning_rate", self.learning_rate)
        at_least("training.weight_decay", self.weight_decay, 0)
        within("training.momentum", self.momentum, 0.0, 0.9999)
        at_least("training.gradient_clip", self.gradient_clip, 0)
        within("training.label_smoothing", self.label_smoothing, 0.0, 0.99)
        if self.patience is not None:
            at_least("training.patience", self.patience, 1)

    def length(self, epoch_steps: int) -> tuple[int, int]:
        """Return the epochs of the training, and the steps over which the schedule moves.

        Args:
            epoch_steps: steps of an epoch.
        """
        if self.steps is None:
            return self.epochs, self.epochs * epoch_steps
        return -(-self.steps // epoch_steps), self.steps


@dataclass(frozen=True)
class TrainerOptions:
    """Where and how a training runs; the person's machine, so no part of the recipe or its digest.

    Attributes:
        accelerator: `auto`, `cpu`, `gpu`, `mps`, … as Lightning has it.
        devices: `auto`, a number, or indices such as `0,1`.
        strategy: `auto`, `ddp`, `ddp_spawn`, `fsdp`, … as Lightning has it.
        precision: `32-true`, `bf16-mixed`, … as Lightning has it; the front-end always computes in 32 bit.
        progress: whether to show a progress bar.
    """

    accelerator: str = "auto"
    devices: int | str = "auto"
    strategy: str = "auto"
    precision: str = "32-true"
    progress: bool = True


def at_least(name: str, value: float, least: float) -> None:
    """Raise `InputError` if `value` is below `least`."""
    if not value >= least:
        raise InputError(f"{name} is {value}: it must be at least {least}")


def above_zero(name: str, value: float) -> None:
    """Raise `InputError` unless `value` is above 0."""
    if not value > 0:
        raise InputError(f"{name} is {value}: it must be above 0")


def within(name: str, value: float, low: float, high: float) -> None:
    """Raise `InputError` unless `value` is in `low`…`high`."""
    if not low <= value <= high:
        raise InputError(f"{name} is {value}: it must be from {low:g} to {high:g}")
