"""The step: same numbers as PyTorch, state passed straight through, and errors for what does not fit."""

import dataclasses

import numpy as np
import pytest
import tiny_artefacts
from tiny_artefacts import HIDDEN, HOP, LABELS

from wrenlet.artefact import StateTensor, embed_sidecar
from wrenlet.errors import InputError
from wrenlet.runtime import load
from wrenlet.runtime.opening import file_format
from wrenlet.runtime.step import dequantise, quantise


def test_litert_and_onnx_answer_as_pytorch_does(litert_path, onnx_path, speech):
    expected = tiny_artefacts.reference_logits(speech)
    for path in (litert_path, onnx_path):
        np.testing.assert_allclose(load(path).run(speech), expected, atol=2e-6, err_msg=path.name)


def test_int8_artefact_follows_its_float_original(int8_path, speech):
    import torch

    model = load(int8_path)
    frontend = model._program.frontend
    padded = np.pad(speech, (0, -len(speech) % HOP))
    features = frontend.run(padded)
    body, hidden, expected = tiny_artefacts.FeatureStep().eval(), torch.zeros(1, HIDDEN), []
    with torch.no_grad():
        for frame in features:
            answer = body(torch.from_numpy(frame)[None, None], hidden)
            hidden = answer["hidden"]
            expected.append(answer["logits"].reshape(-1).numpy())
    error = np.abs(model.run(speech) - np.stack(expected))
    assert error.mean() < 0.1
    assert error.max() < 1


def test_state_starts_at_its_zero_point_and_reset_goes_back_there(any_path):
    step = load(any_path).step
    zero = {name: value.copy() for name, value in step.state().items()}
    for value in zero.values():
        assert len(np.unique(value)) == 1
    step.run(np.random.default_rng(0).normal(0, 1, (3, *step.frame_shape)).astype(np.float32))
    assert any(not np.array_equal(zero[name], value) for name, value in step.state().items())
    step.reset()
    for name, value in step.state().items():
        np.testing.assert_array_equal(value, zero[name])


def test_int8_state_is_int8_with_the_sidecars_zero_point(int8_path):
    model = load(int8_path)
    (spec,) = model.sidecar.states
    state = model.step.state()[spec.name]
    assert state.dtype == np.int8
    assert (state == spec.zero_point).all()


def test_several_hops_at_once_are_the_same_as_one_by_one(any_path):
    step = load(any_path).step
    frames = np.random.default_rng(1).normal(0, 0.5, (9, *step.frame_shape)).astype(np.float32)
    whole = step.run(frames)
    step.reset()
    np.testing.assert_array_equal(np.concatenate([step.run(frame[None]) for frame in frames]), whole)


def test_no_hops_give_no_logits(any_path):
    step = load(any_path).step
    assert step.run(np.zeros((0, *step.frame_shape), np.float32)).shape == (0, len(LABELS))


def test_quantise_rounds_to_the_grid_and_saturates():
    values = np.array([-100.0, -0.26, 0.0, 0.24, 0.26, 100.0])
    found = quantise(values, 0.5, 3, np.dtype(np.int8))
    np.testing.assert_array_equal(found, [-128, 2, 3, 3, 4, 127])
    assert found.dtype == np.int8
    np.testing.assert_allclose(dequantise(found, 0.5, 3), [-65.5, -0.5, 0, 0, 0.5, 62])


def test_a_graph_that_is_not_the_sidecars_is_refused(tmp_path, litert_path):
    right = tiny_artefacts.audio_sidecar()
    wrong = {
        "states": dataclasses.replace(right, states=(StateTensor("gru__hidden", (1, 4), "float32"),)),
        "hop": dataclasses.replace(right, hop_samples=64),
        "labels": dataclasses.replace(right, labels=("yes", "no")),
        "input": dataclasses.replace(right, input="features"),
    }
    for name, sidecar in wrong.items():
        path = tmp_path / f"{name}.tflite"
        path.write_bytes(embed_sidecar(litert_path.read_bytes(), sidecar, "litert"))
        with pytest.raises(InputError, match="not the one its wrenlet metadata describes"):
            load(path)


def test_format_is_read_from_the_bytes_not_from_the_name(tmp_path, litert_path, onnx_path, speech):
    for path, expected in ((litert_path, "tflite"), (onnx_path, "onnx")):
        renamed = tmp_path / f"{expected}.bin"
        renamed.write_bytes(path.read_bytes())
        assert file_format(renamed) == expected
        assert load(renamed).info.format == expected
        np.testing.assert_array_equal(load(renamed).run(speech), load(path).run(speech))


def test_artefacts_that_cannot_be_loaded_say_why(tmp_path, any_path):
    data = any_path.read_bytes()
    cases = {"cut": data[: len(data) // 2], "empty": b"", "noise": bytes(range(256)) * 40}
    for name, content in cases.items():
        path = tmp_path / f"{name}{any_path.suffix}"
        path.write_bytes(content)
        with pytest.raises(InputError, match=str(path)):
            load(path)
    with pytest.raises(InputError, match="missing"):
        load(tmp_path / "missing.tflite")
    with pytest.raises(InputError):
        load(tmp_path)
