"""Anybody's recordings: a folder with one folder for each label."""

import os
import re
from pathlib import Path

from wrenlet.audio import AUDIO_SUFFIXES
from wrenlet.corpora.opened import Entry, OpenCorpus, assemble, check_split
from wrenlet.corpora.settings import CorpusSettings
from wrenlet.corpora.splits import SPLITS, carve, split_clips, split_speakers
from wrenlet.errors import InputError

__all__ = ["open_folder"]

SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
# Speech Commands keeps minutes of noise beside its words; they are for augmentation, not a word.
NOT_LABELS = frozenset({"_background_noise_"})
# Speech Commands and its followers: `{speaker}_nohash_{n}`, in `_unknown_` with the word in front.
SPEAKER = re.compile(r"(?:.*_)?(?P<speaker>[^_]+)_nohash_\d+")


def open_folder(settings: CorpusSettings, root: Path) -> OpenCorpus:
    """Open `folder:PATH`: a folder for each label, with recordings of any format and rate, at any depth.

    A label is a folder's name, as it is; hidden files and `_background_noise_` are passed over.

    Splits:
        random: the folders `train`, `validation` and `test` if `PATH` has them (a missing one is carved out
            of training: 15 %). Otherwise, if file names carry speakers (`{speaker}_nohash_{n}`), 70/15/15
            of the speakers. Otherwise 70/15/15 of every label's clips.
        official: the folders `train`, `validation` and `test`, which must be there.
        speakers: `settings.held_out` is the test, and validation is 15 % of the other speakers (or of their
            clips; see `CorpusSettings.validation`). Without `held_out`, 70/15/15 of the speakers.

    Args:
        settings: with `name="folder:PATH"`; a relative path starts where the command was run.
        root: unused.

    Raises:
        InputError: if the folder is missing, empty, or cannot be split as asked.
    """
    del root
    check_split(settings, "random", "official", "speakers")
    folder = Path(settings.name.removeprefix("folder:")).expanduser()
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}: check the path after folder:")
    tops = {child.name: SPLIT_FOLDERS.get(child.name.lower()) for child in _folders(folder)}
    divided = "train" in tops.values() and all(tops.values())
    notes: list[str] = []
    entries: list[Entry] = []
    empty: set[str] = set()
    for part in _folders(folder) if divided else [folder]:
        for child in _folders(part):
            if child.name in NOT_LABELS:
                continue
            paths = _recordings(child)
            if not paths:
                empty.add(child.name)
            split = SPLIT_FOLDERS[part.name.lower()] if divided else ""
            entries += [
                Entry(path.relative_to(folder).as_posix(), path, child.name, _speaker(path), split)
                for path in paths
            ]
    labels = sorted({entry.label for entry in entries})
    if not entries:
        raise InputError(
            f"{folder} holds no recordings: it needs one folder for each label, as {folder}/yes/1.wav"
        )
    notes += [
        f"the folder {name!r} holds no recordings and is no label" for name in sorted(empty - set(labels))
    ]
    parts, how = _split(entries, settings, folder, divided)
    notes.append(how)
    card = {
        "about": "own recordings",
        "name": folder.name,
        "licence": "as the recordings'",
        "attribution": "",
        "homepage": "",
    }
    return assemble([entry.within(parts[entry.id]) for entry in entries], settings, labels, card, notes)


def _split(
    entries: list[Entry], settings: CorpusSettings, folder: Path, divided: bool
) -> tuple[dict[str, str], str]:
    """Return the split of each entry by id, and how it came about."""
    speakers = {entry.speaker for entry in entries if entry.speaker}
    if settings.split == "official" and not divided:
        raise InputError(
            f"corpus.split is official, but {folder} has no folders train, validation and test: "
            "make them, or use corpus.split=random"
        )
    if settings.split == "speakers":
        if len(speakers) < 3:
            raise InputError(
                f"corpus.split is speakers, but the names in {folder} tell {len(speakers)} speakers apart "
                "and it takes three: name recordings {speaker}_nohash_{n}.wav, or use corpus.split=random"
            )
        if settings.held_out is not None:
            return _leave_out(entries, settings, speakers)
        return _share_speakers(entries, settings.seed)
    if divided:
        return _complete(entries, settings.seed)
    if len(speakers) >= 3:
        return _share_speakers(entries, settings.seed)
    return split_clips(_groups(entries), settings.seed), (
        "file names carry no speakers, so clips are split at random: voices may be heard in several splits"
    )


def _share_speakers(entries: list[Entry], seed: int) -> tuple[dict[str, str], str]:
    known = {entry.speaker for entry in entries if entry.speaker}
    parts = split_speakers(sorted(known), seed)
    loose = {entry.id: entry.label for entry in entries if not entry.speaker}
    result = split_clips(loose, seed) | {entry.id: parts[entry.speaker] for entry in entries if entry.speaker}
    how = f"split by speaker ({len(known)} known)"
    return result, how + (f"; {len(loose)} clips of unknown speakers at random" if loose else "")


def _leave_out(
    entries: list[Entry], settings: CorpusSettings, speakers: set[str]
) -> tuple[dict[str, str], str]:
    if settings.held_out not in speakers:
        some = ", ".join(sorted(speakers)[:8]) + (", …" if len(speakers) > 8 else "")
        raise InputError(f"corpus.held_out is {settings.held_out!r}: name one of the speakers, {some}")
    rest = [entry for entry in entries if entry.speaker != settings.held_out]
    parts = {entry.id: "test" for entry in entries if entry.speaker == settings.held_out}
    if settings.validation == "clips":
        return parts | carve(_groups(rest), settings.seed, "validation"), f"test is {settings.held_out!r}"
    groups = dict.fromkeys(sorted({entry.speaker or entry.id for entry in rest}), "")
    judges = carve(groups, settings.seed, "validation")
    if "validation" not in judges.values():
        judges[max(judges)] = "validation"
    return parts | {entry.id: judges[entry.speaker or entry.id] for entry in rest}, (
        f"test is {settings.held_out!r}, validation other speakers than training"
    )


def _complete(entries: list[Entry], seed: int) -> tuple[dict[str, str], str]:
    """Carve splits that have no folder of their own out of training, by speaker where speakers are known."""
    parts = {entry.id: entry.split for entry in entries}
    missing = [split for split in SPLITS if split not in parts.values()]
    for split in missing:
        pool = [entry for entry in entries if parts[entry.id] == "train"]
        if len({entry.speaker for entry in pool if entry.speaker}) >= 3:
            people = carve(
                dict.fromkeys(sorted({entry.speaker or entry.id for entry in pool}), ""), seed, split
            )
            parts |= {entry.id: people[entry.speaker or entry.id] for entry in pool}
        else:
            parts |= carve(_groups(pool), seed, split)
    how = "split by the folders " + ", ".join(split for split in SPLITS if split not in missing)
    return parts, how + (f"; {' and '.join(missing)} carved out of train (15 %)" if missing else "")


def _groups(entries: list[Entry]) -> dict[str, str]:
    return {entry.id: entry.label for entry in entries}


def _speaker(path: Path) -> str | None:
    match = SPEAKER.fullmatch(path.stem)
    return match["speaker"] if match else None


def _folders(folder: Path) -> list[Path]:
    return sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))


def _recordings(folder: Path) -> list[Path]:
    # os.walk: many times faster than Path.rglob on a hundred thousand files.
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [
            Path(place, name)
            for name in files
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in AUDIO_SUFFIXES  # noqa: PTH122
        ]
    return sorted(found)
