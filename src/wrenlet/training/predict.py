"""Offline answers of a recogniser for clips, the way training and the runtime read them."""

import numpy as np
import torch

from wrenlet.corpora import Clips
from wrenlet.models import Recogniser
from wrenlet.training.data import Resident, audio_batch
from wrenlet.training.losses import frame_count, last_frame

__all__ = ["predict_clips"]


@torch.no_grad()
def predict_clips(recogniser: Recogniser, clips: Clips, batch: int = 256) -> np.ndarray:
    """Return the logits of each clip at its last real frame, float32 `[clips, classes]`.

    Args:
        recogniser: on any device; its mode is left as it was.
        clips: at the front-end's sample rate.
        batch: clips computed at a time; padding does not change the answers.
    """
    was_training = recogniser.training
    recogniser.eval()
    device = recogniser.normalise.mean.device
    resident = Resident.from_clips(clips)
    parts = [np.zeros((0, len(recogniser.labels)), np.float32)]
    try:
        for indices in torch.arange(len(resident)).split(batch):
            waveforms, lengths, _ = resident.take(indices)
            logits = recogniser(audio_batch(recogniser, waveforms.to(device)))
            frames = frame_count(lengths.to(device), recogniser.hop_samples)
            parts.append(last_frame(logits, frames).float().cpu().numpy())
    finally:
        recogniser.train(was_training)
    return np.concatenate(parts)
