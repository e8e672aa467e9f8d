import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from running import run_litert
from torch import nn

from wrenlet.artefact import Graph, Operator, TensorInfo, audit_bytes, graph_of, read_graph, read_sidecar
from wrenlet.errors import InputError
from wrenlet.export import ExportSettings, StepProgram, convert_litert, export_recogniser, quantise_litert
from wrenlet.export.calibrate import Recording, choose_ranges, record
from wrenlet.export.exporter import calibration_inputs
from wrenlet.export.quiet import quiet
from wrenlet.models import Recogniser
from wrenlet.streaming import GRU, Conv1d, Framewise, Sequential, State, StreamingModule

FEATURES_INT8 = ExportSettings(
    formats=("litert",), inputs=("features",), precisions=("int8",), calibration_clips=4
)


class Erf(nn.Module):
    """An operator which no integer kernel knows."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.erf(x) if x.dim() == 0 else torch.sin(x) + torch.floor(x)


def with_body(exported, body):
    return Recogniser(
        exported.recogniser.frontend, exported.recogniser.normalise, body, exported.recogniser.labels
    )


@pytest.fixture(scope="module")
def feature_clips() -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    return [generator.normal(size=(30, 1, 20)).astype(np.float32) for _ in range(4)]


@pytest.fixture(scope="module")
def float_step(exported) -> bytes:
    return convert_litert(StepProgram(exported.recogniser.body, "features", (1, 20)))


def test_the_same_recogniser_gives_the_same_bytes(exported, tmp_path):
    settings = ExportSettings(inputs=("features",), calibration_clips=20)
    paths = [
        export_recogniser(
            exported.recogniser, exported.clips, exported.lengths, settings, exported.sidecar, tmp_path / name
        )
        for name in "ab"
    ]
    assert [path.read_bytes() for path in paths[0]] == [path.read_bytes() for path in paths[1]]


def test_a_float_operator_in_the_body_fails_a_full_integer_export(exported, tmp_path):
    body = Sequential({"odd": Framewise(Erf()), "dense": Framewise(nn.Linear(20, 10))})
    export = (with_body(exported, body), exported.clips, exported.lengths)
    with pytest.raises(InputError, match=r"toy-int8-features\.tflite was to be integer.*(SIN|FLOOR)"):
        export_recogniser(*export, FEATURES_INT8, exported.sidecar, tmp_path)
    assert list(tmp_path.iterdir()) == []
    settings = replace(FEATURES_INT8, full_integer=False)
    (path,) = export_recogniser(*export, settings, exported.sidecar, tmp_path)
    assert audit_bytes(path.read_bytes()).body_floats


@pytest.mark.parametrize("kind", ["gru", "conv"])
def test_other_streaming_layers_become_int8_with_tied_states(exported, tmp_path, kind):
    torch.manual_seed(1)
    first = GRU(20, 24) if kind == "gru" else Conv1d(20, 24, 5, dilation=2)
    body = Sequential({"first": first, "relu": Framewise(nn.ReLU()), "dense": Framewise(nn.Linear(24, 10))})
    recogniser = with_body(exported, body)
    settings = replace(FEATURES_INT8, precisions=("float32", "int8"))
    paths = export_recogniser(
        recogniser, exported.clips, exported.lengths, settings, exported.sidecar, tmp_path
    )
    with torch.no_grad():
        hops = recogniser.features(exported.clips[:1])
        expected = body(hops)[0].numpy()
    found = [run_litert(path, hops.reshape(-1, 1, 20).numpy()) for path in paths]
    assert np.abs(found[0] - expected).max() <= 1e-4
    assert np.abs(found[1] - expected).max() <= 0.15 * np.ptp(expected)
    assert all(state.dtype == "int8" and state.scale > 0 for state in read_sidecar(paths[1]).states)


def test_a_strided_body_takes_several_hops_a_step(exported, tmp_path):
    torch.manual_seed(2)
    body = Sequential({"conv": Conv1d(20, 16, 3, stride=2), "dense": Framewise(nn.Linear(16, 10))})
    recogniser = with_body(exported, body)
    settings = ExportSettings(formats=("litert",), inputs=("audio",), precisions=("float32",))
    (path,) = export_recogniser(
        recogniser, exported.clips, exported.lengths, settings, exported.sidecar, tmp_path
    )
    assert read_sidecar(path).hop_samples == 256
    with torch.no_grad():
        expected = recogniser(exported.clips[:1])[0].numpy()
    found = run_litert(path, exported.clips[0].reshape(25, 256).numpy())
    assert np.abs(found - expected).max() <= 1e-4


def test_a_looking_ahead_frontend_and_body_export_and_say_how_late_they_answer(exported, tmp_path):
    torch.manual_seed(3)
    body = Sequential({"conv": Conv1d(20, 16, 5, lookahead=2), "dense": Framewise(nn.Linear(16, 10))})
    recogniser = with_body(exported, body)
    settings = ExportSettings(formats=("litert",), inputs=("audio",), precisions=("float32",))
    (path,) = export_recogniser(
        recogniser, exported.clips, exported.lengths, settings, exported.sidecar, tmp_path
    )
    assert read_sidecar(path).lookahead_hops == 2
    with torch.no_grad():
        expected = recogniser(exported.clips[:1])[0].numpy()
    found = run_litert(path, exported.clips[0].reshape(50, 128).numpy())
    assert np.abs(found[2:] - expected[:-2]).max() <= 1e-4


class TanhCell(StreamingModule):
    """A plain recurrent layer: its state is what tanh puts out, on the grid that the kernel dictates."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(20 + 16, 16)

    def initial_state(self, batch: int) -> State:
        return {"hidden": torch.zeros(batch, 16)}

    def step(self, chunk: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        hidden, outputs = state["hidden"], []
        for frame in chunk.unbind(1):
            hidden = torch.tanh(self.dense(torch.cat([frame, hidden], 1)))
            outputs.append(hidden)
        return torch.stack(outputs, 1), {"hidden": hidden}


def test_a_dictated_grid_does_not_clip_what_it_is_concatenated_with(feature_clips):
    torch.manual_seed(4)
    body = Sequential({"cell": TanhCell(), "dense": Framewise(nn.Linear(16, 10))})
    data = quantise_litert(
        convert_litert(StepProgram(body, "features", (1, 20))), feature_clips, FEATURES_INT8, "it"
    )
    graph = graph_of(data)
    assert graph.tensors[graph.inputs["cell__hidden"]].scale == (1 / 128,)
    assert graph.tensors[graph.inputs["features"]].scale[0] > 2 / 128


def test_a_body_must_not_use_the_names_of_the_frontend():
    body = Sequential({"frontend": GRU(20, 8)})
    with pytest.raises(ValueError, match="frontend__hidden: rename its layer"):
        StepProgram(body, "features", (1, 20))


def test_the_logits_keep_their_whole_range(float_step, feature_clips):
    graph = graph_of(float_step)
    recordings = record(float_step, graph, feature_clips)
    ranges = choose_ranges(graph, recordings, replace(FEATURES_INT8, observer="percentile", tail=0.05))
    logits = graph.outputs["logits"]
    assert ranges[logits].high >= recordings[logits].high
    assert ranges[logits].low <= recordings[logits].low


def test_an_lstm_cell_that_counts_far_out_does_not_widen_its_grid(float_step, feature_clips):
    graph = graph_of(float_step)
    recordings = record(float_step, graph, feature_clips)
    cell = graph.outputs["lstm__cell"]
    recordings[cell] = Recording(-30.0, 30.0, np.linspace(-30, 30, 1000, dtype=np.float32))
    ranges = choose_ranges(graph, recordings, FEATURES_INT8)
    assert (ranges[cell].low, ranges[cell].high) == (-8.0, 8.0)


def test_tied_concatenations_leave_no_requantisation(float_step, feature_clips):
    tied = quantise_litert(float_step, feature_clips, replace(FEATURES_INT8, tie_concatenations=True), "it")
    assert "QUANTIZE" not in audit_bytes(tied).operators


def test_tensor_scales_make_a_smaller_file_than_channel_scales(float_step, feature_clips):
    sizes = {}
    for kind in ("channel", "tensor"):
        data = quantise_litert(float_step, feature_clips, replace(FEATURES_INT8, weight_scales=kind), "it")
        sizes[kind] = len(data)
        weights = [t for t in graph_of(data).tensors if t.dtype == "int8" and t.constant_bytes]
        assert all(len(tensor.scale) == (1 if kind == "tensor" else tensor.shape[0]) for tensor in weights)
    assert sizes["tensor"] < sizes["channel"]


@pytest.mark.parametrize("observer", ["minmax", "percentile", "mse"])
def test_every_observer_keeps_zero_in_the_range_and_ties_states(float_step, feature_clips, observer):
    graph = graph_of(float_step)
    recordings = record(float_step, graph, feature_clips)
    ranges = choose_ranges(graph, recordings, replace(FEATURES_INT8, observer=observer, tail=0.01))
    for index, chosen in ranges.items():
        assert chosen.low <= 0 <= chosen.high
        assert chosen.high > chosen.low
        seen = recordings[index]
        fixed = graph.producer(index) is not None and graph.producer(index).name in ("TANH", "LOGISTIC")
        if observer == "minmax" and not fixed:
            assert chosen.low <= seen.low <= seen.high <= chosen.high
    for state in ("lstm__hidden", "lstm__cell"):
        assert ranges[graph.inputs[state]] == ranges[graph.outputs[state]]


def test_percentile_and_mse_clip_a_lonely_outlier():
    tensors = tuple(TensorInfo(name, (1, 4), "float32") for name in ("x", "y"))
    graph = Graph((Operator("RELU", (0,), (1,)),), tensors, {"x": 0}, {"y": 1}, 0)
    values = np.random.default_rng(0).normal(size=100_000).astype(np.float32)
    values[7] = 50.0
    held = Recording(float(values.min()), float(values.max()), values)
    high = {
        observer: choose_ranges(graph, {0: held, 1: held}, ExportSettings(observer=observer, tail=1e-4))[
            0
        ].high
        for observer in ("minmax", "percentile", "mse")
    }
    assert high["minmax"] == 50.0
    assert high["percentile"] < 10.0
    assert high["mse"] < 50.0


def test_calibration_reads_real_audio_only_and_spreads_over_the_set(exported):
    clips = torch.arange(10.0)[:, None].repeat(1, 1000) / 10
    lengths = torch.tensor([128] * 9 + [300])
    program = StepProgram(exported.recogniser.body, "audio", (128,), {})
    inputs = calibration_inputs(
        exported.recogniser, "audio", program, clips, lengths, ExportSettings(calibration_clips=4)
    )
    assert [len(hops) for hops in inputs] == [1, 1, 1, 3]
    assert [float(hops[0, 0]) for hops in inputs] == pytest.approx([0.0, 0.3, 0.6, 0.9])
    assert inputs[3][2, 44:].max() == 0.0  # beyond the last real sample


def test_the_recogniser_is_left_as_it_was(exported, tmp_path):
    recogniser = exported.recogniser.train()
    settings = ExportSettings(formats=("litert",), inputs=("features",), precisions=("float32",))
    export_recogniser(recogniser, exported.clips, exported.lengths, settings, exported.sidecar, tmp_path)
    assert recogniser.training
    recogniser.eval()


def test_wrong_settings_and_missing_clips_say_what_to_mend(exported, tmp_path):
    for wrong, sentence in [
        ({"formats": ("tflite",)}, "export.formats is tflite: it must be among litert, onnx"),
        ({"precisions": ()}, "export.precisions is empty"),
        ({"calibration_clips": 0}, "export.calibration_clips is 0"),
        ({"tail": 0.5}, "export.tail is 0.5"),
        ({"observer": "median"}, "export.observer is median"),
    ]:
        with pytest.raises(InputError, match=sentence):
            ExportSettings(**wrong)
    arguments = (exported.sidecar, tmp_path)
    with pytest.raises(InputError, match="there are none"):
        export_recogniser(
            exported.recogniser, exported.clips[:0], exported.lengths[:0], FEATURES_INT8, *arguments
        )
    settings = ExportSettings(formats=("onnx",), precisions=("int8",))
    with pytest.raises(InputError, match="asks for no file"):
        export_recogniser(exported.recogniser, exported.clips, exported.lengths, settings, *arguments)
    with pytest.raises(ValueError, match="with a length each"):
        export_recogniser(
            exported.recogniser, exported.clips, exported.lengths[:1], FEATURES_INT8, *arguments
        )


def test_a_folder_that_cannot_be_made_is_named(exported, tmp_path):
    (tmp_path / "file").write_text("in the way")
    settings = ExportSettings(formats=("litert",), inputs=("features",), precisions=("float32",))
    with pytest.raises(InputError, match=r"cannot write .*toy-float32-features\.tflite"):
        export_recogniser(
            exported.recogniser,
            exported.clips,
            exported.lengths,
            settings,
            exported.sidecar,
            tmp_path / "file",
        )


def test_conversion_prints_nothing_and_its_failure_keeps_the_last_words(capfd):
    import os

    with quiet():
        os.write(2, b"native chatter\n")
    assert capfd.readouterr() == ("", "")

    def fail() -> None:
        with quiet():
            os.write(2, b"why it failed\n")
            raise RuntimeError("no")

    with pytest.raises(RuntimeError) as caught:
        fail()
    assert "why it failed" in caught.value.__notes__[0]


def test_long_names_stay_when_asked_for(exported, tmp_path):
    settings = replace(FEATURES_INT8, keep_names=True)
    (path,) = export_recogniser(
        exported.recogniser, exported.clips, exported.lengths, settings, exported.sidecar, tmp_path
    )
    assert any("Linear" in tensor.name for tensor in read_graph(path).tensors)


def test_the_settings_import_without_torch_and_the_rest_on_demand():
    program = (
        "import sys, wrenlet.export as export; export.ExportSettings(); early = 'torch' in sys.modules; "
        "[getattr(export, name) for name in export.__all__]; sys.exit(early or 'torch' not in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
