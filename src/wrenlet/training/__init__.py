"""Training: settings, schedules, losses, and `train`, which continues where it was interrupted.

Only the settings import without torch; the rest is imported when first asked for.
"""

from typing import TYPE_CHECKING

from wrenlet.lazy import on_use
from wrenlet.training.settings import ScheduleSettings, TrainerOptions, TrainingSettings

if TYPE_CHECKING:
    from wrenlet.training.keywords import KeywordTask
    from wrenlet.training.losses import clip_loss, frame_count, last_frame
    from wrenlet.training.optimisers import OPTIMISERS, build_optimiser
    from wrenlet.training.predict import predict_clips
    from wrenlet.training.schedules import learning_rate
    from wrenlet.training.start import find_checkpoint
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
    "find_checkpoint",
    "frame_count",
    "last_frame",
    "learning_rate",
    "predict_clips",
    "train",
]

__getattr__ = on_use(
    __name__,
    {
        "KeywordTask": "keywords",
        "clip_loss": "losses",
        "frame_count": "losses",
        "last_frame": "losses",
        "OPTIMISERS": "optimisers",
        "build_optimiser": "optimisers",
        "predict_clips": "predict",
        "learning_rate": "schedules",
        "find_checkpoint": "start",
        "TrainingResult": "trainer",
        "train": "trainer",
    },
)
