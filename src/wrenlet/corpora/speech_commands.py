"""Google Speech Commands: single words by thousands of people, as published and as the sample has them."""

import difflib
import hashlib
import math
import os
import random
import re
from collections import Counter
from pathlib import Path

from wrenlet.audio import AUDIO_SUFFIXES, probe
from wrenlet.corpora.opened import Entry, OpenCorpus, assemble, check_split
from wrenlet.corpora.settings import CorpusSettings
from wrenlet.corpora.speech_archives import V2, Version
from wrenlet.corpora.splits import SPLITS, rank, split_clips, split_speakers
from wrenlet.errors import InputError

__all__ = ["COMMANDS", "PROTOCOLS", "SILENCE", "UNKNOWN", "open_speech_commands", "published_split"]

#: In the order of the published models' outputs, after `_silence_` and `_unknown_`.
COMMANDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
SILENCE, UNKNOWN = "_silence_", "_unknown_"
PROTOCOLS = ("speakers", "hash", "official")
NOISE = "_background_noise_"
# `{speaker}_nohash_{n}`; in `_unknown_` of the test archives the word stands before it.
NAME = re.compile(r"(?:(?P<word>.+)_)?(?P<speaker>[^_]+)_nohash_(?P<number>\d+)")
SHARES = (0.8, 0.1, 0.1)
PUBLISHED_SHARE = 0.1
SILENCE_SECONDS = 1.0


def published_split(name: str) -> str:
    """Return the split of a clip as the makers of Speech Commands decide it (Warden 2018, section 7).

    All clips of one speaker are in one split, because only the name up to `_nohash_` counts.

    Args:
        name: of the file, such as `0a7c2a8d_nohash_0.wav`; its folder does not matter.
    """
    digest = hashlib.sha1(re.sub(r"_nohash_.*$", "", name).encode(), usedforsecurity=False).hexdigest()
    percent = (int(digest, 16) % 2**27) * (100 / (2**27 - 1))
    return "validation" if percent < 10 else "test" if percent < 20 else "train"


def open_speech_commands(settings: CorpusSettings, root: Path, *, version: Version = V2) -> OpenCorpus:
    """Open `root/speech_commands_v0.02`, or only `root/speech_commands_test_set_v0.02`.

    Labels: without `settings.words` the twelve of the published models. With words, clips are labelled by
    word (in the test archive, that of an `_unknown_` clip is in its name), and `settings.silence` and
    `settings.unknown` add those labels. `_unknown_` is drawn from all other words. `_silence_` is what the
    test archive has, and beyond that cut out of the background noise: the beginning of every recording is for
    training, its end for test.

    Splits; none of them lets a speaker be heard in two:
        speakers: whole speakers with 80/10/10 of the clips, of the full archive if it is here, else of the
            test archive. The split of a speaker does not depend on `settings.words`.
        hash: the published one, see `published_split`; needs the full archive.
        official: training and validation by hash, test is the test archive as it is; needs both archives.

    Raises:
        InputError: if the archives are not there, a word is not in them, silence is to be cut and there is no
            background noise, or a speaker would be in two splits.
    """
    check_split(settings, *PROTOCOLS, why="clips of one speaker would be in several splits")
    if settings.held_out is not None:
        raise InputError(
            f"corpus.held_out is {settings.held_out!r}: the few clips of one speaker test nothing; "
            "remove it, and corpus.split=speakers holds out a tenth of all speakers"
        )
    if settings.words and settings.split == "official":
        raise InputError(
            "corpus.split is official, whose test archive has its own twelve labels: remove corpus.words "
            "or use hash"
        )
    full, test = root / version.full.folder, root / version.test.folder
    _refuse_missing(settings, full, test)
    notes: list[str] = []
    whole = full.is_dir()
    entries = _split(_clips(full if whole else test, notes), settings)
    if not whole:
        notes.append(
            f"only the test archive is here ({len(entries):,} clips): models learn from a small part of the "
            "corpus, and their accuracy is not comparable with published ones"
        )
    if settings.split == "official":
        entries = [entry for entry in entries if entry.split != "test"]
        entries += [entry.within("test") for entry in _clips(test, notes)]
    _refuse_shared_speakers(entries)
    words = _words(settings, entries)
    noise = next((place for place in (full / NOISE, root / "background_noise") if place.is_dir()), None)
    chosen, labels = _choose(entries, words, settings, noise, root, notes)
    return assemble(chosen, settings, labels, version.card, notes, noise)


