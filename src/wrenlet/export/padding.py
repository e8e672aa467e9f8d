"""Zeros put in front of values as what they are: padding."""

from typing import Any

import numpy as np

from wrenlet.artefact.flatbuffer import drop_unused_tensors

__all__ = ["pad_with_zeros"]


def pad_with_zeros(model: Any) -> None:
    """Turn every CONCATENATION of one tensor and constant zeros into a PAD, in place.

    A model that starts from its zero state inside the graph has them. A PAD needs no constant and keeps the
    scale of what it pads, while the quantiser fails on constants in a CONCATENATION.

    Args:
        model: a float `ModelT` with one subgraph.
    """
    from ai_edge_litert import schema_py_generated as schema

    graph = model.subgraphs[0]
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        if max(code.builtinCode, code.deprecatedBuiltinCode) != schema.BuiltinOperator.CONCATENATION:
            continue
        inputs = [int(index) for index in operator.inputs]
        zero = [is_zero(model, graph.tensors[index]) for index in inputs]
        if zero.count(False) != 1 or len(inputs) < 2:
            continue
        place = zero.index(False)
        axis = operator.builtinOptions.axis
        rank = len(graph.tensors[inputs[place]].shape)
        padding = np.zeros((rank, 2), np.int32)
        sizes = [int(graph.tensors[index].shape[axis]) for index in inputs]
        padding[axis] = sum(sizes[:place]), sum(sizes[place + 1 :])
        operator.inputs = np.array([inputs[place], add_constant(model, padding)], np.int32)
        operator.opcodeIndex = code_of(model, schema.BuiltinOperator.PAD)
        operator.builtinOptionsType = schema.BuiltinOptions.PadOptions
        operator.builtinOptions = schema.PadOptionsT()
    drop_unused_tensors(model)


def is_zero(model: Any, tensor: Any) -> bool:
    """Return whether a tensor is a constant of zeros."""
    data = model.buffers[tensor.buffer].data
    return data is not None and len(data) > 0 and not np.asarray(data).any()


def add_constant(model: Any, values: np.ndarray) -> int:
    """Add an int32 constant to the graph and return the index of its tensor."""
    from ai_edge_litert import schema_py_generated as schema

    model.buffers.append(schema.BufferT(data=np.frombuffer(values.tobytes(), np.uint8)))
    tensor = schema.TensorT(
        name=b"padding",
        shape=np.array(values.shape, np.int32),
        type=schema.TensorType.INT32,
        buffer=len(model.buffers) - 1,
    )
    model.subgraphs[0].tensors.append(tensor)
    return len(model.subgraphs[0].tensors) - 1


def code_of(model: Any, builtin: int) -> int:
    """Return the index of an operator code, added if the model has none."""
    from ai_edge_litert import schema_py_generated as schema

    for index, code in enumerate(model.operatorCodes):
        if max(code.builtinCode, code.deprecatedBuiltinCode) == builtin:
            return index
    # Readers of old files look at the first field, which ends at 127.
    model.operatorCodes.append(
        schema.OperatorCodeT(builtinCode=builtin, deprecatedBuiltinCode=min(builtin, 127), version=1)
    )
    return len(model.operatorCodes) - 1
