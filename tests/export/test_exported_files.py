import numpy as np
import pytest
import torch
from running import run_litert, run_onnx

from wrenlet.artefact import audit, macs, peak_tensor_bytes, read_graph, read_sidecar

HOP = 128
FLOATS = [
    "toy-float32.tflite",
    "toy-float32-features.tflite",
    "toy-float32.onnx",
    "toy-float32-features.onnx",
]
INTEGERS = ["toy-int8.tflite", "toy-int8-features.tflite"]


def hops_of(exported, name, clip):
    audio = exported.clips[clip : clip + 1]
    with torch.no_grad():
        if "features" in name:
            return exported.recogniser.features(audio).reshape(50, 1, 20).numpy()
    return audio.reshape(50, HOP).numpy()


def torch_logits(exported, clip):
    with torch.no_grad():
        return exported.recogniser.eval()(exported.clips[clip : clip + 1])[0].numpy()


def run(path, hops):
    return run_onnx(path, hops) if path.suffix == ".onnx" else run_litert(path, hops)


def test_every_file_that_the_settings_name_is_there(exported):
    assert sorted(exported.paths) == sorted(FLOATS + INTEGERS)
    assert not [
        path for path in exported.paths["toy-int8.tflite"].parent.iterdir() if path.name.startswith(".")
    ]


@pytest.mark.parametrize("name", FLOATS)
def test_a_float_file_answers_as_the_torch_model_offline(exported, name):
    for clip in range(2):
        found = run(exported.paths[name], hops_of(exported, name, clip))
        assert np.abs(found - torch_logits(exported, clip)).max() <= 1e-4


@pytest.mark.parametrize("name", INTEGERS)
def test_an_int8_file_stays_near_the_torch_model_over_a_stream(exported, name):
    for clip in range(len(exported.clips)):
        found = run(exported.paths[name], hops_of(exported, name, clip))
        expected = torch_logits(exported, clip)
        assert np.abs(found - expected).mean() <= 0.05 * np.ptp(expected)
        assert np.abs(found - expected).max() <= 0.2 * np.ptp(expected)


@pytest.mark.parametrize("name", ["toy-float32.tflite", *INTEGERS, "toy-float32-features.tflite"])
def test_the_signature_names_inputs_outputs_and_states(exported, name):
    graph = read_graph(exported.paths[name])
    front = [] if "features" in name else ["frontend__overlap"]
    states = [*front, "lstm__hidden", "lstm__cell"]
    assert list(graph.inputs) == ["features" if "features" in name else "audio", *states]
    assert list(graph.outputs) == ["logits", *states]
    shapes = {name: graph.tensors[index].shape for name, index in {**graph.inputs, **graph.outputs}.items()}
    assert shapes["lstm__cell"] == (1, 64)
    assert shapes["logits"] == (1, 1, 10)
    assert shapes["features" if "features" in name else "audio"] == (
        (1, 1, 20) if "features" in name else (1, HOP)
    )


@pytest.mark.parametrize("name", INTEGERS)
def test_states_leave_the_step_on_the_grid_they_came_on(exported, name):
    path = exported.paths[name]
    graph, known = read_graph(path), read_sidecar(path)
    for state in known.states:
        before, after = (graph.tensors[side[state.name]] for side in (graph.inputs, graph.outputs))
        assert (before.dtype, before.scale, before.zero_point) == (after.dtype, after.scale, after.zero_point)
        if not state.name.startswith("frontend"):
            assert state.dtype == before.dtype == "int8"
            assert (state.scale,) == before.scale
            assert (state.zero_point,) == before.zero_point


def test_an_int8_file_with_features_outside_holds_no_float_at_all(exported):
    found = audit(exported.paths["toy-int8-features.tflite"])
    assert found.float_tensors == ()
    assert set(found.dtypes) == {"int8", "int32"}


def test_an_int8_file_with_the_frontend_inside_is_float_only_there(exported):
    path = exported.paths["toy-int8.tflite"]
    found, graph = audit(path), read_graph(path)
    assert found.float_tensors
    assert found.body_floats == ()
    assert graph.tensors[graph.inputs["audio"]].dtype == "float32"
    assert graph.tensors[graph.inputs["frontend__overlap"]].dtype == "float32"
    assert graph.tensors[graph.outputs["logits"]].dtype == "int8"
    assert found.operators["TANH"] == 2
    assert found.operators.get("DEQUANTIZE", 0) == 0


def test_an_lstm_of_64_cells_keeps_to_its_budget(exported):
    sizes = {name: path.stat().st_size for name, path in exported.paths.items()}
    assert sizes["toy-int8-features.tflite"] <= 36_000
    assert sizes["toy-int8.tflite"] <= 60_000


def test_macs_of_the_body_are_its_weights(exported):
    assert macs(read_graph(exported.paths["toy-int8-features.tflite"])) == 4 * 64 * 84 + 64 * 10


def test_memory_is_at_least_what_goes_in_and_out(exported):
    graph = read_graph(exported.paths["toy-int8-features.tflite"])
    assert 2 * 64 + 20 + 10 <= peak_tensor_bytes(graph) <= 1000


@pytest.mark.parametrize("name", [*FLOATS, *INTEGERS])
def test_the_sidecar_knows_what_the_recogniser_knew(exported, name):
    known, recogniser = read_sidecar(exported.paths[name]), exported.recogniser
    assert known.labels == recogniser.labels
    assert known.precision == ("int8" if "int8" in name else "float32")
    assert known.input == ("features" if "features" in name else "audio")
    assert (known.sample_rate, known.hop_samples, known.lookahead_hops) == (8000, HOP, 0)
    assert known.features["mel_bins"] == recogniser.frontend.settings.mel_bins
    assert known.mean == pytest.approx(recogniser.normalise.mean.tolist())
    assert known.std == pytest.approx(recogniser.normalise.std.tolist())
    assert [state.name for state in known.states if state.name.startswith("lstm")] == [
        "lstm__hidden",
        "lstm__cell",
    ]
