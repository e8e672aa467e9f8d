from pathlib import Path

import numpy as np
import pytest
import tiny_artefacts

from wrenlet.runtime import Artefact, load


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


@pytest.fixture(params=["litert_path", "onnx_path", "int8_path"])
def any_path(request) -> Path:
    return request.getfixturevalue(request.param)


@pytest.fixture
def model(litert_path) -> Artefact:
    return load(litert_path)


@pytest.fixture(scope="session")
def speech() -> np.ndarray:
    """Something with an envelope and a length that is no whole number of hops."""
    rng = np.random.default_rng(4)
    return (rng.normal(0, 0.1, 5003) * np.sin(np.arange(5003) / 900) ** 2).astype(np.float32)
