"""Recurrent layers with one weight matrix for each gate: LSTM and GRU."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wrenlet.streaming.module import State, StreamingModule
from wrenlet.streaming.window import check_positive, leaf

__all__ = ["GRU", "LSTM"]

# Both layers have two ways through the same maths, which the tests hold together. One frame goes gate by gate
# through `cell`: one matrix product over [input, hidden] a gate, so the exported step has no SLICE, SPLIT or
# TRANSPOSE. That layout was measured smaller and faster than a product each for input and hidden (LSTM 20→64:
# float 1.8 against 2.1 µs; int8 1.3 against 1.6 µs, 33.4 against 37.4 KB, equal error). Longer chunks go
# through torch's own kernels, which train 1.7 to 9 (LSTM) and 1.2 to 1.9 times (GRU) as fast as a loop over
# `cell` on one core. Those know no peepholes, and oneDNN no projection: with either, every chunk is a loop
# over `cell`.


class LSTM(StreamingModule):
    """Long short-term memory, with optional peepholes and projection (Sak et al., Interspeech 2014).

    With `z = [x, hidden]`: `i = σ(W_i z + p_i ∘ cell)`, `f = σ(W_f z + p_f ∘ cell)`,
    `cell' = f ∘ cell + i ∘ tanh(W_c z)`, `o = σ(W_o z + p_o ∘ cell')`, `hidden' = P (o ∘ tanh(cell'))`;
    biases not written. Without peepholes `p = 0`, without projection `P = 1`. One bias for each gate.

    Args:
        inputs: features in.
        hidden: cells.
        peepholes: let the gates see the cell.
        projection: features out and fed back, if fewer than the cells.

    Shapes:
        `[batch, time, inputs]` → `[batch, time, projection or hidden]`; `input_gate.weight` and the like are
        `[hidden, inputs + (projection or hidden)]`.
    """

    def __init__(
        self, inputs: int, hidden: int, *, peepholes: bool = False, projection: int | None = None
    ) -> None:
        super().__init__()
        outputs = hidden if projection is None else projection
        check_positive("LSTM", inputs=inputs, hidden=hidden, projection=outputs)
        self.inputs = inputs
        self.hidden = hidden
        self.outputs = outputs
        self.frame_shape = (inputs,)
        self.input_gate = gate(inputs, outputs, hidden)
        self.forget_gate = gate(inputs, outputs, hidden)
        self.cell_gate = gate(inputs, outputs, hidden)
        self.output_gate = gate(inputs, outputs, hidden)
        nn.init.ones_(self.forget_gate.bias)  # remember at first: Jozefowicz et al., ICML 2015
        self.peepholes = peepholes
        if peepholes:
            self.input_peephole = nn.Parameter(torch.zeros(hidden))
            self.forget_peephole = nn.Parameter(torch.zeros(hidden))
            self.output_peephole = nn.Parameter(torch.zeros(hidden))
        self.projection = None if projection is None else nn.Linear(hidden, projection, bias=False)

    def initial_state(self, batch: int) -> State:
        """Return `{"hidden": [batch, projection or hidden], "cell": [batch, hidden]}`."""
        return {"hidden": torch.zeros(batch, self.outputs), "cell": torch.zeros(batch, self.hidden)}

    def step(self, chunk: Tensor, state: State) -> tuple[Tensor, State]:
        """Run over a chunk `[batch, time, inputs]`."""
        self.check_chunk(chunk)
        hidden, cell = leaf(state, "hidden"), leaf(state, "cell")
        if chunk.shape[1] == 1 or self.peepholes or self.projection is not None:
            outputs: list[Tensor] = []
            for frame in chunk.unbind(1):
                hidden, cell = self.cell(frame, hidden, cell)
                outputs.append(hidden)
            return torch.stack(outputs, 1), {"hidden": hidden, "cell": cell}
        gates = [self.input_gate, self.forget_gate, self.cell_gate, self.output_gate]
        weights = flat_weights(
            torch.cat([one.weight[:, : self.inputs] for one in gates]),
            torch.cat([one.weight[:, self.inputs :] for one in gates]),
            torch.cat([one.bias for one in gates]),
            torch.zeros_like(self.input_gate.bias).repeat(4),
        )
        output, hidden, cell = torch.lstm(
            chunk, (hidden[None], cell[None]), weights, True, 1, 0.0, self.training, False, True
        )
        return output, {"hidden": hidden[0], "cell": cell[0]}

    def cell(self, frame: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        """Advance by one frame `[batch, inputs]`; return the next hidden and cell."""
        both = torch.cat([frame, hidden], 1)
        take, keep, give = self.input_gate(both), self.forget_gate(both), self.output_gate(both)
        if self.peepholes:
            take = take + self.input_peephole * cell
            keep = keep + self.forget_peephole * cell
        cell = torch.sigmoid(keep) * cell + torch.sigmoid(take) * torch.tanh(self.cell_gate(both))
        if self.peepholes:
            give = give + self.output_peephole * cell
        hidden = torch.sigmoid(give) * torch.tanh(cell)
        return hidden if self.projection is None else self.projection(hidden), cell


class GRU(StreamingModule):
    """Gated recurrent unit, reset after the product, as torch, cuDNN and Keras have it (Cho et al., 2014).

    With `z = [x, hidden]`: `r = σ(W_r z)`, `u = σ(W_u z)`, `n = tanh(W_x x + r ∘ (W_h hidden))`,
    `hidden' = n + u ∘ (hidden - n)`; biases not written.

    Args:
        inputs: features in.
        hidden: units.
        two_bias_sets: give reset and update gate a second bias, as torch and Keras do. It changes nothing but
            the number of parameters and how fast the biases learn; the exported step is the same.

    Shapes:
        `[batch, time, inputs]` → `[batch, time, hidden]`; `reset_gate.weight` and `update_gate.weight` are
        `[hidden, inputs + hidden]`, `candidate_input.weight` `[hidden, inputs]`, `candidate_hidden.weight`
        `[hidden, hidden]`.
    """

    def __init__(self, inputs: int, hidden: int, *, two_bias_sets: bool = True) -> None:
        super().__init__()
        check_positive("GRU", inputs=inputs, hidden=hidden)
        self.inputs = inputs
        self.hidden = hidden
        self.frame_shape = (inputs,)
        self.reset_gate = gate(inputs, hidden, hidden)
        self.update_gate = gate(inputs, hidden, hidden)
        self.candidate_input = gate(inputs, 0, hidden)
        self.candidate_hidden = gate(0, hidden, hidden)
        self.reset_bias = nn.Parameter(torch.zeros(hidden)) if two_bias_sets else None
        self.update_bias = nn.Parameter(torch.zeros(hidden)) if two_bias_sets else None

    def initial_state(self, batch: int) -> State:
        """Return `{"hidden": [batch, hidden]}`."""
        return {"hidden": torch.zeros(batch, self.hidden)}

    def step(self, chunk: Tensor, state: State) -> tuple[Tensor, State]:
        """Run over a chunk `[batch, time, inputs]`."""
        self.check_chunk(chunk)
        hidden = leaf(state, "hidden")
        if chunk.shape[1] == 1:
            hidden = self.cell(chunk.squeeze(1), hidden)
            return hidden.unsqueeze(1), {"hidden": hidden}
        reset, update = self.reset_gate.weight, self.update_gate.weight
        none = torch.zeros_like(self.reset_gate.bias)
        weights = flat_weights(
            torch.cat([reset[:, : self.inputs], update[:, : self.inputs], self.candidate_input.weight]),
            torch.cat([reset[:, self.inputs :], update[:, self.inputs :], self.candidate_hidden.weight]),
            torch.cat([*self.biases(), self.candidate_input.bias]),
            torch.cat([none, none, self.candidate_hidden.bias]),
        )
        output, hidden = torch.gru(chunk, hidden[None], weights, True, 1, 0.0, self.training, False, True)
        return output, {"hidden": hidden[0]}

    def cell(self, frame: Tensor, hidden: Tensor) -> Tensor:
        """Advance by one frame `[batch, inputs]`; return the next hidden."""
        both = torch.cat([frame, hidden], 1)
        reset_bias, update_bias = self.biases()
        reset = torch.sigmoid(F.linear(both, self.reset_gate.weight, reset_bias))
        update = torch.sigmoid(F.linear(both, self.update_gate.weight, update_bias))
        candidate = torch.tanh(self.candidate_input(frame) + reset * self.candidate_hidden(hidden))
        return candidate + update * (hidden - candidate)

    def biases(self) -> tuple[Tensor, Tensor]:
        """Return the whole bias of the reset and of the update gate."""
        reset, update = self.reset_gate.bias, self.update_gate.bias
        if self.reset_bias is not None and self.update_bias is not None:
            return reset + self.reset_bias, update + self.update_bias
        return reset, update


def gate(inputs: int, recurrent: int, hidden: int) -> nn.Linear:
    """Return a gate over `[input, hidden]`: Glorot over the input, orthogonal over the rest, zero bias."""
    layer = nn.Linear(inputs + recurrent, hidden)
    with torch.no_grad():
        if inputs:
            nn.init.xavier_uniform_(layer.weight[:, :inputs])
        if recurrent:
            nn.init.orthogonal_(layer.weight[:, inputs:])
    nn.init.zeros_(layer.bias)
    return layer


def flat_weights(*parts: Tensor) -> list[Tensor]:
    """Return the parts as views of one buffer: cuDNN warns and copies at every call if they are not."""
    buffer = torch.cat([part.reshape(-1) for part in parts])
    views = buffer.split([part.numel() for part in parts])
    return [view.view(part.shape) for view, part in zip(views, parts, strict=True)]
