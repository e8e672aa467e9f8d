"""What a stream says at a clip's last frame against the network for the whole clip, in plain torch."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wrenlet.models import build_model
from wrenlet.streaming import BatchNorm, Conv1d, Conv2d, StreamingModule

FRAMES = 49


def lively(name: str, features: int, **arguments: object) -> StreamingModule:
    torch.manual_seed(3)
    body = build_model(name, features, 12, **arguments)
    for part in body.modules():
        if isinstance(part, BatchNorm):
            nn.init.uniform_(part.running_mean, -0.5, 0.5)
            nn.init.uniform_(part.running_var, 0.5, 1.5)
    return body.double().eval()


def clip(features: int) -> Tensor:
    return torch.randn(2, FRAMES, features, dtype=torch.float64, generator=torch.Generator().manual_seed(4))


def close(actual: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(actual, expected, atol=1e-12, rtol=1e-10)


def dense(weights: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return x @ weights[f"{name}.module.weight"].T + weights.get(f"{name}.module.bias", torch.tensor(0.0))


def head(weights: dict[str, Tensor], x: Tensor) -> Tensor:
    x = dense(weights, "dense1", dense(weights, "bottleneck", x)).relu()
    return dense(weights, "logits", x)


@pytest.mark.parametrize("more", [0, 7])
def test_dnn_flattens_the_clip(more: int) -> None:
    body, x = lively("dnn", 20), clip(20)
    weights = body.state_dict()
    y = dense(weights, "frame2", dense(weights, "frame1", x).relu()).relu()
    y = F.max_pool1d(y.flatten(1)[:, None], 2)[:, 0]  # of the flattened clip, as the original does
    before = torch.randn(2, more, 20, dtype=torch.float64)
    close(body(torch.cat([before, x], 1))[:, -1], head(weights, y))


@pytest.mark.parametrize("more", [0, 7])
def test_svdf_shrinks_the_clip_to_one_frame_without_padding(more: int) -> None:
    body, x = lively("svdf", 30), clip(30)
    weights = body.state_dict()
    y = x
    for layer in range(1, 7):
        y = (y @ weights[f"svdf{layer}.features.weight"].T).transpose(1, 2)
        y = F.conv1d(y, weights[f"svdf{layer}.time.weight"], weights[f"svdf{layer}.time.bias"], groups=256)
        y = y.transpose(1, 2).relu()
        if layer < 6:
            y = dense(weights, f"svdf{layer}_project", y)
    assert y.shape[1] == 1
    before = torch.randn(2, more, 30, dtype=torch.float64)
    close(body(torch.cat([before, x], 1))[:, -1], dense(weights, "logits", y[:, 0]))


def test_cnn_shrinks_the_clip_to_one_frame_without_padding() -> None:
    body, x = lively("cnn", 20), clip(20)
    weights = body.state_dict()
    y = x[:, None]
    for layer, dilation in enumerate((1, 1, 2, 1, 2, 1, 2), 1):
        y = F.conv2d(
            y, weights[f"conv{layer}.weight"], weights[f"conv{layer}.bias"], dilation=(dilation, 1)
        ).relu()
    assert y.shape[2] == 1
    close(body(x)[:, -1], head(weights, y.permute(0, 2, 3, 1).flatten(1)))


def causal(layer: Conv1d | Conv2d, x: Tensor) -> Tensor:
    """Convolve `[batch, time, channels]` with zeros in front and none behind."""
    front = (layer.grid.kernel - 1) * layer.grid.dilation
    padded = F.pad(x.transpose(1, 2), (front, 0))
    return F.conv1d(
        padded, layer.weight, layer.bias, dilation=layer.grid.dilation, groups=layer.groups
    ).transpose(1, 2)


def normal(layer: BatchNorm, x: Tensor) -> Tensor:
    return F.batch_norm(
        x.transpose(1, 2), layer.running_mean, layer.running_var, layer.weight, layer.bias
    ).transpose(1, 2)


def test_ds_tc_resnet_averages_the_clip() -> None:
    body, x = lively("ds_tc_resnet_causal", 40, window=FRAMES), clip(40)
    parts = dict(body.named_modules())
    y = x
    for block in range(1, 7):
        inside = f"block{block}.body" if block in (2, 3, 4) else f"block{block}"
        z = causal(parts[f"{inside}.depth1"], y)
        z = normal(parts[f"{inside}.point1_norm"], z @ parts[f"{inside}.point1"].module.weight.T)
        if block in (2, 3, 4):
            short = f"block{block}.shortcut"
            z = z + normal(parts[f"{short}.point_norm"], y @ parts[f"{short}.point"].module.weight.T)
        y = z.relu()
    close(body(x)[:, -1], dense(body.state_dict(), "logits", y.mean(1)))


def test_crnn_runs_its_gru_over_the_clip() -> None:
    body, x = lively("crnn", 20, dropout=0.0), clip(20)
    weights, parts = body.state_dict(), dict(body.named_modules())
    y = x[:, None]
    for layer in (1, 2):
        taps = weights[f"conv{layer}.weight"]
        y = F.conv2d(F.pad(y, (0, 0, taps.shape[2] - 1, 0)), taps, weights[f"conv{layer}.bias"]).relu()
    y = y.permute(0, 2, 3, 1).flatten(2)
    hidden = torch.zeros(2, 256, dtype=torch.float64)
    for frame in y.unbind(1):
        hidden = parts["gru"].cell(frame, hidden)
    close(body(x)[:, -1], head(weights, hidden))
    whole = lively("crnn_clip", 20, dropout=0.0)
    whole.module.load_state_dict(weights)
    close(whole(F.pad(x, (0, 0, 1, 0)))[:, 0], body(x)[:, -1])


def test_att_mh_rnn_sees_the_49_frames_whose_windows_are_full() -> None:
    body, x = lively("att_mh_rnn", 20), clip(20)
    first = torch.randn(2, 1, 20, dtype=torch.float64)
    close(body(torch.cat([first, x], 1))[:, 0], body.module(x))
