"""The contract of a streaming module: one `step`, explicit state, and `forward` as `step` from zero state."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Framewise", "State", "StreamingModule", "place_state"]

#: State of a module, nested by child name. A leaf has the batch as its first axis. `{}` if there is none.
State = dict[str, "Tensor | State"]

#: Layers of torch that put time or channels elsewhere, or mix frames, and are easily wrapped by mistake.
MIXES_FRAMES = (
    nn.modules.conv._ConvNd,
    nn.modules.batchnorm._BatchNorm,
    nn.RNNBase,
    nn.MultiheadAttention,
)


def place_state(state: State, like: Tensor) -> State:
    """Return `state` with every leaf on the device and in the floating dtype of `like`."""
    return {
        name: place_state(leaf, like)
        if isinstance(leaf, dict)
        else leaf.to(device=like.device, dtype=like.dtype)
        for name, leaf in state.items()
    }


class StreamingModule(nn.Module, ABC):
    """A module over time that answers the same whether it sees a sequence whole or in chunks.

    Sequences are `[batch, time, *frame]`: time is always axis 1 and channels are last. Subclasses implement
    `initial_state` and `step`, and set `stride` and `lookahead` in `__init__`. All maths lives in `step`;
    `forward` only calls it, so the offline model and the stream cannot drift apart.

    A module that looks ahead is causal in `step` and answers late: its first `lookahead // stride` outputs
    are warm-up. `forward` pads the end with `lookahead` zero frames and drops these, which puts the answers
    back in line.

    Output frame `n` belongs to input frames `n * stride … (n + 1) * stride - 1` and may depend on no input
    later than the last of these plus `lookahead`.

    Attributes:
        stride: input frames for one output frame, at least 1.
        lookahead: input frames that an output waits for; a multiple of `stride`, 0 for a causal module.
        frame_shape: axes of one input frame after time, where the module knows them; containers need them
            only to delay frames.
    """

    stride: int = 1
    lookahead: int = 0
    frame_shape: tuple[int, ...] | None = None

    @abstractmethod
    def initial_state(self, batch: int) -> State:
        """Return the all-zero state for `batch` streams, on the CPU in float32; see `place_state`.

        Every leaf is zero: an integer artefact starts a stream by filling its states with their zero points.
        """

    @abstractmethod
    def step(self, chunk: Tensor, state: State) -> tuple[Tensor, State]:
        """Advance by one chunk.

        Args:
            chunk: `[batch, time, *frame]`, `time` a positive multiple of `stride`.
            state: what the previous step returned, or `initial_state`. Never modified in place.

        Returns:
            The output `[batch, time // stride, *frame]` and the next state, with the structure, shapes and
            dtypes of `state`.

        Raises:
            ValueError: if `time` is not a positive multiple of `stride`.
        """

    def forward(self, sequence: Tensor) -> Tensor:
        """Step over a whole sequence from the zero state.

        Args:
            sequence: `[batch, time, *frame]`; a remainder shorter than `stride` at the end is dropped.

        Returns:
            `[batch, time // stride, *frame]`, aligned with the input.
        """
        frames = sequence.shape[1] // self.stride * self.stride
        padded = pad_end(sequence[:, :frames], self.lookahead)
        output, _ = self.step(padded, place_state(self.initial_state(sequence.shape[0]), sequence))
        return output[:, self.lookahead // self.stride :]

    def check_chunk(self, chunk: Tensor) -> None:
        """Raise `ValueError` unless the chunk's time is a positive multiple of `stride`."""
        time = chunk.shape[1]
        if time < 1 or time % self.stride:
            raise ValueError(
                f"{type(self).__name__}.step got a chunk of {time} frames: with stride {self.stride} it must "
                f"be a positive multiple of {self.stride}"
            )


class Framewise(StreamingModule):
    """A module that treats every frame alone, declared as such so that containers accept it.

    Example:
        >>> Framewise(nn.Linear(40, 64)).initial_state(1)
        {}

    Args:
        module: maps `[batch, time, *frame]` to `[batch, time, *frame]` without looking from frame to frame,
            such as `nn.Linear`, `nn.ReLU`, `nn.LayerNorm`, `nn.Dropout` or a function.
        frame_shape: axes of one input frame; read off an `nn.Linear` or `nn.LayerNorm`.

    Raises:
        ValueError: if the module holds a layer of torch that is known to mix frames.
    """

    def __init__(
        self, module: nn.Module | Callable[[Tensor], Tensor], frame_shape: tuple[int, ...] | None = None
    ) -> None:
        super().__init__()
        for layer in module.modules() if isinstance(module, nn.Module) else ():
            if isinstance(layer, (StreamingModule, *MIXES_FRAMES)):
                raise ValueError(
                    f"Framewise got {type(layer).__name__}, which looks from frame to frame or has channels "
                    "second: use the layer of that name from wrenlet.streaming, without Framewise"
                )
        self.module = module
        if frame_shape is None and isinstance(module, nn.Linear):
            frame_shape = (module.in_features,)
        elif frame_shape is None and isinstance(module, nn.LayerNorm):
            frame_shape = tuple(module.normalized_shape)
        self.frame_shape = frame_shape

    def initial_state(self, batch: int) -> State:  # noqa: ARG002 - the contract's argument
        """Return `{}`: there is none."""
        return {}

    def step(self, chunk: Tensor, state: State) -> tuple[Tensor, State]:
        """Apply the module to every frame of `chunk`."""
        self.check_chunk(chunk)
        return self.module(chunk), state


def pad_end(sequence: Tensor, frames: int) -> Tensor:
    """Append `frames` zero frames to `[batch, time, *frame]`."""
    if frames == 0:
        return sequence
    return F.pad(sequence, (0, 0) * (sequence.dim() - 2) + (0, frames))
