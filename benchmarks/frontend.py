"""Latency and size of the exported front-end, against the same front-end with its transform as one matrix.

    python benchmarks/frontend.py [--json]

Every graph is one hop of raw audio with the overlap as state, float32, on one core in LiteRT's default
interpreter. The graphs take turns, and a graph's figure is its best round, so that a busy machine slows all
of them or none.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wrenlet.export.quiet import quiet
from wrenlet.extras import require
from wrenlet.features import FeatureSettings, Frontend, build_frontend
from wrenlet.features.mel import mel_weights
from wrenlet.streaming import flatten_state, unflatten_state

FRONT_ENDS = {
    "log-mel, 16 kHz, 40/20 ms, 1024 points, 40 bands": FeatureSettings(
        kind="logmel", window_ms=40, hop_ms=20
    ),
    "20 MFCC, 8 kHz, 32/16 ms, 256 points, 40 bands": FeatureSettings(sample_rate=8000),
}


class Step(nn.Module):
    """One hop with a flat signature, as an artefact has it."""

    def __init__(self, frontend: Frontend) -> None:
        super().__init__()
        self.frontend = frontend

    def forward(self, audio: Tensor, **state: Tensor) -> dict[str, Tensor]:
        """Return the features and the next state."""
        features, following = self.frontend.step(audio, unflatten_state(state))
        return {"features": features, **flatten_state(following)}


class OneMatrix(nn.Module):
    """Power of the transform by one `[window, 2 * bins]` matrix: what we are compared with."""

    def __init__(self, settings: FeatureSettings, window: Tensor) -> None:
        super().__init__()
        bins = settings.fft_length // 2 + 1
        n, k = torch.arange(settings.window_samples), torch.arange(bins)
        angle = (n[:, None] * k % settings.fft_length).double() * (2 * torch.pi / settings.fft_length)
        matrix = torch.cat([angle.cos(), angle.sin()], 1) * window.double()[:, None]
        self.bins = bins
        self.register_buffer("matrix", matrix.float().T.contiguous())

    matrix: Tensor

    def forward(self, frames: Tensor) -> Tensor:
        """Return `[batch, bins]`."""
        both = nn.functional.linear(frames, self.matrix)
        real, imaginary = both[:, : self.bins], both[:, self.bins :]
        return real * real + imaginary * imaginary


def one_matrix_frontend(settings: FeatureSettings) -> Frontend:
    """Return the front-end with its factored transform and banded mel sums replaced by dense matrices."""
    frontend = build_frontend(settings)
    spectral = frontend.spectral
    weights = mel_weights(
        settings.sample_rate,
        settings.fft_length,
        settings.mel_bins,
        settings.mel_low_hz,
        settings.mel_top_hz,
        settings.mel_scale,
        settings.mel_norm,
    )
    bank = nn.Linear(weights.shape[1], weights.shape[0], bias=False)
    bank.weight = nn.Parameter(torch.from_numpy(weights).float())
    spectral.register_module("transform", OneMatrix(settings, spectral.transform.window))
    spectral.register_module("bank", bank)
    return frontend


def convert(frontend: Frontend, path: Path) -> Any:
    """Write one hop of the front-end to `path` and return an interpreter that has run it once."""
    litert_torch = require("litert_torch", "export", "benchmarks/frontend.py")
    interpreters = require("ai_edge_litert.interpreter", "export", "benchmarks/frontend.py")
    state = flatten_state(frontend.initial_state(1))
    audio = torch.randn(1, frontend.stride, generator=torch.Generator().manual_seed(0)) * 0.1
    with quiet():
        litert_torch.convert(Step(frontend).eval(), sample_kwargs={"audio": audio, **state}).export(str(path))
    interpreter = interpreters.Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        shape = detail["shape"]
        interpreter.set_tensor(
            detail["index"], np.random.default_rng(0).normal(0, 0.1, shape).astype(np.float32)
        )
    interpreter.invoke()
    return interpreter


def best_microseconds(interpreters: list[Any], rounds: int, calls: int) -> list[float]:
    """Return the time of a call of each, from its best round."""
    best = [float("inf")] * len(interpreters)
    for _ in range(rounds):
        for index, interpreter in enumerate(interpreters):
            start = time.perf_counter()
            for _ in range(calls):
                interpreter.invoke()
            best[index] = min(best[index], (time.perf_counter() - start) / calls * 1e6)
    return best


def measure(settings: FeatureSettings, rounds: int, calls: int) -> dict[str, Any]:
    """Return the figures of one front-end and of its one-matrix twin."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / "factored.tflite", Path(folder) / "matrix.tflite"]
        fronts = [build_frontend(settings), one_matrix_frontend(settings)]
        interpreters = [convert(front, path) for front, path in zip(fronts, paths, strict=True)]
        audio = torch.randn(1, fronts[0].stride * 20, generator=torch.Generator().manual_seed(1)) * 0.1
        difference = float((fronts[0](audio) - fronts[1](audio)).abs().max())
        times = best_microseconds(interpreters, rounds, calls)
        operators: dict[str, int] = {}
        for operator in interpreters[0]._get_ops_details():
            if operator["op_name"] != "DELEGATE":  # the runtime's own, not in the file
                operators[operator["op_name"]] = operators.get(operator["op_name"], 0) + 1
        return {
            "step_us": times[0],
            "size_bytes": paths[0].stat().st_size,
            "matrix_step_us": times[1],
            "matrix_size_bytes": paths[1].stat().st_size,
            "ratio": times[1] / times[0],
            "largest_difference": difference,
            "operators": operators,
        }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--rounds", type=int, default=30, help="rounds, of which the best counts")
    parser.add_argument("--calls", type=int, default=500, help="calls in a round")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    figures = {
        name: measure(settings, arguments.rounds, arguments.calls) for name, settings in FRONT_ENDS.items()
    }
    if arguments.json:
        print(json.dumps(figures, indent=2))  # noqa: T201
        return
    for name, row in figures.items():
        operators = ", ".join(f"{count} {operator}" for operator, count in sorted(row["operators"].items()))
        print(  # noqa: T201
            f"{name}\n"
            f"  ours        {row['step_us']:7.2f} µs a hop {row['size_bytes']:10,} bytes\n"
            f"  one matrix  {row['matrix_step_us']:7.2f} µs a hop {row['matrix_size_bytes']:10,} bytes\n"
            f"  {row['ratio']:.1f} × as fast; features differ by at most {row['largest_difference']:.1e}\n"
            f"  {operators}"
        )


if __name__ == "__main__":
    main()
