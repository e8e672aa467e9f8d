"""Clips made small: what the report keeps of a recording, to draw it again without the corpus."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from wrenlet.report.contents import ClipPicture

__all__ = ["choose_clips", "picture_clip"]

#: Columns of a drawn waveform, and most frames of drawn features: about the pixels that a card is wide.
COLUMNS = 240


def picture_clip(
    name: str,
    label: str,
    predicted: str,
    confidence: float,
    samples: ArrayLike,
    sample_rate: int,
    features: ArrayLike,
    feature_name: str = "features",
) -> ClipPicture:
    """Reduce a clip to what a picture needs.

    Args:
        name: id or file name.
        label: what was said.
        predicted: what the artefact answered.
        confidence: probability of that answer, 0…1.
        samples: `[samples]` in -1…1, the clip without padding.
        sample_rate: in Hz.
        features: `[frames, features]`, the clip without padding; empty for none.
        feature_name: for example `MFCC`.
    """
    wave = np.nan_to_num(np.asarray(samples, dtype=np.float64).reshape(-1))
    grid = np.nan_to_num(np.asarray(features, dtype=np.float64))
    parts = np.array_split(wave, min(COLUMNS, len(wave))) if len(wave) else []
    if grid.size and len(grid) > COLUMNS:
        grid = np.stack([part.mean(axis=0) for part in np.array_split(grid, COLUMNS)])
    return ClipPicture(
        name=name,
        label=label,
        predicted=predicted,
        confidence=float(confidence),
        seconds=len(wave) / sample_rate,
        # Four and three decimals are finer than a pixel, and keep report.json small.
        envelope=tuple((round(float(part.min()), 4), round(float(part.max()), 4)) for part in parts),
        features=tuple(tuple(round(float(value), 3) for value in row) for row in grid) if grid.size else (),
        feature_name=feature_name,
    )


def choose_clips(
    truth: Sequence[int], predicted: Sequence[int], confidence: Sequence[float], most: int = 12
) -> list[int]:
    """Return the indices of the clips worth showing: mistakes first, the surest first, then right ones.

    At least a third of the places stay for right answers, one label after the other, so that a mistake can be
    compared with what the model expects. Equal input gives equal output.
    """
    clips = range(len(truth))
    wrong = sorted((i for i in clips if truth[i] != predicted[i]), key=lambda i: (-confidence[i], i))
    right = [i for i in clips if truth[i] == predicted[i]]
    kept = wrong[: most - min(len(right), -(-most // 3))]
    seen: dict[int, int] = {}
    turns = []
    for i in right:
        seen[truth[i]] = seen.get(truth[i], 0) + 1
        turns.append((seen[truth[i]], truth[i], i))
    return kept + [i for _, _, i in sorted(turns)[: most - len(kept)]]
