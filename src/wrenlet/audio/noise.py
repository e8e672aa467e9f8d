"""Recordings of rooms, kitchens and streets that are mixed under speech."""

from pathlib import Path

import numpy as np

from wrenlet.audio.files import AUDIO_SUFFIXES, read_audio
from wrenlet.errors import InputError

__all__ = ["read_noise"]


def read_noise(
    noise: str, rate: int, *, max_seconds: float = 600.0, part: float = 1.0, even: bool = True
) -> np.ndarray | None:
    """Read the recordings that `AugmentSettings.noise` names.

    Args:
        noise: as in `AugmentSettings.noise`.
        rate: of the result, in Hz.
        max_seconds: of the result; each recording gives at most its equal share.
        part: share of each recording that may be used, from its beginning, where its end is kept for tests.
        even: whether each recording is scaled to the same power; else it keeps its own.

    Returns:
        All recordings end to end, float32 `[samples]`; `None` for noise that is computed (`white`, `pink`).

    Raises:
        InputError: if the folder does not exist or holds no recording.
    """
    if not noise.startswith("folder:"):
        return None
    folder = Path(noise.removeprefix("folder:")).expanduser()
    if not folder.is_dir():
        raise InputError(
            f"augment.noise is {noise!r}: there is no folder {folder}; name one with recordings of noise"
        )
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".")
    )
    if not paths:
        raise InputError(
            f"augment.noise is {noise!r}: {folder} holds no recordings; put WAV, FLAC or Ogg files there"
        )
    share = round(max_seconds * rate / len(paths))
    pieces = []
    for path in paths:
        samples = read_audio(path, rate).samples
        samples = samples[: min(share, round(part * len(samples)))]
        if len(samples) == 0:
            continue
        power = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
        if power > 0:
            pieces.append((samples * (0.1 / power if even else 1.0)).astype(np.float32))
    if not pieces:
        raise InputError(f"augment.noise is {noise!r}: the recordings in {folder} are silent; choose others")
    return np.concatenate(pieces)
