"""LiteRT files as objects: reading that survives damage, and writing that wastes no bytes."""

from typing import Any

import flatbuffers
import numpy as np

from wrenlet.errors import InputError

__all__ = ["FRONTEND_PREFIX", "as_text", "is_frontend", "load_model", "pack_model", "slim"]

#: Tensors of the front-end start with this, so that an audit can tell its declared floats from the body's.
FRONTEND_PREFIX = "frontend"
IDENTIFIER = b"TFL3"
#: LiteRT's kernels read weights with vector instructions; the schema asks for this alignment.
ALIGNMENT = 16


class SharingBuilder(flatbuffers.Builder):
    """Writes equal vectors and equal strings once: a per-channel int8 file repeats the same zeros often."""

    def __init__(self) -> None:
        super().__init__(1 << 16)
        self.vectors: dict[tuple[str, bytes], int] = {}
        self.texts: dict[bytes, int] = {}

    def CreateString(self, s: str | bytes, encoding: str = "utf-8", errors: str = "strict") -> int:  # noqa: N802
        """Write a string, or point to an equal one."""
        text = s.encode(encoding, errors) if isinstance(s, str) else bytes(s)
        if text not in self.texts:
            self.texts[text] = super().CreateString(text)
        return self.texts[text]

    def CreateNumpyVector(self, x: np.ndarray) -> int:  # noqa: N802
        """Write a vector, or point to an equal one; bytes are buffers, which are aligned."""
        key = (x.dtype.str, x.tobytes())
        if key not in self.vectors:
            if x.dtype == np.uint8 and x.size:
                self.Prep(ALIGNMENT if x.size >= ALIGNMENT else 8, x.size)
            self.vectors[key] = super().CreateNumpyVector(x)
        return self.vectors[key]


def load_model(data: bytes, what: str = "the file") -> Any:
    """Unpack a LiteRT file into the schema's object tree (`ModelT`).

    Args:
        data: the whole file.
        what: name for the error message.

    Raises:
        InputError: if the bytes are no LiteRT file or a damaged one.
    """
    from ai_edge_litert import schema_py_generated as schema

    if data[4:8] != IDENTIFIER:
        raise InputError(f"{what} is not a LiteRT (.tflite) file: give a file that `wrenlet export` wrote")
    try:
        model = schema.ModelT.InitFromPackedBuf(data)
        bring_in_buffers(model, data)
        check_indices(model)
    except MemoryError:
        raise
    # The generated reader trusts every offset, so a damaged file can raise anything: struct.error,
    # IndexError, UnicodeDecodeError, TypeError, RecursionError …
    except Exception as error:
        raise InputError(
            f"{what} is damaged or cut off ({type(error).__name__}): export or copy it again"
        ) from error
    return model


