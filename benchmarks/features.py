"""Offline MFCC of many clips on one core, against librosa with equal settings.

    python benchmarks/features.py [--json] [--seconds 1] [--clips 256]

Both compute 20 MFCC of 40 mel bands from noise, clip by clip for librosa (it has no batches of ragged
corpora), in batches for wrenlet. They take turns; a figure is the best round in processor time of the one
thread, which a busy machine disturbs least.
"""

import argparse
import json
import time
from typing import Any

import numpy as np
import torch

from wrenlet.extras import require
from wrenlet.features import FeatureSettings, build_frontend

FRONT_ENDS = {
    "16 kHz, 40/20 ms": FeatureSettings(window_ms=40, hop_ms=20, log_floor=1e-10),
    "8 kHz, 32/16 ms": FeatureSettings(sample_rate=8000, log_floor=1e-10),
}
DECIBELS = 10 / np.log(10)  # librosa's logarithm is in dB


def measure(settings: FeatureSettings, seconds: float, clips: int, batch: int, rounds: int) -> dict[str, Any]:
    """Return clips a second and times real time of both, and how far their answers lie apart."""
    librosa = require("librosa", "bench", "benchmarks/features.py")
    hop, size, length = settings.hop_samples, settings.window_samples, settings.fft_length
    samples = round(seconds * settings.sample_rate) // hop * hop
    audio = np.random.default_rng(0).normal(0, 0.1, (clips, samples)).astype(np.float32)
    waveforms = torch.from_numpy(audio)
    frontend = build_frontend(settings)

    def theirs(clip: np.ndarray) -> np.ndarray:
        return librosa.feature.mfcc(
            y=clip,
            sr=settings.sample_rate,
            n_mfcc=settings.coefficients,
            n_fft=length,
            win_length=size,
            hop_length=hop,
            n_mels=settings.mel_bins,
            fmin=settings.mel_low_hz,
            center=False,
        )

    # librosa centres a short window in the transform and wants the silence before the clip written out.
    sides = ((length - size) // 2 + size - hop, length - size - (length - size) // 2)
    padded = [np.pad(clip, sides) for clip in audio]
    with torch.inference_mode():
        difference = np.abs(theirs(padded[0]).T / DECIBELS - frontend(waveforms[:1])[0].numpy()).max()
        best = {"wrenlet": float("inf"), "librosa": float("inf")}
        for _ in range(rounds):
            start = time.process_time()
            for block in waveforms.split(batch):
                frontend(block)
            best["wrenlet"] = min(best["wrenlet"], time.process_time() - start)
            start = time.process_time()
            for clip in padded:
                theirs(clip)
            best["librosa"] = min(best["librosa"], time.process_time() - start)
    heard = clips * samples / settings.sample_rate
    return {
        "clips_per_second": {name: clips / spent for name, spent in best.items()},
        "times_real_time": {name: heard / spent for name, spent in best.items()},
        "us_per_frame": {name: spent / (clips * samples / hop) * 1e6 for name, spent in best.items()},
        "ratio": best["librosa"] / best["wrenlet"],
        "largest_difference": float(difference),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a clip")
    parser.add_argument("--clips", type=int, default=256, help="number of clips")
    parser.add_argument("--batch", type=int, default=128, help="clips at once in wrenlet")
    parser.add_argument("--rounds", type=int, default=7, help="rounds, of which the best counts")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    with require("threadpoolctl", "bench", "benchmarks/features.py").threadpool_limits(1):
        figures = {
            name: measure(settings, chosen.seconds, chosen.clips, chosen.batch, chosen.rounds)
            for name, settings in FRONT_ENDS.items()
        }
    if chosen.json:
        print(json.dumps(figures, indent=2))  # noqa: T201
        return
    for name, row in figures.items():
        lines = [f"20 MFCC, {name}, {chosen.clips} clips of {chosen.seconds:g} s"]
        lines += [
            f"  {who:8} {row['clips_per_second'][who]:9,.0f} clips/s "
            f"{row['times_real_time'][who]:9,.0f} × real time {row['us_per_frame'][who]:6.2f} µs a frame"
            for who in ("wrenlet", "librosa")
        ]
        lines.append(
            f"  {row['ratio']:.1f} × as fast; answers differ by at most {row['largest_difference']:.1e}"
        )
        print("\n".join(lines))  # noqa: T201


if __name__ == "__main__":
    main()
