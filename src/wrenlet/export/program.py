"""One hop as a function of named tensors: what every file format is made from."""

from collections.abc import Mapping
from math import prod
from typing import cast

import torch
from torch import Tensor, nn

from wrenlet.artefact import FRONTEND_PREFIX, is_frontend
from wrenlet.streaming import StreamingModule, flatten_state, unflatten_state

__all__ = ["BOUNDARY", "StepProgram"]

#: Extra output of a program with a front-end: the features that the body reads. It is gone from the files.
BOUNDARY = "boundary"


class StepProgram(nn.Module):
    """A streaming model as one step from named inputs to named outputs.

    Inputs are `audio` `[1, samples]` or `features` `[1, frames, features]` and the states by their flattened
    names; outputs are `logits` `[1, 1, classes]` and the same state names. The body's states have the same
    names with and without a front-end; those of the front-end start with `frontend__`.

    Example:
        >>> program = StepProgram(LSTM(20, 64), "features", (1, 20))
        >>> list(program(**program.zeros()))
        ['logits', 'hidden', 'cell']

    Args:
        body: reads normalised features.
        input_name: `audio` or `features`.
        frame: axes of the input behind the batch, for one step.
        before: what turns audio into normalised features, by name and in order; `{}` leaves it out.

    Raises:
        ValueError: if the input's length is no multiple of the strides, or a state of the body is named
            like the front-end's.
    """

    def __init__(
        self,
        body: StreamingModule,
        input_name: str,
        frame: tuple[int, ...],
        before: Mapping[str, StreamingModule] | None = None,
    ) -> None:
        super().__init__()
        before = before or {}
        self.input_name, self.frame = input_name, frame
        self.parts = nn.ModuleList([*before.values(), body])
        stride = prod(part.stride for part in (*before.values(), body))
        if frame[0] % stride:
            raise ValueError(f"an input of {frame[0]} is no multiple of the model's stride {stride}")
        # Name in the file to the part that the state belongs to and its name there.
        self.states: dict[str, tuple[int, str]] = {}
        for index, name in enumerate([*before, ""]):
            prefix = "" if not name else f"{FRONTEND_PREFIX}__"
            prefix += f"{name}__" if name not in ("", FRONTEND_PREFIX) else ""
            inner = flatten_state(self.part(index).initial_state(1))
            self.states |= {f"{prefix}{one}": (index, one) for one in inner}
        taken = [name for name in flatten_state(body.initial_state(1)) if is_frontend(name)]
        if taken:
            raise ValueError(
                f"the body has a state {taken[0]}: rename its layer, this is the front-end's name"
            )

    @property
    def has_frontend(self) -> bool:
        """Whether anything stands before the body."""
        return len(self.parts) > 1

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs that a file has, in their order."""
        return ("logits", *self.states)

    def part(self, index: int) -> StreamingModule:
        """Return one part; the last is the body."""
        return cast(StreamingModule, self.parts[index])

    def zeros(self) -> dict[str, Tensor]:
        """Return inputs for the start of a stream: zero input, zero states."""
        starts = [flatten_state(self.part(index).initial_state(1)) for index in range(len(self.parts))]
        states = {name: starts[index][inner] for name, (index, inner) in self.states.items()}
        return {self.input_name: torch.zeros(1, *self.frame), **states}

    def forward(self, **inputs: Tensor) -> dict[str, Tensor]:
        """Take one step; see the class."""
        value = inputs[self.input_name]
        following: list[dict[str, Tensor]] = []
        boundary = value
        for index in range(len(self.parts)):
            boundary = value
            own = {inner: inputs[name] for name, (at, inner) in self.states.items() if at == index}
            value, state = self.part(index).step(value, unflatten_state(own))
            following.append(flatten_state(state))
        results = {
            "logits": value,
            **{name: following[at][inner] for name, (at, inner) in self.states.items()},
        }
        return {**results, BOUNDARY: boundary} if self.has_frontend else results
