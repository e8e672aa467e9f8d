"""A corpus at hand: recordings found, headers read, splits decided."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wrenlet.audio import probe
from wrenlet.corpora.settings import CorpusSettings
from wrenlet.corpora.splits import SPLITS
from wrenlet.errors import InputError
from wrenlet.extras import require

if TYPE_CHECKING:
    from lhotse import CutSet

__all__ = ["Entry", "OpenCorpus", "Skipped", "assemble", "check_split", "refuse_too_many_bad", "split_of"]

#: Training clips of a label below which a person is told.
FEW = 5


@dataclass(frozen=True)
class Entry:
    """One recording, before anything was read from it.

    Attributes:
        id: unique in the corpus, and the same wherever the corpus lies.
        path: of the file.
        label: what is said.
        speaker: who says it, or `None` if nobody knows.
        split: `train`, `validation` or `test`; empty while undecided.
        stretch: start and length in seconds of the part of the file that is meant; `None` for all of it.
    """

    id: str
    path: Path
    label: str
    speaker: str | None = None
    split: str = ""
    stretch: tuple[float, float] | None = None

    def within(self, split: str) -> "Entry":
        """Return this entry in a split."""
        return replace(self, split=split)


@dataclass(frozen=True)
class Skipped:
    """A recording that was left out, and why, in words that follow its path."""

    path: Path
    reason: str

    @classmethod
    def because(cls, path: str | Path, error: Exception) -> "Skipped":
        """Take the reason from an error that names the path first."""
        return cls(Path(path), str(error).removeprefix(f"{path} "))

    def __str__(self) -> str:
        return f"{self.path} {self.reason}"


def split_of(cut: Any) -> str:
    """Return the split of a Lhotse cut, or `""` if it has none."""
    return (cut.custom or {}).get("split", "")


@dataclass(frozen=True)
class OpenCorpus:
    """A corpus whose recordings are found and split.

    Attributes:
        settings: that it was opened with.
        cuts: Lhotse cuts, one a recording: `supervisions[0].text` is the label, `.speaker` the speaker, and
            `cut.custom["split"]` is `train`, `validation` or `test`.
        labels: in the order of the model's outputs.
        card: name, licence and attribution of the recordings.
        skipped: recordings whose headers cannot be read.
        notes: what a person should know about how the corpus was read.
        digest: of ids, labels and splits; equal digests mean the same experiment.
        noise: folder of the corpus's recordings of background noise, if it has one.
    """

    settings: CorpusSettings
    cuts: "CutSet"
    labels: tuple[str, ...]
    card: dict[str, str]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]
    digest: str
    noise: Path | None = None

    def split(self, name: str) -> "CutSet":
        """Return the cuts of one split, or of all for `all`.

        Raises:
            InputError: if there is no such split or it holds nothing.
        """
        if name not in (*SPLITS, "all"):
            raise InputError(f"there is no split {name!r}: use train, validation, test or all")
        found = [cut for cut in iter(self.cuts) if name in ("all", split_of(cut))]
        if not found:
            raise InputError(
                f"the {name} split of {self.settings.name} is empty: add recordings, or change corpus.split"
            )
        return type(self.cuts).from_cuts(found)


def assemble(
    entries: Sequence[Entry],
    settings: CorpusSettings,
    labels: Sequence[str],
    card: dict[str, str],
    notes: Iterable[str] = (),
    noise: Path | None = None,
) -> OpenCorpus:
    """Read the headers and make cuts of what can be read.

    Raises:
        InputError: if no recording is left, or more than `settings.max_bad_share` of them cannot be read.
        MissingExtraError: if Lhotse is not installed.
    """
    lhotse = require("lhotse", "data", "reading a corpus")
    cuts, skipped, lines = [], [], []
    for entry in sorted(entries, key=lambda entry: entry.id):
        try:
            header = probe(entry.path)
        except InputError as error:
            skipped.append(Skipped.because(entry.path, error))
            continue
        source = lhotse.AudioSource(
            type="file", channels=list(range(header.channels)), source=str(entry.path)
        )
        recording = lhotse.Recording(
            id=entry.id,
            sources=[source],
            sampling_rate=header.rate,
            num_samples=header.frames,
            duration=header.seconds,
            channel_ids=list(range(header.channels)),
        )
        start, seconds = entry.stretch or (0.0, header.seconds)
        supervision = lhotse.SupervisionSegment(
            id=entry.id,
            recording_id=entry.id,
            start=0.0,
            duration=seconds,
            channel=recording.channel_ids if header.channels > 1 else 0,
            text=entry.label,
            speaker=entry.speaker,
        )
        cut_type = lhotse.MultiCut if header.channels > 1 else lhotse.MonoCut
        cuts.append(
            cut_type(
                id=entry.id,
                start=start,
                duration=seconds,
                channel=supervision.channel,
                recording=recording,
                supervisions=[supervision],
                custom={"split": entry.split},
            )
        )
        lines.append(f"{entry.id}\t{entry.label}\t{entry.split}\n")
    refuse_too_many_bad(skipped, len(entries), settings.max_bad_share)
    trained = Counter(cut.supervisions[0].text for cut in cuts if split_of(cut) == "train")
    few = [f"{label!r} {trained[label]}" for label in labels if 0 < trained[label] < FEW]
    if few:
        notes = (*notes, f"labels with few training clips, hardly enough to learn: {', '.join(few)}")
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()[:16]
    return OpenCorpus(
        settings,
        lhotse.CutSet.from_cuts(cuts),
        tuple(labels),
        card,
        tuple(skipped),
        tuple(notes),
        digest,
        noise,
    )


def check_split(settings: CorpusSettings, *known: str, why: str = "") -> None:
    """Raise `InputError` if a corpus has no such split as the settings ask for.

    Args:
        settings: of the corpus.
        known: splits that it has, the best first.
        why: it has not the others.
    """
    if settings.split not in known:
        choices = " or ".join(", ".join(known).rsplit(", ", 1))
        raise InputError(
            f"corpus.split is {settings.split!r}, which {settings.name} does not have"
            f"{f' ({why})' if why else ''}: use {choices}"
        )


def refuse_too_many_bad(skipped: Sequence[Skipped], total: int, max_share: float, *, name: int = 3) -> None:
    """Raise `InputError` if nothing is left, or the share of skipped recordings is above `max_share`.

    Args:
        skipped: recordings that cannot be used.
        total: recordings, with those.
        max_share: that is allowed.
        name: how many to name at most.
    """
    if not skipped or (len(skipped) < total and len(skipped) <= max_share * total):
        return
    named = "; ".join(str(bad) for bad in skipped[:name]) + ("; …" if len(skipped) > name else "")
    raise InputError(
        f"{len(skipped)} of {total} recordings cannot be used, more than corpus.max_bad_share {max_share:g} "
        f"allows: {named}. Replace or delete them, or raise that share (of evaluate: --max-bad-share)"
    )
