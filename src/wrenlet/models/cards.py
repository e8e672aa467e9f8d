"""A card for every model: one explicit dict, so that reading it is knowing what there is."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from wrenlet.models.att_mh_rnn import ATT_MH_RNN_SIZES, att_mh_rnn
from wrenlet.models.bc_resnet import BC_RESNET_SIZES, bc_resnet
from wrenlet.models.cnn import CNN_SIZES, cnn
from wrenlet.models.conv_gru import CONV_GRU_SIZES, conv_gru
from wrenlet.models.crnn import CRNN_SIZES, crnn
from wrenlet.models.dnn import DNN_SIZES, dnn
from wrenlet.models.ds_cnn import DS_CNN_SIZES, ds_cnn
from wrenlet.models.ds_tc_resnet import DS_TC_RESNET_SIZES, ds_tc_resnet
from wrenlet.models.gru import GRU_SIZES, gru
from wrenlet.models.lstm import LSTM_SIZES, lstm
from wrenlet.models.mobilenet_v2 import MOBILENET_V2_SIZES, mobilenet_v2
from wrenlet.models.svdf import SVDF_SIZES, svdf
from wrenlet.models.tc_resnet import TC_RESNET_SIZES, tc_resnet
from wrenlet.streaming import StreamingModule

__all__ = ["MODELS", "ModelCard"]

HOCHREITER = "Hochreiter and Schmidhuber 1997, Long Short-Term Memory, doi:10.1162/neco.1997.9.8.1735"
STREAMED = "Rybakov et al. 2020, Streaming keyword spotting on mobile devices, arXiv:2005.06720"
PEEPHOLES = f"{STREAMED}; Sak et al. 2014, arXiv:1402.1128"
ARIK = (
    "Arik et al. 2017, Convolutional recurrent neural networks for small-footprint keyword spotting, "
    "arXiv:1703.05390"
)
CHO = "Cho et al. 2014, Learning phrase representations using RNN encoder-decoder, arXiv:1406.1078"
ALVAREZ = f"Alvarez and Park 2019, End-to-end streaming keyword spotting, arXiv:1812.02802; {STREAMED}"
ANDRADE = f"{STREAMED}; de Andrade et al. 2018, A neural attention model, arXiv:1808.08929"
HELLO_EDGE = "Zhang et al. 2017, Hello Edge: keyword spotting on microcontrollers, arXiv:1711.07128"
CHOI = "Choi et al. 2019, Temporal convolution for real-time keyword spotting, arXiv:1904.03814"
MATCHBOX = f"Majumdar and Ginsburg 2020, MatchboxNet, arXiv:2004.08531; {STREAMED}"
KIM = "Kim et al. 2021, Broadcasted residual learning for efficient keyword spotting, arXiv:2106.04140"
SANDLER = f"Sandler et al. 2018, MobileNetV2, arXiv:1801.04381; {STREAMED}"


@dataclass(frozen=True)
class ModelCard:
    """What a person should know before choosing a model.

    Attributes:
        about: one sentence.
        arguments: the numbers of this size; a recipe may change each of them.
        parameters: how many the model has with `features` and 12 classes; statistics of normalisation are
            not counted.
        source: the paper or page that describes it.
        build: the architecture, called with features, classes and arguments.
        features: values in a frame, as published.
        hop_ms: of the published front-end, in ms.
        stride: frames from one answer to the next.
        lookahead: frames that an answer waits for; 0 if it sees nothing that comes later.
        streaming: whether it answers as it goes with the same numbers as offline; else once a clip.
        notes: what differs from the source, or has to be known.
        licence: of this implementation.
    """

    about: str
    arguments: dict[str, Any]
    parameters: int
    source: str
    build: Callable[..., StreamingModule]
    features: int = 20
    hop_ms: float = 20.0
    stride: int = 1
    lookahead: int = 0
    streaming: bool = True
    notes: str = ""
    licence: str = "Apache-2.0"

    @property
    def lookahead_ms(self) -> float:
        """How much later audio an answer waits for with the published hop, in ms."""
        return self.lookahead * self.hop_ms


CENTRED = (
    "Kernels are centred as published, so answers come late; in a stream, real frames stand where the source "
    "pads with zeros. The size called causal sees the past only."
)
CAUSAL = "As the size of the same name, with kernels that see the past only."
FROM_SILENCE = (
    "The first frames of a stream see zeros before it, where the source waits for them; from frame 49 on the "
    "answers are those of the source."
)
RUNNING = (
    "The GRU runs on: reset it with every clip or carry it. It also hears the first six frames, for which "
    "the source waits, with zeros before them."
)
CLIP = (
    "Does not stream: needs the whole clip. 1 s in hops of 20 ms has 50 frames, of which the first is left "
    "out: its window is not full. Fit clips to that length, or set clip_frames."
)
ALONE = "With convolutions over time alone."
POOLED = "Pools pairs by their maximum, as the source's code does."
SEVENTY_FIVE = f"{CENTRED} The 75 k of the source are those for 35 labels: 74,651."
NARROW = f"{CENTRED} The source's 66 k to 305 k count two statistics for each normalised channel as well."

lstm_card = partial(ModelCard, source=HOCHREITER, build=lstm)
gru_card = partial(ModelCard, source=CHO, build=gru)
conv_gru_card = partial(ModelCard, source=ARIK, build=conv_gru, notes=ALONE)
svdf_card = partial(ModelCard, source=ALVAREZ, build=svdf, notes=FROM_SILENCE)
crnn_card = partial(ModelCard, source=f"{ARIK}; {STREAMED}", build=crnn)
clip_card = partial(ModelCard, stride=50, streaming=False, notes=CLIP)
ds_cnn_card = partial(ModelCard, source=HELLO_EDGE, build=ds_cnn, features=10, notes=CENTRED)
tc_card = partial(ModelCard, source=CHOI, build=tc_resnet, features=40, hop_ms=10.0, stride=8, notes=NARROW)
ds_tc_card = partial(ModelCard, source=MATCHBOX, build=ds_tc_resnet, features=40, hop_ms=10.0)
bc_card = partial(ModelCard, source=KIM, build=bc_resnet, features=40, hop_ms=10.0)
mobile_card = partial(ModelCard, source=SANDLER, build=mobilenet_v2, features=30, stride=4)

#: Every model that a recipe can name.
MODELS: dict[str, ModelCard] = {
    "lstm_24": lstm_card("One LSTM of 24 cells.", LSTM_SIZES["lstm_24"], 4_620),
    "lstm_32": lstm_card("One LSTM of 32 cells.", LSTM_SIZES["lstm_32"], 7_180),
    "lstm_48": lstm_card("One LSTM of 48 cells.", LSTM_SIZES["lstm_48"], 13_836),
    "lstm_64": lstm_card("One LSTM of 64 cells.", LSTM_SIZES["lstm_64"], 22_540),
    "lstm_128": lstm_card("One LSTM of 128 cells.", LSTM_SIZES["lstm_128"], 77_836),
    "lstm_peep": lstm_card(
        "One LSTM of 500 cells with peepholes and a projection to 200.",
        LSTM_SIZES["lstm_peep"],
        545_912,
        source=PEEPHOLES,
    ),
    "gru_32": gru_card("One GRU of 32 units.", GRU_SIZES["gru_32"], 5_580),
    "gru_64": gru_card("One GRU of 64 units.", GRU_SIZES["gru_64"], 17_292),
    "gru_128": gru_card("One GRU of 128 units.", GRU_SIZES["gru_128"], 59_148),
    "gru_400": gru_card("One GRU of 400 units.", GRU_SIZES["gru_400"], 511_212),
    "conv_gru_48": conv_gru_card(
        "Two convolutions of 32 filters over time, one GRU of 48 units.",
        CONV_GRU_SIZES["conv_gru_48"],
        20_844,
    ),
    "conv_gru_64": conv_gru_card(
        "Two convolutions of 40 filters over time, one GRU of 64 units.",
        CONV_GRU_SIZES["conv_gru_64"],
        33_292,
    ),
    "dnn": ModelCard(
        "Dense layers for each frame and over a window of 49.",
        DNN_SIZES["dnn"],
        447_308,
        source=STREAMED,
        build=dnn,
        notes=POOLED,
    ),
    "svdf": svdf_card("Six SVDF layers of 256 units.", SVDF_SIZES["svdf"], 354_444, features=30),
    "svdf_32k": svdf_card("Six SVDF layers of 16 to 128 units.", SVDF_SIZES["svdf_32k"], 32_716, features=40),
    "cnn": ModelCard(
        "Seven convolutions over time and frequency that see 49 frames.",
        CNN_SIZES["cnn"],
        606_732,
        source=STREAMED,
        build=cnn,
        notes=FROM_SILENCE,
    ),
    "crnn": crnn_card(
        "Two convolutions over time and frequency, one GRU of 256 units.",
        CRNN_SIZES["crnn"],
        467_772,
        notes=RUNNING,
    ),
    "crnn_state": crnn_card(
        "The crnn, meant to be trained with its state carried from clip to clip.",
        CRNN_SIZES["crnn_state"],
        467_772,
        notes=RUNNING,
    ),
    "crnn_clip": clip_card(
        "The crnn for clips of 50 frames: its GRU starts anew with each.",
        CRNN_SIZES["crnn_clip"],
        467_772,
        source=f"{ARIK}; {STREAMED}",
        build=crnn,
    ),
    "att_mh_rnn": clip_card(
        "Two bidirectional GRU layers and four heads of attention over a clip of 50 frames.",
        ATT_MH_RNN_SIZES["att_mh_rnn"],
        743_025,
        source=ANDRADE,
        build=att_mh_rnn,
    ),
    "ds_cnn_s": ds_cnn_card(
        "A convolution and four separable ones of 64 filters over time and frequency.",
        DS_CNN_SIZES["ds_cnn_s"],
        23_180,
        stride=2,
        lookahead=12,
    ),
    "ds_cnn_m": ds_cnn_card(
        "A convolution and four separable ones of 172 filters over time and frequency.",
        DS_CNN_SIZES["ds_cnn_m"],
        136_580,
        stride=4,
        lookahead=16,
    ),
    "ds_cnn_l": ds_cnn_card(
        "A convolution and five separable ones of 276 filters over time and frequency.",
        DS_CNN_SIZES["ds_cnn_l"],
        413_736,
        stride=4,
        lookahead=20,
    ),
    "ds_cnn_s_causal": ds_cnn_card(
        "The ds_cnn_s that waits for nothing.",
        DS_CNN_SIZES["ds_cnn_s_causal"],
        23_180,
        stride=2,
        notes=CAUSAL,
    ),
    "ds_cnn_m_causal": ds_cnn_card(
        "The ds_cnn_m that waits for nothing.",
        DS_CNN_SIZES["ds_cnn_m_causal"],
        136_580,
        stride=4,
        notes=CAUSAL,
    ),
    "tc_resnet_8": tc_card(
        "Three residual blocks of 24 to 48 channels over time.",
        TC_RESNET_SIZES["tc_resnet_8"],
        65_180,
        lookahead=88,
    ),
    "tc_resnet_8_1_5": tc_card(
        "Three residual blocks of 36 to 72 channels over time.",
        TC_RESNET_SIZES["tc_resnet_8_1_5"],
        144_276,
        lookahead=88,
    ),
    "tc_resnet_14": tc_card(
        "Six residual blocks of 24 to 48 channels over time.",
        TC_RESNET_SIZES["tc_resnet_14"],
        135_868,
        lookahead=200,
    ),
    "tc_resnet_14_1_5": tc_card(
        "Six residual blocks of 36 to 72 channels over time.",
        TC_RESNET_SIZES["tc_resnet_14_1_5"],
        303_012,
        lookahead=200,
    ),
    "tc_resnet_8_causal": tc_card(
        "The tc_resnet_8 that waits for nothing.", TC_RESNET_SIZES["tc_resnet_8_causal"], 65_180, notes=CAUSAL
    ),
    "tc_resnet_14_causal": tc_card(
        "The tc_resnet_14 that waits for nothing.",
        TC_RESNET_SIZES["tc_resnet_14_causal"],
        135_868,
        notes=CAUSAL,
    ),
    "ds_tc_resnet": ds_tc_card(
        "Six blocks of separable convolutions over time, 64 to 128 channels.",
        DS_TC_RESNET_SIZES["ds_tc_resnet"],
        71_684,
        lookahead=54,
        notes=SEVENTY_FIVE,
    ),
    "ds_tc_resnet_causal": ds_tc_card(
        "The ds_tc_resnet that waits for nothing.",
        DS_TC_RESNET_SIZES["ds_tc_resnet_causal"],
        71_684,
        notes=CAUSAL,
    ),
    "bc_resnet_1": bc_card(
        "Twelve broadcasted residual blocks, width 1.",
        BC_RESNET_SIZES["bc_resnet_1"],
        9_232,
        lookahead=58,
        notes=CENTRED,
    ),
    "bc_resnet_1_5": bc_card(
        "Twelve broadcasted residual blocks, width 1.5.",
        BC_RESNET_SIZES["bc_resnet_1_5"],
        17_154,
        lookahead=58,
        notes=CENTRED,
    ),
    "bc_resnet_2": bc_card(
        "Twelve broadcasted residual blocks, width 2.",
        BC_RESNET_SIZES["bc_resnet_2"],
        27_284,
        lookahead=58,
        notes=CENTRED,
    ),
    "bc_resnet_3": bc_card(
        "Twelve broadcasted residual blocks, width 3.",
        BC_RESNET_SIZES["bc_resnet_3"],
        54_168,
        lookahead=58,
        notes=CENTRED,
    ),
    "bc_resnet_6": bc_card(
        "Twelve broadcasted residual blocks, width 6.",
        BC_RESNET_SIZES["bc_resnet_6"],
        187_812,
        lookahead=58,
        notes=CENTRED,
    ),
    "bc_resnet_8": bc_card(
        "Twelve broadcasted residual blocks, width 8.",
        BC_RESNET_SIZES["bc_resnet_8"],
        321_068,
        lookahead=58,
        notes=CENTRED,
    ),
    "bc_resnet_1_causal": bc_card(
        "The bc_resnet_1 that waits for nothing.", BC_RESNET_SIZES["bc_resnet_1_causal"], 9_232, notes=CAUSAL
    ),
    "bc_resnet_2_causal": bc_card(
        "The bc_resnet_2 that waits for nothing.", BC_RESNET_SIZES["bc_resnet_2_causal"], 27_284, notes=CAUSAL
    ),
    "bc_resnet_3_causal": bc_card(
        "The bc_resnet_3 that waits for nothing.", BC_RESNET_SIZES["bc_resnet_3_causal"], 54_168, notes=CAUSAL
    ),
    "mobilenet_v2_30k": mobile_card(
        "Four inverted residual blocks over time.",
        MOBILENET_V2_SIZES["mobilenet_v2_30k"],
        28_828,
        lookahead=12,
        notes=CENTRED,
    ),
    "mobilenet_v2_30k_causal": mobile_card(
        "The mobilenet_v2_30k that waits for nothing.",
        MOBILENET_V2_SIZES["mobilenet_v2_30k_causal"],
        28_828,
        notes=CAUSAL,
    ),
}
