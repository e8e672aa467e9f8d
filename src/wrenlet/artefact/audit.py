"""What is really inside a file that claims to be int8."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from wrenlet.artefact.container import read_file
from wrenlet.artefact.flatbuffer import is_frontend, load_model
from wrenlet.artefact.graph import Graph, TensorInfo, graph_of
from wrenlet.errors import InputError

__all__ = ["Audit", "FloatTensor", "audit", "audit_bytes"]


@dataclass(frozen=True)
class FloatTensor:
    """A tensor of floating-point numbers.

    Attributes:
        name: of the tensor.
        shape: axes.
        made_by: operator that computes it, `input` or `constant`.
        frontend: whether it belongs to the front-end, which is declared float.
    """

    name: str
    shape: tuple[int, ...]
    made_by: str
    frontend: bool


@dataclass(frozen=True)
class Audit:
    """What a LiteRT file is made of.

    Attributes:
        operators: how many of each.
        dtypes: how many tensors of each, constants included.
        float_tensors: every tensor of floating-point numbers.
        size_bytes: of the file.
        constant_bytes: of it, weights and other constants; equal constants are stored and counted once.
        overhead_bytes: the rest: structure, scales, names, sidecar, padding.
    """

    operators: dict[str, int]
    dtypes: dict[str, int]
    float_tensors: tuple[FloatTensor, ...]
    size_bytes: int
    constant_bytes: int

    @property
    def overhead_bytes(self) -> int:
        """Bytes of the file that are not constants."""
        return self.size_bytes - self.constant_bytes

    @property
    def body_floats(self) -> tuple[FloatTensor, ...]:
        """Float tensors outside the front-end."""
        return tuple(tensor for tensor in self.float_tensors if not tensor.frontend)

    def require_integer(self, what: str = "the file") -> None:
        """Raise `InputError`, naming the tensors, if anything but a declared front-end is float.

        Args:
            what: name of the file for the message.
        """
        left = self.body_floats
        if not left:
            return
        shown = ", ".join(f"{t.name} {list(t.shape)} ({t.made_by})" for t in left[:8])
        more = f" and {len(left) - 8} more" if len(left) > 8 else ""
        raise InputError(
            f"{what} was to be integer throughout, but {len(left)} float tensors are left: {shown}{more}; "
            "replace the operators that make them, or set export.full_integer to false"
        )


def audit(path: str | Path) -> Audit:
    """List operators, dtypes and every float tensor of a `.tflite` file.

    Args:
        path: of the file.

    Raises:
        InputError: if there is no such file, or it is no LiteRT file, or it is damaged.
    """
    return audit_bytes(read_file(Path(path)), str(path))


def audit_bytes(data: bytes, what: str = "the file") -> Audit:
    """Audit the bytes of a LiteRT file; see `audit`."""
    graph = graph_of(data, what)
    inputs = {name: graph.tensors[index] for name, index in graph.inputs.items()}
    # Audio is the front-end's input, whatever follows.
    declared = [tensor for name, tensor in inputs.items() if name == "audio" or is_frontend(name)]
    floats = tuple(
        FloatTensor(
            name=tensor.name or f"#{index}",
            shape=tensor.shape,
            made_by=made_by(graph, index, tensor),
            frontend=is_frontend(tensor.name) or any(tensor is one for one in declared),
        )
        for index, tensor in enumerate(graph.tensors)
        if tensor.is_float
    )
    return Audit(
        operators=dict(sorted(Counter(operator.name for operator in graph.operators).items())),
        dtypes=dict(sorted(Counter(tensor.dtype for tensor in graph.tensors).items())),
        float_tensors=floats,
        size_bytes=len(data),
        constant_bytes=constant_bytes(data, what),
    )


def constant_bytes(data: bytes, what: str) -> int:
    """Return the bytes of all constants in the file, each buffer once."""
    model = load_model(data, what)
    used = {tensor.buffer for graph in model.subgraphs for tensor in graph.tensors}
    return sum(len(model.buffers[index].data) for index in used if model.buffers[index].data is not None)


def made_by(graph: Graph, index: int, tensor: TensorInfo) -> str:
    """Return what a tensor comes from, in words."""
    operator = graph.producer(index)
    if operator is not None:
        return operator.name
    return "constant" if tensor.constant_bytes else "input"
