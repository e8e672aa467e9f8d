"""Clips that live on the device for the whole training."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from wrenlet.corpora import Clips
from wrenlet.models import Recogniser
from wrenlet.training.losses import frame_count

__all__ = ["Resident", "audio_batch", "cache_features", "pad_time"]


@dataclass(frozen=True)
class Resident:
    """Clips as tensors on one device.

    Attributes:
        inputs: audio `[clips, samples]` or features `[clips, frames, features]`, zero after each clip's end.
        lengths: real samples or frames of each clip, `[clips]`.
        labels: `[clips]`.
        host_lengths: `lengths` on the CPU, to size a batch without waiting for the device.
    """

    inputs: Tensor
    lengths: Tensor
    labels: Tensor
    host_lengths: Tensor

    @classmethod
    def from_clips(cls, clips: Clips) -> Self:
        """Return `clips` as tensors on the CPU, sharing their memory."""
        lengths = torch.from_numpy(clips.lengths).long()
        return cls(torch.from_numpy(clips.waveforms), lengths, torch.from_numpy(clips.labels).long(), lengths)

    def __len__(self) -> int:
        """Return how many clips there are."""
        return len(self.host_lengths)

    def to(self, device: torch.device) -> Self:
        """Return the clips on `device`."""
        return type(self)(
            self.inputs.to(device), self.lengths.to(device), self.labels.to(device), self.host_lengths
        )

    def take(self, indices: Tensor, unit: int = 1, extra: int = 0) -> tuple[Tensor, Tensor, Tensor]:
        """Return inputs, lengths and labels of some clips, cut to the longest of them.

        Args:
            indices: of the clips, on the CPU.
            unit: the time that is kept is a multiple of this, as far as there is so much.
            extra: time kept beyond that, for a body that looks ahead.
        """
        longest = max(int(self.host_lengths[indices].max()), 1)
        time = -(-longest // unit) * unit + extra
        chosen = indices.to(self.labels.device)
        inputs = self.inputs[:, :time].index_select(0, chosen)
        return inputs, self.lengths.index_select(0, chosen), self.labels.index_select(0, chosen)


def pad_time(sequence: Tensor, time: int) -> Tensor:
    """Append zeros to `[batch, time, *frame]` until it has `time` frames."""
    missing = time - sequence.shape[1]
    if missing <= 0:
        return sequence
    return torch.cat([sequence, sequence.new_zeros(sequence.shape[0], missing, *sequence.shape[2:])], dim=1)


def audio_batch(recogniser: Recogniser, waveforms: Tensor) -> Tensor:
    """Pad audio `[batch, samples]` with silence to whole hops, and by the look-ahead of the body.

    A stream that has ended is flushed with silence; with it in the batch, the answers of a clip are the same
    whether or not a longer clip stands beside it.
    """
    hop = recogniser.hop_samples
    ahead = recogniser.body.lookahead * recogniser.frontend.stride + recogniser.frontend.lookahead
    hops = max(-(-waveforms.shape[1] // hop), 1) + -(-ahead // hop)
    return pad_time(waveforms, hops * hop)


@torch.no_grad()
def cache_features(recogniser: Recogniser, clips: Resident, batch: int) -> Resident:
    """Return `clips` with their normalised features `[clips, frames, features]` instead of audio.

    Args:
        recogniser: whose front-end and normalisation are used, on the device of `clips`.
        clips: audio.
        batch: clips computed at a time.
    """
    parts = [
        recogniser.features(audio_batch(recogniser, clips.inputs[start : start + batch]))
        for start in range(0, len(clips), batch)
    ]
    hop = recogniser.frontend.stride
    # Frames after a clip's end stay what silence gives, which a body that looks ahead sees; `take` must keep
    # them.
    return Resident(
        torch.cat(parts), frame_count(clips.lengths, hop), clips.labels, frame_count(clips.host_lengths, hop)
    )
