"""Every family becomes float and integer files that answer like the network."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from wrenlet.artefact import Sidecar, audit, read_sidecar
from wrenlet.export import ExportSettings, export_recogniser
from wrenlet.features import FeatureSettings, build_frontend, fit_normalisation
from wrenlet.models import MODELS, Recogniser, build_model

LABELS = tuple("abcdefghijkl")
#: A small one of each family, and of each kind of layer inside: name, features, changes.
SMALL: dict[str, tuple[str, int, dict[str, Any]]] = {
    "lstm": ("lstm_24", 20, {"peepholes": True, "projection": 12}),
    "gru": ("gru_32", 20, {}),
    "conv_gru": ("conv_gru_48", 20, {"filters": (8, 8), "hidden": 16}),
    "dnn": ("dnn", 20, {"frame_units": (16, 32), "window": 9, "bottleneck": 8, "dense": (16,)}),
    "svdf": ("svdf_32k", 20, {"units": (16, 32), "memories": (4, 10), "projections": (8,)}),
    "cnn": (
        "cnn",
        20,
        {"filters": (8, 8), "kernels": ((3, 3), (5, 3)), "dilations": ((1, 1), (2, 1)), "dense": (16,)},
    ),
    "crnn": ("crnn", 20, {"filters": (4, 4), "hidden": 16, "bottleneck": 8, "dense": (16,)}),
    "crnn_clip": ("crnn_clip", 20, {"filters": (4, 4), "hidden": 8, "clip_frames": 8, "dense": (16,)}),
    "att_mh_rnn": ("att_mh_rnn", 20, {"hidden": 8, "layers": 1, "heads": 2, "clip_frames": 8}),
    "ds_cnn": ("ds_cnn_s", 20, {"filters": 8, "strides": ((2, 2), (1, 1))}),
    "tc_resnet": ("tc_resnet_8", 40, {"channels": (8, 8, 12)}),
    "ds_tc_resnet": (
        "ds_tc_resnet",
        40,
        {
            "filters": (16, 16),
            "repeats": (1, 2),
            "kernels": (5, 7),
            "strides": (1, 2),
            "dilations": (1, 1),
            "residual": (False, True),
        },
    ),
    "bc_resnet": (
        "bc_resnet_1",
        40,
        {"blocks": (1, 2), "channels": (8, 12), "strides": (1, 2), "dilations": (1, 2)},
    ),
    "mobilenet_v2": (
        "mobilenet_v2_30k",
        40,
        {"filters": (16, 16), "first_filters": 16, "kernels": (3, 3), "strides": (2, 1)},
    ),
}


def recogniser(name: str, features: int, arguments: dict[str, Any]) -> tuple[Recogniser, torch.Tensor]:
    """Build an untrained network that moves, with statistics of its own, and noise to run it on."""
    torch.manual_seed(0)
    settings = FeatureSettings(
        sample_rate=8000, kind="mfcc" if features == 20 else "logmel", hop_ms=20.0, window_ms=40.0
    )
    frontend = build_frontend(settings)
    assert frontend.feature_count == features
    samples = 160 * 96
    loudness = torch.linspace(0, 12, samples).sin().abs() * torch.logspace(-3, -0.5, 24)[:, None]
    clips = torch.randn(24, samples) * loudness
    normalise = fit_normalisation(frontend, clips, torch.full((24,), samples))
    body = build_model(name, features, len(LABELS), **arguments)
    for value in body.parameters():
        if value.dim() > 1:
            nn.init.normal_(value, 0, 1.5 / value[0].numel() ** 0.5)
    one = Recogniser(frontend, normalise, body, LABELS)
    with torch.no_grad():
        seen = one.features(clips)
        for _ in range(20):
            body.train()(seen)
    return one.eval(), clips


def run(path: Path, hops: np.ndarray) -> np.ndarray:
    """Return logits `[steps, classes]` for `[steps, *frame]`, both in real numbers."""
    from ai_edge_litert.interpreter import Interpreter

    known = read_sidecar(path)
    runner = Interpreter(model_path=str(path), num_threads=1).get_signature_runner()
    scale, zero = runner.get_input_details()["features"]["quantization"]
    out_scale, out_zero = runner.get_output_details()["logits"]["quantization"]
    if scale:
        hops = np.clip(np.round(hops / scale) + zero, -128, 127).astype(np.int8)
    state = {one.name: np.full(one.shape, one.zero_point, one.dtype) for one in known.states}
    answers = []
    for hop in hops:
        found = runner(features=hop[None], **state)
        answers.append(found.pop("logits").astype(np.float32).reshape(-1))
        state = found
    logits = np.stack(answers)
    return (logits - out_zero) * out_scale if out_scale else logits


def check(name: str, features: int, arguments: dict[str, Any], folder: Path) -> None:
    one, clips = recogniser(name, features, arguments)
    settings = ExportSettings(formats=("litert",), inputs=("features",), calibration_clips=6)
    sidecar = Sidecar("it", "digest", (), "audio", "float32", 8000, 160, {})
    real, integer = export_recogniser(
        one, clips, torch.full((24,), clips.shape[1]), settings, sidecar, folder
    )
    assert set(audit(integer).dtypes) <= {"int8", "int16", "int32"}
    body = one.body
    with torch.no_grad():
        frames = one.features(clips[20:21])
        frames = frames[:, : frames.shape[1] // body.stride * body.stride]
        expected, _ = body.step(frames, body.initial_state(1))
    hops = frames[0].reshape(-1, body.stride, features).numpy()
    assert np.abs(run(real, hops) - expected[0].numpy()).max() <= 1e-3
    error = np.abs(run(integer, hops) - expected[0].numpy())
    assert error.mean() <= 0.06 * float(np.ptp(expected.numpy())), (error.mean(), np.ptp(expected.numpy()))


def test_a_small_one_of_every_family_is_here() -> None:
    assert {MODELS[name].build for name, _, _ in SMALL.values()} == {card.build for card in MODELS.values()}
    assert len(SMALL) == 14


@pytest.mark.parametrize("family", SMALL)
def test_family_exports_to_float_and_to_integers_throughout(family: str, tmp_path: Path) -> None:
    check(*SMALL[family], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_named_model_exports_to_float_and_to_integers_throughout(name: str, tmp_path: Path) -> None:
    check(name, 20 if MODELS[name].features == 20 else 40, {}, tmp_path)
