"""Models: architectures with every argument, named sizes, the zoo, and recognisers with their checkpoints."""

from wrenlet.models.checkpoint import load_recogniser, load_weights, save_recogniser, save_weights
from wrenlet.models.conv_gru import conv_gru
from wrenlet.models.gru import gru
from wrenlet.models.lstm import lstm
from wrenlet.models.recogniser import Recogniser
from wrenlet.models.zoo import MODELS, Blueprint, ModelCard, blueprint_of, build_model

__all__ = [
    "MODELS",
    "Blueprint",
    "ModelCard",
    "Recogniser",
    "blueprint_of",
    "build_model",
    "conv_gru",
    "gru",
    "load_recogniser",
    "load_weights",
    "lstm",
    "save_recogniser",
    "save_weights",
]