def _refuse_missing(settings: CorpusSettings, full: Path, test: Path) -> None:
    get = f"run  wrenlet data get {settings.name}  or name the folder that has it with --data or WRENLET_DATA"
    if settings.split == "official" and not test.is_dir():
        raise InputError(f"corpus.split is official, and the test archive is not in {test}: {get}")
    if settings.split != "speakers" and not full.is_dir():
        instead = ", or use corpus.split=speakers with the test archive" if test.is_dir() else ""
        raise InputError(
            f"corpus.split is {settings.split}, and the full archive is not in {full}: {get}{instead}"
        )
    if not full.is_dir() and not test.is_dir():
        raise InputError(f"there are no speech commands in {full} and none in {test}: {get}")


def _clips(folder: Path, notes: list[str]) -> list[Entry]:
    """Return every clip below a folder of words, labelled by word; an id is the same in all archives."""
    entries, strangers = [], 0
    for child in sorted(os.scandir(folder), key=lambda child: child.name):
        if not child.is_dir() or child.name.startswith(".") or child.name == NOISE:
            continue
        for name in sorted(os.listdir(child.path)):  # noqa: PTH208 - a hundred thousand names
            stem, _, suffix = name.rpartition(".")
            if f".{suffix.lower()}" not in AUDIO_SUFFIXES or name.startswith("."):
                continue
            path = Path(child.path, name)
            match = NAME.fullmatch(stem)
            if child.name == SILENCE:
                entries.append(Entry(f"{SILENCE}/{stem}", path, SILENCE))
            elif match is None:
                strangers += 1
            else:
                word = (match["word"] or UNKNOWN) if child.name == UNKNOWN else child.name
                id_ = f"{word}/{match['speaker']}_nohash_{match['number']}"
                entries.append(Entry(id_, path, word, match["speaker"]))
    if strangers:
        notes.append(
            f"{strangers} recordings in {folder} are not named {{speaker}}_nohash_{{n}} and are left out"
        )
    if not entries:
        raise InputError(
            f"{folder} holds no recording named like yes/0a7c2a8d_nohash_0.wav: delete the folder and run  "
            "wrenlet data get speech_commands"
        )
    return entries


def _split(entries: list[Entry], settings: CorpusSettings) -> list[Entry]:
    if settings.split != "speakers":
        return [entry.within(published_split(entry.path.name)) for entry in entries]
    clips = Counter(entry.speaker for entry in entries if entry.speaker)
    speakers = sorted(clips)
    if len(speakers) < 3:
        raise InputError(
            f"{settings.name} has {len(speakers)} speakers here: three splits without a common speaker take "
            "three"
        )
    people = split_speakers(speakers, settings.seed, SHARES, clips)
    silent = split_clips({e.id: SILENCE for e in entries if not e.speaker}, settings.seed, SHARES)
    return [entry.within(people[entry.speaker] if entry.speaker else silent[entry.id]) for entry in entries]


def _refuse_shared_speakers(entries: list[Entry]) -> None:
    """Raise if a person edited the folders so that the same voice would be learned and tested."""
    home: dict[str, Entry] = {}
    for entry in entries:
        if entry.speaker and home.setdefault(entry.speaker, entry).split != entry.split:
            first = home[entry.speaker]
            raise InputError(
                f"the speaker {entry.speaker} would be in {first.split} ({first.path}) and in {entry.split} "
                f"({entry.path}): the folders are not of one release; delete them and download both "
                "again, or use corpus.split=speakers"
            )


def _words(settings: CorpusSettings, entries: list[Entry]) -> tuple[str, ...]:
    known = sorted({entry.label for entry in entries} - {SILENCE, UNKNOWN})
    words = settings.words or COMMANDS
    if words == ("all",):
        return tuple(known)
    for word in words:
        if word not in known:
            near = difflib.get_close_matches(word, known, n=1)
            raise InputError(
                f"corpus.words has {word!r}, of which there is no recording in {settings.name}: "
                + (f"did you mean {near[0]}? " if near else "")
                + f"There are {', '.join(known)}"
            )
    return words


