"""The Free Spoken Digit Dataset: 3,000 recordings of ten digits by six speakers, 8 kHz."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from wrenlet.audio import read_audio
from wrenlet.corpora.download import fetch, unpack
from wrenlet.corpora.opened import Entry, OpenCorpus, assemble, check_split
from wrenlet.corpora.settings import CorpusSettings
from wrenlet.corpora.splits import carve, split_clips
from wrenlet.errors import InputError

__all__ = ["CARD", "LABELS", "SPEAKERS", "get_digits", "manifest_digest", "open_digits"]

LABELS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
CARD = {
    "about": "zero to nine, 3,000 recordings, 6 speakers, 8 kHz",
    "name": "Free Spoken Digit Dataset",
    "licence": "CC BY-SA 4.0",
    "attribution": "Zohar Jackson and contributors",
    "homepage": "https://github.com/Jakobovski/free-spoken-digit-dataset",
}
VERSION = "1.0.10"
URL = f"https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/v{VERSION}.tar.gz"
#: Of the samples of all 3,000 recordings, as `manifest_digest` computes it.
MANIFEST = "9c15f3c186dd0c494669b4ee1626686c22ed6b6bf0bb8fb7b008f58be8141b00"
NAME = re.compile(r"(?P<digit>\d)_(?P<speaker>[^_]+)_(?P<index>\d+)\.wav")


def open_digits(settings: CorpusSettings, root: Path) -> OpenCorpus:
    """Open `root/fsdd/recordings`, whose files are named `{digit}_{speaker}_{index}.wav`.

    Splits:
        random: 70/15/15 of the clips of every digit and speaker, so this measures known voices.
        official: indices 0 to 4 are the test (the dataset's README), 5 to 9 validation, the rest training.
        speakers: `settings.held_out` is the test. Validation is the next speaker by name, whole, or 15 % of
            the clips of the other five; see `CorpusSettings.validation`.

    Raises:
        InputError: if the recordings are not there or `held_out` is none of the speakers.
    """
    check_split(settings, "random", "official", "speakers")
    folder = root / "fsdd" / "recordings"
    if not folder.is_dir():
        raise InputError(
            f"there are no digits in {folder}: run  wrenlet data get digits  or name the folder that has "
            "them with --data or WRENLET_DATA"
        )
    entries, indices = [], {}
    for path in sorted(folder.iterdir()):
        match = NAME.fullmatch(path.name)
        if match:
            entries.append(Entry(path.stem, path, LABELS[int(match["digit"])], match["speaker"]))
            indices[path.stem] = int(match["index"])
    if not entries:
        raise InputError(
            f"{folder} holds no file named like 7_jackson_32.wav: delete the folder and run "
            " wrenlet data get digits"
        )
    groups = {entry.id: (entry.label, entry.speaker) for entry in entries}
    if settings.split == "official":
        parts = {
            name: "test" if i < 5 else "validation" if i < 10 else "train" for name, i in indices.items()
        }
    elif settings.split == "speakers":
        parts = _by_speaker(entries, settings)
    else:
        parts = split_clips(groups, settings.seed)
    return assemble([entry.within(parts[entry.id]) for entry in entries], settings, LABELS, CARD)


def _by_speaker(entries: list[Entry], settings: CorpusSettings) -> dict[str, str]:
    speakers = sorted({entry.speaker for entry in entries if entry.speaker})
    if settings.held_out not in speakers:
        raise InputError(
            f"corpus.held_out is {settings.held_out!r}: name one of the speakers, {', '.join(speakers)}"
        )
    parts = {entry.id: "test" for entry in entries if entry.speaker == settings.held_out}
    others = [entry for entry in entries if entry.speaker != settings.held_out]
    if settings.validation == "clips" or len(speakers) < 3:
        groups = {entry.id: (entry.label, entry.speaker) for entry in others}
        return parts | carve(groups, settings.seed, "validation")
    judge = speakers[(speakers.index(settings.held_out) + 1) % len(speakers)]
    return parts | {entry.id: "validation" if entry.speaker == judge else "train" for entry in others}


def get_digits(root: Path, progress: Callable[[int, int | None], None] | None = None) -> tuple[str, ...]:
    """Download the recordings into `root/fsdd/recordings`.

    GitHub packs this archive anew when it likes, so the archive itself has no lasting checksum. What came
    out of it is checked instead: 3,000 recordings, the right names, all decodable, and a digest over their
    samples, which is compared with that of the copy our figures were measured on.

    Args:
        root: folder of all corpora.
        progress: called with the bytes so far and their total, if known.

    Returns:
        What a person should know, such as that the samples are others than ours.

    Raises:
        InputError: if the download fails or what came is not the dataset.
    """
    folder = root / "fsdd" / "recordings"
    if not folder.is_dir():
        archive = root / "downloads" / f"fsdd-{VERSION}.tar.gz"
        fetch(URL, archive, progress=progress)
        unpack(archive, folder, inside=f"free-spoken-digit-dataset-{VERSION}/recordings")
        archive.unlink()
    names = {path.name for path in folder.glob("*.wav")}
    wanted = {f"{d}_{speaker}_{i}.wav" for d in range(10) for speaker in SPEAKERS for i in range(50)}
    if missing := sorted(wanted - names):
        raise InputError(
            f"{folder} lacks {len(missing)} of {len(wanted)} recordings, such as {missing[0]}: "
            "delete the folder and run  wrenlet data get digits  again"
        )
    if manifest_digest(folder, sorted(wanted)) != MANIFEST:
        return ("the recordings differ from those that wrenlet's published figures were measured on",)
    return ()


def manifest_digest(folder: Path, names: list[str]) -> str:
    """Return the SHA-256 over the names and decoded samples (16 bit, mono) of recordings in a folder.

    Raises:
        InputError: if a recording cannot be decoded.
    """
    digest = hashlib.sha256()
    for name in names:
        samples = (read_audio(folder / name).samples * 32768).round().astype("<i2")
        digest.update(f"{name} {hashlib.sha256(samples.tobytes()).hexdigest()}\n".encode())
    return digest.hexdigest()
