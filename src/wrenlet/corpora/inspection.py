"""What a corpus holds, and what is wrong with it: `wrenlet data check`."""

import hashlib
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wrenlet.corpora.clips import read_cut
from wrenlet.corpora.opened import OpenCorpus, Skipped, refuse_too_many_bad, split_of
from wrenlet.corpora.splits import SPLITS
from wrenlet.errors import InputError

__all__ = ["CorpusCheck", "Duplicate", "SplitSummary", "check_corpus", "summarise"]


@dataclass(frozen=True)
class SplitSummary:
    """One row of the table about a corpus.

    Attributes:
        split: `train`, `validation` or `test`.
        clips: how many.
        hours: together.
        speakers: how many are known.
        labels: clips of each label.
        shortest: duration in seconds.
        median: duration in seconds.
        longest: duration in seconds.
    """

    split: str
    clips: int
    hours: float
    speakers: int
    labels: dict[str, int]
    shortest: float
    median: float
    longest: float


@dataclass(frozen=True)
class Duplicate:
    """The same sound twice; `leaks` if the two are in different splits."""

    first: Path
    second: Path
    first_split: str
    second_split: str

    @property
    def leaks(self) -> bool:
        """Whether a split can be answered from memory of another."""
        return self.first_split != self.second_split


@dataclass(frozen=True)
class CorpusCheck:
    """What `check_corpus` found.

    Attributes:
        rows: one for each split.
        unreadable: recordings with damaged headers or samples, each with the reason.
        duplicates: pairs of recordings with the same samples.
        notes: on how the corpus was read, and labels without training clips.
        recordings: found, readable or not.
    """

    rows: tuple[SplitSummary, ...]
    unreadable: tuple[Skipped, ...]
    duplicates: tuple[Duplicate, ...]
    notes: tuple[str, ...]
    recordings: int


def summarise(cuts: Iterable[Any]) -> tuple[SplitSummary, ...]:
    """Count clips, hours, speakers and durations of every split that holds something."""
    found: dict[str, list[Any]] = {}
    for cut in cuts:
        found.setdefault(split_of(cut), []).append(cut)
    order = [split for split in SPLITS if split in found] + sorted(set(found) - set(SPLITS))
    rows = []
    for split in order:
        members = found[split]
        seconds = [cut.duration for cut in members]
        labels: dict[str, int] = {}
        for cut in members:
            labels[cut.supervisions[0].text] = labels.get(cut.supervisions[0].text, 0) + 1
        speakers = {cut.supervisions[0].speaker for cut in members} - {None, ""}
        rows.append(
            SplitSummary(
                split,
                len(members),
                sum(seconds) / 3600,
                len(speakers),
                dict(sorted(labels.items())),
                min(seconds),
                statistics.median(seconds),
                max(seconds),
            )
        )
    return tuple(rows)


def check_corpus(
    corpus: OpenCorpus, progress: Callable[[int, int | None], None] | None = None
) -> CorpusCheck:
    """Decode every recording of a corpus; compare their samples.

    Args:
        corpus: to check.
        progress: called with the recordings decoded so far and their number.

    Raises:
        InputError: if more than `corpus.settings.max_bad_share` of the recordings cannot be read.
    """
    unreadable = list(corpus.skipped)
    heard: dict[bytes, tuple[Path, str]] = {}
    duplicates, readable = [], []
    cuts = list(corpus.cuts)
    for done, cut in enumerate(cuts, start=1):
        path, split = Path(cut.recording.sources[0].source), split_of(cut)
        try:
            samples, _, _ = read_cut(cut)
        except InputError as error:
            unreadable.append(Skipped.because(path, error))
        else:
            readable.append(cut)
            key = hashlib.sha256(samples.tobytes()).digest()
            if key in heard:
                duplicates.append(Duplicate(heard[key][0], path, heard[key][1], split))
            else:
                heard[key] = (path, split)
        if progress is not None:
            progress(done, len(cuts))
    recordings = len(cuts) + len(corpus.skipped)
    refuse_too_many_bad(unreadable, recordings, corpus.settings.max_bad_share, name=100)
    rows = summarise(readable)
    trained = next((row.labels for row in rows if row.split == "train"), {})
    silent = [f"the label {label!r} has no training clips" for label in corpus.labels if label not in trained]
    return CorpusCheck(rows, tuple(unreadable), tuple(duplicates), (*corpus.notes, *silent), recordings)
