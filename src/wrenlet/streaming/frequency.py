"""The mean over frequency bins."""

from torch import Tensor

from wrenlet.streaming.module import State, StreamingModule
from wrenlet.streaming.window import check_positive

__all__ = ["FrequencyMean"]


class FrequencyMean(StreamingModule):
    """The mean of the frequency bins of every frame, kept as one bin so that it broadcasts.

    Args:
        bins: frequency bins in.
        channels: of each bin.

    Shapes:
        `[batch, time, bins, channels]` → `[batch, time, 1, channels]`.
    """

    def __init__(self, bins: int, channels: int) -> None:
        super().__init__()
        check_positive("FrequencyMean", bins=bins, channels=channels)
        self.frame_shape = (bins, channels)

    def initial_state(self, batch: int) -> State:  # noqa: ARG002 - the contract's argument
        """Return `{}`: there is none."""
        return {}

    def step(self, chunk: Tensor, state: State) -> tuple[Tensor, State]:
        """Average the bins of a chunk."""
        self.check_chunk(chunk)
        return chunk.mean(2, keepdim=True), state
