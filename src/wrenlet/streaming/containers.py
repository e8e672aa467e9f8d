"""Containers that thread named state and keep strides and look-ahead in step."""

from collections.abc import Mapping
from typing import cast

from torch import Tensor, nn

from wrenlet.streaming.module import State, StreamingModule
from wrenlet.streaming.running import check_name
from wrenlet.streaming.window import Delay, shape_of

__all__ = ["Residual", "Sequential"]


class Sequential(StreamingModule):
    """Named layers one after another.

    Strides multiply and look-ahead adds up. Where the answers of the layers so far come late by a number of
    frames that is no multiple of the next layer's stride, a `Delay` named `<layer>_delay` rounds it up, so
    that the frames a strided layer takes together are the same however the sequence is cut.

    The children are attributes under their own names: `model.conv`, and `conv.weight` in the state dict. A
    child without state has no entry in the state.

    Example:
        >>> model = Sequential({"conv": Conv1d(40, 64, 3), "relu": Framewise(nn.ReLU()), "gru": GRU(64, 32)})
        >>> list(flatten_state(model.initial_state(1)))
        ['conv__frames', 'gru__hidden']

    Args:
        modules: the layers by name, in order.

    Raises:
        ValueError: if a layer is not a `StreamingModule`, a name cannot be used, or frames of unknown shape
            would have to be delayed.
    """

    def __init__(self, modules: Mapping[str, StreamingModule]) -> None:
        super().__init__()
        if not modules:
            raise ValueError("Sequential got no layers: give at least one")
        stride, late = 1, 0  # of the layers so far; `late` in their output frames
        for name, module in modules.items():
            check_streaming("Sequential", name, module)
            if -late % module.stride:
                delay = Delay(-late % module.stride, shape_of(module))
                self.append(f"{name}_delay", delay)
                late += delay.frames
            self.append(name, module)
            late = (late + module.lookahead) // module.stride
            stride *= module.stride
        self.stride = stride
        self.lookahead = late * stride
        self.frame_shape = next(iter(modules.values())).frame_shape

    def append(self, name: str, module: StreamingModule) -> None:
        """Register a child, or say why its name cannot be used."""
        check_name(name)
        if name in self._modules or hasattr(self, name):
            raise ValueError(f"Sequential cannot call a layer {name!r}: the name is taken, choose another")
        self.add_module(name, module)

    def initial_state(self, batch: int) -> State:
        """Return the states of the children that have one, by name."""
        states = {name: streaming(child).initial_state(batch) for name, child in self.named_children()}
        return {name: state for name, state in states.items() if state}

    def step(self, chunk: Tensor, state: State) -> tuple[Tensor, State]:
        """Pass a chunk through the layers."""
        self.check_chunk(chunk)
        after: State = {}
        for name, child in self.named_children():
            chunk, inner = streaming(child).step(chunk, inner_state(state, name))
            if inner:
                after[name] = inner
        return chunk, after


class Residual(StreamingModule):
    """Adds the input, or what a shortcut makes of it, to the output of a body.

    The branch that answers earlier is delayed by the difference in look-ahead.

    Args:
        body: a layer; its stride is 1 unless a shortcut has the same stride.
        shortcut: a layer for the other branch, such as a 1×1 convolution where the channels change; else the
            input itself.

    Raises:
        ValueError: if a branch is not a `StreamingModule`, the strides differ, or the input has to be delayed
            and neither branch knows the shape of its frames.
    """

    def __init__(self, body: StreamingModule, shortcut: StreamingModule | None = None) -> None:
        super().__init__()
        check_streaming("Residual", "body", body)
        if shortcut is not None:
            check_streaming("Residual", "shortcut", shortcut)
        stride, lookahead = (1, 0) if shortcut is None else (shortcut.stride, shortcut.lookahead)
        if body.stride != stride:
            raise ValueError(
                f"Residual got a body with stride {body.stride} and a shortcut with stride {stride}: they "
                f"must be equal; give a shortcut such as Conv1d(inputs, outputs, 1, stride={body.stride})"
            )
        self.body = body
        self.shortcut = shortcut
        self.stride = stride
        self.lookahead = max(body.lookahead, lookahead)
        self.frame_shape = body.frame_shape
        if self.frame_shape is None and shortcut is not None:
            self.frame_shape = shortcut.frame_shape
        self.body_delay: Delay | None = None
        self.shortcut_delay: Delay | None = None
        if body.lookahead != lookahead:
            delay = Delay(
                abs(body.lookahead - lookahead), shape_of(body if self.frame_shape is None else self)
            )
            if body.lookahead > lookahead:
                self.shortcut_delay = delay
            else:
                self.body_delay = delay

    def initial_state(self, batch: int) -> State:
        """Return the states of `body`, `shortcut` and their delays, those that there are."""
        states = {name: streaming(child).initial_state(batch) for name, child in self.named_children()}
        return {name: state for name, state in states.items() if state}

    def step(self, chunk: Tensor, state: State) -> tuple[Tensor, State]:
        """Pass a chunk through both branches and add them."""
        self.check_chunk(chunk)
        after: State = {}
        branches: list[Tensor] = []
        for layers in (
            {"body_delay": self.body_delay, "body": self.body},
            {"shortcut_delay": self.shortcut_delay, "shortcut": self.shortcut},
        ):
            branch = chunk
            for name, child in layers.items():
                if child is None:
                    continue
                branch, inner = child.step(branch, inner_state(state, name))
                if inner:
                    after[name] = inner
            branches.append(branch)
        return branches[0] + branches[1], after


def check_streaming(container: str, name: str, module: object) -> None:
    """Raise `ValueError` unless `module` is declared to stream."""
    if isinstance(module, StreamingModule):
        return
    if isinstance(module, nn.Module) and (twin := TWINS.get(type(module).__name__)):
        mend = f"use wrenlet.streaming.{twin}, which keeps time in axis 1 and channels last"
    else:
        mend = (
            "if it treats every frame alone, say so with Framewise(...); if it looks from frame to frame, "
            "write it as a StreamingModule with initial_state and step"
        )
    raise ValueError(
        f"{container} got {type(module).__name__} for {name!r}, which does not say how it streams: {mend}"
    )


#: Layers of torch by name, and what to use in their place.
TWINS = {
    "BatchNorm1d": "BatchNorm",
    "BatchNorm2d": "BatchNorm",
    "Conv1d": "Conv1d",
    "Conv2d": "Conv2d",
    "GRU": "GRU",
    "LSTM": "LSTM",
    "Sequential": "Sequential",
    "ModuleDict": "Sequential",
}


def streaming(child: nn.Module) -> StreamingModule:
    """Return the child as what the constructor has checked it to be."""
    return cast(StreamingModule, child)


def inner_state(state: State, name: str) -> State:
    """Return the state of the child `name`, `{}` if it has none."""
    return cast(State, state.get(name, {}))
