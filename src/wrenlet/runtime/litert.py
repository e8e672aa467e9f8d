"""Run a `.tflite` step with LiteRT; no bytes are converted between one hop's state and the next."""

import contextlib
import ctypes
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wrenlet.artefact import Sidecar
from wrenlet.errors import InputError
from wrenlet.runtime.step import dequantise, disagreement, quantise

__all__ = ["LiteRTStep", "open_interpreter", "quiet_stderr"]


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Hold back what native code prints: XNNPACK announces itself every time and has no switch for it."""
    try:
        sys.stderr.flush()
        kept = os.dup(2)
    except (OSError, ValueError, AttributeError):  # no stderr: a service or a notebook
        yield
        return
    try:
        with tempfile.TemporaryFile() as sink:
            os.dup2(sink.fileno(), 2)
            try:
                yield
            finally:
                os.dup2(kept, 2)
    finally:
        os.close(kept)


def open_interpreter(path: Path, threads: int = 1) -> Any:
    """Return a LiteRT interpreter with its tensors allocated.

    Raises:
        InputError: if the file is not a whole LiteRT model.
    """
    from ai_edge_litert.interpreter import Interpreter

    try:
        with quiet_stderr():
            interpreter = Interpreter(model_path=str(path), num_threads=threads)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise InputError(
            f"{path}: LiteRT cannot load it ({error}): copy or export the artefact again"
        ) from error
    return interpreter


class LiteRTStep:
    """The `Step` of a `.tflite` artefact.

    Tensors are written and read in place. LiteRT refuses to run while a NumPy view of it is held, because a
    resize would move the memory; nothing here ever resizes, so the views are made from the addresses, once.

    Args:
        path: the artefact.
        sidecar: its knowledge.
        threads: CPU threads.

    Raises:
        InputError: if the file is damaged or the graph's tensors are not those of the sidecar.
    """

    def __init__(self, path: Path, sidecar: Sidecar, threads: int = 1) -> None:
        self.interpreter = open_interpreter(path, threads)
        try:
            signature = self.interpreter.get_signature_runner()
        except ValueError as error:
            raise disagreement(path, f"no signature: {error}") from error
        inputs, outputs = signature.get_input_details(), signature.get_output_details()
        names = [state.name for state in sidecar.states]
        for side, details, extra in (("inputs", inputs, sidecar.input), ("outputs", outputs, "logits")):
            if sorted(details) != sorted([*names, extra]):
                raise disagreement(path, f"{side} are {sorted(details)}, expected {sorted([*names, extra])}")
        for name in names:
            if grid(inputs[name]) != grid(outputs[name]):
                raise disagreement(path, f"state {name!r} goes in on another grid than it comes out")
        self._input = self._view(inputs[sidecar.input])
        self._input_grid = grid(inputs[sidecar.input])
        self._output = self._view(outputs["logits"]).reshape(-1)
        self._output_grid = grid(outputs["logits"])
        self._states = [(self._view(inputs[name]), self._view(outputs[name])) for name in names]
        self._names = names
        self._zeros = [grid(inputs[name])[2] for name in names]
        self._aliased = any(
            np.may_share_memory(target, source) for target, _ in self._states for _, source in self._states
        )
        self.frame_shape = tuple(self._input.shape[1:])
        self.classes = self._output.size
        self.reset()

    def _view(self, detail: dict[str, Any]) -> NDArray:
        array = self.interpreter.tensor(detail["index"])()
        raw = (ctypes.c_char * array.nbytes).from_address(array.ctypes.data)
        return np.frombuffer(raw, array.dtype).reshape(array.shape)

    def reset(self) -> None:
        """Fill the states with zero, which for an integer state is its zero point."""
        for (target, _), zero in zip(self._states, self._zeros, strict=True):
            target.fill(zero)

    def run(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run hops `[hops, *frame_shape]` in order; returns logits `[hops, classes]`."""
        dtype, scale, zero = self._input_grid
        whole = frames.reshape(-1, *self._input.shape)
        if scale:
            whole = quantise(whole, scale, zero, dtype)
        found = np.empty((len(whole), self.classes), self._output.dtype)
        # Names are bound once and the loop holds calls only: a hop of a small model is a few microseconds
        # long.
        invoke, copy, target, logits = self.interpreter.invoke, np.copyto, self._input, self._output
        states, aliased = self._states, self._aliased
        for index, frame in enumerate(whole):
            copy(target, frame)
            invoke()
            found[index] = logits
            if aliased:
                kept = [source.copy() for _, source in states]
                for (into, _), value in zip(states, kept, strict=True):
                    copy(into, value)
            else:
                for into, source in states:
                    copy(into, source)
        _, scale, zero = self._output_grid
        return dequantise(found, scale, zero) if scale else found

    def state(self) -> dict[str, NDArray]:
        """Return a copy of the state that the next hop starts from, in the tensors' own dtypes."""
        return {name: target.copy() for name, (target, _) in zip(self._names, self._states, strict=True)}


def grid(detail: dict[str, Any]) -> tuple[np.dtype, float, int]:
    """Return dtype, scale and zero point of a tensor from its details; scale 0 for a float tensor."""
    scale, zero_point = detail["quantization"]
    return np.dtype(detail["dtype"]), float(scale), int(zero_point)
