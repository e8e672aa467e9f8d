"""The answer of a clip and its loss: logits of the frame that holds the last real sample."""

import torch.nn.functional as F
from torch import Tensor

__all__ = ["clip_loss", "frame_count", "last_frame"]


def frame_count(samples: Tensor, hop_samples: int) -> Tensor:
    """Return how many frames hold real samples: `ceil(samples / hop)`, at least 1.

    Example:
        >>> frame_count(torch.tensor([1, 256, 257]), 256)
        tensor([1, 1, 2])

    Args:
        samples: true lengths `[batch]`.
        hop_samples: samples a frame.
    """
    return ((samples + hop_samples - 1) // hop_samples).clamp(min=1)


def last_frame(logits: Tensor, frames: Tensor) -> Tensor:
    """Return the logits `[batch, classes]` of each clip's last real frame.

    Args:
        logits: `[batch, frames, classes]`.
        frames: how many frames of each clip are real, `[batch]`.
    """
    index = (frames - 1).clamp(max=logits.shape[1] - 1).view(-1, 1, 1).expand(-1, 1, logits.shape[2])
    return logits.gather(1, index).squeeze(1)


def clip_loss(
    answers: Tensor, labels: Tensor, label_smoothing: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """Cross-entropy of a clip's answer, in 32 bit whatever the logits are in.

    Args:
        answers: logits `[batch, classes]`.
        labels: `[batch]`.
        label_smoothing: share of the target spread evenly over all classes (Szegedy et al. 2016, section 7).
        reduction: `mean` or `sum` over the batch.
    """
    return F.cross_entropy(answers.float(), labels, label_smoothing=label_smoothing, reduction=reduction)
