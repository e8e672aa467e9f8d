"""Audio that comes through a pipe, which cannot be rewound: WAV, or raw samples."""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wrenlet.errors import InputError

__all__ = ["Layout", "read_layout"]

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
#: Sizes that programs write when they do not know how long the stream will be.
_UNKNOWN_SIZES = (0, 0x7FFFFFFF, 0x7FFFFFFF - 36, 0xFFFFFFFF, 0xFFFFFFFF - 36)
_LARGEST_CHUNK = 1 << 24


@dataclass(frozen=True)
class Layout:
    """How bytes are samples.

    Attributes:
        rate: in Hz.
        channels: interleaved; they are mixed down.
        bits: of a sample.
        floating: IEEE floats, not integers.
        data_bytes: how many bytes of audio follow; None until the end of the stream.
    """

    rate: int
    channels: int = 1
    bits: int = 16
    floating: bool = False
    data_bytes: int | None = None

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return self.channels * self.bits // 8

    def decode(self, data: bytes) -> NDArray[np.float32]:
        """Return whole frames as mono samples `[n]` in -1…1."""
        if self.floating:
            samples = np.frombuffer(data, f"<f{self.bits // 8}").astype(np.float32)
        elif self.bits == 8:
            samples = (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / 128
        elif self.bits == 24:
            parts = np.frombuffer(data, np.uint8).reshape(-1, 3)
            wide = np.zeros((len(parts), 4), np.uint8)
            wide[:, 1:] = parts  # the low byte stays zero, so that the sign is where a 32-bit number has it
            samples = wide.reshape(-1).view("<i4").astype(np.float32) / np.float32(2**31)
        else:
            samples = np.frombuffer(data, f"<i{self.bits // 8}").astype(np.float32)
            samples /= np.float32(2 ** (self.bits - 1))
        return samples if self.channels == 1 else samples.reshape(-1, self.channels).mean(axis=1)


def read_layout(file: Any, rate: int) -> tuple[Layout, bytes]:
    """Read a WAV header if there is one.

    Args:
        file: an open binary stream.
        rate: of raw audio, in Hz.

    Returns:
        The layout, and the bytes of audio that were read along with it.

    Raises:
        InputError: if it is a compressed format or a WAV of a kind that cannot be read.
    """
    start = _read(file, 4)
    if start in (b"fLaC", b"OggS") or start[:3] == b"ID3":
        raise InputError(
            "the pipe holds compressed audio: give the file by name, "
            "or send WAV or raw 16-bit little-endian mono"
        )
    if start != b"RIFF":
        return Layout(rate), start
    if _read(file, 8)[4:] != b"WAVE":
        raise InputError(
            "the pipe holds a RIFF file which is not WAV: send WAV or raw 16-bit little-endian mono"
        )
    layout: Layout | None = None
    while True:
        header = _read(file, 8)
        if len(header) < 8:
            raise InputError("the WAV on the pipe ends before its audio: send a whole file")
        name, size = header[:4], struct.unpack("<I", header[4:])[0]
        if name == b"data":
            if layout is None:
                raise InputError("the WAV on the pipe has no format before its audio: send a whole file")
            known = None if size in _UNKNOWN_SIZES else size
            return Layout(layout.rate, layout.channels, layout.bits, layout.floating, known), b""
        if size > _LARGEST_CHUNK:
            raise InputError(f"the WAV on the pipe has a chunk {name!r} of {size} bytes: it is damaged")
        body = _read(file, size + size % 2)
        if name == b"fmt ":
            layout = _format(body)


def _format(body: bytes) -> Layout:
    if len(body) < 16:
        raise InputError("the WAV on the pipe has a damaged header: send a whole file")
    kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", body[:16])
    if kind == _EXTENSIBLE and len(body) >= 26:
        kind = struct.unpack("<H", body[24:26])[0]
    fits = (kind == _PCM and bits in (8, 16, 24, 32)) or (kind == _FLOAT and bits in (32, 64))
    if not fits or not 1 <= channels <= 64 or not 1000 <= rate <= 768_000:
        raise InputError(
            f"the WAV on the pipe has format {kind} with {bits} bits, {channels} channels at {rate} Hz: "
            "send 8 to 32 bit PCM or floats"
        )
    return Layout(rate, channels, bits, kind == _FLOAT)


def _read(file: Any, size: int) -> bytes:
    """Read `size` bytes, in as many pieces as the pipe hands them out; fewer only at its end."""
    found = b""
    while len(found) < size:
        more = file.read(size - len(found))
        if not more:
            break
        found += more
    return found
