"""Training: settings, schedules, losses, and `train`, which continues where it was interrupted."""

from wrenlet.training.keywords import KeywordTask
from wrenlet.training.losses import clip_loss, frame_count, last_frame
from wrenlet.training.optimisers import OPTIMISERS, build_optimiser
from wrenlet.training.predict import predict_clips
from wrenlet.training.schedules import learning_rate
from wrenlet.training.settings import ScheduleSettings, TrainerOptions, TrainingSettings
from wrenlet.training.trainer import TrainingResult, train

__all__ = [
    "OPTIMISERS",
    "KeywordTask",
    "ScheduleSettings",
    "TrainerOptions",
    "TrainingResult",
    "TrainingSettings",
    "build_optimiser",
    "clip_loss",
    "frame_count",
    "last_frame",
    "learning_rate",
    "predict_clips",
    "train",
]
