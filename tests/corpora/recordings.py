"""Small generated recordings."""

from pathlib import Path

import numpy as np

from wrenlet.audio import write_audio


def record(
    path: Path, seconds: float = 0.1, rate: int = 16000, channels: int = 1, seed: int | None = None
) -> Path:
    """Write noise under `path`, another sound for every path unless `seed` says which."""
    path.parent.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(list(str(path).encode()) if seed is None else seed)
    shape = (round(seconds * rate), channels)
    write_audio(path, chance.uniform(-0.5, 0.5, shape).astype(np.float32), rate)
    return path
