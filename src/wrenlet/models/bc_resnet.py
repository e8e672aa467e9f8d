"""Broadcasted residual networks: two-dimensional features, with memory for their mean over frequency only."""

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from wrenlet.errors import InputError
from wrenlet.models.blocks import append_mean, append_normalised, append_picture, check_lengths, look_ahead
from wrenlet.models.head import append_head, check_positive, check_share
from wrenlet.streaming import (
    Conv2d,
    Delay,
    DepthwiseConv2d,
    Framewise,
    FrequencyMean,
    Sequential,
    State,
    StreamingModule,
    SubSpectralNorm,
)

__all__ = ["BC_RESNET_SIZES", "bc_resnet"]


class ChannelDropout(nn.Module):
    """Drops whole channels of `[batch, time, bins, channels]` while training."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, frames: Tensor) -> Tensor:
        """Drop channels, or do nothing in evaluation."""
        if not self.training:
            return frames
        kept = F.dropout(frames.new_ones(frames.shape[0], 1, 1, frames.shape[3]), self.share)
        return frames * kept


class BroadcastResidual(StreamingModule):
    """Computes `y = over_frequency(x)` and returns `over_time(y) + y`, and `+ x` too if the input is kept.

    What is added to `over_time(y)` is summed first and delayed once by what that looks ahead.

    Args:
        over_frequency: without memory.
        over_time: answers with one bin, which is added to all.
        frame_shape: of `y`: bins and channels.
        keep_input: whether to add the input.
    """

    def __init__(
        self,
        over_frequency: StreamingModule,
        over_time: StreamingModule,
        frame_shape: tuple[int, int],
        *,
        keep_input: bool,
    ) -> None:
        super().__init__()
        self.over_frequency = over_frequency
        self.time = over_time
        self.keep_input = keep_input
        self.lookahead = over_time.lookahead
        self.frame_shape = over_frequency.frame_shape
        self.delay = Delay(self.lookahead, frame_shape) if self.lookahead else None

    def initial_state(self, batch: int) -> State:
        """Return the states of `time` and of `delay`, if there is one."""
        state: State = {"time": self.time.initial_state(batch)}
        if self.delay is not None:
            state["delay"] = self.delay.initial_state(batch)
        return state

    def step(self, chunk: Tensor, state: State) -> tuple[Tensor, State]:
        """Pass a chunk through both branches and add them."""
        self.check_chunk(chunk)
        over_frequency, _ = self.over_frequency.step(chunk, {})
        inner, delayed = state["time"], state.get("delay")
        if not isinstance(inner, dict) or (self.delay is not None and not isinstance(delayed, dict)):
            raise ValueError(f"the state has {sorted(state)}: start from initial_state(batch)")
        over_time, inner = self.time.step(over_frequency, inner)
        after: State = {"time": inner}
        kept = over_frequency + chunk if self.keep_input else over_frequency
        if self.delay is not None and isinstance(delayed, dict):
            kept, after["delay"] = self.delay.step(kept, delayed)
        return over_time + kept, after


def bc_resnet(
    features: int,
    classes: int,
    *,
    width: float = 1.0,
    blocks: tuple[int, ...] = (2, 2, 4, 4),
    channels: tuple[int, ...] = (8, 12, 16, 20),
    strides: tuple[int, ...] = (1, 2, 2, 1),
    dilations: tuple[int, ...] = (1, 2, 4, 8),
    bands: int = 5,
    dropout: float = 0.1,
    window: int = 49,
    causal: bool = False,
) -> StreamingModule:
    """Stages of blocks that work on frequency, and on the mean of all frequencies over time.

    Each block computes `y = f2(x)` over frequency, with `f2` normalised in bands, and adds `f1(mean(y))`,
    which alone looks at other frames, to every bin; all blocks of a stage but the first add `x` too.

    Source: Kim et al. 2021, Broadcasted residual learning for efficient keyword spotting, arXiv:2106.04140,
        and its code.

    Example:
        >>> bc_resnet(40, 12)(torch.zeros(1, 50, 40)).shape
        torch.Size([1, 50, 12])

    Args:
        features: values in a frame of the input `[batch, frames, features]`: log-mel bands.
        classes: values in a frame of the output `[batch, frames, classes]`: logits.
        width: factor for all channels.
        blocks: in each stage.
        channels: of each stage, before the factor.
        strides: of each stage over frequency, at its first block.
        dilations: of each stage over time.
        bands: of the normalisation; they must divide the bins of every stage evenly.
        dropout: share of channels dropped while training.
        window: frames of a clip, over which the answer is averaged.
        causal: whether kernels see no frame after the present one; else they are centred, as published.

    Raises:
        InputError: if a number is outside its range, the lists do not match, or the bands do not fit.
    """
    check_lengths("blocks", blocks, channels=channels, strides=strides, dilations=dilations)
    check_share("dropout", dropout)
    sizes = [int(width * count) for count in channels]
    for size in sizes:
        if size < 1:
            raise InputError(f"model argument width is {width}: it leaves a stage without channels")
    children: dict[str, StreamingModule] = {}
    append_picture(children, features)
    before = 2 * int(8 * width)
    ahead = look_ahead(5, causal=causal)
    first = Conv2d(1, before, features, (5, 5), stride=(1, 2), bias=False, lookahead=ahead)
    append_normalised(children, "conv", first, before, nn.ReLU())
    bins = first.output_bins
    for stage, count in enumerate(blocks):
        check_positive("blocks", count)
        for number in range(1, count + 1):
            stride = strides[stage] if number == 1 else 1
            after = -(-bins // stride)
            if after % bands:
                raise InputError(
                    f"model argument bands is {bands}: it must divide the {after} bins of stage {stage + 1}; "
                    f"{features} features come in, 40 fit 5 bands"
                )
            name = f"stage{stage + 1}block{number}"
            children[name] = block(
                before, sizes[stage], bins, stride, dilations[stage], bands, dropout, causal=causal
            )
            children[f"{name}_relu"] = Framewise(nn.ReLU())
            before, bins = sizes[stage], after
    ahead = look_ahead(5, causal=causal)
    last = DepthwiseConv2d(
        before, bins, (5, min(5, bins)), bias=False, frequency_padding="valid", lookahead=ahead
    )
    children["depth"] = last
    wide = int(32 * width)
    point = Conv2d(before, wide, last.output_bins, (1, 1), bias=False)
    append_normalised(children, "point", point, wide, nn.ReLU())
    if last.output_bins > 1:
        children["bins"] = FrequencyMean(last.output_bins, wide)
    children["flat"] = Framewise(nn.Flatten(2))
    append_mean(children, window, wide)
    append_head(children, wide, (), classes)
    return Sequential(children)


def block(
    inputs: int,
    channels: int,
    bins: int,
    stride: int,
    dilation: int,
    bands: int,
    dropout: float,
    *,
    causal: bool,
) -> StreamingModule:
    """Return one block, without the ReLU that follows it; see `bc_resnet`."""
    body: dict[str, StreamingModule] = {}
    if inputs != channels:
        append_normalised(
            body, "enter", Conv2d(inputs, channels, bins, (1, 1), bias=False), channels, nn.ReLU()
        )
    over_frequency = DepthwiseConv2d(channels, bins, (1, 3), stride=(1, stride), bias=False)
    bins = over_frequency.output_bins
    body["frequency"] = over_frequency
    body["bands"] = SubSpectralNorm(bins, channels, bands)
    over_time: dict[str, StreamingModule] = {"bins": FrequencyMean(bins, channels)}
    ahead = look_ahead(3, 1, dilation, causal=causal)
    depth = DepthwiseConv2d(channels, 1, (3, 1), dilation=(dilation, 1), bias=False, lookahead=ahead)
    append_normalised(over_time, "depth", depth, channels, nn.SiLU())
    over_time["point"] = Conv2d(channels, channels, 1, (1, 1), bias=False)
    if dropout:
        over_time["dropout"] = Framewise(ChannelDropout(dropout))
    return BroadcastResidual(
        Sequential(body), Sequential(over_time), (bins, channels), keep_input=inputs == channels
    )


BC_RESNET_SIZES: dict[str, dict[str, Any]] = {
    "bc_resnet_1": {"width": 1.0},
    "bc_resnet_1_5": {"width": 1.5},
    "bc_resnet_2": {"width": 2.0},
    "bc_resnet_3": {"width": 3.0},
    "bc_resnet_6": {"width": 6.0},
    "bc_resnet_8": {"width": 8.0},
    "bc_resnet_1_causal": {"width": 1.0, "causal": True},
    "bc_resnet_2_causal": {"width": 2.0, "causal": True},
    "bc_resnet_3_causal": {"width": 3.0, "causal": True},
}
