"""Level normalisation that a stream can do: energies relative to the loudest band of late."""

import math
from typing import cast

import torch
from torch import Tensor

from wrenlet.features.settings import FeatureSettings
from wrenlet.streaming import State, StreamingModule

__all__ = ["Levelling"]


class Levelling(StreamingModule):
    """Log energies below a level that follows the loudest band at once and falls slowly.

    `level[t] = max(max_band energy[t], level[t - 1] - decay)`, and the answer is
    `max(energy[t] - level[t], -range)`. A clip and the same clip at another gain give the same answer where
    the log floor is not reached, and noise far below the speech is flat, as it is below a log floor.

    The state `level` is kept as a difference from the log floor, so that its zero means silence.

    Args:
        settings: `level_range_db`, `level_decay_db`, hop, log floor and spectrum count.

    Shapes:
        `[batch, time, bands]` → the same.
    """

    def __init__(self, settings: FeatureSettings) -> None:
        super().__init__()
        # How far the logarithm moves for a decibel.
        nepers = math.log(10) / (10 if settings.spectrum == "power" else 20)
        self.floor = math.log(settings.log_floor)
        self.range = settings.level_range_db * nepers
        self.decay = settings.level_decay_db * nepers * settings.hop_samples / settings.sample_rate
        self.frame_shape = (settings.mel_bins,)

    def initial_state(self, batch: int) -> State:
        """Return `{"level": [batch, 1]}`: silence."""
        return {"level": torch.zeros(batch, 1)}

    def step(self, chunk: Tensor, state: State) -> tuple[Tensor, State]:
        """Advance by frames of log energies."""
        self.check_chunk(chunk)
        before = cast(Tensor, state["level"])
        loudest = chunk.amax(2) - self.floor
        frames = chunk.shape[1]
        if frames == 1:
            level = torch.maximum(loudest, before - self.decay)
        else:
            # Undo the fall, and the level is a running maximum.
            fall = torch.arange(frames + 1, device=chunk.device, dtype=chunk.dtype) * self.decay
            level = (torch.cat([before, loudest], 1) + fall).cummax(1).values[:, 1:] - fall[1:]
        relative = chunk - (level + self.floor)[:, :, None]
        return relative.clamp(min=-self.range), {"level": level[:, -1:]}
