"""Batch normalisation folded into the layer before it, so that an exported step has none."""

import copy
from itertools import pairwise

import torch
from torch import nn

from wrenlet.streaming import BatchNorm, Conv1d, Conv2d, Framewise, Sequential, StreamingModule

__all__ = ["fold_normalisation"]


def fold_normalisation(body: StreamingModule) -> StreamingModule:
    """Return a copy of a model whose convolutions and dense layers have taken up the `BatchNorm` after them.

    The converter folds some of them by itself, but not where it has to put a reshape between; a product and a
    sum left over cost time and, in int8, are rounded twice. Answers and states stay the same.

    Args:
        body: in evaluation mode; it is left as it is.
    """
    folded = copy.deepcopy(body)
    for container in list(folded.modules()):
        if isinstance(container, Sequential):
            fold_children(container)
    return folded


def fold_children(container: Sequential) -> None:
    """Fold among the children of one container, in place."""
    names = list(container._modules)
    for before, name in pairwise(names):
        norm = container._modules[name]
        layer = container._modules.get(before)  # gone if it was folded itself
        if isinstance(layer, Framewise):
            layer = layer.module
        if type(norm) is BatchNorm and isinstance(layer, (Conv1d, Conv2d, nn.Linear)):
            absorb(layer, norm)
            del container._modules[name]


def absorb(layer: Conv1d | Conv2d | nn.Linear, norm: BatchNorm) -> None:
    """Scale the layer's outputs as `norm` does, in place."""
    with torch.no_grad():
        scale, offset = norm.affine()
        bias = offset if layer.bias is None else layer.bias * scale + offset
        shape = (-1, *(1,) * (layer.weight.dim() - 1))
        layer.weight = nn.Parameter(layer.weight * scale.reshape(shape))
        layer.bias = nn.Parameter(bias)
