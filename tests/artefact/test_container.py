import contextlib
import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from wrenlet.artefact import embed_sidecar, load_model, pack_model, read_artefact, read_sidecar
from wrenlet.artefact.protobuf import append_metadata, field, read_metadata, walk
from wrenlet.errors import InputError

# An ONNX file as far as metadata goes: ir_version 10, a graph of a few bytes, somebody's own metadata.
ONNX = b"\x08\x0a" + field(7, b"graph bytes \xff\x00") + field(14, field(1, b"theirs") + field(2, b"kept"))


@pytest.fixture(params=["litert", "onnx"])
def artefact(request, dense_model, sidecar, tmp_path) -> Path:
    data = dense_model if request.param == "litert" else ONNX
    path = tmp_path / ("toy.tflite" if request.param == "litert" else "toy.onnx")
    path.write_bytes(embed_sidecar(data, sidecar, request.param))
    return path


def test_the_sidecar_comes_back_as_it_went_in(artefact, sidecar):
    assert read_sidecar(artefact) == sidecar


def test_a_second_sidecar_replaces_the_first(artefact, sidecar):
    other = replace(sidecar, name="other")
    format = "onnx" if artefact.suffix == ".onnx" else "litert"
    once = artefact.read_bytes()
    artefact.write_bytes(embed_sidecar(once, other, format))
    assert read_sidecar(artefact) == other
    artefact.write_bytes(embed_sidecar(artefact.read_bytes(), sidecar, format))
    assert artefact.read_bytes() == once


def test_read_artefact_returns_the_bytes_of_the_file(artefact):
    assert read_artefact(artefact)[1] == artefact.read_bytes()


def test_every_truncation_is_refused(artefact):
    data = artefact.read_bytes()
    for end in [
        *range(0, min(64, len(data))),
        *range(64, len(data), max(1, len(data) // 200)),
        len(data) - 1,
    ]:
        artefact.write_bytes(data[:end])
        with pytest.raises(InputError, match=r"toy\.(tflite|onnx)"):
            read_sidecar(artefact)


def test_every_flipped_bit_is_refused(artefact):
    data, generator = artefact.read_bytes(), random.Random(0)
    for _ in range(400):
        position, bit = generator.randrange(len(data)), generator.randrange(8)
        damaged = bytearray(data)
        damaged[position] ^= 1 << bit
        artefact.write_bytes(damaged)
        with pytest.raises(InputError):
            read_sidecar(artefact)


def test_random_bytes_are_refused(tmp_path):
    path, generator = tmp_path / "noise.tflite", random.Random(1)
    for size in [0, 1, 3, 4, 7, 8, 16, 100, 5000]:
        path.write_bytes(generator.randbytes(size))
        with pytest.raises(InputError, match=r"noise\.tflite"):
            read_sidecar(path)


def test_a_litert_file_of_somebody_else_is_named_as_such(tmp_path, dense_model):
    path = tmp_path / "foreign.tflite"
    path.write_bytes(dense_model)
    with pytest.raises(InputError, match="holds no wrenlet knowledge"):
        read_sidecar(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(InputError, match="there is no file"):
        read_sidecar(tmp_path / "nothing.tflite")
    with pytest.raises(InputError, match="cannot read"):
        read_sidecar(tmp_path)


def test_a_checksummed_file_with_a_broken_document_is_refused(tmp_path, dense_model, sidecar, monkeypatch):
    path = tmp_path / "toy.tflite"
    for text in ["", "[]", "null", "{}", '{"format": 99}', '{"format": "x"}', '{"labels": 3}', "{" * 100_000]:
        monkeypatch.setattr(type(sidecar), "to_json", lambda _, text=text: text)
        path.write_bytes(embed_sidecar(dense_model, sidecar, "litert"))
        with pytest.raises(InputError):
            read_sidecar(path)


def test_onnx_metadata_of_others_stays(tmp_path, sidecar):
    data = embed_sidecar(ONNX, sidecar, "onnx")
    assert read_metadata(data, "it")["theirs"] == "kept"
    assert data.startswith(b"\x08\x0a" + field(7, b"graph bytes \xff\x00"))


def test_long_numbers_survive_the_wire():
    data = append_metadata(b"", {"a": "x" * 300, "b": ""})
    assert read_metadata(data, "it") == {"a": "x" * 300, "b": ""}
    assert [number for number, *_ in walk(data)] == [14, 14]


def test_reading_needs_neither_torch_nor_onnx(artefact):
    program = (
        "import sys; from wrenlet.artefact import read_sidecar; read_sidecar(sys.argv[1]); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'onnx', 'onnxruntime')))"
    )
    assert subprocess.run([sys.executable, "-c", program, str(artefact)], check=False).returncode == 0


def test_damaged_litert_files_without_checksum_end_in_one_kind_of_error(dense_model):
    generator, deadline = random.Random(2), time.monotonic() + 4
    tried = 0
    while tried < 1500 and time.monotonic() < deadline:
        data = bytearray(dense_model)
        for _ in range(generator.choice([1, 1, 2, 8])):
            data[generator.randrange(8, len(data))] = generator.choice(
                [0, 255, 128, generator.randrange(256)]
            )
        del data[generator.randrange(8, len(data) + 1) if tried % 3 == 0 else len(data) :]
        with contextlib.suppress(InputError):
            load_model(bytes(data))
        tried += 1
    assert tried > 200


def test_constants_that_the_quantiser_put_behind_the_tree_are_not_lost(dense_model):
    # From 256 KB on it appends them to the file and notes offset and size; packed again, they must be inside.
    model = load_model(dense_model)
    weights = model.buffers[1].data.tobytes()
    model.buffers[1].data, model.buffers[1].offset, model.buffers[1].size = None, 2, len(weights)
    end = len(pack_model(model))
    model.buffers[1].offset = end
    far = pack_model(model) + weights
    assert load_model(far).buffers[1].data.tobytes() == weights
    assert load_model(pack_model(load_model(far))).buffers[1].data.tobytes() == weights
    with pytest.raises(InputError, match="damaged or cut off"):
        load_model(far[:-1])
