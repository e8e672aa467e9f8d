"""Containers: what they refuse, how names, strides and look-ahead compose."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wrenlet.streaming import (
    GRU,
    LSTM,
    BatchNorm,
    Conv1d,
    Conv2d,
    Framewise,
    Residual,
    Sequential,
    State,
    StreamingModule,
    flatten_state,
    stream,
    unflatten_state,
)


@pytest.mark.parametrize(
    ("layer", "mend"),
    [
        (nn.Conv1d(4, 4, 3), "use wrenlet.streaming.Conv1d"),
        (nn.LSTM(4, 4), "use wrenlet.streaming.LSTM"),
        (nn.ReLU(), r"Framewise\(...\)"),
        (torch.relu, "initial_state and step"),
    ],
)
def test_undeclared_layer_is_refused_with_its_name_and_the_mend(layer: object, mend: str) -> None:
    for build in (
        lambda: Sequential({"odd": layer}),  # pyright: ignore[reportArgumentType]
        lambda: Residual(Framewise(nn.ReLU()), layer),  # pyright: ignore[reportArgumentType]
    ):
        with pytest.raises(ValueError, match=rf"got \w+ for '(odd|shortcut)'.*{mend}"):
            build()


@pytest.mark.parametrize("layer", [nn.Conv1d(4, 4, 3), nn.GRU(4, 4), nn.BatchNorm1d(4), GRU(4, 4)])
def test_framewise_refuses_layers_that_mix_frames(layer: nn.Module) -> None:
    with pytest.raises(ValueError, match=f"{type(layer).__name__}.*without Framewise"):
        Framewise(nn.Sequential(nn.ReLU(), layer))


@pytest.mark.parametrize("name", ["a__b", "_a", "a_", "", "a.b"])
def test_name_that_would_not_survive_flattening_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a layer"):
        Sequential({name: Framewise(nn.ReLU())})
    with pytest.raises(ValueError, match="cannot name a layer"):
        flatten_state({name: torch.zeros(1)})


@pytest.mark.parametrize("name", ["step", "stride", "training", "forward", "append"])
def test_name_that_is_taken_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}'.*choose another"):
        Sequential({name: Framewise(nn.ReLU())})


def test_empty_sequential_is_refused() -> None:
    with pytest.raises(ValueError, match="no layers"):
        Sequential({})


def test_parameters_and_states_are_named_after_the_children() -> None:
    model = Sequential(
        {
            "conv": Conv1d(4, 6, 3),
            "relu": Framewise(nn.ReLU()),
            "body": Sequential({"lstm": LSTM(6, 5), "dense": Framewise(nn.Linear(5, 2))}),
        }
    )
    assert list(flatten_state(model.initial_state(1))) == [
        "conv__frames",
        "body__lstm__hidden",
        "body__lstm__cell",
    ]
    assert {"conv.weight", "body.lstm.input_gate.weight", "body.dense.module.bias"} <= set(model.state_dict())
    assert isinstance(model.conv, Conv1d)


def test_state_survives_flattening() -> None:
    state: State = {"a": {"b": {"c": torch.ones(1)}, "d": torch.zeros(2)}, "e": torch.ones(3)}
    flat = flatten_state(state)
    assert list(flat) == ["a__b__c", "a__d", "e"]
    again = unflatten_state(flat)
    assert flatten_state(again).keys() == flat.keys()
    assert again["e"] is state["e"]
    with pytest.raises(ValueError, match="inside 'a'"):
        unflatten_state({"a": torch.ones(1), "a__b": torch.ones(1)})


def test_lookahead_and_stride_compose() -> None:
    model = Sequential(
        {
            "a": Conv1d(3, 3, 3, lookahead=1),  # 1 frame late
            "b": Conv1d(3, 3, 3, stride=2, lookahead=1),  # delayed to 2, itself 2: 2 of its frames late
            "c": Conv1d(3, 3, 3, stride=3, lookahead=1),  # delayed to 3, itself 3: 2 of its frames late
        }
    )
    assert (model.stride, model.lookahead) == (6, 12)
    names = [name for name, _ in model.named_children()]
    assert names == ["a", "b_delay", "b", "c_delay", "c"]
    assert Sequential({"a": Conv1d(3, 3, 3, lookahead=2), "b": Conv1d(3, 3, 2, stride=2)}).lookahead == 2


@pytest.mark.parametrize("lookahead", [0, 1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_strided_layer_after_lookahead_takes_the_same_frames_together(lookahead: int, stride: int) -> None:
    first = Conv1d(2, 2, 4, lookahead=lookahead).double()
    second = Conv1d(2, 2, stride, stride=stride, lookahead=0).double()  # no overlap: sees no frame of warm-up
    sequence = torch.randn(2, 12, 2, dtype=torch.float64)
    together = Sequential({"first": first, "second": second})
    torch.testing.assert_close(together(sequence), second(first(sequence)), atol=1e-12, rtol=0)
    torch.testing.assert_close(stream(together, sequence, stride), together(sequence), atol=1e-12, rtol=0)


@pytest.mark.parametrize("lookahead", [0, 1, 2])
def test_residual_adds_the_frame_that_the_answer_belongs_to(lookahead: int) -> None:
    body = Conv1d(2, 2, 3, lookahead=lookahead).double()
    sequence = torch.randn(1, 9, 2, dtype=torch.float64)
    expected = sequence + body(sequence)
    torch.testing.assert_close(Residual(body)(sequence), expected, atol=1e-12, rtol=0)
    shortcut = Conv1d(2, 2, 1).double()
    expected = shortcut(sequence) + body(sequence)
    torch.testing.assert_close(Residual(body, shortcut)(sequence), expected, atol=1e-12, rtol=1e-12)
    torch.testing.assert_close(Residual(shortcut, body)(sequence), expected, atol=1e-12, rtol=1e-12)


def test_residual_refuses_strides_that_differ() -> None:
    with pytest.raises(ValueError, match=r"stride 2 and a shortcut with stride 1.*stride=2"):
        Residual(Conv1d(2, 2, 3, stride=2))


def test_delay_of_frames_of_unknown_shape_says_how_to_name_it() -> None:
    unknown = Sequential({"relu": Framewise(nn.ReLU()), "conv": Conv1d(4, 4, 3, lookahead=1)})
    with pytest.raises(ValueError, match="frame_shape = "):
        Residual(unknown)
    unknown.frame_shape = (4,)
    assert Residual(unknown).lookahead == 1
    known = Sequential({"relu": Framewise(nn.ReLU(), frame_shape=(4,)), "conv": Conv1d(4, 4, 3, lookahead=1)})
    assert Residual(known).lookahead == 1


def test_audio_without_a_channel_axis_streams() -> None:
    class Energy(StreamingModule):
        """Mean square of every 4 samples, two hops late."""

        stride = 4
        frame_shape = ()

        def initial_state(self, batch: int) -> State:  # noqa: ARG002
            return {}

        def step(self, chunk: Tensor, state: State) -> tuple[Tensor, State]:
            self.check_chunk(chunk)
            return chunk.unflatten(1, (-1, 4)).square().mean(2, keepdim=True), state

    model = Sequential({"energy": Energy(), "conv": Conv1d(1, 2, 3, stride=2, lookahead=1)})
    assert (model.stride, model.lookahead) == (8, 8)
    audio = torch.randn(2, 66)
    assert model(audio).shape == (2, 8, 2)
    torch.testing.assert_close(stream(model, audio, [8, 16]), model(audio))


@pytest.mark.parametrize("chunks", [0, 3, [4, 1], [], -2])
def test_stream_refuses_chunks_that_are_not_whole_strides(chunks: int | list[int]) -> None:
    with pytest.raises(ValueError, match="positive multiple of 2"):
        stream(Conv1d(1, 1, 2, stride=2), torch.zeros(1, 8, 1), chunks)


def test_sequence_shorter_than_a_stride_is_refused_and_a_remainder_dropped() -> None:
    layer = Conv1d(1, 1, 2, stride=3)
    for run in (layer, lambda x: stream(layer, x, 3)):
        assert run(torch.zeros(1, 8, 1)).shape == (1, 2, 1)
        with pytest.raises(ValueError, match="frames"):
            run(torch.zeros(1, 2, 1))


def test_state_of_another_module_is_refused_with_what_it_holds() -> None:
    with pytest.raises(ValueError, match=r"no tensor 'hidden' \(it has \['frames'\]\)"):
        GRU(1, 1).step(torch.zeros(1, 1, 1), {"frames": torch.zeros(1, 1, 1)})


def test_half_precision_follows_the_input() -> None:
    layer = Conv1d(2, 2, 3).to(torch.bfloat16)
    assert layer(torch.zeros(1, 4, 2, dtype=torch.bfloat16)).dtype == torch.bfloat16


@pytest.mark.parametrize("recurrent", [LSTM(3, 4), GRU(3, 4), LSTM(3, 4, peepholes=True)])
def test_training_works_under_autocast(recurrent: StreamingModule) -> None:
    model = Sequential({"conv": Conv1d(2, 3, 3), "norm": BatchNorm(3), "recurrent": recurrent})
    with torch.autocast("cpu", torch.bfloat16):
        model(torch.randn(2, 6, 2)).float().sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_impossible_sizes_are_refused() -> None:
    for build in (
        lambda: Conv1d(4, 6, 0),
        lambda: Conv1d(4, 6, 3, stride=0),
        lambda: Conv1d(4, 6, 3, lookahead=-1),
        lambda: Conv1d(4, 6, 3, groups=3),
        lambda: Conv2d(1, 1, 4, (3, 5), frequency_padding="valid"),
        lambda: Conv2d(1, 1, 4, (3, 5), frequency_padding="full"),  # pyright: ignore[reportArgumentType]
        lambda: LSTM(4, 0),
    ):
        with pytest.raises(ValueError, match=r"must be|must divide|smaller kernel|'same' or 'valid'"):
            build()


def test_causal_padding_is_zeros_in_front() -> None:
    layer = Conv1d(1, 1, 3, bias=False)
    sequence = torch.randn(1, 5, 1)
    expected = F.conv1d(F.pad(sequence.transpose(1, 2), (2, 0)), layer.weight).transpose(1, 2)
    torch.testing.assert_close(layer(sequence), expected)
