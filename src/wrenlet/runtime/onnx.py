"""Run an `.onnx` step with onnxruntime (extra `onnx`)."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wrenlet.artefact import Sidecar
from wrenlet.errors import InputError
from wrenlet.extras import require
from wrenlet.runtime.step import disagreement

__all__ = ["OnnxStep", "open_session"]

_DTYPES = {"float32": np.float32, "int8": np.int8, "int16": np.int16}


def open_session(path: Path, threads: int = 1) -> Any:
    """Return an onnxruntime session on the CPU.

    Raises:
        InputError: if the file is not a whole ONNX model.
        MissingExtraError: if onnxruntime is not installed.
    """
    runtime = require("onnxruntime", "onnx", f"running {path}")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only: it warns about every initialiser it folds
    try:
        return runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exception classes share no public base
        raise InputError(
            f"{path}: onnxruntime cannot load it ({error}): copy or export the artefact again"
        ) from error


class OnnxStep:
    """The `Step` of an `.onnx` artefact.

    Args:
        path: the artefact.
        sidecar: its knowledge.
        threads: CPU threads.

    Raises:
        InputError: if the file is damaged or the graph's tensors are not those of the sidecar.
    """

    def __init__(self, path: Path, sidecar: Sidecar, threads: int = 1) -> None:
        self.session = open_session(path, threads)
        inputs = {tensor.name: tensor for tensor in self.session.get_inputs()}
        outputs = [tensor.name for tensor in self.session.get_outputs()]
        names = [state.name for state in sidecar.states]
        if sorted(inputs) != sorted([*names, sidecar.input]):
            raise disagreement(
                path, f"inputs are {sorted(inputs)}, expected {sorted([*names, sidecar.input])}"
            )
        # ONNX wants every name once, so a state may come out under a longer name: `gru__hidden` as
        # `gru__hidden_out`.
        self._outputs = [_output_of(name, outputs, path) for name in ["logits", *names]]
        shape = inputs[sidecar.input].shape
        if not all(isinstance(axis, int) for axis in shape):
            raise disagreement(path, f"{sidecar.input} has the open shape {shape}")
        self._input, self._shape = sidecar.input, tuple(shape)
        self._specs = sidecar.states
        self.frame_shape = self._shape[1:]
        self.classes = len(sidecar.labels)
        self.reset()

    def reset(self) -> None:
        """Fill the states with zero, which for an integer state is its zero point."""
        self._feed = {
            spec.name: np.full(spec.shape, spec.zero_point, _DTYPES[spec.dtype]) for spec in self._specs
        }

    def run(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run hops `[hops, *frame_shape]` in order; returns logits `[hops, classes]`."""
        whole = np.ascontiguousarray(frames, np.float32).reshape(-1, *self._shape)
        found = np.empty((len(whole), self.classes), np.float32)
        for index, frame in enumerate(whole):
            logits, *states = self.session.run(self._outputs, {self._input: frame, **self._feed})
            found[index] = logits.reshape(-1)
            self._feed = {spec.name: value for spec, value in zip(self._specs, states, strict=True)}
        return found

    def state(self) -> dict[str, NDArray]:
        """Return a copy of the state that the next hop starts from, in the tensors' own dtypes."""
        return {name: value.copy() for name, value in self._feed.items()}


def _output_of(name: str, outputs: list[str], path: Path) -> str:
    for candidate in (name, f"{name}_out", f"{name}__out", f"{name}.out", f"next_{name}"):
        if candidate in outputs:
            return candidate
    raise disagreement(path, f"no output for {name!r} among {outputs}")
