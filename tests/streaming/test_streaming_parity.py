"""Layers against torch's own with copied weights, and against the formulas they are named after."""

from typing import Literal

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wrenlet.streaming import (
    GRU,
    LSTM,
    SVDF,
    BatchNorm,
    Conv1d,
    Conv2d,
    Delay,
    DepthwiseConv1d,
    FrequencyMean,
    RunningMean,
    SubSpectralNorm,
    WholeClip,
    Window,
    stream,
)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def sequence(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def close(actual: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(actual, expected, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("chunks", [1, 5])
def test_lstm_is_torch_lstm(chunks: int) -> None:
    theirs = nn.LSTM(5, 7, batch_first=True, dtype=torch.float64)
    ours = LSTM(5, 7).double()
    gates = [ours.input_gate, ours.forget_gate, ours.cell_gate, ours.output_gate]
    with torch.no_grad():
        for k, gate in enumerate(gates):
            rows = slice(7 * k, 7 * (k + 1))
            gate.weight.copy_(torch.cat([theirs.weight_ih_l0[rows], theirs.weight_hh_l0[rows]], 1))
            gate.bias.copy_(theirs.bias_ih_l0[rows] + theirs.bias_hh_l0[rows])
    x = sequence(3, 11, 5)
    close(stream(ours, x, chunks), theirs(x)[0])


@pytest.mark.parametrize("chunks", [1, 5])
@pytest.mark.parametrize("two_bias_sets", [True, False])
def test_gru_is_torch_gru(chunks: int, two_bias_sets: bool) -> None:
    theirs = nn.GRU(5, 7, batch_first=True, dtype=torch.float64)
    ours = GRU(5, 7, two_bias_sets=two_bias_sets).double()
    reset, update, candidate = (slice(7 * k, 7 * (k + 1)) for k in range(3))
    with torch.no_grad():
        for gate, second, rows in (
            (ours.reset_gate, ours.reset_bias, reset),
            (ours.update_gate, ours.update_bias, update),
        ):
            gate.weight.copy_(torch.cat([theirs.weight_ih_l0[rows], theirs.weight_hh_l0[rows]], 1))
            if second is None:
                gate.bias.copy_(theirs.bias_ih_l0[rows] + theirs.bias_hh_l0[rows])
            else:
                gate.bias.copy_(theirs.bias_ih_l0[rows])
                second.copy_(theirs.bias_hh_l0[rows])
        ours.candidate_input.weight.copy_(theirs.weight_ih_l0[candidate])
        ours.candidate_input.bias.copy_(theirs.bias_ih_l0[candidate])
        ours.candidate_hidden.weight.copy_(theirs.weight_hh_l0[candidate])
        ours.candidate_hidden.bias.copy_(theirs.bias_hh_l0[candidate])
    x = sequence(3, 11, 5)
    close(stream(ours, x, chunks), theirs(x)[0])


def test_lstm_gradients_are_those_of_the_frame_by_frame_cell() -> None:
    for layer in (LSTM(3, 4).double(), GRU(3, 4).double()):
        x = sequence(2, 6, 3)
        gradients = []
        for run in (layer, lambda x, layer=layer: stream(layer, x, 1)):
            layer.zero_grad()
            run(x).square().sum().backward()
            gradients.append([parameter.grad.clone() for parameter in layer.parameters()])
        for whole, framewise in zip(*gradients, strict=True):
            close(whole, framewise)


@pytest.mark.parametrize("projection", [None, 2])
@pytest.mark.parametrize("peepholes", [True, False])
def test_lstm_with_peepholes_and_projection_is_its_formula(peepholes: bool, projection: int | None) -> None:
    layer = LSTM(3, 4, peepholes=peepholes, projection=projection).double()
    for parameter in layer.parameters():
        nn.init.uniform_(parameter, -1, 1)
    p = dict(layer.named_parameters())
    x = sequence(2, 6, 3)
    hidden, cell = torch.zeros(2, projection or 4).double(), torch.zeros(2, 4).double()
    for t in range(6):

        def gate(name: str, seen: Tensor | None = None, t: int = t, hidden: Tensor = hidden) -> Tensor:
            weight = p[f"{name}_gate.weight"]
            total = x[:, t] @ weight[:, :3].T + hidden @ weight[:, 3:].T + p[f"{name}_gate.bias"]
            return total if seen is None or not peepholes else total + p[f"{name}_peephole"] * seen

        new = gate("forget", cell).sigmoid() * cell + gate("input", cell).sigmoid() * gate("cell").tanh()
        hidden = gate("output", new).sigmoid() * new.tanh()
        if projection:
            hidden = hidden @ p["projection.weight"].T
        cell = new
        close(layer(x)[:, t], hidden)


def test_parameter_counts_are_the_published_ones() -> None:
    def count(module: nn.Module) -> int:
        return sum(parameter.numel() for parameter in module.parameters())

    # lstm_peep: 545,912 parameters with the last dense layer of 200 × 12 + 12.
    assert count(LSTM(20, 500, peepholes=True, projection=200)) == 545_912 - 2_412
    assert count(GRU(640, 256)) == count(nn.GRU(640, 256))
    assert count(GRU(5, 7, two_bias_sets=False)) == count(GRU(5, 7)) - 2 * 7


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize(("kernel", "dilation"), [(1, 1), (2, 1), (5, 1), (3, 2)])
@pytest.mark.parametrize("lookahead", [0, 1, 2, 3])
def test_conv1d_is_torch_conv1d_whose_last_tap_ends_the_stride(
    stride: int, kernel: int, dilation: int, lookahead: int
) -> None:
    theirs = nn.Conv1d(4, 6, kernel, stride=stride, dilation=dilation, groups=2, dtype=torch.float64)
    ours = Conv1d(4, 6, kernel, stride=stride, dilation=dilation, groups=2, lookahead=lookahead).double()
    ours.load_state_dict(theirs.state_dict())
    x = sequence(2, 24, 4)
    # Zeros in front, so that the first window ends at frame `stride - 1 + lookahead`; a negative pad cuts.
    front = (kernel - 1) * dilation - (stride - 1) - lookahead
    expected = theirs(F.pad(x.transpose(1, 2), (front, lookahead))).transpose(1, 2)
    close(ours(x), expected[:, : 24 // stride])


@pytest.mark.parametrize("frequency_padding", ["same", "valid"])
@pytest.mark.parametrize("stride", [(1, 1), (2, 2), (1, 3)])
@pytest.mark.parametrize("kernel", [(3, 3), (1, 4), (4, 1)])
def test_conv2d_is_torch_conv2d(
    kernel: tuple[int, int], stride: tuple[int, int], frequency_padding: Literal["same", "valid"]
) -> None:
    theirs = nn.Conv2d(2, 6, kernel, stride=stride, groups=2, dtype=torch.float64)
    ours = Conv2d(2, 6, 8, kernel, stride=stride, groups=2, frequency_padding=frequency_padding).double()
    ours.load_state_dict(theirs.state_dict())
    x = sequence(2, 12, 8, 2)
    bins = -(-8 // stride[1]) if frequency_padding == "same" else (8 - kernel[1]) // stride[1] + 1
    total = max((bins - 1) * stride[1] + kernel[1] - 8, 0) if frequency_padding == "same" else 0
    below = total // 2
    padded = F.pad(x.permute(0, 3, 1, 2), (below, total - below, kernel[0] - stride[0], 0))
    close(ours(x), theirs(padded).permute(0, 2, 3, 1))
    assert ours.output_bins == bins


def test_depthwise_has_one_kernel_a_channel() -> None:
    layer = DepthwiseConv1d(3, 4).double()
    x = sequence(1, 9, 3)
    padded = F.pad(x, (0, 0, 3, 0))
    taps = torch.stack([padded[:, m : m + 9] * layer.weight[:, 0, m] for m in range(4)])
    assert layer.bias is not None
    close(layer(x), taps.sum(0) + layer.bias)


@pytest.mark.parametrize("rank", [1, 3])
def test_svdf_is_its_formula(rank: int) -> None:
    layer = SVDF(5, 4, 6, rank=rank).double()
    x = sequence(2, 9, 5)
    filtered = F.pad(x @ layer.features.weight.T, (0, 0, 5, 0)).unflatten(2, (4, rank))
    assert layer.time.bias is not None
    for t in range(9):
        expected = torch.einsum("bmur,urm->bu", filtered[:, t : t + 6], layer.time.weight) + layer.time.bias
        close(layer(x)[:, t], expected)


def test_batch_norm_is_torch_batch_norm_in_training_and_evaluation() -> None:
    theirs, ours = nn.BatchNorm1d(5, dtype=torch.float64), BatchNorm(5).double()
    assert set(ours.state_dict()) == set(theirs.state_dict())
    x = sequence(4, 9, 5) * 3 + 1
    for _ in range(3):
        close(ours(x), theirs(x.transpose(1, 2)).transpose(1, 2))
    close(ours.eval()(x), theirs.eval()(x.transpose(1, 2)).transpose(1, 2))
    assert ours.num_batches_tracked == 3


def test_window_mean_and_delay_are_what_they_say() -> None:
    x = sequence(2, 10, 3)
    padded = F.pad(x, (0, 0, 3, 0))
    windows = torch.stack([padded[:, t : t + 4] for t in range(10)], 1)
    close(Window(4, (3,))(x), windows)
    close(Window(4, (3,), flatten=True)(x), windows.flatten(2))
    close(Window(4, (3,), stride=5)(x), windows[:, 4::5])
    close(RunningMean(4, (3,))(x), windows.mean(2))
    close(RunningMean(2, (3,), stride=5)(x), torch.stack([x[:, 3:5].mean(1), x[:, 8:10].mean(1)], 1))
    close(Delay(3, (3,))(x), padded[:, :10])


def test_sub_spectral_norm_is_a_batch_norm_for_each_band() -> None:
    ours = SubSpectralNorm(6, 4, 3).double()
    bands = [nn.BatchNorm2d(4, dtype=torch.float64) for _ in range(3)]
    nn.init.uniform_(ours.norm.weight, 0.5, 2.0)
    nn.init.uniform_(ours.norm.bias)
    with torch.no_grad():
        for k, band in enumerate(bands):
            band.weight.copy_(ours.norm.weight[4 * k : 4 * k + 4])
            band.bias.copy_(ours.norm.bias[4 * k : 4 * k + 4])
    x = sequence(3, 9, 6, 4) * 3 + 1

    def theirs() -> Tensor:
        parts = [
            band(x[:, :, 2 * k : 2 * k + 2].permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
            for k, band in enumerate(bands)
        ]
        return torch.cat(parts, 2)

    for _ in range(2):
        close(ours(x), theirs())
    ours.eval()
    for band in bands:
        band.eval()
    close(ours(x), theirs())


def test_frequency_mean_keeps_one_bin() -> None:
    x = sequence(2, 5, 6, 4)
    close(FrequencyMean(6, 4)(x), x.mean(2, keepdim=True))


def test_whole_clip_asks_its_module_for_each_clip_alone() -> None:
    x = sequence(2, 11, 3)
    summed = WholeClip(nn.Flatten(1), 5, (3,), skip=2)
    close(summed(x), torch.stack([x[:, 2:5].flatten(1), x[:, 7:10].flatten(1)], 1))
    running = LSTM(3, 4).double()
    close(WholeClip(running, 5, (3,))(x)[:, 1], running(x[:, 5:10])[:, -1])


def test_layers_of_impossible_sizes_say_the_rule() -> None:
    with pytest.raises(ValueError, match="bands=4: it must divide 6 bins"):
        SubSpectralNorm(6, 2, 4)
    with pytest.raises(ValueError, match=r"skip=5: it must be in 0 … 4"):
        WholeClip(nn.Flatten(1), 5, (3,), skip=5)
