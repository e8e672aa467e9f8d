"""Which corpus, and how it is split."""

import math
from dataclasses import dataclass
from typing import Literal

from wrenlet.errors import InputError

__all__ = ["CorpusSettings"]


@dataclass(frozen=True)
class CorpusSettings:
    """Which recordings to learn from, and how training, validation and test clips are told apart.

    Attributes:
        name: `digits`, `speech_commands`, `speech_commands_v1`, `folder:PATH` or `synthetic`.
        split: `random`, `official`, `speakers` or `hash`; each corpus says which it has and what they mean.
        held_out: the speaker who is the test set, for `speakers`.
        validation: for `speakers`, who judges the epochs: `speaker` takes a whole training speaker out, so
            that the chosen epoch is the one best on a stranger, which is what the test asks; `clips` takes
            15 % of the training speakers' clips instead, keeps every voice for training, and says little
            about strangers.
        seed: of random splits and of synthetic speech.
        words: for `synthetic`, to be spoken; for `speech_commands`, the labels: none means the ten commands
            with `_silence_` and `_unknown_`, `[all]` every word there is.
        silence: clips of `_silence_` for each clip of a word, such as 0.1; 0 leaves the label out. For
            `speech_commands`, where `None` is 0.1 without `words` (or what the test archive has), 0 with.
        unknown: clips of `_unknown_`, which are other words, likewise; more than there are takes all.
        clips_per_word: for `synthetic`, over all splits.
        max_bad_share: share of recordings that may be unreadable (skipped and named); more is an error.
    """

    name: str = "digits"
    split: Literal["random", "official", "speakers", "hash"] = "random"
    held_out: str | None = None
    validation: Literal["speaker", "clips"] = "speaker"
    seed: int = 0
    words: tuple[str, ...] = ()
    silence: float | None = None
    unknown: float | None = None
    clips_per_word: int = 200
    max_bad_share: float = 0.1

    def __post_init__(self) -> None:
        if self.split not in ("random", "official", "speakers", "hash"):
            raise InputError(f"corpus.split is {self.split!r}: use random, official, speakers or hash")
        if self.validation not in ("speaker", "clips"):
            raise InputError(f"corpus.validation is {self.validation!r}: use speaker or clips")
        if self.held_out is not None and self.split != "speakers":
            raise InputError(
                f"corpus.held_out is {self.held_out!r}, but corpus.split is {self.split!r}: use speakers"
            )
        chooses = self.name in ("speech_commands", "speech_commands_v1")
        if self.name == "synthetic" or (chooses and self.words and self.words != ("all",)):
            self._check_words()
        elif self.words and not chooses:
            raise InputError(
                f"corpus.words is given, but {self.name!r} has its own labels: remove corpus.words"
            )
        for field in ("silence", "unknown"):
            share = getattr(self, field)
            if share is not None and not chooses:
                raise InputError(
                    f"corpus.{field} is given, but {self.name!r} has no such clips: remove corpus.{field}"
                )
            if share is not None and not 0 <= share < math.inf:
                raise InputError(
                    f"corpus.{field} is {share}: give clips for each clip of a word, such as 0.1, or 0 for "
                    "none"
                )
        if not 0 <= self.max_bad_share <= 1:
            raise InputError(f"corpus.max_bad_share is {self.max_bad_share}: a share is in 0…1; try 0.1")

    def _check_words(self) -> None:
        if len(self.words) < 2:
            raise InputError(
                f"corpus.words has {len(self.words)} words: a model needs at least two to tell apart; "
                "add words, as corpus.words=[left, right]"
            )
        twice = sorted({word for word in self.words if self.words.count(word) > 1})
        if twice:
            raise InputError(f"corpus.words has {twice[0]!r} twice: name every word once")
        if any(not word.strip() for word in self.words):
            raise InputError("corpus.words has an empty word: remove it")
        if self.name == "synthetic" and self.clips_per_word < 10:
            raise InputError(
                f"corpus.clips_per_word is {self.clips_per_word}: three splits need at least 10; try 200"
            )
