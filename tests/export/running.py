"""Running a file hop by hop in the plainest way, with states passed on as they came out."""

from pathlib import Path
from typing import Any

import numpy as np

from wrenlet.artefact import read_sidecar
from wrenlet.export import NEXT


def run_litert(path: Path, hops: np.ndarray) -> np.ndarray:
    """Logits `[hops, classes]` in real numbers for inputs `[hops, *frame]` in real numbers."""
    from ai_edge_litert.interpreter import Interpreter

    known = read_sidecar(path)
    runner = Interpreter(model_path=str(path), num_threads=1).get_signature_runner()
    details, outputs = runner.get_input_details(), runner.get_output_details()
    state = {one.name: np.full(one.shape, one.zero_point, one.dtype) for one in known.states}
    answers = []
    for hop in hops:
        found = runner(**{known.input: to_grid(hop[None], details[known.input])}, **state)
        answers.append(from_grid(found.pop("logits"), outputs["logits"]).reshape(-1))
        state = found  # the bytes, untouched
    return np.stack(answers)


def run_onnx(path: Path, hops: np.ndarray) -> np.ndarray:
    import onnxruntime

    known = read_sidecar(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    state = {one.name: np.zeros(one.shape, np.float32) for one in known.states}
    names = ["logits", *(name + NEXT for name in state)]
    answers = []
    for hop in hops:
        logits, *values = session.run(names, {known.input: hop[None], **state})
        answers.append(logits.reshape(-1))
        state = dict(zip(state, values, strict=True))
    return np.stack(answers)


def to_grid(values: np.ndarray, detail: dict[str, Any]) -> np.ndarray:
    scale, zero = detail["quantization"]
    if not scale:
        return values.astype(detail["dtype"])
    limits = np.iinfo(detail["dtype"])
    return np.clip(np.round(values / scale) + zero, limits.min, limits.max).astype(detail["dtype"])


def from_grid(values: np.ndarray, detail: dict[str, Any]) -> np.ndarray:
    scale, zero = detail["quantization"]
    return (values.astype(np.float32) - zero) * scale if scale else values
