"""Optimisers by name, with weight decay on matrices only."""

from collections.abc import Callable
from typing import Any

from torch import nn
from torch.optim import SGD, Adam, AdamW, NAdam, Optimizer, RAdam, RMSprop

from wrenlet.training.settings import TrainingSettings

__all__ = ["OPTIMISERS", "build_optimiser"]

#: What `training.optimiser` can name.
OPTIMISERS: dict[str, Callable[..., Optimizer]] = {
    "adam": Adam,
    "adamw": AdamW,
    "nadam": NAdam,
    "radam": RAdam,
    "rmsprop": RMSprop,
    "sgd": SGD,
}


def build_optimiser(settings: TrainingSettings, model: nn.Module) -> Optimizer:
    """Return the optimiser for the trained parameters of `model`.

    Biases and other vectors are not decayed: pulling them to zero shifts activations and saves no capacity.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in trained if p.dim() >= 2], "weight_decay": settings.weight_decay},
        {"params": [p for p in trained if p.dim() < 2], "weight_decay": 0.0},
    ]
    extra: dict[str, Any] = {}
    if settings.optimiser in ("sgd", "rmsprop"):
        extra["momentum"] = settings.momentum
    if settings.optimiser == "sgd":
        extra["nesterov"] = settings.momentum > 0
    filled = [group for group in groups if group["params"]]
    return OPTIMISERS[settings.optimiser](filled, lr=settings.learning_rate, **extra)
