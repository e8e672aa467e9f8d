"""Time derivatives of features, as a stream."""

from typing import cast

import torch
from torch import Tensor

from wrenlet.streaming import State, StreamingModule

__all__ = ["Deltas", "sliding"]

#: Slope of the regression line through ±2 frames (HTK book, section 5.9): sum of n * x[t + n] over 2 * sum of
#: n².
SLOPE = (-0.2, -0.1, 0.0, 0.1, 0.2)


class Deltas(StreamingModule):
    """Statics followed by Δ or by Δ and ΔΔ: `[batch, time, n]` to `[batch, time, (1 + order) * n]`.

    Before the start the statics are those of silence. The state keeps statics as a difference from silence,
    so that its zero means just that. ΔΔ is Δ of Δ; all of them are one product with a constant on the left.

    Args:
        order: 1 or 2.
        silence: the statics of silence, `[features]`.
    """

    def __init__(self, order: int, silence: Tensor) -> None:
        super().__init__()
        reach = 2 * order
        self.lookahead = reach
        taps = torch.zeros(1 + order, 2 * reach + 1, dtype=torch.float64)
        taps[0, reach] = 1
        slope = torch.tensor(SLOPE, dtype=torch.float64)
        for row in range(1, 1 + order):
            for offset, weight in zip(range(-2, 3), slope, strict=True):
                taps[row] += weight * torch.roll(taps[row - 1], offset)
        self.register_buffer("taps", taps.float(), persistent=False)
        self.register_buffer("silence", silence.clone(), persistent=False)
        rest = torch.zeros(order * len(silence), dtype=silence.dtype)
        self.register_buffer("offset", torch.cat([silence, rest]), persistent=False)

    taps: Tensor
    silence: Tensor
    offset: Tensor

    def initial_state(self, batch: int) -> State:
        """Return the frames before the start: silence."""
        return {"frames": torch.zeros(batch, 2 * self.lookahead, len(self.silence))}

    def step(self, chunk: Tensor, state: State) -> tuple[Tensor, State]:
        """Advance by frames of statics; the answer is `lookahead` frames late."""
        self.check_chunk(chunk)
        before = cast(Tensor, state["frames"])
        frames = torch.cat([before, chunk - self.silence], 1)
        features = torch.matmul(self.taps, sliding(frames, self.taps.shape[1], 1)).flatten(2)
        return features + self.offset, {"frames": frames[:, chunk.shape[1] :]}


def sliding(sequence: Tensor, length: int, hop: int) -> Tensor:
    """Return a view on the windows of a sequence.

    Args:
        sequence: `[batch, time, *frame]`.
        length: frames in a window.
        hop: frames from one window to the next.

    Returns:
        `[batch, windows, length, *frame]`.
    """
    if (
        sequence.shape[1] == length
    ):  # one window, as in an exported step, where `unfold` would become a gather
        return sequence[:, None]
    windows = sequence.unfold(1, length, hop)
    return windows.movedim(-1, 2)
