"""The archives of Speech Commands: where they are, what proves that they are whole, and where they go."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from wrenlet.corpora.download import fetch, unpack

__all__ = ["V1", "V2", "Archive", "Version", "get_speech_commands"]

Progress = Callable[[int, int | None], None]
SOURCE = "https://storage.googleapis.com/download.tensorflow.org/data"


@dataclass(frozen=True)
class Archive:
    """One archive.

    Attributes:
        folder: below the data root, where its folders of words lie; also the archive's name.
        clips: how many it holds, background noise not counted.
        sha256: of the archive; `None` if nobody has published one.
    """

    folder: str
    clips: int
    sha256: str | None = None

    @property
    def url(self) -> str:
        """Where it is downloaded from."""
        return f"{SOURCE}/{self.folder}.tar.gz"


@dataclass(frozen=True)
class Version:
    """A release of Speech Commands.

    Attributes:
        full: every word, and background noise.
        test: the official test of twelve labels.
        card: name, licence and attribution.
    """

    full: Archive
    test: Archive
    card: dict[str, str]


# The checksums of both full archives are those that torchaudio 2 demands, that of the second test archive is
# from TensorFlow Datasets 4. Nobody has published one for the first test archive: its clips are counted.
V1 = Version(
    full=Archive(
        "speech_commands_v0.01", 64_721, "743935421bb51cccdb6bdd152e04c5c70274e935c82119ad7faeec31780d811d"
    ),
    test=Archive("speech_commands_test_set_v0.01", 3_081),
    card={
        "about": "30 words in 64,721 clips of a second by 1,881 people, 16 kHz",
        "name": "Speech Commands v0.01",
        "licence": "CC BY 4.0",
        "attribution": "Pete Warden, Google",
        "homepage": "https://arxiv.org/abs/1804.03209",
    },
)
V2 = Version(
    full=Archive(
        "speech_commands_v0.02", 105_829, "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58"
    ),
    test=Archive(
        "speech_commands_test_set_v0.02",
        4_890,
        "cc2a00c1147c2254e9be3fa0f779d8c17421dc349b86366567a8edfa9acd51df",
    ),
    card={
        "about": "35 words in 105,829 clips of a second by 2,618 people, 16 kHz",
        "name": "Speech Commands v0.02",
        "licence": "CC BY 4.0",
        "attribution": "Pete Warden, Google",
        "homepage": "https://arxiv.org/abs/1804.03209",
    },
)


def get_speech_commands(
    root: Path, progress: Progress | None = None, *, version: Version = V2
) -> tuple[str, ...]:
    """Download the full archive and the test archive below `root`; what is there already is kept.

    Args:
        root: folder of all corpora.
        progress: called with the bytes so far and their total, if known, for one archive after the other.
        version: to download.

    Returns:
        What a person should know, such as that a folder holds another number of clips than it should.

    Raises:
        InputError: if a download fails, or an archive has another checksum.
    """
    notes = []
    # The small one first: with it alone there is something to work with while the other is on its way.
    for archive in (version.test, version.full):
        folder = root / archive.folder
        if not folder.is_dir():
            packed = root / "downloads" / f"{archive.folder}.tar.gz"
            fetch(archive.url, packed, sha256=archive.sha256, progress=progress)
            unpack(packed, folder)
            packed.unlink()
        found = sum(map(partial(_clips, suffixes=(".wav", ".flac")), folder.iterdir()))
        if found != archive.clips:
            notes.append(
                f"{folder} holds {found:,} clips, not {archive.clips:,}; to have all of them, delete the "
                "folder and run the command again"
            )
    return tuple(notes)


def _clips(folder: Path, suffixes: tuple[str, ...]) -> int:
    if not folder.is_dir() or folder.name == "_background_noise_":
        return 0
    return sum(path.suffix in suffixes for path in folder.iterdir())
