"""Small artefacts, made straight with the converters: no other room of wrenlet has to work for them."""

import contextlib
import dataclasses
import functools
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from wrenlet.artefact import Sidecar, StateTensor, embed_sidecar

RATE, HOP, HIDDEN, FEATURES = 8000, 128, 16, 12
LABELS = ("zero", "one", "two", "three")
FEATURE_SETTINGS = {
    "kind": "mfcc",
    "sample_rate": RATE,
    "window_ms": 32.0,
    "hop_ms": 16.0,
    "mel_bins": 20,
    "coefficients": FEATURES,
}


@contextlib.contextmanager
def converters() -> Iterator[Path]:
    """A folder for intermediate files; third parties' warnings are none of ours here."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        with contextlib.redirect_stdout(open(os.devnull, "w")):  # noqa: PTH123
            yield Path(folder)


class AudioStep(nn.Module):
    """Hop and overlap → dense → leaky memory → logits: every kind of state that a real step has."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.first = nn.Linear(2 * HOP, HIDDEN)
        self.gate = nn.Linear(2 * HIDDEN, HIDDEN)
        self.last = nn.Linear(HIDDEN, len(LABELS))
        for parameter in self.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.3

    def forward(self, audio: Tensor, overlap: Tensor, hidden: Tensor) -> dict[str, Tensor]:
        inner = torch.tanh(self.first(torch.cat([overlap, audio], 1)))
        following = torch.tanh(self.gate(torch.cat([inner, hidden], 1)))
        return {"logits": self.last(following)[:, None], "overlap": audio * 1.0, "hidden": following}


class FeatureStep(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(5)
        self.gate = nn.Linear(FEATURES + HIDDEN, HIDDEN)
        self.last = nn.Linear(HIDDEN, len(LABELS))
        for parameter in self.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.3

    def forward(self, features: Tensor, hidden: Tensor) -> dict[str, Tensor]:
        # The product gives the state a grid of its own: LiteRT fixes that of a tanh.
        following = 0.9 * torch.tanh(self.gate(torch.cat([features[:, 0], hidden], 1)))
        return {"logits": self.last(following)[:, None], "hidden": following}


def audio_sidecar() -> Sidecar:
    states = (StateTensor("overlap", (1, HOP), "float32"), StateTensor("hidden", (1, HIDDEN), "float32"))
    return Sidecar(
        name="tiny",
        digest="0" * 8,
        labels=LABELS,
        input="audio",
        precision="float32",
        sample_rate=RATE,
        hop_samples=HOP,
        features=FEATURE_SETTINGS,
        states=states,
    )


def audio_inputs() -> dict[str, Tensor]:
    return {"audio": torch.zeros(1, HOP), "overlap": torch.zeros(1, HOP), "hidden": torch.zeros(1, HIDDEN)}


@functools.cache
def audio_litert() -> bytes:
    """A float32 `.tflite` step with audio in."""
    with converters() as folder:
        import litert_torch

        raw = folder / "raw.tflite"
        litert_torch.convert(AudioStep().eval(), sample_kwargs=audio_inputs()).export(str(raw))
        return embed_sidecar(raw.read_bytes(), audio_sidecar(), "litert")


@functools.cache
def audio_onnx() -> bytes:
    """The same as `.onnx`. States come out under longer names: ONNX wants every name once."""
    with converters() as folder:
        raw = folder / "raw.onnx"
        torch.onnx.export(
            AudioStep().eval(),
            tuple(audio_inputs().values()),
            str(raw),
            input_names=list(audio_inputs()),
            output_names=["logits", "overlap_out", "hidden_out"],
            dynamo=False,
        )
        return embed_sidecar(raw.read_bytes(), audio_sidecar(), "onnx")


@functools.cache
def features_int8() -> bytes:
    """An int8 `.tflite` step with features in, whose state has one grid on both sides."""
    with converters() as folder:
        import litert_torch
        from ai_edge_quantizer import quantizer, recipe

        raw = folder / "features.tflite"
        sample = {"features": torch.zeros(1, 1, FEATURES), "hidden": torch.zeros(1, HIDDEN)}
        litert_torch.convert(FeatureStep().eval(), sample_kwargs=sample).export(str(raw))
        tool = quantizer.Quantizer(str(raw), recipe.static_wi8_ai8())
        rng = np.random.default_rng(0)
        examples = [
            {
                "features": rng.normal(0, 1.2, (1, 1, FEATURES)).astype(np.float32),
                "hidden": rng.uniform(-1, 1, (1, HIDDEN)).astype(np.float32),
            }
            for _ in range(20)
        ]
        found = tool.calibrate({"serving_default": examples})
        for name, ranges in found.items():
            if "hidden" in name:
                ranges["min"], ranges["max"] = np.full_like(ranges["min"], -1), np.full_like(ranges["max"], 1)
        data = bytes(tool.quantize(found).quantized_model)
    scale, zero = state_grid(data)
    sidecar = dataclasses.replace(
        audio_sidecar(),
        input="features",
        precision="int8",
        states=(StateTensor("hidden", (1, HIDDEN), "int8", scale, zero),),
        mean=tuple(np.linspace(-1, 1, FEATURES).tolist()),
        std=(40.0, *[6.0] * (FEATURES - 1)),
    )
    return embed_sidecar(data, sidecar, "litert")


def state_grid(data: bytes) -> tuple[float, int]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=data)
    scale, zero = interpreter.get_signature_runner().get_input_details()["hidden"]["quantization"]
    return float(scale), int(zero)


def reference_logits(samples: np.ndarray) -> np.ndarray:
    """PyTorch's answers `[frames, classes]` for a clip, hop by hop."""
    model, state, found = AudioStep().eval(), audio_inputs(), []
    padded = np.pad(samples, (0, -len(samples) % HOP)).astype(np.float32)
    with torch.no_grad():
        for hop in padded.reshape(-1, 1, HOP):
            answer = model(torch.from_numpy(hop), state["overlap"], state["hidden"])
            state = answer
            found.append(answer["logits"].reshape(-1).numpy())
    return np.stack(found)
