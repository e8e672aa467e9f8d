"""One hop as a function of named tensors: what every file format is made from."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from wrenlet.artefact import FRONTEND_PREFIX
from wrenlet.streaming import State, StreamingModule, flatten_state, unflatten_state

__all__ = ["BOUNDARY", "StepProgram"]

#: Extra output of a program with a front-end: the features that the body reads. It is gone from the files.
BOUNDARY = "boundary"


class StepProgram(nn.Module):
    """A streaming model as one step from named inputs to named outputs.

    Inputs are `audio` `[1, samples]` or `features` `[1, frames, features]` and the states by their flattened
    names; outputs are `logits` `[1, 1, classes]` and the same state names. The body's states have the same names
    with and without a front-end; those of the front-end start with `frontend__`.

    Example:
        >>> program = StepProgram(body, "features", (1, 20))
        >>> program(**program.zeros()).keys()
        dict_keys(['logits', 'hidden', 'cell'])

    Args:
        body: reads normalised features.
        input_name: `audio` or `features`.
        frame: axes of the input behind the batch, for one step.
        frontend: reads audio; None leaves it out.
        normalise: between the two; only with a front-end.

    Raises:
        ValueError: if the front-end looks ahead, or an input's length is no multiple of the strides.
    """

    def __init__(
        self,
        body: StreamingModule,
        input_name: str,
        frame: tuple[int, ...],
        frontend: StreamingModule | None = None,
        normalise: StreamingModule | None = None,
    ) -> None:
        super().__init__()
        self.input_name, self.frame = input_name, frame
        self.before = nn.ModuleList(part for part in (frontend, normalise) if part is not None)
        self.body = body
        for part in self.before:
            if getattr(part, "lookahead", 0):
                raise ValueError(
                    f"the front-end looks {part.lookahead} samples ahead: one that exports is causal"
                )
        self.states = {}
        for index, part in enumerate(self.before):
            prefix = FRONTEND_PREFIX if index == 0 else f"{FRONTEND_PREFIX}__normalise"
            self.states.update({f"{prefix}__{name}": (index, name) for name in names_of(part)})
        self.states.update({name: (len(self.before), name) for name in names_of(body)})
        stride = body.stride
        for part in self.before:
            stride *= part.stride
        if frame[0] % stride:
            raise ValueError(f"an input of {frame[0]} is no multiple of the model's stride {stride}")

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs that a file has, in their order."""
        return ("logits", *self.states)

    def zeros(self) -> dict[str, Tensor]:
        """Return inputs for the start of a stream: zero input, zero states."""
        parts = [flatten_state(part.initial_state(1)) for part in (*self.before, self.body)]
        return {
            self.input_name: torch.zeros(1, *self.frame),
            **{name: parts[index][inner] for name, (index, inner) in self.states.items()},
        }

    def forward(self, **inputs: Tensor) -> dict[str, Tensor]:
        """Take one step; see the class."""
        value, following = inputs[self.input_name], {}
        for index, part in enumerate((*self.before, self.body)):
            if index and index == len(self.before):
                following[BOUNDARY] = value
            assert isinstance(part, StreamingModule)  # for the type checker
            value, state = part.step(value, self.state_of(index, inputs))
            flat = flatten_state(state)
            following |= {name: flat[inner] for name, (at, inner) in self.states.items() if at == index}
        return {
            "logits": value,
            **{name: following[name] for name in (*self.states, BOUNDARY) if name in following},
        }

    def state_of(self, index: int, inputs: Mapping[str, Tensor]) -> State:
        """Return the nested state of one part from the flat inputs."""
        return unflatten_state(
            {inner: inputs[name] for name, (at, inner) in self.states.items() if at == index}
        )


def names_of(module: nn.Module) -> list[str]:
    """Return the flattened names of a module's states."""
    assert isinstance(module, StreamingModule)  # for the type checker
    return list(flatten_state(module.initial_state(1)))
