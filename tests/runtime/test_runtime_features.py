"""The NumPy front-end is the trained one: else an artefact with features in hears something else."""

import dataclasses

import numpy as np
import pytest
from tiny_artefacts import audio_sidecar

from wrenlet.errors import InputError
from wrenlet.runtime import NumpyFrontend

SETTINGS = [
    {"level": "relative", "deltas": 1},
    {"level": "relative", "spectrum": "magnitude", "level_decay_db": 100.0},
    {},
    {"kind": "logmel", "mel_bins": 26, "spectrum": "magnitude", "window": "hamming"},
    {"preemphasis": 0.97, "mel_scale": "htk", "mel_norm": "none", "coefficients": 13, "mel_bins": 20},
    {"deltas": 1, "window": "rectangular", "log_floor": 1e-4},
    {"deltas": 2, "preemphasis": 0.9, "mel_high_hz": 3800.0, "mel_low_hz": 60.0},
    {"window_ms": 25.0, "hop_ms": 10.0, "transform_length": 320, "mel_bins": 23},
    {"window_ms": 16.0, "hop_ms": 16.0, "mel_bins": 16, "coefficients": 12},
]


def frontends(changes, stride=1):
    import torch

    from wrenlet.features import FeatureSettings, Normalise, build_frontend

    settings = FeatureSettings(**({"sample_rate": 8000, "mel_bins": 32} | changes))
    rng = np.random.default_rng(2)
    mean = rng.normal(0, 3, settings.feature_count).astype(np.float32)
    std = rng.uniform(0.5, 3, settings.feature_count).astype(np.float32)
    sidecar = dataclasses.replace(
        audio_sidecar(),
        input="features",
        features=dataclasses.asdict(settings),
        hop_samples=settings.hop_samples * stride,
        mean=tuple(mean.tolist()),
        std=tuple(std.tolist()),
    )
    frontend, normalise = build_frontend(settings), Normalise(torch.from_numpy(mean), torch.from_numpy(std))

    def trained(audio: np.ndarray) -> np.ndarray:
        """Answers as they come in a stream: warm-up first, not put in line."""
        with torch.no_grad():
            features, _ = frontend.step(torch.from_numpy(audio)[None], frontend.initial_state(1))
            return normalise(features)[0].numpy()

    return NumpyFrontend(sidecar), trained


@pytest.mark.parametrize("changes", SETTINGS, ids=str)
def test_features_are_those_of_the_trained_front_end(changes):
    ours, trained = frontends(changes)
    rng = np.random.default_rng(0)
    audio = (rng.normal(0, 0.2, 40 * ours.hop) * np.linspace(0, 1, 40 * ours.hop)).astype(np.float32)
    audio[: 5 * ours.hop] = 0
    expected = trained(audio)
    found = ours.run(audio)
    assert found.shape == expected.shape == (40, ours.feature_count)
    np.testing.assert_allclose(found, expected, atol=2e-4)


@pytest.mark.parametrize("changes", SETTINGS, ids=str)
def test_hop_by_hop_is_the_same_as_at_once(changes):
    ours, _ = frontends(changes)
    audio = np.random.default_rng(1).normal(0, 0.1, (17, ours.hop)).astype(np.float32)
    whole = ours.run(audio)
    ours.reset()
    pieces = np.concatenate([ours.run(hop) for hop in audio])
    np.testing.assert_allclose(pieces, whole, atol=1e-5)


@pytest.mark.parametrize(("stride", "deltas", "delay"), [(1, 2, 0), (3, 1, 1), (3, 2, 2), (2, 1, 0)])
def test_a_step_of_several_frames_starts_on_a_whole_step(stride, deltas, delay):
    ours, trained = frontends({"deltas": deltas}, stride)
    assert ours.lookahead * stride == 2 * deltas + delay
    audio = np.random.default_rng(1).normal(0, 0.1, 12 * ours.hop).astype(np.float32)
    found, expected = ours.run(audio), trained(audio)
    assert (found[:delay] == 0).all()
    np.testing.assert_allclose(found[delay:], expected[: 12 - delay], atol=2e-4)


def test_settings_of_a_newer_wrenlet_and_wrong_statistics_are_refused():
    sidecar = dataclasses.replace(audio_sidecar(), input="features")
    with pytest.raises(InputError, match="pitch"):
        NumpyFrontend(dataclasses.replace(sidecar, features={**sidecar.features, "pitch": True}))
    with pytest.raises(InputError, match="2 means for 12 features"):
        NumpyFrontend(dataclasses.replace(sidecar, mean=(0.0, 1.0)))
