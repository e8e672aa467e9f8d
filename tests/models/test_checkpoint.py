import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from wrenlet.errors import InputError
from wrenlet.features import FeatureSettings, Normalise, build_frontend
from wrenlet.models import (
    Recogniser,
    build_model,
    load_recogniser,
    load_weights,
    save_recogniser,
    save_weights,
)

SETTINGS = FeatureSettings(sample_rate=8000, window_ms=32.0, hop_ms=16.0, mel_bins=20, coefficients=10)


def recogniser(model: str = "lstm_24", **arguments: object) -> Recogniser:
    torch.manual_seed(0)
    frontend = build_frontend(SETTINGS)
    normalise = Normalise(torch.randn(10), torch.rand(10) + 0.5)
    return Recogniser(frontend, normalise, build_model(model, 10, 3, **arguments), ("a", "b", "c"))


@pytest.mark.parametrize(
    ("model", "arguments"),
    [
        ("lstm_24", {}),
        ("lstm_32", {"layers": 2, "peepholes": True, "projection": 8, "dense": [6], "dropout": 0.1}),
        ("gru_32", {"hidden": 7}),
    ],
)
def test_round_trip_gives_the_same_answers_and_settings(tmp_path: Path, model: str, arguments: dict) -> None:
    before = recogniser(model, **arguments).eval()
    save_recogniser(before, tmp_path / "r.safetensors")
    after = load_recogniser(tmp_path / "r.safetensors")
    audio = torch.randn(2, 1280) * 0.1
    assert torch.equal(before(audio), after(audio))
    assert after.labels == before.labels
    assert after.frontend.settings == SETTINGS
    assert not after.training


def test_equal_recognisers_are_equal_bytes_and_leave_no_partial_file(tmp_path: Path) -> None:
    save_recogniser(recogniser(), tmp_path / "a")
    save_recogniser(recogniser(), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_truncated_or_missing_or_foreign_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "r.safetensors"
    save_recogniser(recogniser(), path)
    whole = path.read_bytes()
    for keep in (0, 5, 100, len(whole) - 1):
        path.write_bytes(whole[:keep])
        with pytest.raises(InputError, match=r"r\.safetensors is not a whole safetensors file"):
            load_recogniser(path)
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(InputError, match="not a recogniser of wrenlet"):
        load_recogniser(path)
    with pytest.raises(InputError, match="does not exist"):
        load_recogniser(tmp_path / "absent")


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(1)}, tmp_path / "r", {"wrenlet": json.dumps({"format": 99})})
    with pytest.raises(InputError, match="format 99"):
        load_recogniser(tmp_path / "r")


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    save_weights(build_model("lstm_24", 10, 3), tmp_path / "w")
    with pytest.raises(InputError, match="another model"):
        load_weights(build_model("lstm_32", 10, 3), tmp_path / "w")
    with pytest.raises(InputError, match="another model"):
        load_weights(build_model("gru_32", 10, 3), tmp_path / "w")


def test_a_body_of_unknown_origin_is_not_saved(tmp_path: Path) -> None:
    one = recogniser()
    one.body = one.normalise  # a streaming module that build_model did not make
    with pytest.raises(ValueError, match="build_model"):
        save_recogniser(one, tmp_path / "r")
