"""Masks over features that make a model rely on no single frame or channel."""

import torch
from torch import Tensor

from wrenlet.features.settings import MaskSettings

__all__ = ["mask_features"]


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
    blank = blank_time[:, :, None] | blank_channel[:, None, :]
    if settings.cutouts:
        middles = draw(2, batch, settings.cutouts)
        rows = _around(middles[0] * real, settings.cutout_frames, frame)
        columns = _around(middles[1] * width, settings.cutout_features, channel)
        blank |= (rows[..., :, None] & columns[..., None, :]).any(1)
    blank &= (frame < real)[:, :, None]
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


def _around(middles: Tensor, size: int, index: Tensor) -> Tensor:
    """Return which of `index` are around `middles` `[batch, n]`, as `[batch, n, len(index)]`."""
    starts = (middles - size / 2 + 0.5).floor()[..., None]
    return (index >= starts) & (index < starts + size)
