"""One small recogniser, exported once in every way that tests look at."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from wrenlet.artefact import Sidecar
from wrenlet.export import ExportSettings, export_recogniser
from wrenlet.features import FeatureSettings, build_frontend, fit_normalisation
from wrenlet.models import Recogniser
from wrenlet.streaming import LSTM, Framewise, Sequential

LABELS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass
class Exported:
    """What was exported, from what."""

    recogniser: Recogniser
    clips: torch.Tensor
    lengths: torch.Tensor
    sidecar: Sidecar
    paths: dict[str, Path]


def noisy_clips(count: int, samples: int, seed: int) -> torch.Tensor:
    """Noise bursts of different loudness and colour: enough to move every feature."""
    generator = np.random.default_rng(seed)
    noise = generator.normal(size=(count, samples)).astype(np.float32)
    coloured = np.cumsum(noise, axis=1) * generator.uniform(0, 0.2, (count, 1)).astype(np.float32)
    loudness = np.exp(generator.normal(size=(count, 1)) - 3).astype(np.float32)
    envelope = np.abs(
        np.sin(np.linspace(0, 9, samples, dtype=np.float32) * generator.uniform(0.5, 2, (count, 1)))
    )
    return torch.from_numpy(((noise + coloured) * loudness * envelope).astype(np.float32).clip(-1, 1))


def sidecar() -> Sidecar:
    return Sidecar("toy", "digest", (), "audio", "float32", 8000, 128, {})


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    torch.manual_seed(0)
    clips, lengths = noisy_clips(40, 6400, 0), torch.full((40,), 6400)
    frontend = build_frontend(FeatureSettings(sample_rate=8000))
    body = Sequential({"lstm": LSTM(frontend.feature_count, 64), "dense": Framewise(nn.Linear(64, 10))})
    for parameter in body.parameters():
        parameter.data *= 1.5  # an untrained network hardly moves
    recogniser = Recogniser(frontend, fit_normalisation(frontend, clips, lengths), body, LABELS)
    folder = tmp_path_factory.mktemp("artefacts")
    settings = ExportSettings(calibration_clips=20)
    paths = export_recogniser(recogniser, clips, lengths, settings, sidecar(), folder)
    return Exported(
        recogniser, noisy_clips(6, 6400, 1), torch.full((6,), 6400), sidecar(), {p.name: p for p in paths}
    )
