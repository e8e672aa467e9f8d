"""Layers that answer the same whether they see a sequence whole or frame by frame.

A `StreamingModule` has an explicit, named state and one maths path, `step`; `forward` is `step` from the zero
state.
"""

from wrenlet.streaming.batch_norm import BatchNorm
from wrenlet.streaming.containers import Residual, Sequential
from wrenlet.streaming.convolution import Conv1d, Conv2d, DepthwiseConv1d, DepthwiseConv2d
from wrenlet.streaming.frequency import FrequencyMean
from wrenlet.streaming.module import Framewise, State, StreamingModule, place_state
from wrenlet.streaming.recurrent import GRU, LSTM
from wrenlet.streaming.running import flatten_state, stream, unflatten_state
from wrenlet.streaming.sub_spectral import SubSpectralNorm
from wrenlet.streaming.svdf import SVDF
from wrenlet.streaming.whole_clip import WholeClip
from wrenlet.streaming.window import Delay, RunningMean, Window

__all__ = [
    "GRU",
    "LSTM",
    "SVDF",
    "BatchNorm",
    "Conv1d",
    "Conv2d",
    "Delay",
    "DepthwiseConv1d",
    "DepthwiseConv2d",
    "Framewise",
    "FrequencyMean",
    "Residual",
    "RunningMean",
    "Sequential",
    "State",
    "StreamingModule",
    "SubSpectralNorm",
    "WholeClip",
    "Window",
    "flatten_state",
    "place_state",
    "stream",
    "unflatten_state",
]
