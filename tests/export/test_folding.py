import pytest
import torch
from torch import nn

from wrenlet.artefact import graph_of
from wrenlet.export import StepProgram, convert_litert
from wrenlet.export.folding import fold_normalisation
from wrenlet.models import build_model
from wrenlet.streaming import (
    BatchNorm,
    Conv1d,
    Framewise,
    Residual,
    Sequential,
    StreamingModule,
    flatten_state,
)


def lively(body: StreamingModule) -> StreamingModule:
    torch.manual_seed(0)
    for part in body.modules():
        if isinstance(part, BatchNorm):
            nn.init.uniform_(part.running_mean, -0.5, 0.5)
            nn.init.uniform_(part.running_var, 0.5, 1.5)
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.uniform_(part.bias, -0.5, 0.5)
    return body.eval()


@pytest.mark.parametrize(
    "name", ["ds_tc_resnet", "bc_resnet_1", "ds_cnn_s", "mobilenet_v2_30k", "tc_resnet_8"]
)
def test_a_folded_model_answers_the_same_from_the_same_states(name: str) -> None:
    body = lively(build_model(name, 40, 12))
    before = {key: value.clone() for key, value in body.state_dict().items()}
    folded = fold_normalisation(body)
    left = [part for part in folded.modules() if isinstance(part, BatchNorm)]
    assert len(left) == (12 if name == "bc_resnet_1" else 0)  # in bands, which no kernel can take up
    frames = torch.randn(2, 64, 40)
    with torch.no_grad():
        torch.testing.assert_close(folded(frames), body(frames), atol=1e-5, rtol=1e-4)
    assert list(flatten_state(folded.initial_state(1))) == list(flatten_state(body.initial_state(1)))
    assert all(torch.equal(value, before[key]) for key, value in body.state_dict().items())


def test_normalisation_after_an_activation_or_a_sum_stays() -> None:
    body = lively(
        Sequential(
            {
                "conv": Conv1d(3, 4, 2),
                "relu": Framewise(nn.ReLU()),
                "norm": BatchNorm(4),
                "sum": Residual(Conv1d(4, 4, 1)),
                "again": BatchNorm(4),
            }
        )
    )
    assert sum(isinstance(part, BatchNorm) for part in fold_normalisation(body).modules()) == 2


def test_no_product_is_left_of_a_folded_normalisation() -> None:
    body = lively(build_model("ds_tc_resnet_causal", 40, 12))
    names = [
        one.name
        for one in graph_of(
            convert_litert(StepProgram(fold_normalisation(body), "features", (1, 40)))
        ).operators
    ]
    assert "MUL" not in names
    assert names.count("ADD") == 3  # the residual sums
