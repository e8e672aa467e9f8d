"""A corpus of a few tones, and a recogniser small enough to learn it in seconds."""

from dataclasses import dataclass

import numpy as np
import torch

from wrenlet.features import FeatureSettings, build_frontend, fit_normalisation
from wrenlet.models import Recogniser, build_model

RATE = 8000
LABELS = ("low", "middle", "high")
FEATURES = FeatureSettings(sample_rate=RATE, window_ms=32.0, hop_ms=16.0, mel_bins=20, coefficients=10)


@dataclass
class ToneClips:
    """What training reads of `wrenlet.corpora.Clips`."""

    waveforms: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray
    sample_rate: int = RATE

    def __len__(self) -> int:
        return len(self.lengths)


def tone_clips(count: int = 48, seed: int = 0, longest: int = 2400, padding: int = 0) -> ToneClips:
    """Return `count` clips of rising or steady tones with true lengths of 0.1 s to `longest` samples."""
    chance = np.random.default_rng(seed)
    labels = np.arange(count) % len(LABELS)
    lengths = chance.integers(800, longest + 1, count)
    waveforms = np.zeros((count, longest + padding), np.float32)
    for row, (label, length) in enumerate(zip(labels, lengths, strict=True)):
        pitch = (300, 700, 1500)[label] * chance.uniform(0.9, 1.1)
        phase = 2 * np.pi * pitch * np.arange(length) / RATE
        waveforms[row, :length] = 0.3 * np.sin(phase) + 0.02 * chance.standard_normal(length)
    return ToneClips(waveforms, lengths.astype(np.int64), labels.astype(np.int64))


def tone_recogniser(
    clips: ToneClips, seed: int = 0, model: str = "lstm_24", **arguments: object
) -> Recogniser:
    """Return an untrained recogniser for the tones."""
    torch.manual_seed(seed)
    frontend = build_frontend(FEATURES)
    normalise = fit_normalisation(
        frontend, torch.from_numpy(clips.waveforms), torch.from_numpy(clips.lengths)
    )
    body = build_model(model, frontend.feature_count, len(LABELS), **arguments)
    return Recogniser(frontend, normalise, body, LABELS)
