"""The SVDF layer: a dense layer over features, then one filter over time for each of its outputs."""

from torch import Tensor, nn

from wrenlet.streaming.convolution import Conv1d
from wrenlet.streaming.module import State, StreamingModule
from wrenlet.streaming.window import check_positive

__all__ = ["SVDF"]


class SVDF(StreamingModule):
    """A dense layer over features and time, factored into rank `rank` (Nakkiran et al., Interspeech 2015).

    `y[t, u] = bias[u] + Σ_r Σ_m time[u, r, m] · (features[u, r] · x[t - memory + 1 + m])`, without an
    activation.

    Args:
        inputs: features in.
        units: features out.
        memory: frames that a filter over time spans, the present one included.
        rank: pairs of filters for each unit.
        bias: add a learned constant to every unit.
        lookahead: input frames after the present one that an output sees.

    Shapes:
        `[batch, time, inputs]` → `[batch, time, units]`; `features.weight` is `[units * rank, inputs]`,
        `time.weight` `[units, rank, memory]`.
    """

    def __init__(
        self, inputs: int, units: int, memory: int, *, rank: int = 1, bias: bool = True, lookahead: int = 0
    ) -> None:
        super().__init__()
        check_positive("SVDF", inputs=inputs, units=units, memory=memory, rank=rank)
        self.features = nn.Linear(inputs, units * rank, bias=False)
        self.time = Conv1d(units * rank, units, memory, groups=units, bias=bias, lookahead=lookahead)
        self.lookahead = self.time.lookahead
        self.frame_shape = (inputs,)

    def initial_state(self, batch: int) -> State:
        """Return `{"frames": [batch, memory - 1, units * rank]}`: the filtered features, not the inputs."""
        return self.time.initial_state(batch)

    def step(self, chunk: Tensor, state: State) -> tuple[Tensor, State]:
        """Filter a chunk `[batch, time, inputs]`."""
        self.check_chunk(chunk)
        return self.time.step(self.features(chunk), state)
