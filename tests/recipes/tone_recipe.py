"""A corpus of tones: two words that differ in pitch, so that a tiny model learns them in seconds."""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

RATE = 8000
PITCHES = {"high": 1800.0, "low": 400.0}
#: Settings of the smallest recipe that still goes through every stage.
RECIPE = """\
name: tones
about: two tones
corpus:
  name: folder:{folder}
sample_rate: 8000
clip:
  max_seconds: 0.4
features:
  window_ms: 32
  hop_ms: 16
  mel_bins: 20
  coefficients: 8
model:
  name: lstm_24
  arguments:
    hidden: 8
training:
  epochs: 6
  batch: 16
export:
  formats: [litert]
  inputs: [audio]
  calibration_clips: 8
"""


def write_tones(folder: Path, clips: int = 40, seed: int = 0) -> Path:
    """Write `clips` recordings of each tone as `folder/<label>/<n>.wav`."""
    chance = np.random.default_rng(seed)
    for label, pitch in PITCHES.items():
        (folder / label).mkdir(parents=True)
        for clip in range(clips):
            seconds = chance.uniform(0.2, 0.35)
            times = np.arange(round(seconds * RATE)) / RATE
            tone = 0.4 * np.sin(2 * np.pi * pitch * chance.uniform(0.9, 1.1) * times)
            noise = chance.normal(0, 0.01, len(times))
            soundfile.write(folder / label / f"{clip:03}.wav", (tone + noise).astype(np.float32), RATE)
    return folder


def write_recipe(folder: Path) -> Path:
    """Write the recordings and the recipe into `folder`; returns the recipe's path."""
    tones = write_tones(folder / "recordings")
    recipe = folder / "tones.yaml"
    recipe.write_text(RECIPE.format(folder=tones))
    return recipe


@cache
def finished_run() -> tuple[Path, Path]:
    """Return the recipe and the folder of a run that nobody interrupted; made once, and not to be changed."""
    from wrenlet.recipes import RunOptions, load_recipe, run

    folder = Path(tempfile.mkdtemp(prefix="wrenlet-tones-"))
    recipe = write_recipe(folder)
    done = run(
        load_recipe(recipe), folder, folder / "runs", RunOptions(accelerator="cpu", devices=1, quiet=True)
    )
    return recipe, done.path