def bring_in_buffers(model: Any, data: bytes) -> None:
    """Put constants that lie behind the object tree into it, in place.

    The quantiser writes so from some size on; packed again without them, the file would have no weights.
    """
    for buffer in model.buffers:
        if buffer.offset > 1:  # 0 and 1 stand for "inside"
            if buffer.offset + buffer.size > len(data):
                raise IndexError("a buffer ends behind the file")
            buffer.data = np.frombuffer(data, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0


def check_indices(model: Any) -> None:
    """Raise `IndexError` or `TypeError` if the model points outside itself."""
    codes, buffers = len(model.operatorCodes), len(model.buffers)
    if not model.subgraphs:
        raise IndexError("no subgraph")
    for graph in model.subgraphs:
        count = len(graph.tensors)
        for operator in graph.operators or []:
            if not 0 <= operator.opcodeIndex < codes:
                raise IndexError("operator code")
            check_range(operator.inputs, -1, count)
            check_range(operator.outputs, 0, count)
        check_range(graph.inputs, 0, count)
        check_range(graph.outputs, 0, count)
        check_range([tensor.buffer for tensor in graph.tensors], 0, buffers)
    for signature in model.signatureDefs or []:
        count = len(model.subgraphs[signature.subgraphIndex].tensors)
        check_range([entry.tensorIndex for entry in signature.inputs + signature.outputs], 0, count)
    check_range([entry.buffer for entry in model.metadata or []], 0, buffers)


def check_range(values: Any, low: int, end: int) -> None:
    """Raise `IndexError` unless every value lies in low … end-1."""
    if values is not None and any(not low <= int(value) < end for value in values):
        raise IndexError(f"an index outside {low} … {end - 1}")


def pack_model(model: Any) -> bytes:
    """Write a `ModelT` as a LiteRT file; equal models give equal bytes."""
    builder = SharingBuilder()
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def slim(model: Any, *, keep_names: bool = False) -> None:
    """Drop, in place, what no runtime needs: dead operators, unused tensors, calibration ranges, names.

    Signature names stay. Inner tensors are named by number, those of the front-end with `FRONTEND_PREFIX`.

    Args:
        model: a `ModelT` with one subgraph.
        keep_names: leave the converter's long tensor names in place.
    """
    graph = model.subgraphs[0]
    drop_dead_operators(graph)
    drop_unused_tensors(model)
    for tensor in graph.tensors:
        if tensor.quantization is not None:
            tensor.quantization.min = tensor.quantization.max = None
            if tensor.quantization.scale is None or len(tensor.quantization.scale) == 0:
                tensor.quantization = None
        tensor.shapeSignature = None  # every shape here is fixed
    if not keep_names:
        for index, tensor in enumerate(graph.tensors):
            tensor.name = f"{FRONTEND_PREFIX}.{index}" if is_frontend(as_text(tensor.name)) else str(index)
        for signature in model.signatureDefs or []:
            # Inputs last: a state that is the input itself is both, and goes by the input's name.
            for suffix, entries in ((":out", signature.outputs), ("", signature.inputs)):
                for entry in entries:
                    graph.tensors[entry.tensorIndex].name = as_text(entry.name) + suffix
    graph.name = "step"
    model.description = "wrenlet"
    share_buffers(model)


def drop_dead_operators(graph: Any) -> None:
    """Remove operators of which nothing reaches an output."""
    wanted = {int(index) for index in graph.outputs}
    kept = []
    for operator in reversed(graph.operators):
        if any(int(index) in wanted for index in operator.outputs):
            kept.append(operator)
            wanted.update(int(index) for index in operator.inputs)
    graph.operators = kept[::-1]


def drop_unused_tensors(model: Any) -> None:
    """Remove tensors and operator codes that no operator, input or output refers to."""
    graph = model.subgraphs[0]
    used = {int(index) for index in [*graph.inputs, *graph.outputs]}
    for operator in graph.operators:
        used.update(int(index) for index in [*operator.inputs, *operator.outputs] if index >= 0)
    place = {old: new for new, old in enumerate(sorted(used))}

    def move(indices: Any) -> np.ndarray:
        return np.array([place.get(int(index), -1) for index in indices], np.int32)

    graph.tensors = [graph.tensors[index] for index in sorted(used)]
    graph.inputs, graph.outputs = move(graph.inputs), move(graph.outputs)
    for operator in graph.operators:
        operator.inputs, operator.outputs = move(operator.inputs), move(operator.outputs)
    for signature in model.signatureDefs or []:
        for entry in [*signature.inputs, *signature.outputs]:
            entry.tensorIndex = place[int(entry.tensorIndex)]
    codes = sorted({operator.opcodeIndex for operator in graph.operators})
    model.operatorCodes = [model.operatorCodes[index] for index in codes]
    for operator in graph.operators:
        operator.opcodeIndex = codes.index(operator.opcodeIndex)


def share_buffers(model: Any) -> None:
    """Keep one buffer for each content; buffer 0 is empty by convention and stands for "no constant"."""
    from ai_edge_litert import schema_py_generated as schema

    contents: dict[bytes, int] = {b"": 0}
    buffers = [schema.BufferT()]

    def place(index: int) -> int:
        data = model.buffers[index].data
        content = b"" if data is None else np.asarray(data, np.uint8).tobytes()
        if content not in contents:
            contents[content] = len(buffers)
            buffers.append(schema.BufferT(data=np.frombuffer(content, np.uint8)))
        return contents[content]

    for tensor in model.subgraphs[0].tensors:
        tensor.buffer = place(tensor.buffer)
    for entry in model.metadata or []:
        entry.buffer = place(entry.buffer)
    model.buffers = buffers


def is_frontend(name: str) -> bool:
    """Return whether a tensor or state belongs to the front-end, by its name."""
    return name.startswith((f"{FRONTEND_PREFIX}.", f"{FRONTEND_PREFIX}/", f"{FRONTEND_PREFIX}__"))


def as_text(name: str | bytes | None) -> str:
    """Return a name of the object tree, which holds bytes after reading and text after writing."""
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else name or ""
