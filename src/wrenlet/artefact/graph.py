"""What a LiteRT file computes, as plain data: operators, tensors, and two counts that need no run."""

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from wrenlet.artefact.container import read_file
from wrenlet.artefact.flatbuffer import as_text, load_model
from wrenlet.errors import InputError

__all__ = ["Graph", "Operator", "TensorInfo", "graph_of", "macs", "peak_tensor_bytes", "read_graph"]

WIDTHS = {"float64": 8, "int64": 8, "float32": 4, "int32": 4, "float16": 2, "int16": 2, "int4": 0.5}


@dataclass(frozen=True)
class TensorInfo:
    """One tensor of the step.

    Attributes:
        name: the signature's name for inputs, the same and `:out` for outputs, a number for inner tensors.
        shape: axes.
        dtype: such as `float32` or `int8`.
        scale: value of one integer step; one entry, or one for each channel; empty for floats.
        zero_point: the integer that stands for 0.0, as many as scales.
        constant_bytes: size of the constant in the file; 0 for what is computed.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: tuple[float, ...] = ()
    zero_point: tuple[int, ...] = ()
    constant_bytes: int = 0

    @property
    def elements(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """Memory that the values take."""
        return int(np.ceil(self.elements * WIDTHS.get(self.dtype, 1)))

    @property
    def is_float(self) -> bool:
        """Whether the values are floating-point numbers."""
        return "float" in self.dtype


@dataclass(frozen=True)
class Operator:
    """One operator of the step.

    Attributes:
        name: in LiteRT's words, such as `FULLY_CONNECTED`.
        inputs: indices of tensors; an absent optional input is left out.
        outputs: indices of tensors.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Graph:
    """The step inside an artefact.

    Attributes:
        operators: in the order of execution.
        tensors: all of them; operators, inputs and outputs hold indices into this.
        inputs: name in the signature to tensor.
        outputs: name in the signature to tensor.
        size_bytes: of the file.
    """

    operators: tuple[Operator, ...]
    tensors: tuple[TensorInfo, ...]
    inputs: dict[str, int]
    outputs: dict[str, int]
    size_bytes: int

    def producer(self, tensor: int) -> Operator | None:
        """Return the operator that computes a tensor; None for inputs and constants."""
        return next((operator for operator in self.operators if tensor in operator.outputs), None)


def read_graph(path: str | Path) -> Graph:
    """Read operators and tensors of a LiteRT file.

    Args:
        path: of a `.tflite` file, ours or anybody's, with one subgraph.

    Raises:
        InputError: if there is no such file, or it is no LiteRT file, or it is damaged.
    """
    path = Path(path)
    return graph_of(read_file(path), str(path))


def graph_of(data: bytes, what: str = "the file") -> Graph:
    """Return the graph inside the bytes of a LiteRT file; see `read_graph`."""
    model = load_model(data, what)
    try:
        return unpack(model, len(data))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{what} is damaged ({type(error).__name__}): export or copy it again") from error


def unpack(model: Any, size: int) -> Graph:
    """Turn the schema's object tree into plain data."""
    from ai_edge_litert import schema_py_generated as schema

    dtypes = {code: name.lower() for name, code in vars(schema.TensorType).items() if isinstance(code, int)}
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
    subgraph = model.subgraphs[0]
    tensors = []
    for tensor in subgraph.tensors:
        data = model.buffers[tensor.buffer].data
        quantisation = tensor.quantization
        scale = () if quantisation is None or quantisation.scale is None else quantisation.scale
        zero_point = () if quantisation is None or quantisation.zeroPoint is None else quantisation.zeroPoint
        tensors.append(
            TensorInfo(
                name=as_text(tensor.name),
                shape=tuple(int(axis) for axis in tensor.shape) if tensor.shape is not None else (),
                dtype=dtypes.get(tensor.type, f"type {tensor.type}"),
                scale=tuple(float(step) for step in scale),
                zero_point=tuple(int(zero) for zero in zero_point),
                constant_bytes=0 if data is None else len(data),
            )
        )
    operators = []
    for operator in subgraph.operators or []:
        code = model.operatorCodes[operator.opcodeIndex]
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        name = (
            as_text(code.customCode)
            if number == schema.BuiltinOperator.CUSTOM
            else names.get(number, str(number))
        )
        inputs = tuple(int(index) for index in operator.inputs if index >= 0)
        operators.append(Operator(name, inputs, tuple(int(index) for index in operator.outputs)))
    if model.signatureDefs:
        signature = model.signatureDefs[0]
        inputs = {as_text(entry.name): int(entry.tensorIndex) for entry in signature.inputs}
        outputs = {as_text(entry.name): int(entry.tensorIndex) for entry in signature.outputs}
    else:
        inputs = {tensors[index].name: int(index) for index in subgraph.inputs}
        outputs = {tensors[index].name: int(index) for index in subgraph.outputs}
    return Graph(tuple(operators), tuple(tensors), inputs, outputs, size)


def macs(graph: Graph) -> int:
    """Count multiply-accumulates of one step: dense, convolution and matrix-product operators only.

    Element-wise products, which are few, are not counted; nor is anything else.
    """
    total = 0
    for operator in graph.operators:
        output = graph.tensors[operator.outputs[0]]
        if operator.name in ("FULLY_CONNECTED", "CONV_2D"):
            weights = graph.tensors[operator.inputs[1]].shape  # [out, in] or [out, height, width, in]
            total += output.elements * prod(weights[1:])
        elif operator.name == "DEPTHWISE_CONV_2D":
            weights = graph.tensors[operator.inputs[1]].shape  # [1, height, width, channels]
            total += output.elements * prod(weights[1:3])
        elif operator.name == "BATCH_MATMUL":
            left = graph.tensors[operator.inputs[0]].shape
            inner = left[-1] if left[-2] == output.shape[-2] else left[-2]  # the left side may be transposed
            total += output.elements * inner
    return total


def peak_tensor_bytes(graph: Graph) -> int:
    """Return the most memory that values take at once while the operators run in order, in bytes.

    Inputs and incoming states live from the start to their last use, outputs and outgoing states from their
    operator to the end, everything else from its operator to its last use. Constants stay in flash and are
    left out, and so is what a runtime needs for itself.
    """
    last = len(graph.operators)
    born = dict.fromkeys(graph.inputs.values(), 0)
    dies = dict.fromkeys(graph.inputs.values(), 0)
    for at, operator in enumerate(graph.operators):
        for index in operator.inputs:
            if not graph.tensors[index].constant_bytes:
                dies[index] = at
        for index in operator.outputs:
            born.setdefault(index, at)
            dies.setdefault(index, at)
    dies.update(dict.fromkeys(graph.outputs.values(), last))
    return max(
        (
            sum(graph.tensors[index].bytes for index, start in born.items() if start <= at <= dies[index])
            for at in range(last + 1)
        ),
        default=0,
    )
