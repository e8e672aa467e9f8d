"""Training clips of several corpora as one set, of which nothing may be known to the test."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from wrenlet.corpora import Clips
from wrenlet.errors import InputError

__all__ = ["join_clips", "refuse_leaks"]


def join_clips(parts: Sequence[Clips]) -> Clips:
    """Return all clips as one set, as wide as the longest."""
    if len(parts) == 1:
        return parts[0]
    width = max(part.waveforms.shape[1] for part in parts)
    padded = [np.pad(part.waveforms, ((0, 0), (0, width - part.waveforms.shape[1]))) for part in parts]
    return replace(
        parts[0],
        waveforms=np.concatenate(padded),
        lengths=np.concatenate([part.lengths for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
        ids=tuple(name for part in parts for name in part.ids),
        speakers=tuple(name for part in parts for name in part.speakers),
        skipped=tuple(bad for part in parts for bad in part.skipped),
        notes=tuple(text for part in parts for text in part.notes),
    )


def refuse_leaks(joined: Clips, what: str, training: Clips, judging: Sequence[Clips]) -> None:
    """Refuse a joined corpus that tells the training what validation or test will ask.

    That is the same recording, or the same speaker where the main corpus keeps its speakers apart.

    Args:
        joined: training clips of the joined corpus.
        what: its place and name in the recipe, for the message.
        training: clips of the main corpus.
        judging: validation and test clips of the main corpus.

    Raises:
        InputError: if there are such clips, naming one.
    """
    mend = "use the same split and seed as the main corpus has, or remove it from join"
    asked = {print_: name for part in judging for print_, name in _prints(part)}
    twice = [(name, asked[print_]) for print_, name in _prints(joined) if print_ in asked]
    if twice:
        raise InputError(
            f"{what} would train on {len(twice)} recordings that are validation or test clips of the main "
            f"corpus, such as {twice[0][0]} (there {twice[0][1]}): {mend}"
        )
    strangers = {name for part in judging for name in part.speakers if name} - set(training.speakers)
    known = sorted(strangers & set(joined.speakers))
    if known:
        named = ", ".join(known[:3]) + (", …" if len(known) > 3 else "")
        raise InputError(
            f"{what} would train on {len(known)} speakers whom the main corpus keeps for validation or test "
            f"({named}): {mend}"
        )


def _prints(clips: Clips) -> list[tuple[bytes, str]]:
    """Return a fingerprint and the id of every clip that is not digital silence."""
    heard = zip(clips.waveforms, clips.lengths, clips.ids, strict=True)
    return [
        (hashlib.sha256(samples[:length].tobytes()).digest(), name)
        for samples, length, name in heard
        if samples.any()
    ]
