"""Read and write recordings."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from wrenlet.audio.resampling import resample
from wrenlet.errors import InputError

__all__ = ["AUDIO_SUFFIXES", "Audio", "Probe", "probe", "read_audio", "write_audio"]

#: Files that are meant as recordings. The last few no decoder of ours reads: they are listed so that a corpus
#: names them as unreadable instead of passing over them in silence.
AUDIO_SUFFIXES = frozenset(
    {
        ".wav",
        ".flac",
        ".ogg",
        ".oga",
        ".opus",
        ".mp3",
        ".aif",
        ".aiff",
        ".aifc",
        ".au",
        ".snd",
        ".caf",
        ".w64",
    }
    | {".rf64", ".sph", ".nist", ".m4a", ".aac", ".wma", ".webm", ".amr"}
)

# Samples are -1…1. A decoder may overshoot a little; thousands mean integers that were stored as floats.
LOUDEST = 16.0
# A header may claim any length; what follows it cannot be longer than a day.
LONGEST_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Audio:
    """A recording, mixed down to one channel.

    Attributes:
        samples: float32 `[samples]` in -1…1.
        rate: of `samples`, in Hz.
        channels: that the file holds.
        file_rate: of the file, in Hz.
    """

    samples: np.ndarray
    rate: int
    channels: int
    file_rate: int

    @property
    def seconds(self) -> float:
        """How long the recording lasts."""
        return len(self.samples) / self.rate


class Probe(NamedTuple):
    """What a file's header says: seconds, rate in Hz, channels and frames (samples of one channel)."""

    seconds: float
    rate: int
    channels: int
    frames: int


def probe(path: str | Path) -> Probe:
    """Read the header of a recording without decoding it.

    Raises:
        InputError: if the file is missing, no recording, or holds no samples.
    """
    path = _existing(path)
    try:
        info = soundfile.info(str(path))
    except (RuntimeError, OSError, TypeError, ValueError) as error:
        raise _unreadable(path, error) from error
    seconds = info.frames / info.samplerate if info.samplerate > 0 else 0.0
    if info.frames <= 0 or info.samplerate <= 0:
        raise InputError(f"{path} holds no samples: delete it or record it again")
    if seconds > LONGEST_SECONDS:
        raise InputError(f"{path} claims to last {seconds:.3g} s: its header is damaged; export it again")
    return Probe(seconds, int(info.samplerate), int(info.channels), int(info.frames))


def read_audio(path: str | Path, rate: int | None = None, *, start: int = 0, frames: int = -1) -> Audio:
    """Decode a recording (WAV of any depth, FLAC, Ogg Vorbis, Opus, MP3 …) and mix it down to one channel.

    Args:
        path: of the file.
        rate: to resample to, in Hz; `None` keeps the file's.
        start: first sample to read, at the file's rate.
        frames: how many samples to read, at the file's rate; -1 reads to the end.

    Raises:
        InputError: if the file is missing, damaged or empty, or holds samples that are not numbers.
    """
    path = _existing(path)
    try:
        samples, file_rate = soundfile.read(str(path), frames, start, dtype="float32", always_2d=True)
    except (RuntimeError, OSError, TypeError, ValueError) as error:
        raise _unreadable(path, error) from error
    count, channels = samples.shape
    if count == 0:
        raise InputError(f"{path} holds no samples: delete it or record it again")
    mono = samples[:, 0] if channels == 1 else samples.mean(axis=1, dtype=np.float32)
    peak = float(np.abs(mono).max())
    if not np.isfinite(peak):
        raise InputError(
            f"{path} holds samples that are not numbers (NaN, infinity): export it again as 16-bit WAV"
        )
    if peak > LOUDEST:
        raise InputError(
            f"{path} holds samples up to {peak:.4g}: floating-point samples are in -1…1; "
            "export the file again as 16-bit WAV"
        )
    if rate is not None and rate != file_rate:
        mono = resample(mono, file_rate, rate)
        if len(mono) == 0:
            raise InputError(
                f"{path} holds {count} samples at {file_rate} Hz, which is nothing at {rate} Hz: delete it"
            )
    return Audio(np.ascontiguousarray(mono), file_rate if rate is None else rate, channels, int(file_rate))


def write_audio(path: str | Path, samples: np.ndarray, rate: int, *, subtype: str | None = None) -> None:
    """Write `samples` under `path`, whole or not at all; the suffix names the format.

    Args:
        path: of the file; its folder must exist.
        samples: float `[samples]` or `[samples, channels]` in -1…1; integer formats clip louder ones.
        rate: in Hz.
        subtype: of the format, such as `PCM_24` or `FLOAT`; by default mostly 16-bit integers.

    Raises:
        InputError: if the file cannot be written.
    """
    path = Path(path)
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        soundfile.write(str(partial), samples, rate, subtype=subtype)
        partial.replace(path)
    except (RuntimeError, OSError, TypeError, ValueError) as error:
        raise InputError(
            f"cannot write {path}: {_plain(error)}; is there room, and does the folder exist?"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _existing(path: str | Path) -> Path:
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder: name a recording inside it")
    if not path.exists():
        raise InputError(f"{path} does not exist: check the path")
    if not path.is_file():  # to open a pipe would wait for somebody to write into it
        raise InputError(f"{path} is a pipe or a device: name a recording")
    return path


def _unreadable(path: Path, error: Exception) -> InputError:
    try:
        size = path.stat().st_size
    except OSError:
        size = -1
    if size == 0:
        return InputError(f"{path} is empty (0 bytes): delete it or record it again")
    return InputError(
        f"{path} cannot be decoded ({_plain(error)}): it is damaged or of another format; replace it or try "
        f"ffmpeg -i {path.name} {path.stem}.wav"
    )


def _plain(error: Exception) -> str:
    """Return what went wrong without the path and prefixes that libsndfile adds."""
    text = getattr(error, "error_string", None) or str(error)
    return text.removeprefix("Error : ").strip().rstrip(".")
