"""How long a hop takes on this machine, and what it needs."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wrenlet.artefact import Sidecar, macs, peak_tensor_bytes, read_graph, read_sidecar
from wrenlet.runtime import load
from wrenlet.runtime.litert import open_interpreter
from wrenlet.runtime.onnx import open_session
from wrenlet.runtime.opening import file_format

__all__ = ["Benchmark", "StepTime", "benchmark"]


@dataclass(frozen=True)
class StepTime:
    """Time of one hop.

    Attributes:
        median: over blocks of hops, in µs.
        p95: 95th percentile over the same blocks, in µs.
    """

    median: float
    p95: float


@dataclass(frozen=True)
class Benchmark:
    """What an artefact costs on one core of this machine.

    Attributes:
        size_bytes: of the file.
        hop_ms: audio for one call of the step, in ms.
        step_us: time of the runtime's own call for one hop, without moving data in Python.
        real_time_factor: computing time for a second of audio, in s; 0.01 is a hundred times faster than real
            time.
        peak_tensor_bytes: most memory that tensors need at once, without weights; None if the format does not
            tell.
        macs_per_hop: multiply-accumulates of one hop; None if the format does not tell.
        stream_us: time of a hop through `Artefact.stream`, with everything that Python does, in µs.
    """

    size_bytes: int
    hop_ms: float
    step_us: StepTime
    real_time_factor: float
    peak_tensor_bytes: int | None
    macs_per_hop: int | None
    stream_us: float

    def to_json(self) -> dict[str, Any]:
        """Return plain data with the attributes' names."""
        return asdict(self)


def benchmark(path: str | Path, *, blocks: int = 200, block_hops: int = 50) -> Benchmark:
    """Measure an artefact on one core.

    A hop of a small model takes less than the clock can tell, so blocks of hops are timed and divided.

    Args:
        path: a `.tflite` or `.onnx` file that wrenlet exported.
        blocks: how many blocks are timed.
        block_hops: hops in a block.

    Raises:
        InputError: if the file is missing, not ours or damaged.
        MissingExtraError: if the file is ONNX and `onnxruntime` is not installed.
    """
    path = Path(path)
    sidecar = read_sidecar(path)
    onnx = file_format(path) == "onnx"
    invoke = _onnx_call(path, sidecar) if onnx else _litert_call(path)
    times = _time(invoke, blocks, block_hops)
    hop_ms = 1000 * sidecar.hop_samples / sidecar.sample_rate
    median = float(np.median(times))
    memory, operations = None, None
    if not onnx:
        graph = read_graph(path)
        memory, operations = peak_tensor_bytes(graph), macs(graph)
    return Benchmark(
        size_bytes=path.stat().st_size,
        hop_ms=hop_ms,
        step_us=StepTime(round(median, 3), round(float(np.percentile(times, 95)), 3)),
        real_time_factor=median / (1000 * hop_ms),
        peak_tensor_bytes=memory,
        macs_per_hop=operations,
        stream_us=round(_stream_time(path, sidecar), 3),
    )


def _time(call: Callable[[], object], blocks: int, block_hops: int) -> np.ndarray:
    """Return µs a call for each block, after as long a warm-up as a tenth of the measurement."""
    for _ in range(max(1, blocks // 10) * block_hops):
        call()
    times = np.empty(blocks)
    for block in range(blocks):
        begun = time.perf_counter_ns()
        for _ in range(block_hops):
            call()
        times[block] = (time.perf_counter_ns() - begun) / block_hops / 1000
    return times


def _litert_call(path: Path) -> Callable[[], object]:
    """Return LiteRT's call for one hop, with noise in the inputs and the states."""
    interpreter = open_interpreter(path)
    rng = np.random.default_rng(0)
    for detail in interpreter.get_input_details():
        noise = rng.normal(0, 0.1, detail["shape"])
        integer = np.issubdtype(detail["dtype"], np.integer)
        interpreter.set_tensor(detail["index"], (noise * (320 if integer else 1)).astype(detail["dtype"]))
    return interpreter.invoke


def _onnx_call(path: Path, sidecar: Sidecar) -> Callable[[], object]:
    """Return onnxruntime's call for one hop with inputs and outputs bound once."""
    session = open_session(path)
    binding = session.io_binding()
    states = {state.name: state for state in sidecar.states}
    for tensor in session.get_inputs():
        spec = states.get(tensor.name)
        shape = tuple(spec.shape if spec else tensor.shape)
        binding.bind_cpu_input(tensor.name, np.zeros(shape, spec.dtype if spec else np.float32))
    for tensor in session.get_outputs():
        binding.bind_output(tensor.name, "cpu")
    return lambda: session.run_with_iobinding(binding)


def _stream_time(path: Path, sidecar: Sidecar, hops: int = 2000) -> float:
    stream = load(path).stream()
    # Two hops at a time: like a driver that hands over small buffers, so that the stream's own cost is seen.
    noise = np.random.default_rng(0).normal(0, 0.1, (hops // 2, 2 * sidecar.hop_samples)).astype(np.float32)
    for piece in noise[: len(noise) // 10]:
        stream.feed(piece)
    times = []
    for block in np.array_split(noise, 20):
        begun = time.perf_counter_ns()
        for piece in block:
            stream.feed(piece)
        times.append((time.perf_counter_ns() - begun) / (2 * len(block)) / 1000)
    return float(np.median(times))
