import pytest
import torch
from torch import nn

from wrenlet.errors import InputError
from wrenlet.models import MODELS, build_model
from wrenlet.streaming import StreamingModule, stream

#: Named models; a new one has to pass through here.
COUNT = 44
#: The smallest of each family, and those whose layers differ in kind from them.
SMALLEST = (
    "lstm_24",
    "gru_32",
    "conv_gru_48",
    "dnn",
    "svdf_32k",
    "crnn",
    "crnn_clip",
    "att_mh_rnn",
    "ds_cnn_s",
    "ds_cnn_s_causal",
    "tc_resnet_8",
    "tc_resnet_8_causal",
    "ds_tc_resnet",
    "ds_tc_resnet_causal",
    "bc_resnet_1",
    "bc_resnet_1_causal",
    "mobilenet_v2_30k",
    "cnn",
)


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def lively(name: str) -> StreamingModule:
    """Build a model whose normalisation has numbers of its own, so that padding and order matter."""
    torch.manual_seed(0)
    body = build_model(name, MODELS[name].features, 12)
    for part in body.modules():
        for attribute, (low, high) in {"running_mean": (-0.5, 0.5), "running_var": (0.5, 1.5)}.items():
            if isinstance(buffer := getattr(part, attribute, None), torch.Tensor):
                nn.init.uniform_(buffer, low, high)
    return body.eval()


def test_the_battery_saw_every_model_and_family() -> None:
    assert len(MODELS) == COUNT
    assert {MODELS[name].build for name in SMALLEST} == {card.build for card in MODELS.values()}


@pytest.mark.parametrize("name", MODELS)
def test_card_tells_parameters_stride_and_look_ahead(name: str) -> None:
    card = MODELS[name]
    body = build_model(name, card.features, 12)
    assert count(body) == card.parameters
    assert (body.stride, body.lookahead) == (card.stride, card.lookahead)
    assert card.lookahead_ms == body.lookahead * card.hop_ms
    assert ("causal" in name) == (card.arguments.get("causal", False))


@pytest.mark.parametrize("name", MODELS)
def test_card_is_complete(name: str) -> None:
    card = MODELS[name]
    assert card.about.endswith(".")
    assert "arXiv" in card.source or "doi" in card.source
    assert card.licence == "Apache-2.0"
    assert not card.notes or card.notes.endswith(".")
    assert card.streaming or "Does not stream" in card.notes
    assert not card.lookahead or "answers come late" in card.notes


@pytest.mark.parametrize(
    ("name", "features", "parameters"),
    [
        ("svdf", 30, 354_444),
        ("lstm_peep", 20, 545_912),
        ("crnn", 20, 467_772),
        ("crnn_state", 20, 467_772),
        ("dnn", 20, 447_308),
        # Published as about 743 k: convolutions 133, GRU layers 411,648, queries 263,168, dense 68,076.
        ("att_mh_rnn", 20, 743_025),
    ],
)
def test_parameters_with_twelve_labels_are_the_published_ones(
    name: str, features: int, parameters: int
) -> None:
    assert count(build_model(name, features, 12)) == parameters


@pytest.mark.parametrize(
    ("name", "classes", "thousands"),
    [
        ("bc_resnet_1", 12, 9.2),
        ("bc_resnet_2", 12, 27.3),
        ("bc_resnet_3", 12, 54.2),
        ("bc_resnet_6", 12, 188),
        ("bc_resnet_8", 12, 321),
        ("ds_tc_resnet", 35, 75),
        ("mobilenet_v2_30k", 12, 28.8),
    ],
)
def test_parameters_round_to_the_published_ones(name: str, classes: int, thousands: float) -> None:
    found = count(build_model(name, MODELS[name].features, classes)) / 1000
    assert found == pytest.approx(thousands, abs=0.5 if thousands > 60 else 0.05)


def test_tc_resnet_counts_as_published_with_the_statistics_of_its_normalisation() -> None:
    for name, thousands in (("8", 66), ("8_1_5", 145), ("14", 137), ("14_1_5", 305)):
        body = build_model(f"tc_resnet_{name}", 40, 12)
        statistics = sum(buffer.numel() for buffer in body.buffers() if buffer.dim())
        assert round((count(body) + statistics) / 1000) == thousands


