"""What every streaming layer keeps: causal, chunk-invariant, batch-independent, the same when exported."""

import inspect
import logging
from collections.abc import Callable

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from torch import Tensor, nn

import wrenlet.streaming
from wrenlet.streaming import (
    GRU,
    LSTM,
    SVDF,
    BatchNorm,
    Conv1d,
    Conv2d,
    Delay,
    DepthwiseConv1d,
    DepthwiseConv2d,
    Framewise,
    FrequencyMean,
    Residual,
    RunningMean,
    Sequential,
    StreamingModule,
    SubSpectralNorm,
    WholeClip,
    Window,
    flatten_state,
    place_state,
    stream,
    unflatten_state,
)

Draw = Callable[..., int]
PUBLIC = {
    name: cls
    for name in wrenlet.streaming.__all__
    if inspect.isclass(cls := getattr(wrenlet.streaming, name))
    and issubclass(cls, StreamingModule)
    and not inspect.isabstract(cls)
}


def size(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low, high)


def time_axis() -> dict[str, st.SearchStrategy[int]]:
    return {"stride": size(1, 4), "dilation": size(1, 3), "lookahead": size(0, 5)}


def pair(high: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(size(1, high), size(1, high))


def picture_axes() -> dict[str, st.SearchStrategy]:
    return {
        "stride": pair(3),
        "dilation": pair(2),
        "lookahead": size(0, 3),
        "frequency_padding": st.sampled_from(["same", "valid"]),
    }


def chain(first: Conv1d, body: Conv1d, second: Conv1d, hidden: int) -> Sequential:
    return Sequential(
        {
            "first": first,
            "relu": Framewise(nn.ReLU()),
            "residual": Residual(body),
            "second": second,
            "gru": GRU(3, hidden),
        }
    )


def conv(inputs: int, outputs: int, **axes: st.SearchStrategy[int]) -> st.SearchStrategy[Conv1d]:
    return st.builds(Conv1d, st.just(inputs), st.just(outputs), size(1, 5), **axes)


class ClipMean(nn.Module):
    """A module that needs its whole input, first frames and last."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(3, 4)

    def forward(self, clips: Tensor) -> Tensor:
        return self.dense(clips.flip(1).cumsum(1)[:, 0] - clips[:, :1].mean(1))


def residual(stride: int) -> st.SearchStrategy[Residual]:
    step, ahead = st.just(stride), size(0, 5)
    body = conv(3, 4, stride=step, lookahead=ahead)
    return st.builds(Residual, body, conv(3, 4, stride=step, lookahead=ahead))


#: How to draw a layer of each public class.
LAYERS: dict[str, st.SearchStrategy[StreamingModule]] = {
    "BatchNorm": st.builds(BatchNorm, st.just(3)),
    "Conv1d": conv(4, 6, groups=st.sampled_from([1, 2]), bias=st.booleans(), **time_axis()),
    "Conv2d": st.builds(Conv2d, st.just(2), st.just(3), st.just(7), pair(4), **picture_axes()),
    "Delay": st.builds(Delay, size(1, 6), st.sampled_from([(3,), (2, 3), ()])),
    "DepthwiseConv1d": st.builds(DepthwiseConv1d, st.just(4), size(1, 6), **time_axis()),
    "DepthwiseConv2d": st.builds(DepthwiseConv2d, st.just(3), st.just(7), pair(4), **picture_axes()),
    "Framewise": st.builds(Framewise, st.builds(nn.Linear, st.just(3), size(1, 4))),
    "FrequencyMean": st.builds(FrequencyMean, size(1, 5), size(1, 3)),
    "GRU": st.builds(GRU, st.just(3), size(1, 6), two_bias_sets=st.booleans()),
    "LSTM": st.builds(
        LSTM, st.just(3), size(3, 6), peepholes=st.booleans(), projection=st.sampled_from([None, 1, 2])
    ),
    "Residual": st.one_of(residual(1), residual(2), st.builds(Residual, conv(3, 3, lookahead=size(0, 4)))),
    "RunningMean": st.builds(RunningMean, size(1, 6), st.sampled_from([(3,), (2, 3), ()]), stride=size(1, 4)),
    "SVDF": st.builds(SVDF, st.just(3), size(1, 4), size(1, 6), rank=size(1, 3), lookahead=size(0, 3)),
    "Sequential": st.builds(
        chain,
        conv(3, 3, **time_axis()),
        conv(3, 3, lookahead=size(0, 4), dilation=size(1, 2)),
        conv(3, 3, **time_axis()),
        size(1, 4),
    ),
    "SubSpectralNorm": st.builds(SubSpectralNorm, st.just(6), size(1, 3), st.sampled_from([1, 2, 3, 6])),
    "WholeClip": st.one_of(
        st.builds(WholeClip, st.builds(ClipMean), size(3, 5), st.just((3,)), skip=size(0, 2)),
        st.builds(WholeClip, conv(3, 4, stride=size(1, 2), lookahead=size(0, 2)), size(2, 5), st.just((3,))),
    ),
    "Window": st.builds(
        Window,
        size(1, 6),
        st.sampled_from([(3,), (2, 3), ()]),
        stride=size(1, 4),
        flatten=st.booleans(),
    ),
}

every_layer = pytest.mark.parametrize("layer", sorted(LAYERS))
thorough = settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)


def prepare(module: StreamingModule, dtype: torch.dtype = torch.float64) -> StreamingModule:
    """Give every parameter and statistic a value that matters: no zero bias or peephole, no unit variance."""
    torch.manual_seed(1)
    for parameter in module.parameters():
        nn.init.uniform_(parameter, -0.7, 0.7)
    for name, buffer in module.named_buffers():
        if buffer.is_floating_point():
            nn.init.uniform_(buffer, 0.5 if name.endswith("var") else -1.0, 1.5)
    return module.eval().to(dtype)


def draw_input(
    module: StreamingModule, strides: int, batch: int, dtype: torch.dtype = torch.float64
) -> Tensor:
    frame = (3,) if module.frame_shape is None else module.frame_shape
    return torch.randn(
        batch, strides * module.stride, *frame, dtype=dtype, generator=torch.Generator().manual_seed(7)
    )


def test_battery_covers_every_public_layer() -> None:
    assert set(LAYERS) == set(PUBLIC)
    assert {name for name, *_ in EXPORTS} == set(PUBLIC)
    assert len(PUBLIC) == 17


@every_layer
def test_output_sees_no_input_beyond_its_lookahead(layer: str) -> None:
    @thorough
    @given(LAYERS[layer], st.integers(1, 12), st.data())
    def check(module: StreamingModule, strides: int, data: st.DataObject) -> None:
        module = prepare(module)
        sequence = draw_input(module, strides, 2)
        changed_from = data.draw(st.integers(0, sequence.shape[1] - 1))
        changed = sequence.clone()
        changed[:, changed_from:] += 1.0
        safe = max(
            (changed_from - module.lookahead) // module.stride, 0
        )  # outputs whose last input is before
        before, after = module(sequence), module(changed)
        assert before.shape[1] == strides
        assert torch.equal(before[:, :safe], after[:, :safe])

    check()


@every_layer
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_any_chunking_equals_forward(layer: str, dtype: torch.dtype, tolerance: float) -> None:
    @thorough
    @given(LAYERS[layer], st.integers(1, 14), st.lists(st.integers(1, 5), min_size=1, max_size=4))
    def check(module: StreamingModule, strides: int, chunks: list[int]) -> None:
        module = prepare(module, dtype)
        sequence = draw_input(module, strides, 2, dtype)
        whole = module(sequence)
        for sizes in ([size * module.stride for size in chunks], module.stride):
            chunked = stream(module, sequence, sizes)
            assert chunked.dtype == dtype
            torch.testing.assert_close(chunked, whole, atol=tolerance, rtol=0)

    check()


@every_layer
def test_streams_in_a_batch_do_not_touch_each_other(layer: str) -> None:
    @thorough
    @given(LAYERS[layer], st.integers(1, 8))
    def check(module: StreamingModule, strides: int) -> None:
        module = prepare(module)
        sequence = draw_input(module, strides, 3)
        together = module(sequence)
        for one in range(3):
            torch.testing.assert_close(
                module(sequence[one : one + 1]), together[one : one + 1], atol=1e-12, rtol=0
            )

    check()


@every_layer
def test_padding_behind_a_clip_does_not_change_its_answers(layer: str) -> None:
    @thorough
    @given(LAYERS[layer], st.integers(1, 8), st.integers(1, 8))
    def check(module: StreamingModule, strides: int, more: int) -> None:
        module = prepare(module)
        sequence = draw_input(module, strides, 2)
        padded = torch.cat([sequence, torch.zeros_like(draw_input(module, more, 2))], 1)
        torch.testing.assert_close(module(padded)[:, :strides], module(sequence), atol=1e-12, rtol=0)

    check()


@every_layer
def test_step_keeps_the_form_of_the_state_and_changes_nothing_in_place(layer: str) -> None:
    @thorough
    @given(LAYERS[layer], st.integers(1, 4))
    def check(module: StreamingModule, strides: int) -> None:
        module = prepare(module)
        assert module.lookahead % module.stride == 0
        zero = module.initial_state(2)
        assert all(not leaf.any() and leaf.shape[0] == 2 for leaf in flatten_state(zero).values())
        chunk = draw_input(module, strides, 2)
        _, state = module.step(chunk, place_state(zero, chunk))
        before = {name: leaf.clone() for name, leaf in flatten_state(state).items()}
        chunk_before = chunk.clone()
        _, after = module.step(chunk, state)
        assert torch.equal(chunk, chunk_before)
        assert all(torch.equal(leaf, before[name]) for name, leaf in flatten_state(state).items())
        form = {name: (leaf.shape, chunk.dtype) for name, leaf in flatten_state(zero).items()}
        assert {name: (leaf.shape, leaf.dtype) for name, leaf in flatten_state(after).items()} == form
        assert unflatten_state(flatten_state(after)).keys() == zero.keys()

    check()


@every_layer
def test_gradients_reach_every_parameter_and_the_input(layer: str) -> None:
    @settings(thorough, max_examples=8)
    @given(LAYERS[layer])
    def check(module: StreamingModule) -> None:
        module = prepare(module).train()
        sequence = draw_input(module, 8, 2).requires_grad_()
        module(sequence).square().sum().backward()
        assert sequence.grad is not None
        for name, parameter in module.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name

    check()


@every_layer
def test_chunk_of_the_wrong_length_is_refused_with_the_rule(layer: str) -> None:
    @settings(thorough, max_examples=8)
    @given(LAYERS[layer])
    def check(module: StreamingModule) -> None:
        module = prepare(module)
        sequence = draw_input(module, 2, 1)
        state = place_state(module.initial_state(1), sequence)
        for wrong in {0, module.stride + 1} - {2} if module.stride > 1 else {0}:
            with pytest.raises(ValueError, match=f"chunk of {wrong} frames.*multiple of {module.stride}"):
                module.step(sequence[:, :wrong], state)

    check()


# Export parity: one or two settings of each layer, since a conversion takes about a second.

EXPORTS: list[tuple[str, Callable[[], StreamingModule], set[str]]] = [
    ("BatchNorm", lambda: BatchNorm(3), {"MUL", "ADD"}),
    ("Conv1d", lambda: Conv1d(4, 6, 3), {"CONCATENATION", "RESHAPE", "CONV_2D", "SLICE"}),
    (
        "Conv1d",
        lambda: Conv1d(4, 6, 3, stride=2, dilation=2, lookahead=1),
        {"CONCATENATION", "RESHAPE", "CONV_2D", "SLICE"},
    ),
    ("Conv2d", lambda: Conv2d(2, 4, 7, (3, 3)), {"CONCATENATION", "PAD", "CONV_2D", "SLICE"}),
    ("Delay", lambda: Delay(1, (3,)), set()),
    ("Delay", lambda: Delay(3, (3,)), {"CONCATENATION", "SLICE"}),
    (
        "DepthwiseConv1d",
        lambda: DepthwiseConv1d(4, 5),
        {"CONCATENATION", "RESHAPE", "DEPTHWISE_CONV_2D", "SLICE"},
    ),
    (
        "DepthwiseConv2d",
        lambda: DepthwiseConv2d(4, 7, (3, 3), stride=(1, 2), frequency_padding="valid"),
        {"CONCATENATION", "DEPTHWISE_CONV_2D", "SLICE"},
    ),
    ("Framewise", lambda: Framewise(nn.Linear(3, 4)), {"FULLY_CONNECTED"}),
    ("FrequencyMean", lambda: FrequencyMean(4, 3), {"MEAN"}),
    (
        "GRU",
        lambda: GRU(3, 5),
        {"RESHAPE", "CONCATENATION", "FULLY_CONNECTED", "LOGISTIC", "MUL", "ADD", "TANH", "SUB"},
    ),
    (
        "LSTM",
        lambda: LSTM(3, 5),
        {"RESHAPE", "CONCATENATION", "FULLY_CONNECTED", "LOGISTIC", "MUL", "ADD", "TANH"},
    ),
    (
        "LSTM",
        lambda: LSTM(3, 5, peepholes=True, projection=2),
        {"RESHAPE", "CONCATENATION", "FULLY_CONNECTED", "LOGISTIC", "MUL", "ADD", "TANH"},
    ),
    (
        "Residual",
        lambda: Residual(Conv1d(3, 3, 3, lookahead=1)),
        {"CONCATENATION", "RESHAPE", "CONV_2D", "SLICE", "ADD"},
    ),
    ("RunningMean", lambda: RunningMean(4, (3,)), {"CONCATENATION", "MEAN", "SLICE"}),
    (
        "SVDF",
        lambda: SVDF(3, 4, 5),
        {"FULLY_CONNECTED", "CONCATENATION", "RESHAPE", "DEPTHWISE_CONV_2D", "SLICE"},
    ),
    (
        "Sequential",
        lambda: chain(Conv1d(3, 3, 3, lookahead=1), Conv1d(3, 3, 1), Conv1d(3, 3, 2, stride=2), 4),
        {"CONCATENATION", "RESHAPE", "CONV_2D", "SLICE", "ADD"}
        | {"FULLY_CONNECTED", "LOGISTIC", "MUL", "ADD", "TANH", "SUB"},
    ),
    ("SubSpectralNorm", lambda: SubSpectralNorm(4, 3, 2), {"MUL", "ADD"}),
    (
        "WholeClip",
        lambda: WholeClip(Conv1d(3, 4, 2), 4, (3,)),
        {"CONCATENATION", "RESHAPE", "CONV_2D", "SLICE"},
    ),
    ("Window", lambda: Window(4, (3,), flatten=True), {"CONCATENATION", "RESHAPE", "SLICE"}),
]


class FlatStep(nn.Module):
    """One step with its state under flat names, as artefacts have it."""

    def __init__(self, module: StreamingModule) -> None:
        super().__init__()
        self.module = module

    def forward(self, chunk: Tensor, **state: Tensor) -> dict[str, Tensor]:
        output, after = self.module.step(chunk, unflatten_state(state))
        return {"output": output, **flatten_state(after)}


# torch.export copies pytree classes that torch itself has deprecated.
@pytest.mark.filterwarnings("ignore:.*(LeafSpec|treespec).*:FutureWarning")
@pytest.mark.parametrize(
    ("layer", "build", "operators"), EXPORTS, ids=[f"{name}-{i}" for i, (name, *_) in enumerate(EXPORTS)]
)
def test_exported_step_answers_like_torch_with_few_operators(
    layer: str, build: Callable[[], StreamingModule], operators: set[str], tmp_path
) -> None:
    pytest.importorskip("ai_edge_litert")
    litert_torch = pytest.importorskip("litert_torch")
    from ai_edge_litert.interpreter import Interpreter

    logging.getLogger("litert_torch").setLevel(logging.ERROR)
    module = prepare(build(), torch.float32)
    assert type(module).__name__ == layer
    sequence = draw_input(module, 12, 1, torch.float32)
    zero = flatten_state(module.initial_state(1))
    program = FlatStep(module).eval()
    edge = litert_torch.convert(program, sample_kwargs={"chunk": sequence[:, : module.stride], **zero})
    path = tmp_path / "step.tflite"
    edge.export(str(path))

    interpreter = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    assert {one["op_name"] for one in interpreter._get_ops_details()} - {"DELEGATE"} <= operators
    run = interpreter.get_signature_runner()
    state = {name: leaf.numpy() for name, leaf in zero.items()}
    answers = []
    for start in range(0, sequence.shape[1], module.stride):
        results = run(chunk=sequence[:, start : start + module.stride].numpy(), **state)
        assert set(results) == {"output", *zero}
        state = {name: results[name].copy() for name in zero}
        answers.append(results["output"].copy())
    expected, _ = module.step(sequence, module.initial_state(1))
    np.testing.assert_allclose(np.concatenate(answers, 1), expected.detach().numpy(), atol=1e-5, rtol=0)
