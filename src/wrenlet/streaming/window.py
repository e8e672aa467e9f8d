"""Layers that remember the last frames: `Window`, `RunningMean`, `Delay`."""

import torch
import torch.nn.functional as F
from torch import Tensor

from wrenlet.streaming.module import State, StreamingModule

__all__ = ["Delay", "RunningMean", "Window", "extend"]


def extend(history: Tensor, chunk: Tensor) -> tuple[Tensor, Tensor]:
    """Put a chunk behind the frames that came before it.

    Args:
        history: the last frames seen, `[batch, frames, *frame]`.
        chunk: `[batch, time, *frame]`.

    Returns:
        Both, `[batch, frames + time, *frame]`, and the new history: the last `frames` of them.
    """
    frames, time = history.shape[1], chunk.shape[1]
    joined = torch.cat([history, chunk], 1)
    # Cut from the chunk where it is long enough: for one frame of history the exported graph then has no
    # SLICE.
    return joined, chunk[:, time - frames :] if time >= frames else joined[:, time:]


class Window(StreamingModule):
    """The last `length` frames at every step; frames before the start are zero.

    Args:
        length: frames in the window, the present one included.
        frame_shape: axes of one frame, such as `(40,)`.
        stride: frames from one window to the next.
        flatten: lay the frames of a window side by side, oldest first.

    Shapes:
        `[batch, time, *frame]` → `[batch, time // stride, length, *frame]`, flattened
        `[batch, time // stride, length * prod(frame)]`.
    """

    def __init__(
        self, length: int, frame_shape: tuple[int, ...], *, stride: int = 1, flatten: bool = False
    ) -> None:
        super().__init__()
        check_positive("Window", length=length, stride=stride)
        self.length = length
        self.frame_shape = tuple(frame_shape)
        self.stride = stride
        self.flatten = flatten
        self.history = max(length - stride, 0)

    def initial_state(self, batch: int) -> State:
        """Return `{"frames": [batch, length - stride, *frame]}`, or `{}` if windows do not overlap."""
        return {"frames": torch.zeros(batch, self.history, *shape_of(self))} if self.history else {}

    def step(self, chunk: Tensor, state: State) -> tuple[Tensor, State]:
        """Return the windows that end with each stride of `chunk`."""
        self.check_chunk(chunk)
        first = max(self.stride - self.length, 0)  # short windows skip what lies between them
        if self.history:
            joined, history = extend(leaf(state, "frames"), chunk)
            state = {"frames": history}
        else:
            joined = chunk
        starts = range(first, joined.shape[1] - self.length + 1, self.stride)
        # Slices rather than `unfold`, which exports as a GATHER_ND with its arithmetic; one slice of all
        # costs nothing.
        windows = torch.stack([joined[:, start : start + self.length] for start in starts], 1)
        return windows.flatten(2) if self.flatten else windows, state


class RunningMean(StreamingModule):
    """The mean of the last `length` frames at every step; frames before the start count as zero.

    Args:
        length: frames averaged, the present one included.
        frame_shape: axes of one frame, such as `(64,)`.
        stride: frames from one mean to the next.

    Shapes:
        `[batch, time, *frame]` → `[batch, time // stride, *frame]`.
    """

    def __init__(self, length: int, frame_shape: tuple[int, ...], *, stride: int = 1) -> None:
        super().__init__()
        check_positive("RunningMean", length=length, stride=stride)
        self.length = length
        self.frame_shape = tuple(frame_shape)
        self.stride = stride
        self.history = max(length - stride, 0)

    def initial_state(self, batch: int) -> State:
        """Return `{"frames": [batch, length - stride, *frame]}`, or `{}` if means do not overlap.

        The frames rather than their sum: a running sum drifts in float and has no fixed scale in int8.
        """
        return {"frames": torch.zeros(batch, self.history, *shape_of(self))} if self.history else {}

    def step(self, chunk: Tensor, state: State) -> tuple[Tensor, State]:
        """Return the mean that ends with each stride of `chunk`."""
        self.check_chunk(chunk)
        if self.history:
            joined, history = extend(leaf(state, "frames"), chunk)
            state = {"frames": history}
        else:
            joined = chunk[:, max(self.stride - self.length, 0) :]
        if joined.shape[1] == self.length:
            # One answer, as in the exported step: MEAN has a scale of its own in int8, while AVERAGE_POOL_2D
            # keeps that of the frames, whose mean over a second moves over a few of its steps only.
            return joined.mean(1, keepdim=True), state
        # Time as the width of a picture one bin high, channels last: exports without a TRANSPOSE.
        picture = joined.flatten(2) if joined.dim() > 2 else joined[..., None]
        picture = picture.unsqueeze(1).permute(0, 3, 1, 2)
        mean = F.avg_pool2d(picture, (1, self.length), (1, self.stride)).permute(0, 2, 3, 1).squeeze(1)
        return mean.reshape(*mean.shape[:2], *shape_of(self)), state


class Delay(StreamingModule):
    """Every frame `frames` steps late: `y[t] = x[t - frames]`, zero before the start.

    Args:
        frames: how late, at least 1.
        frame_shape: axes of one frame, such as `(40,)`.
    """

    def __init__(self, frames: int, frame_shape: tuple[int, ...]) -> None:
        super().__init__()
        check_positive("Delay", frames=frames)
        self.frames = frames
        self.frame_shape = tuple(frame_shape)

    def initial_state(self, batch: int) -> State:
        """Return `{"frames": [batch, frames, *frame]}`."""
        return {"frames": torch.zeros(batch, self.frames, *shape_of(self))}

    def step(self, chunk: Tensor, state: State) -> tuple[Tensor, State]:
        """Return as many of the oldest frames as the chunk brings."""
        self.check_chunk(chunk)
        history = leaf(state, "frames")
        joined, later = extend(history, chunk)
        time = chunk.shape[1]
        return history[:, :time] if time <= self.frames else joined[:, :time], {"frames": later}


def shape_of(module: StreamingModule) -> tuple[int, ...]:
    """Return the module's `frame_shape`, which it must know.

    Raises:
        ValueError: if it is `None`.
    """
    if module.frame_shape is None:
        raise ValueError(
            f"{type(module).__name__} does not say the shape of its input frames, which is needed to delay "
            "them: set its attribute frame_shape, for example layer.frame_shape = (40,)"
        )
    return module.frame_shape


def leaf(state: State, name: str) -> Tensor:
    """Return the tensor `name` of a state.

    Raises:
        ValueError: if the state has no tensor of that name.
    """
    value = state.get(name)
    if not isinstance(value, Tensor):
        raise ValueError(
            f"the state has no tensor {name!r} (it has {sorted(state)}): start from initial_state(batch)"
        )
    return value


def check_positive(owner: str, **sizes: int) -> None:
    """Raise `ValueError` unless every size is at least 1."""
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{owner} got {name}={size}: it must be at least 1")