@pytest.mark.parametrize("name", SMALLEST)
def test_model_answers_the_same_in_chunks(name: str) -> None:
    body = lively(name)
    frames = torch.randn(2, max(64, 2 * body.stride), MODELS[name].features)
    with torch.no_grad():
        whole = body(frames)
        for strides in (1, 3):
            assert torch.allclose(whole, stream(body, frames, strides * body.stride), atol=1e-5)
    assert whole.shape == (2, frames.shape[1] // body.stride, 12)


@pytest.mark.parametrize("name", SMALLEST)
def test_model_hears_nothing_beyond_its_look_ahead(name: str) -> None:
    body = lively(name)
    frames = torch.randn(1, max(128, 2 * body.stride), MODELS[name].features)
    changed = frames.clone()
    late = frames.shape[1] - body.stride
    changed[:, late:] += 1.0
    with torch.no_grad():
        before, after = body(frames), body(changed)
    safe = max(0, late - body.lookahead) // body.stride
    assert torch.equal(before[:, :safe], after[:, :safe])
    assert not torch.equal(before[:, safe:], after[:, safe:])


@pytest.mark.parametrize("name", SMALLEST)
def test_model_trains(name: str) -> None:
    body = lively(name).train()
    body(torch.randn(2, max(24, body.stride), MODELS[name].features)).square().mean().backward()
    for parameter, value in body.named_parameters():
        assert value.grad is not None, parameter
        assert value.grad.isfinite().all(), parameter


@pytest.mark.parametrize(
    ("wrong", "right"), [("lstm-64", "lstm_64"), ("lsmt_128", "lstm_128"), ("gru64", "gru_64")]
)
def test_unknown_model_names_the_nearest(wrong: str, right: str) -> None:
    with pytest.raises(InputError, match=f"did you mean '{right}'"):
        build_model(wrong, 20, 10)


def test_unknown_argument_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'hidden'"):
        build_model("lstm_64", 20, 10, hiden=3)
    with pytest.raises(InputError, match="there are hidden, layers"):
        build_model("gru_64", 20, 10, xyz=3)


@pytest.mark.parametrize("arguments", [{"hidden": 0}, {"layers": 0}, {"dropout": 1.0}, {"dense": [16, 0]}])
def test_numbers_out_of_range_are_refused(arguments: dict) -> None:
    with pytest.raises(InputError, match=f"model argument {next(iter(arguments))}"):
        build_model("lstm_64", 20, 10, **arguments)


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("svdf", {"memories": [4, 10]}, "memories has 2 values: units has 6"),
        ("svdf", {"projections": [1]}, "projections has 1 values: units has 6, so give 6, or 5"),
        ("crnn", {"kernels": [[3, 3]]}, "kernels has 1 values: filters has 2"),
        (
            "crnn",
            {"kernels": [[3, 30], [5, 3]]},
            "crnn cannot be built for 20 features: .*30 bins but only 20",
        ),
        ("crnn", {"clip_frames": 0}, "frames=0"),
        ("dnn", {"window": 0}, "window is 0"),
        ("bc_resnet_1", {}, "bands is 5: it must divide the 3 bins of stage 3; 20 features"),
        ("bc_resnet_1", {"width": 0.1}, "width is 0.1"),
        ("tc_resnet_8", {"width": 0.0}, "width is 0.0"),
        ("ds_cnn_s", {"strides": [[0, 1]]}, "stride=0"),
        ("ds_tc_resnet", {"filters": [64]}, "kernels has 6 values: filters has 1"),
        ("mobilenet_v2_30k", {"expansion": 0}, "expansion is 0"),
        ("att_mh_rnn", {"heads": 0}, "heads is 0"),
        ("att_mh_rnn", {"relu": [True]}, "relu has 1 values: dense has 2"),
    ],
)
def test_numbers_that_make_no_model_are_refused_in_words(name: str, arguments: dict, says: str) -> None:
    with pytest.raises(InputError, match=says):
        build_model(name, 20, 12, **arguments)


def test_layers_and_dense_head_have_names_that_survive_export() -> None:
    body = build_model("lstm_24", 20, 10, layers=2, dense=[16], dropout=0.1)
    assert body(torch.zeros(1, 3, 20)).shape == (1, 3, 10)
    assert set(body.initial_state(1)) >= {"lstm1", "lstm2"}
    for name in SMALLEST:
        body = build_model(name, MODELS[name].features, 12)
        assert not any("__" in part for part, _ in body.named_parameters())
