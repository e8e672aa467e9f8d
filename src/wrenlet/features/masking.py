"""Masks over features that make a model rely on no single frame or channel (SpecAugment and occlusion)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from wrenlet.errors import InputError

__all__ = ["MaskSettings", "mask_features"]


@dataclass(frozen=True)
class MaskSettings:
    """What is blanked in a clip's normalised features while training; everything is off by default.

    Attributes:
        time_masks: stretches of frames blanked in every clip (SpecAugment, Park et al., 2019).
        time_width: longest stretch in frames; each is drawn from 0 up to it.
        time_share: largest share of a clip's real frames that one stretch may take, from 0 to 1.
        frequency_masks: runs of neighbouring features blanked in every clip.
        frequency_width: longest run in features; each is drawn from 0 up to it.
        channel_occlusion: probability that a clip loses one feature from beginning to end.
        frame_occlusion: probability that a frame loses all its features.
    """

    time_masks: int = 0
    time_width: int = 10
    time_share: float = 0.25
    frequency_masks: int = 0
    frequency_width: int = 5
    channel_occlusion: float = 0.0
    frame_occlusion: float = 0.0

    def __post_init__(self) -> None:
        """Raise `InputError` unless counts are at least 0 and shares lie between 0 and 1."""
        for name in ("time_masks", "time_width", "frequency_masks", "frequency_width"):
            if getattr(self, name) < 0:
                raise InputError(
                    f"mask.{name} is {getattr(self, name)}: it must be at least 0; 0 turns it off"
                )
        for name in ("time_share", "channel_occlusion", "frame_occlusion"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(
                    f"mask.{name} is {getattr(self, name)}: it must lie between 0 and 1; 0 turns it off"
                )


def mask_features(
    features: Tensor, lengths: Tensor, settings: MaskSettings, generator: torch.Generator
) -> Tensor:
    """Blank parts of every clip with zeros, which is the mean of normalised features.

    Padding is left as it is. The draws depend on the generator, the number of clips, frames and features and
    the settings, not on values, so equal seeds give equal masks.

    Args:
        features: normalised, `[batch, time, features]`.
        lengths: real frames of each clip, `[batch]`.
        settings: how much is blanked.
        generator: source of every draw, on its own device.

    Returns:
        `[batch, time, features]`, a new tensor.
    """
    batch, time, width = features.shape
    place = generator.device
    real = lengths.to(place)[:, None].clamp(max=time)
    frame, channel = torch.arange(time, device=place), torch.arange(width, device=place)
    blank_time = torch.zeros(batch, time, dtype=torch.bool, device=place)
    blank_channel = torch.zeros(batch, width, dtype=torch.bool, device=place)

    def draw(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator, device=place)

    if settings.time_masks and settings.time_width:
        longest = (real * settings.time_share).floor().clamp(max=settings.time_width)
        blank_time |= _stretches(draw(2, batch, settings.time_masks), longest, real, frame)
    if settings.frequency_masks and settings.frequency_width:
        longest = torch.full((batch, 1), min(settings.frequency_width, width), device=place)
        blank_channel |= _stretches(draw(2, batch, settings.frequency_masks), longest, width, channel)
    if settings.channel_occlusion:
        lost = (draw(batch, 1) * width).floor()
        blank_channel |= (channel == lost) & (draw(batch, 1) < settings.channel_occlusion)
    if settings.frame_occlusion:
        blank_time |= draw(batch, time) < settings.frame_occlusion
    blank = (blank_time[:, :, None] | blank_channel[:, None, :]) & (frame < real)[:, :, None]
    return features.masked_fill(blank.to(features.device), 0)


def _stretches(draws: Tensor, longest: Tensor, extent: Tensor | int, index: Tensor) -> Tensor:
    """Return which of `index` lie in a stretch, `[batch, len(index)]`.

    Args:
        draws: uniform in 0…1, `[2, batch, stretches]`: for the width and for where it begins.
        longest: largest width, `[batch, 1]`.
        extent: where the axis ends, `[batch, 1]` or the same for all.
        index: positions on the axis.
    """
    widths = (draws[0] * (longest + 1)).floor().clamp(max=longest)
    starts = (draws[1] * (extent - widths + 1)).floor()
    inside = (index >= starts[..., None]) & (index < (starts + widths)[..., None])
    return inside.any(1)
