"""Models: architectures with every argument, named sizes, the zoo, and recognisers with their checkpoints."""

from wrenlet.models.att_mh_rnn import att_mh_rnn
from wrenlet.models.bc_resnet import bc_resnet
from wrenlet.models.cards import MODELS, ModelCard
from wrenlet.models.checkpoint import load_recogniser, load_weights, save_recogniser, save_weights
from wrenlet.models.cnn import cnn
from wrenlet.models.conv_gru import conv_gru
from wrenlet.models.crnn import crnn
from wrenlet.models.dnn import dnn
from wrenlet.models.ds_cnn import ds_cnn
from wrenlet.models.ds_tc_resnet import ds_tc_resnet
from wrenlet.models.gru import gru
from wrenlet.models.lstm import lstm
from wrenlet.models.mobilenet_v2 import mobilenet_v2
from wrenlet.models.recogniser import Recogniser
from wrenlet.models.svdf import svdf
from wrenlet.models.tc_resnet import tc_resnet
from wrenlet.models.zoo import Blueprint, blueprint_of, build_model

__all__ = [
    "MODELS",
    "Blueprint",
    "ModelCard",
    "Recogniser",
    "att_mh_rnn",
    "bc_resnet",
    "blueprint_of",
    "build_model",
    "cnn",
    "conv_gru",
    "crnn",
    "dnn",
    "ds_cnn",
    "ds_tc_resnet",
    "gru",
    "load_recogniser",
    "load_weights",
    "lstm",
    "mobilenet_v2",
    "save_recogniser",
    "save_weights",
    "svdf",
    "tc_resnet",
]
