"""Clips of fixed length as single frames: a model that needs its whole input among those that stream."""

from torch import Tensor, nn

from wrenlet.streaming.module import State, StreamingModule
from wrenlet.streaming.window import check_positive

__all__ = ["WholeClip"]


class WholeClip(StreamingModule):
    """One answer for every `frames` frames, from them alone: nothing is remembered from clip to clip.

    This is how a module that does not stream, or one that does and shall answer for clips, is trained,
    exported and run like any other: its stride is the clip.

    Args:
        module: maps `[clips, frames - skip, *frame]` to `[clips, *answer]`; of a `StreamingModule`, which
            starts every clip from its zero state, the last answer is taken.
        frames: in a clip.
        frame_shape: axes of one frame, such as `(20,)`.
        skip: frames at the start of a clip that the module does not see, such as one whose window is not
            full.

    Shapes:
        `[batch, time, *frame]` → `[batch, time // frames, *answer]`.

    Raises:
        ValueError: if nothing would be left of a clip.
    """

    def __init__(
        self, module: nn.Module, frames: int, frame_shape: tuple[int, ...], *, skip: int = 0
    ) -> None:
        super().__init__()
        check_positive("WholeClip", frames=frames)
        if not 0 <= skip < frames:
            raise ValueError(
                f"WholeClip got skip={skip}: it must be in 0 … {frames - 1} for clips of {frames}"
            )
        self.module = module
        self.stride = frames
        self.skip = skip
        self.frame_shape = tuple(frame_shape)

    def initial_state(self, batch: int) -> State:  # noqa: ARG002 - the contract's argument
        """Return `{}`: there is none."""
        return {}

    def step(self, chunk: Tensor, state: State) -> tuple[Tensor, State]:
        """Answer for each clip of a chunk."""
        self.check_chunk(chunk)
        batch, count = chunk.shape[0], chunk.shape[1] // self.stride
        clips = chunk.reshape(batch * count, self.stride, *chunk.shape[2:])[:, self.skip :]
        if isinstance(self.module, StreamingModule):
            answers = self.last_answer(self.module, clips)
        else:
            answers = self.module(clips)
        return answers.reshape(batch, count, *answers.shape[1:]), state

    def last_answer(self, module: StreamingModule, clips: Tensor) -> Tensor:
        """Return what a streaming module says at the end of `[clips, frames, *frame]`."""
        missing = -clips.shape[1] % module.stride
        if missing:  # the last stride is filled with zero frames, as training and runtime fill it
            clips = nn.functional.pad(clips, (0, 0) * (clips.dim() - 2) + (0, missing))
        return module(clips)[:, -1]
