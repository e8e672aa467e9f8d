"""A bidirectional recurrent network with attention over the whole clip; it does not stream."""

from typing import Any, cast

import torch
from torch import Tensor, nn

from wrenlet.models.blocks import check_lengths
from wrenlet.models.head import check_positive, check_share
from wrenlet.streaming import StreamingModule, WholeClip

__all__ = ["ATT_MH_RNN_SIZES", "AttentionRNN", "att_mh_rnn"]


class AttentionRNN(nn.Module):
    """Convolutions over time, bidirectional GRU layers, and heads that attend to all frames of a clip.

    The query of each head is a projection of the middle frame.

    Args:
        features: values in a frame.
        classes: logits.
        filters: channels of each convolution.
        kernels: frames that each convolution sees, with zeros around the clip.
        hidden: units of each direction of a GRU layer.
        layers: bidirectional GRU layers.
        heads: of the attention.
        dropout: share of what the heads found that is zeroed while training.
        dense: widths of the dense layers after the heads.
        relu: which of them are followed by ReLU.

    Shapes:
        `[clips, frames, features]` → `[clips, classes]`.
    """

    def __init__(
        self,
        features: int,
        classes: int,
        *,
        filters: tuple[int, ...],
        kernels: tuple[int, ...],
        hidden: int,
        layers: int,
        heads: int,
        dropout: float,
        dense: tuple[int, ...],
        relu: tuple[bool, ...],
    ) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        width = 1
        for channels, kernel in zip(filters, kernels, strict=True):
            stages += [
                nn.Conv2d(width, channels, (kernel, 1), padding="same"),
                nn.ReLU(),
                nn.BatchNorm2d(channels),
            ]
            width = channels
        self.convolutions = nn.Sequential(*stages)
        self.onward, self.back = nn.ModuleList(), nn.ModuleList()
        inputs = features * width
        for _ in range(layers):
            self.onward.append(nn.GRU(inputs, hidden, batch_first=True))
            self.back.append(nn.GRU(inputs, hidden, batch_first=True))
            inputs = 2 * hidden
        self.queries = nn.ModuleList(nn.Linear(2 * hidden, 2 * hidden) for _ in range(heads))
        self.dropout = nn.Dropout(dropout)
        head: list[nn.Module] = []
        width = 2 * hidden * heads
        for units, active in zip(dense, relu, strict=True):
            head += [nn.Linear(width, units), nn.ReLU()] if active else [nn.Linear(width, units)]
            width = units
        self.head = nn.Sequential(*head, nn.Linear(width, classes))

    def forward(self, clips: Tensor) -> Tensor:
        """Return the logits of clips."""
        pictures = self.convolutions(clips.unsqueeze(1))  # [clips, channels, frames, features]
        frames = pictures.permute(0, 2, 3, 1).flatten(2)
        for onward, back in zip(self.onward, self.back, strict=True):
            frames = torch.cat([onward(frames)[0], backwards(back(backwards(frames))[0])], 2)
        middle = frames[:, frames.shape[1] // 2]
        found = []
        for query in cast(list[nn.Linear], self.queries):
            weights = torch.softmax((frames @ query(middle)[:, :, None]).squeeze(2), 1)
            found.append((weights[:, None] @ frames).squeeze(1))
        return self.head(self.dropout(torch.cat(found, 1)))


def backwards(frames: Tensor) -> Tensor:
    """Return `[clips, frames, values]` last frame first; there is no integer operator for `flip`."""
    return torch.stack(frames.unbind(1)[::-1], 1)


def att_mh_rnn(
    features: int,
    classes: int,
    *,
    filters: tuple[int, ...] = (10, 1),
    kernels: tuple[int, ...] = (5, 5),
    hidden: int = 128,
    layers: int = 2,
    heads: int = 4,
    dropout: float = 0.2,
    dense: tuple[int, ...] = (64, 32),
    relu: tuple[bool, ...] = (True, False),
    clip_frames: int = 50,
    skip_frames: int = 1,
) -> StreamingModule:
    """Answer once for each clip of a fixed number of frames, from all of them at once.

    Source: Rybakov et al. 2020 (arXiv:2005.06720), after de Andrade et al. 2018 (arXiv:1808.08929).

    Example:
        >>> att_mh_rnn(20, 12)(torch.zeros(1, 50, 20)).shape
        torch.Size([1, 1, 12])

    Args:
        features: values in a frame of the input `[batch, frames, features]`.
        classes: values of the output `[batch, frames // clip_frames, classes]`: logits.
        filters: channels of each convolution over time, each followed by ReLU and normalisation.
        kernels: frames that each convolution sees.
        hidden: units of each direction of a GRU layer.
        layers: bidirectional GRU layers.
        heads: of the attention.
        dropout: share of what the heads found that is zeroed while training.
        dense: widths of the dense layers after the heads.
        relu: which of them are followed by ReLU.
        clip_frames: frames of a clip; a second in hops of 20 ms has 50.
        skip_frames: of them, that the network does not see: the window of the first is not full.

    Raises:
        InputError: if a number is outside its range, or the lists do not match.
    """
    check_lengths("filters", filters, kernels=kernels)
    if dense or relu:
        check_lengths("dense", dense, relu=relu)
    for name, values in (("filters", filters), ("kernels", kernels), ("dense", dense)):
        for value in values:
            check_positive(name, value)
    for name, value in (("hidden", hidden), ("layers", layers), ("heads", heads), ("classes", classes)):
        check_positive(name, value)
    check_share("dropout", dropout)
    network = AttentionRNN(
        features,
        classes,
        filters=filters,
        kernels=kernels,
        hidden=hidden,
        layers=layers,
        heads=heads,
        dropout=dropout,
        dense=dense,
        relu=relu,
    )
    return WholeClip(network, clip_frames, (features,), skip=skip_frames)


ATT_MH_RNN_SIZES: dict[str, dict[str, Any]] = {
    "att_mh_rnn": {
        "filters": (10, 1),
        "kernels": (5, 5),
        "hidden": 128,
        "layers": 2,
        "heads": 4,
        "dropout": 0.2,
        "dense": (64, 32),
        "relu": (True, False),
        "clip_frames": 50,
        "skip_frames": 1,
    },
}
