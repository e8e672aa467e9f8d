"""Learning rates as closed forms of the step, so that a resumed training needs no memory of earlier ones."""

import math
from bisect import bisect_right
from itertools import accumulate

from wrenlet.training.settings import ScheduleSettings

__all__ = ["learning_rate"]


def learning_rate(settings: ScheduleSettings, peak: float, step: int, steps: int, epoch_steps: int) -> float:
    """Return the learning rate of one step.

    Args:
        settings: of the schedule.
        peak: the highest rate.
        step: from 0.
        steps: of the whole training; later steps keep the last rate.
        epoch_steps: steps of an epoch, for `exponential`.
    """
    step = min(step, max(steps - 1, 0))
    if settings.kind == "one-cycle":
        return one_cycle(settings, peak, step, steps)
    if settings.kind == "cosine":
        return warm_cosine(settings, peak, step, steps)
    if settings.kind == "staged":
        stage = bisect_right(list(accumulate(settings.stage_steps)), step)
        return settings.stage_rates[min(stage, len(settings.stage_rates) - 1)]
    if settings.kind == "geometric":
        return peak * settings.last ** ((step + 1) / max(steps, 1))
    if settings.kind == "exponential":
        return peak * settings.decay ** (step // max(epoch_steps, 1))
    return peak


def one_cycle(settings: ScheduleSettings, peak: float, step: int, steps: int) -> float:
    """Rise from `first` to the peak and fall to `last`, both along half a cosine.

    Source: Smith and Topin 2017, arXiv:1708.07120; phases as in `torch.optim.lr_scheduler.OneCycleLR`.
    """
    top = settings.warmup * steps - 1
    if step <= top and top > 0:
        return half_cosine(peak * settings.first, peak, step / top)
    top = max(top, 0)
    return half_cosine(peak, peak * settings.last, (step - top) / max(steps - 1 - top, 1))


def warm_cosine(settings: ScheduleSettings, peak: float, step: int, steps: int) -> float:
    """Rise linearly to the peak, then fall to `last` along half a cosine.

    Source: Loshchilov and Hutter 2017, arXiv:1608.03983, section 3.
    """
    warm = round(settings.warmup * steps)
    if step < warm:
        return peak * (step + 1) / warm
    return half_cosine(peak, peak * settings.last, (step - warm) / max(steps - 1 - warm, 1))


def half_cosine(start: float, end: float, position: float) -> float:
    """Return the value at `position` in 0…1 of the half cosine from `start` to `end`."""
    return end + (start - end) * (1 + math.cos(math.pi * position)) / 2
