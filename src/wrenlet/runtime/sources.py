"""Where audio comes from while listening: a file, a pipe, a microphone, or blocks from a program."""

import contextlib
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile
from numpy.typing import ArrayLike, NDArray

from wrenlet.errors import InputError
from wrenlet.extras import require
from wrenlet.runtime.pcm import Layout, read_layout
from wrenlet.runtime.stream import to_float

__all__ = ["Blocks", "open_source"]

Blocks = Iterator[NDArray[np.float32]]
#: Largest piece that is read at once, in seconds; memory does not grow beyond a few of these.
BLOCK_SECONDS = 0.5


@contextlib.contextmanager
def open_source(
    source: str | Path | BinaryIO | io.BufferedIOBase | Iterable[ArrayLike],
    rate: int,
    say: Callable[[str], None],
) -> Iterator[tuple[int, Blocks]]:
    """Open a source of audio.

    Args:
        source: see `Artefact.listen`.
        rate: in Hz, of sources that do not know theirs.
        say: told what is odd.

    Yields:
        The rate in Hz, and blocks of mono samples `[n]` which end with the source.

    Raises:
        InputError: if the source cannot be opened.
    """
    if source == "mic":
        with _microphone(rate, say) as blocks:
            yield rate, blocks
    elif source == "-":
        yield _pipe(sys.stdin.buffer, rate, say)
    elif isinstance(source, str | Path):
        with _open_file(Path(source)) as file:
            yield file.samplerate, _file_blocks(file, Path(source), say)
    elif hasattr(source, "read"):
        yield _pipe(source, rate, say)
    else:
        yield rate, (to_float(block) for block in source)


def _open_file(path: Path) -> soundfile.SoundFile:
    if path.is_dir():
        raise InputError(f"{path}: a folder, not a recording: give one audio file")
    if not path.exists():
        raise InputError(f"{path}: no such file: give a recording, '-' for standard input or 'mic'")
    try:
        return soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, OSError) as error:
        raise InputError(f"{path}: cannot be read as audio ({error}): give WAV, FLAC, Ogg or MP3") from error


def _file_blocks(file: soundfile.SoundFile, path: Path, say: Callable[[str], None]) -> Blocks:
    size = max(1, int(file.samplerate * BLOCK_SECONDS))
    if file.channels > 1:
        say(f"{path}: its {file.channels} channels are mixed down")
    if file.frames == 0:
        say(f"{path}: there is no audio in it")
    while True:
        try:
            block = np.asarray(file.read(size, dtype="float32", always_2d=True), np.float32)
        except (soundfile.LibsndfileError, OSError) as error:
            say(
                f"{path}: damaged after {file.tell() / file.samplerate:.1f} s, the rest is left out ({error})"
            )
            return
        if not len(block):
            return
        yield block.mean(axis=1) if file.channels > 1 else block[:, 0]


def _pipe(file: Any, rate: int, say: Callable[[str], None]) -> tuple[int, Blocks]:
    layout, left = read_layout(file, rate)
    return layout.rate, _pipe_blocks(file, layout, left, say)


def _pipe_blocks(file: Any, layout: Layout, left: bytes, say: Callable[[str], None]) -> Blocks:
    # read1 returns what is there; read would wait for the whole block, and a word with it.
    read = getattr(file, "read1", file.read)
    size = max(layout.frame_bytes, int(layout.rate * BLOCK_SECONDS) * layout.frame_bytes)
    unread = layout.data_bytes
    while True:
        if unread is not None:
            left = left[:unread]
        whole = len(left) // layout.frame_bytes * layout.frame_bytes
        if whole:
            yield layout.decode(left[:whole])
            unread = None if unread is None else unread - whole
            left = left[whole:]
        if unread is not None and unread < layout.frame_bytes:
            return
        more = read(size)
        if not more:
            break
        left += more
    if unread:
        seconds = unread / layout.frame_bytes / layout.rate
        say(f"the audio ended {seconds:.1f} s before its header says")
    elif left:
        say(f"the audio ended within a sample: its last {len(left)} bytes are left out")


@contextlib.contextmanager
def _microphone(rate: int, say: Callable[[str], None]) -> Iterator[Blocks]:
    try:
        sounddevice = require("sounddevice", "mic", "listening to a microphone")
    except OSError as error:  # the wheel is there, the system's PortAudio is not
        raise InputError(f"the microphone cannot be used ({error}): install PortAudio") from error
    try:
        stream = sounddevice.InputStream(samplerate=rate, channels=1, dtype="float32")
        stream.start()
    except sounddevice.PortAudioError as error:
        raise InputError(
            f"the microphone cannot be opened at {rate} Hz ({error}): try another rate"
        ) from error

    def blocks() -> Blocks:
        lost = False
        while True:
            samples, overflowed = stream.read(max(1, rate // 50))
            if overflowed and not lost:
                lost = True
                say("the microphone was read too late and samples were lost")
            yield samples[:, 0].copy()

    try:
        yield blocks()
    finally:
        stream.close()
