"""The sidecar inside the file: writing it, and reading it from whatever a person gives.

A checksum over the whole file travels along. A reader that finds a flipped bit or a missing end says so
before any parser or runtime sees the bytes.
"""

import re
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from wrenlet.artefact.flatbuffer import as_text, load_model, pack_model
from wrenlet.artefact.protobuf import append_metadata, read_metadata
from wrenlet.artefact.sidecar import METADATA_KEY, Sidecar
from wrenlet.errors import InputError

__all__ = ["embed_sidecar", "read_artefact", "read_sidecar"]

CHECKSUM_KEY = f"{METADATA_KEY}.checksum"
CHECKSUM_BLANK = b"wrenlet-crc32=00000000"
CHECKSUM = re.compile(rb"wrenlet-crc32=[0-9a-f]{8}")


def embed_sidecar(data: bytes, sidecar: Sidecar, format: Literal["litert", "onnx"]) -> bytes:
    """Return the file with the sidecar and a checksum inside; an earlier sidecar is replaced.

    Args:
        data: a whole `.tflite` or `.onnx` file.
        sidecar: what the file shall know about itself.
        format: of the file.
    """
    entries = {METADATA_KEY: sidecar.to_json().encode(), CHECKSUM_KEY: CHECKSUM_BLANK}
    if format == "onnx":
        packed = append_metadata(data, {key: value.decode() for key, value in entries.items()})
    else:
        packed = pack_model(with_metadata(load_model(data), entries))
    return packed.replace(CHECKSUM_BLANK, checksum(packed), 1)


def with_metadata(model: Any, entries: dict[str, bytes]) -> Any:
    """Return the `ModelT` with exactly these metadata entries of ours; foreign entries are dropped.

    The converter's own entries (minimum runtime version, conversion details) serve no runtime here.
    """
    from ai_edge_litert import schema_py_generated as schema

    used = 1 + max((tensor.buffer for graph in model.subgraphs for tensor in graph.tensors), default=0)
    model.buffers = model.buffers[:used]
    model.metadata = []
    for name, value in entries.items():
        model.metadata.append(schema.MetadataT(name=name, buffer=len(model.buffers)))
        model.buffers.append(schema.BufferT(data=np.frombuffer(value, np.uint8)))
    return model


def checksum(data: bytes) -> bytes:
    """Return the checksum's text for a file in which it is still blank."""
    return b"wrenlet-crc32=%08x" % zlib.crc32(data)


def read_sidecar(path: str | Path) -> Sidecar:
    """Read what an artefact knows about itself.

    Args:
        path: of a `.tflite` or `.onnx` file.

    Raises:
        InputError: if there is no such file, or it is no artefact of wrenlet's, or it is damaged or cut off.
    """
    return read_artefact(path)[0]


def read_artefact(path: str | Path) -> tuple[Sidecar, bytes]:
    """Read an artefact once: its sidecar and its whole bytes, checked against the checksum.

    Args:
        path: of a `.tflite` or `.onnx` file.

    Raises:
        InputError: as `read_sidecar`.
    """
    path = Path(path)
    data = read_file(path)
    check_whole(data, path)
    if data[4:8] == b"TFL3":
        model = load_model(data, str(path))
        found = {as_text(entry.name): model.buffers[entry.buffer].data for entry in model.metadata or []}
        raw = found.get(METADATA_KEY)
        text = None if raw is None else np.asarray(raw, np.uint8).tobytes().decode("utf-8", "replace")
    else:
        text = read_metadata(data, str(path)).get(METADATA_KEY)
    if text is None:
        raise InputError(not_ours(path))
    return replace(Sidecar.from_json(text)), data


def read_file(path: Path) -> bytes:
    """Return the bytes of a file, or say why that is impossible."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"there is no file {path}: give the path of a .tflite or .onnx artefact") from None
    except OSError as error:
        raise InputError(
            f"cannot read {path} ({error.strerror or error}): give a .tflite or .onnx file"
        ) from error


def check_whole(data: bytes, path: Path) -> None:
    """Raise `InputError` unless the file carries a checksum and agrees with it."""
    found = CHECKSUM.search(data)
    if found is None:
        raise InputError(not_ours(path))
    blank = data[: found.start()] + CHECKSUM_BLANK + data[found.end() :]
    if checksum(blank) != found.group():
        raise InputError(
            f"{path} is damaged or cut off: its {len(data)} bytes disagree with its checksum; "
            "export or copy it again"
        )


def not_ours(path: Path) -> str:
    """Return the sentence for a file that carries no knowledge of wrenlet's."""
    return (
        f"{path} holds no wrenlet knowledge: it was not exported by wrenlet, or its end is missing; "
        "give a .tflite or .onnx file that `wrenlet export` wrote"
    )
