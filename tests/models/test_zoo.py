import pytest
import torch

from wrenlet.errors import InputError
from wrenlet.models import MODELS, build_model
from wrenlet.streaming import stream

COUNT = 12


@pytest.mark.parametrize("name", MODELS)
def test_card_tells_the_number_of_parameters(name: str) -> None:
    body = build_model(name, 20, 10)
    assert sum(parameter.numel() for parameter in body.parameters()) == MODELS[name].parameters


@pytest.mark.parametrize("name", MODELS)
def test_card_is_complete(name: str) -> None:
    card = MODELS[name]
    assert card.about.endswith(".")
    assert "arXiv" in card.source or "doi" in card.source
    assert card.licence == "Apache-2.0"


@pytest.mark.parametrize("name", MODELS)
def test_model_answers_the_same_in_chunks(name: str) -> None:
    torch.manual_seed(0)
    body = build_model(name, 20, 10).eval()
    frames = torch.randn(2, 24, 20)
    with torch.no_grad():
        whole = body(frames)
        for chunk in (1, 5, 24):
            assert torch.allclose(whole, stream(body, frames, chunk), atol=1e-5)
    assert whole.shape == (2, 24, 10)


def test_peepholes_and_projection_count_as_published() -> None:
    # 20 MFCC, 500 cells with peepholes, projected to 200, 12 labels: 545,912 with one bias a gate.
    body = build_model("lstm_peep", 20, 12)
    assert sum(parameter.numel() for parameter in body.parameters()) == 545_912


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


def test_layers_and_dense_head_have_names_that_survive_export() -> None:
    body = build_model("lstm_24", 20, 10, layers=2, dense=[16], dropout=0.1)
    names = {name.split(".")[-2] for name, _ in body.named_parameters()}
    assert body(torch.zeros(1, 3, 20)).shape == (1, 3, 10)
    assert set(body.initial_state(1)) >= {"lstm1", "lstm2"}
    assert not any("__" in name for name in names)


def test_the_battery_saw_every_model() -> None:
    assert len(MODELS) == COUNT
