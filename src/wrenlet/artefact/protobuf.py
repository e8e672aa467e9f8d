"""As much of Protocol Buffers as ONNX metadata takes, without the onnx package."""

from collections.abc import Iterator

from wrenlet.errors import InputError

__all__ = ["append_metadata", "read_metadata"]

#: `ModelProto.metadata_props` in onnx.proto: repeated StringStringEntryProto { key = 1, value = 2 }.
METADATA_PROPS = 14


def append_metadata(data: bytes, entries: dict[str, str]) -> bytes:
    """Return a serialised ONNX model with these entries as its last metadata; equal keys are replaced.

    Fields of a message may stand in any order and repeated fields apart, so appending is sound.
    """
    kept = [
        data[start:end]
        for number, value, start, end in walk(data)
        if number != METADATA_PROPS or entry_of(value)[0] not in entries
    ]
    for key, text in entries.items():
        entry = field(1, key.encode()) + field(2, text.encode())
        kept.append(field(METADATA_PROPS, entry))
    return b"".join(kept)


def read_metadata(data: bytes, what: str) -> dict[str, str]:
    """Return the metadata of a serialised ONNX model.

    Args:
        data: the whole file.
        what: name for the error message.

    Raises:
        InputError: if the bytes are no whole ONNX model.
    """
    try:
        return dict(entry_of(value) for number, value, _, _ in walk(data) if number == METADATA_PROPS)
    except (ValueError, IndexError) as error:
        raise InputError(f"{what} is neither a whole LiteRT nor a whole ONNX file ({error})") from error


def entry_of(data: bytes) -> tuple[str, str]:
    """Return key and value of one StringStringEntryProto."""
    parts = {number: value for number, value, _, _ in walk(data)}
    return parts.get(1, b"").decode(), parts.get(2, b"").decode()


def walk(data: bytes) -> Iterator[tuple[int, bytes, int, int]]:
    """Yield every field of a message: its number, its value if length-delimited, its start and its end."""
    at = 0
    while at < len(data):
        start = at
        tag, at = varint(data, at)
        number, wire = tag >> 3, tag & 7
        value = b""
        if wire == 0:
            _, at = varint(data, at)
        elif wire == 1:
            at += 8
        elif wire == 5:
            at += 4
        elif wire == 2:
            length, at = varint(data, at)
            value = data[at : at + length]
            at += length
        else:
            raise ValueError(f"wire type {wire} at byte {start}")
        if at > len(data) or number == 0:
            raise ValueError(f"the field at byte {start} is cut off")
        yield number, value, start, at


def varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at `at` and the position behind it."""
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
        if shift > 63:
            raise ValueError(f"a number of more than 64 bits at byte {at}")


def field(number: int, value: bytes) -> bytes:
    """Return a length-delimited field."""
    return encode(number << 3 | 2) + encode(len(value)) + value


def encode(number: int) -> bytes:
    """Return a number as a varint."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