def _choose(
    entries: list[Entry],
    words: tuple[str, ...],
    settings: CorpusSettings,
    noise: Path | None,
    root: Path,
    notes: list[str],
) -> tuple[list[Entry], tuple[str, ...]]:
    """Return the clips of words, silence and other words, and the labels."""
    wanted = {SILENCE: settings.silence, UNKNOWN: settings.unknown}
    if settings.words:
        wanted = {label: share or 0.0 for label, share in wanted.items()}
    labels = tuple(label for label, share in wanted.items() if share != 0) + words
    chosen, cut = [], 0
    silent = any(entry.label == SILENCE for entry in entries)
    for split in SPLITS:
        members = [entry for entry in entries if entry.split == split]
        spoken = [entry for entry in members if entry.label in words]
        chosen += spoken
        # A test archive is a composition of its own: its shares stay unless they are asked for, and where
        # it is the protocol nobody may ask.
        untouched = settings.split == "official" and split == "test"
        composed = untouched or (silent and settings.split == "speakers")
        for label, share in wanted.items():
            pool = [entry for entry in members if (entry.label == SILENCE) == (label == SILENCE)]
            pool = [entry for entry in pool if entry.label not in words]
            count = math.ceil((PUBLISHED_SHARE if share is None else share) * len(spoken))
            if share != 0 and ((share is None and composed) or untouched):
                count = len(pool)
            taken = sorted(pool, key=lambda entry: rank(settings.seed, entry.id))[:count]
            if label == SILENCE and count > len(taken):
                cut += count - len(taken)
                taken += _cut_silence(noise, count - len(taken), split, settings.seed, root)
            chosen += [_labelled(entry, label) for entry in taken]
        seen = {entry.label for entry in spoken}
        if absent := [word for word in words if word not in seen]:
            notes.append(f"there is no {split} clip of {', '.join(absent)}")
    if cut:
        notes.append(f"{SILENCE}: {cut:,} clips cut out of the background noise")
    return chosen, labels


def _labelled(entry: Entry, label: str) -> Entry:
    return Entry(entry.id, entry.path, label, entry.speaker, entry.split, entry.stretch)


def _cut_silence(noise: Path | None, count: int, split: str, seed: int, root: Path) -> list[Entry]:
    """Return stretches of the noise recordings, each split from a part of every recording that is its own."""
    place = noise or root / "background_noise"
    paths = [] if noise is None else sorted(p for p in noise.iterdir() if p.suffix.lower() in AUDIO_SUFFIXES)
    if not paths:
        raise InputError(
            f"{count} {split} clips of {SILENCE} are to be cut out of background noise, and there is none in "
            f"{place}: put recordings there, or do without the label with corpus.silence=0"
        )
    begin = sum(SHARES[: SPLITS.index(split)])
    spans = []
    for path in paths:
        seconds = probe(path).seconds
        first, last = begin * seconds, (begin + SHARES[SPLITS.index(split)]) * seconds - SILENCE_SECONDS
        if last >= first:
            spans.append((path, math.ceil(1000 * first), math.floor(1000 * last)))
    if not spans:
        raise InputError(
            f"the recordings of background noise in {place} are too short to cut silence for {split} out of "
            "them: use ones of at least 10 s, or do without the label with corpus.silence=0"
        )
    entries = []
    chance = random.Random(f"{seed}:{split}")
    for number, (path, first, last) in enumerate(spans):
        share = (count + len(spans) - 1 - number) // len(spans)
        starts = range(first, last + 1)
        # Never the same stretch twice, unless more are asked for than there are milliseconds.
        rounds = [chance.sample(starts, min(len(starts), share - at)) for at in range(0, share, len(starts))]
        for again, times in enumerate(rounds):
            for start in times:
                id_ = f"{SILENCE}/{path.stem}-{start:06d}" + (f"-{again}" if again else "")
                entries.append(Entry(id_, path, SILENCE, None, split, (start / 1000, SILENCE_SECONDS)))
    return entries
