"""Words that nobody recorded: said by espeak-ng in many voices."""

import hashlib
import json
import os
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from wrenlet.audio import resample, write_audio
from wrenlet.audio.synthesis import engine_version, speak, voices
from wrenlet.corpora.opened import Entry, OpenCorpus, assemble, check_split
from wrenlet.corpora.settings import CorpusSettings
from wrenlet.corpora.splits import SHARES, SPLITS, split_speakers
from wrenlet.errors import InputError

__all__ = ["CARD", "SAMPLE_RATE", "open_synthetic", "speaking_voices"]

SAMPLE_RATE = 16000
CARD = {
    "about": "a list of words, spoken by espeak-ng in hundreds of English voices",
    "name": "Synthetic speech",
    "licence": "none claimed (generated here)",
    "attribution": "spoken by espeak-ng",
    "homepage": "https://github.com/espeak-ng/espeak-ng",
}
# Whispers, robots and demons: no user of a device sounds like them.
CHARACTERS = ("anikaRobot", "croak", "Demonic", "robosoft", "Tweaky", "UniRobot", "whisper")
RATES_WPM = (110, 220)
PITCHES = (25, 75)
RANGES = (25, 75)
ENDINGS = ("", ".", ".", "!", "?", ",")
# Part of the cache's digest: raise it when the same settings would be spoken otherwise.
RECIPE = 1


def speaking_voices() -> tuple[str, ...]:
    """Return the voices that sound like people, all English accents with every variant."""
    return tuple(v for v in voices("en") if not v.partition("+")[2].startswith(CHARACTERS))


def open_synthetic(
    settings: CorpusSettings, root: Path, progress: Callable[[int, int | None], None] | None = None
) -> OpenCorpus:
    """Open `root/synthetic/<digest>`, and speak it first if it is not there.

    Every clip has its own voice, rate, pitch, melody and ending. The splits share no throat: all accents of
    an espeak variant (`f3`) belong to one split. 70/15/15 of the clips of every word.

    Args:
        settings: with `words`, `clips_per_word` and `seed`.
        root: folder of all corpora.
        progress: called with the clips spoken so far and their total.

    Raises:
        InputError: if `settings.split` is another than `random`, or the recordings cannot be written.
        MissingExtraError: if the extra `synth` is not installed.
    """
    check_split(settings, "random", why="synthetic voices are always kept apart")
    plan = _plan(settings)
    key = {"recipe": RECIPE, "engine": engine_version(), "rate": SAMPLE_RATE, "plan": plan}
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
    folder = root / "synthetic" / digest
    if not folder.is_dir():
        _speak_all(plan, folder, progress)
    entries = [
        Entry(clip["id"], folder / f"{clip['id']}.wav", clip["word"], clip["voice"], clip["split"])
        for clip in plan
    ]
    return assemble(entries, settings, settings.words, CARD)


def _plan(settings: CorpusSettings) -> list[dict]:
    """Return what is said in every clip; equal settings give equal plans."""
    throats: dict[str, list[str]] = {}
    for voice in speaking_voices():
        throats.setdefault(voice.partition("+")[2] or voice, []).append(voice)
    parts = split_speakers(sorted(throats), settings.seed)
    people = {split: sorted(name for name, part in parts.items() if part == split) for split in SPLITS}
    train = round(settings.clips_per_word * SHARES[0])
    validation = round(settings.clips_per_word * SHARES[1])
    plan = []
    for number, word in enumerate(settings.words):
        chance = random.Random(f"{settings.seed}:{word}")
        for index in range(settings.clips_per_word):
            split = SPLITS[(index >= train) + (index >= train + validation)]
            # Throat first, accent second: else a plain accent would speak as rarely as one of many variants.
            voice = chance.choice(throats[chance.choice(people[split])])
            plan.append(
                {
                    "id": f"{number:03d}-{index:05d}",
                    "word": word,
                    "text": word + chance.choice(ENDINGS),
                    "voice": voice,
                    "rate_wpm": chance.randint(*RATES_WPM),
                    "pitch": chance.randint(*PITCHES),
                    "range_": chance.randint(*RANGES),
                    "split": split,
                }
            )
    return plan


def _speak_all(plan: list[dict], folder: Path, progress: Callable[[int, int | None], None] | None) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise InputError(
            f"cannot write in {folder.parent} ({error.strerror}): choose another --data"
        ) from error
    try:
        for done, clip in enumerate(plan, start=1):
            arguments = {name: clip[name] for name in ("text", "voice", "rate_wpm", "pitch", "range_")}
            samples, rate = speak(**arguments)
            write_audio(partial / f"{clip['id']}.wav", resample(samples, rate, SAMPLE_RATE), SAMPLE_RATE)
            if progress is not None:
                progress(done, len(plan))
        (partial / "plan.json").write_text(json.dumps(plan, indent=1))
        os.chmod(partial, 0o755)  # noqa: PTH101 - a temporary folder is its owner's alone
        if not folder.is_dir():  # another process may have been faster; its recordings are the same
            partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
