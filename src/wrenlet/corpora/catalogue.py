"""Every corpus that wrenlet knows, in one dict."""

import difflib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from wrenlet.corpora import digits, folder, speech_archives, speech_commands, synthetic
from wrenlet.corpora.opened import OpenCorpus
from wrenlet.corpora.settings import CorpusSettings
from wrenlet.errors import InputError

__all__ = ["CORPORA", "Corpus", "data_root", "find_corpus", "get_corpus", "open_corpus"]

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Corpus:
    """A card.

    Attributes:
        name: as in `CorpusSettings.name`.
        about: one line.
        splits: what `CorpusSettings.split` may be; the first is for those who do not say.
        open: finds, reads and splits the recordings.
        licence: of the recordings.
        attribution: whom to name.
        homepage: where to read more.
        folder: below the data root, where the recordings lie; empty if they lie elsewhere.
        part: below the data root, a smaller folder that will do.
        get: downloads them below a data root and returns what a person should know; `None` if there is
            nothing to download.
    """

    name: str
    about: str
    splits: tuple[str, ...]
    open: Callable[[CorpusSettings, Path], OpenCorpus]
    licence: str = ""
    attribution: str = ""
    homepage: str = ""
    folder: str = ""
    part: str = ""
    get: Callable[[Path, Progress | None], tuple[str, ...]] | None = None

    def present(self, root: Path) -> bool:
        """Whether the recordings are below this data root."""
        return any(name and (root / name).is_dir() for name in (self.folder, self.part))


def _speech_commands(name: str, version: speech_archives.Version) -> Corpus:
    return Corpus(
        name=name,
        about=f"{version.card['name']}: {version.card['about']}",
        splits=speech_commands.PROTOCOLS,
        open=partial(speech_commands.open_speech_commands, version=version),
        licence=version.card["licence"],
        attribution=version.card["attribution"],
        homepage=version.card["homepage"],
        folder=version.full.folder,
        part=version.test.folder,
        get=partial(speech_archives.get_speech_commands, version=version),
    )


CORPORA: dict[str, Corpus] = {
    "digits": Corpus(
        name="digits",
        about=f"{digits.CARD['name']}: {digits.CARD['about']}",
        splits=("random", "official", "speakers"),
        open=digits.open_digits,
        licence=digits.CARD["licence"],
        attribution=digits.CARD["attribution"],
        homepage=digits.CARD["homepage"],
        folder="fsdd/recordings",
        get=digits.get_digits,
    ),
    "speech_commands": _speech_commands("speech_commands", speech_archives.V2),
    "speech_commands_v1": _speech_commands("speech_commands_v1", speech_archives.V1),
    "folder": Corpus(
        name="folder:PATH",
        about="your own recordings: a folder for each label, any audio format and rate",
        splits=("random", "official", "speakers"),
        open=folder.open_folder,
    ),
    "synthetic": Corpus(
        name="synthetic",
        about=synthetic.CARD["about"],
        splits=("random",),
        open=synthetic.open_synthetic,
        licence=synthetic.CARD["licence"],
        attribution=synthetic.CARD["attribution"],
        homepage=synthetic.CARD["homepage"],
        folder="synthetic",
    ),
}


def find_corpus(name: str) -> Corpus:
    """Return the card of a corpus.

    Raises:
        InputError: if there is no such corpus; the message suggests the nearest.
    """
    if name.startswith("folder:") and name != "folder:":
        return CORPORA["folder"]
    if name in CORPORA and name != "folder":
        return CORPORA[name]
    near = difflib.get_close_matches(name, CORPORA, n=1, cutoff=0.0)[0]
    raise InputError(
        f"there is no corpus {name!r}: did you mean {CORPORA[near].name}? "
        f"Known are {', '.join(card.name for card in CORPORA.values())}"
    )


def open_corpus(settings: CorpusSettings, root: Path) -> OpenCorpus:
    """Find the recordings, read their headers and split them.

    Raises:
        InputError: if the corpus is unknown, missing, empty or too damaged, or cannot be split as asked.
    """
    return find_corpus(settings.name).open(settings, root)


def get_corpus(name: str, root: Path, progress: Progress | None = None) -> tuple[str, ...]:
    """Download a corpus below `root` and return what a person should know about it.

    Raises:
        InputError: if the corpus is unknown, has nothing to download, or the download fails.
    """
    card = find_corpus(name)
    if card.get is None:
        raise InputError(
            f"the corpus {card.name} has nothing to download: use it in a recipe as corpus.name={name}"
        )
    return card.get(root, progress)


def data_root(explicit: str | None = None) -> Path:
    """Return the folder of all corpora: `--data`, else `WRENLET_DATA`, else `~/.cache/wrenlet/data`."""
    chosen = explicit or os.environ.get("WRENLET_DATA") or "~/.cache/wrenlet/data"
    return Path(chosen).expanduser()
