"""One hop of `crnn` against the same step built in Keras and converted by TensorFlow, timed in one run.

    python benchmarks/crnn.py --tensorflow-python /path/to/python

The two need not share an environment: the Keras files are made by `crnn_keras.py` under another Python.
Both are timed by the same runtime (ai-edge-litert, one thread), in blocks that take turns.
"""

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter

from wrenlet.artefact import load_model, pack_model, read_graph, slim
from wrenlet.export import ExportSettings, StepProgram, convert_litert, quantise_litert
from wrenlet.models import build_model

BLOCKS, CALLS = 150, 200


def write_ours(folder: Path) -> None:
    """Write our step as the exporter does, with features in."""
    torch.manual_seed(0)
    data = convert_litert(StepProgram(build_model("crnn", 20, 12), "features", (1, 20)))
    generator = np.random.default_rng(0)
    clips = [generator.normal(size=(60, 1, 20)).astype(np.float32) for _ in range(4)]
    files = {"float32": data, "int8": quantise_litert(data, clips, ExportSettings(), "crnn")}
    for precision, content in files.items():
        model = load_model(content)
        slim(model)
        (folder / f"ours-{precision}.tflite").write_bytes(pack_model(model))


def times(paths: list[Path]) -> list[np.ndarray]:
    """Return µs a call in each block, for each file."""
    invokes = []
    for path in paths:
        interpreter = Interpreter(str(path), num_threads=1)
        interpreter.allocate_tensors()
        invokes.append(interpreter._interpreter.Invoke)
    found = np.zeros((len(paths), BLOCKS))
    for block in range(-3, BLOCKS):  # the first few warm up and are overwritten
        for index, invoke in enumerate(invokes):
            start = time.perf_counter()
            for _ in range(CALLS):
                invoke()
            found[index, block] = (time.perf_counter() - start) / CALLS * 1e6
    return list(found)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tensorflow-python", required=True, help="a Python that has TensorFlow")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = Path(__file__).with_name("crnn_keras.py")
        keras = [folder / "keras-float32.tflite", folder / "keras-int8.tflite"]
        subprocess.run(
            [arguments.tensorflow_python, str(script), *map(str, keras)], check=True, capture_output=True
        )
        write_ours(folder)
        paths = sorted(folder.glob("*.tflite"))
        for path, found in zip(paths, times(paths), strict=True):
            operators = len(read_graph(path).operators)
            print(  # noqa: T201
                f"{path.stem:16} {path.stat().st_size:9,} bytes  {operators:3} operators  "
                f"{np.median(found):6.2f} µs median, {np.quantile(found, 0.1):6.2f} µs tenth"
            )


if __name__ == "__main__":
    main()
