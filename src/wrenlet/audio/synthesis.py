"""Synthetic speech: espeak-ng inside this process turns words into recordings without a download."""

import ctypes
import difflib
import sys
import threading
from functools import lru_cache
from typing import Any

import numpy as np

from wrenlet.errors import InputError
from wrenlet.extras import require

__all__ = ["engine_version", "speak", "voices"]

# speak_lib.h of espeak-ng 1.52.
AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_DONT_EXIT = 0x8000
CHARS_UTF8 = 1
RATE, PITCH, RANGE = 1, 3, 4
SLOWEST, FASTEST = 80, 450

# Written in another alphabet, spoken like British English.
NOT_ACCENTS = frozenset({"en-shaw"})

# The library has one speaker for the whole process.
_lock = threading.Lock()


class _Voice(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    ]


_Receiver = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class _Engine:
    """A freshly loaded espeak-ng; close it to unload it."""

    def __init__(self) -> None:
        loader = require("espeakng_loader", "synth", "synthetic speech")
        # By its real path, and the data folder too: the library loads once more after `close` only if nobody
        # else holds it.
        self.library = ctypes.CDLL(loader.get_library_path())
        self.pieces: list[bytes] = []
        self.rate = self.library.espeak_Initialize(
            AUDIO_OUTPUT_SYNCHRONOUS, 0, str(loader.get_data_path()).encode(), INITIALIZE_DONT_EXIT
        )
        if self.rate <= 0:
            raise InputError(
                f"espeak-ng does not start (error {self.rate}): "
                "reinstall it with  pip install --force-reinstall espeakng-loader"
            )
        self.receiver = _Receiver(self._receive)
        self.library.espeak_SetSynthCallback(self.receiver)

    def _receive(self, samples: int | None, count: int, events: int | None) -> int:  # noqa: ARG002
        if samples and count > 0:
            self.pieces.append(ctypes.string_at(samples, 2 * count))
        return 0

    def close(self) -> None:
        self.library.espeak_Terminate()
        handle = self.library._handle
        del self.library
        _unload(handle)

    def __enter__(self) -> "_Engine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def speak(
    text: str,
    voice: str = "en-us",
    rate_wpm: int = 160,
    pitch: int = 50,
    range_: int = 50,
    *,
    seed: int = 0,
) -> tuple[np.ndarray, int]:
    """Say `text`.

    The same arguments give the same samples, whatever was said before: the library keeps its phase and noise
    from one utterance to the next, so it is loaded afresh each time, which costs about 3 ms.

    Args:
        text: what to say; punctuation changes the melody.
        voice: one of `voices()`, such as `en-us` or `en-gb-scotland+f3`.
        rate_wpm: speaking rate in words a minute, 80 to 450.
        pitch: 0 to 99, 50 is the voice's own.
        range_: of the melody, 0 (monotone) to 99.
        seed: of the noise in breathy voices.

    Returns:
        Samples float32 `[samples]` in -1…1, and their rate in Hz (22,050).

    Raises:
        InputError: if the voice does not exist or a number is outside its range.
        MissingExtraError: if the extra `synth` is not installed.
    """
    if not text.strip():
        raise InputError("there is nothing to say: give a word")
    for name, value, low, high in (
        ("rate_wpm", rate_wpm, SLOWEST, FASTEST),
        ("pitch", pitch, 0, 99),
        ("range_", range_, 0, 99),
    ):
        if not low <= value <= high:
            raise InputError(f"{name} is {value}: espeak-ng takes {low} to {high}")
    _check_voice(voice)
    with _lock, _Engine() as engine:
        library = engine.library
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise InputError(
                f"espeak-ng does not take the voice {voice!r}: choose one of wrenlet's `voices()`"
            )
        for parameter, value in ((RATE, rate_wpm), (PITCH, pitch), (RANGE, range_)):
            library.espeak_SetParameter(parameter, int(value), 0)
        library.espeak_ng_SetRandSeed(ctypes.c_long(seed + 1))
        # Some voices draw their noise from the C library's generator, which outlives the reload.
        _c_library().srand(ctypes.c_uint(seed + 1))
        encoded = text.encode() + b"\0"
        failed = library.espeak_Synth(
            encoded, ctypes.c_size_t(len(encoded)), 0, 1, 0, CHARS_UTF8, None, None
        )  # fmt: skip
        library.espeak_Synchronize()
        if failed or not engine.pieces:
            raise InputError(f"espeak-ng says nothing for {text!r}: give a word of the voice's language")
        samples = np.frombuffer(b"".join(engine.pieces), "<i2").astype(np.float32) / 32768
        return samples, int(engine.rate)


@lru_cache
def voices(language: str = "en") -> tuple[str, ...]:
    """Return the names of all voices of a language: every accent, alone and with every variant (`en-us+f3`).

    Args:
        language: an ISO 639-1 code, such as `en` or `de`.
    """
    variants = variant_names()
    return tuple(
        name for accent in accents(language) for name in (accent, *(f"{accent}+{v}" for v in variants))
    )


@lru_cache
def accents(language: str = "en") -> tuple[str, ...]:
    """Return the voices of a language without variants, such as `en-us`."""
    with _lock, _Engine() as engine:
        names = {_text(voice.identifier).rpartition("/")[2].lower() for voice in _listed(engine, None)}
    return tuple(
        sorted(name for name in names if name.partition("-")[0] == language and name not in NOT_ACCENTS)
    )


@lru_cache
def variant_names() -> tuple[str, ...]:
    """Return the variants (other throats for any accent), such as `f3`."""
    with _lock, _Engine() as engine:
        listed = _listed(engine, _Voice(languages=ctypes.cast(ctypes.c_char_p(b"variant"), ctypes.c_void_p)))
        return tuple(sorted(_text(voice.identifier).removeprefix("!v/") for voice in listed))


@lru_cache
def engine_version() -> str:
    """Return espeak-ng's version, such as `1.52.0`."""
    with _lock, _Engine() as engine:
        engine.library.espeak_Info.restype = ctypes.c_char_p
        return _text(engine.library.espeak_Info(None))


def _check_voice(voice: str) -> None:
    # espeak-ng says an unknown variant with the plain accent, without a word.
    known = voices(voice.partition("-")[0].partition("+")[0])
    if voice in known:
        return
    near = difflib.get_close_matches(voice, known or voices(), n=1, cutoff=0.0)
    raise InputError(
        f"there is no voice {voice!r}: the nearest is {near[0]!r}; voices are accent+variant, as en-us+f3"
    )


def _listed(engine: _Engine, like: _Voice | None) -> list[Any]:
    engine.library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    listed = engine.library.espeak_ListVoices(ctypes.byref(like) if like is not None else None)
    found = []
    while listed[len(found)]:
        found.append(listed[len(found)].contents)
    # The structures live in the library's memory: copy what is wanted while it is loaded.
    return [_Voice(identifier=bytes(voice.identifier)) for voice in found]


def _text(raw: bytes) -> str:
    return raw.decode("utf-8")


def _c_library() -> Any:
    return ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)


def _unload(handle: int) -> None:
    import _ctypes

    if sys.platform == "win32":
        _ctypes.FreeLibrary(handle)
    else:
        _ctypes.dlclose(handle)
