import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "runtime"))

import tiny_artefacts


@pytest.fixture(scope="session")
def litert_path(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("litert") / "tiny-float32.tflite"
    path.write_bytes(tiny_artefacts.audio_litert())
    return path


@pytest.fixture(scope="session")
def onnx_path(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "tiny-float32.onnx"
    path.write_bytes(tiny_artefacts.audio_onnx())
    return path


@pytest.fixture(scope="session")
def int8_path(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("int8") / "tiny-int8-features.tflite"
    path.write_bytes(tiny_artefacts.features_int8())
    return path
