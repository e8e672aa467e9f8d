import numpy as np
import pytest
import torch
from torch import Tensor, nn

from wrenlet.features import FeatureSettings, Frontend, build_frontend
from wrenlet.streaming import flatten_state, unflatten_state

CHOSEN = [
    pytest.param(FeatureSettings(kind="logmel", window_ms=40, hop_ms=20), 60_000, id="logmel-16k-1024"),
    pytest.param(FeatureSettings(sample_rate=8000), 32_000, id="mfcc-8k-256"),
    pytest.param(FeatureSettings(sample_rate=8000, level="relative"), 34_000, id="mfcc-8k-relative"),
    pytest.param(
        FeatureSettings(
            sample_rate=8000, window_ms=25, hop_ms=10, preemphasis=0.97, spectrum="magnitude", deltas=2
        ),
        40_000,
        id="everything",
    ),
    pytest.param(
        FeatureSettings(sample_rate=8000, window_ms=16, hop_ms=16, mel_bins=10, coefficients=5),
        32_000,
        id="stateless",
    ),
    pytest.param(
        FeatureSettings(
            kind="logmel", sample_rate=8000, window_ms=12.5, hop_ms=7.5, transform_length=2 * 53, mel_bins=8
        ),
        60_000,
        id="twice-a-prime",
    ),
]
#: What a microcontroller's interpreter and every other knows.
BUILT_IN = {
    *("ADD", "BATCH_MATMUL", "CONCATENATION", "FULLY_CONNECTED", "LOG", "MAXIMUM", "MUL", "PAD"),
    *("REDUCE_MAX", "RESHAPE", "SLICE", "SQRT", "SUB", "TRANSPOSE"),
}


class Step(nn.Module):
    """One hop with a flat signature, as an artefact has it."""

    def __init__(self, frontend: Frontend) -> None:
        super().__init__()
        self.frontend = frontend

    def forward(self, audio: Tensor, **state: Tensor) -> dict[str, Tensor]:
        features, following = self.frontend.step(audio, unflatten_state(state))
        return {"features": features, **flatten_state(following)}


@pytest.mark.parametrize(("chosen", "limit"), CHOSEN)
@pytest.mark.filterwarnings("ignore")
def test_exported_hop_answers_as_torch_and_stays_small(chosen: FeatureSettings, limit: int, tmp_path) -> None:
    litert_torch = pytest.importorskip("litert_torch")
    interpreters = pytest.importorskip("ai_edge_litert.interpreter")
    frontend = build_frontend(chosen).eval()
    path = tmp_path / "frontend.tflite"
    state = flatten_state(frontend.initial_state(1))
    audio = torch.randn(1, 8 * frontend.stride, generator=torch.Generator().manual_seed(0)) * 0.1
    litert_torch.convert(
        Step(frontend).eval(), sample_kwargs={"audio": audio[:, : frontend.stride], **state}
    ).export(str(path))
    assert path.stat().st_size <= limit
    interpreter = interpreters.Interpreter(
        str(path),
        num_threads=1,
        experimental_op_resolver_type=interpreters.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    operators = {operator["op_name"] for operator in interpreter._get_ops_details()}
    assert operators <= BUILT_IN
    run = interpreter.get_signature_runner()
    flat = {name: leaf.numpy() for name, leaf in state.items()}
    answers = []
    for hop in audio.split(frontend.stride, 1):
        flat = {name: value.copy() for name, value in run(audio=hop.numpy(), **flat).items()}
        answers.append(flat.pop("features"))
    late = frontend.lookahead // frontend.stride
    answer = np.concatenate(answers, axis=1)[:, late:]
    expected = frontend(audio)[:, : answer.shape[1]].numpy()
    assert np.abs(answer - expected).max() <= 1e-3 * np.abs(expected).max()
