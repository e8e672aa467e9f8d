"""A run and a sweep as the pipeline would report them, made up from a fixed seed."""

import numpy as np
import pytest

from wrenlet.report import (
    AuditRow,
    Corpus,
    DataSource,
    Epoch,
    Measurement,
    ParityRow,
    RunReport,
    SkippedFile,
    SplitRow,
    SweepReport,
    SweepRun,
    Training,
    picture_clip,
)

LABELS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
RECIPE = """\
name: digits
seed: 0
corpus:
  name: digits
  split: random
features:
  kind: mfcc
  sample_rate: 8000
  window_ms: 32.0
  hop_ms: 16.0
  coefficients: 20
model:
  name: lstm
  hidden: 48
training:
  epochs: 40
  batch: 64
  learning_rate: 0.003
export:
  formats: [litert, onnx]
  precisions: [float32, int8]
  full_integer: true
"""


def _clip(index: int, label: str, predicted: str, confidence: float):
    random = np.random.default_rng(index)
    seconds = 0.3 + 0.3 * random.random()
    time = np.arange(int(8000 * seconds)) / 8000
    shape = np.sin(np.pi * time / seconds) ** 2 * (1 + 0.5 * np.sin(2 * np.pi * time * 4 + index))
    tone = np.sin(2 * np.pi * (140 + 30 * index * time) * time)
    samples = 0.3 * shape * tone + 0.01 * random.normal(size=len(time))
    frames = int(seconds / 0.016)
    phase = np.linspace(0, 3, frames)[:, None] + np.linspace(0, index + 2, 20)[None]
    features = np.sin(phase * 2) * np.linspace(2, 0.5, 20) + 0.3 * random.normal(size=(frames, 20))
    name = f"{LABELS.index(label)}_jackson_{index}"
    return picture_clip(name, label, predicted, confidence, samples, 8000, features, "MFCC")


@pytest.fixture(scope="session")
def run_report() -> RunReport:
    confusion = np.diag([45, 44, 45, 44, 45, 45, 45, 45, 45, 44])
    confusion[1, 9] = confusion[3, 2] = confusion[9, 5] = 1
    epochs = tuple(
        Epoch(
            epoch,
            training_loss=2.3 * np.exp(-epoch / 6) + 0.35,
            validation_loss=2.2 * np.exp(-epoch / 5) + 0.12 + 0.02 * np.sin(epoch * 1.7),
            training_accuracy=1 - 0.9 * np.exp(-epoch / 5),
            validation_accuracy=0.995 - 0.8 * np.exp(-epoch / 4) + 0.004 * np.sin(epoch * 2.1),
            learning_rate=0.003 * (1 - epoch / 41),
        )
        for epoch in range(1, 41)
    )
    floating = {"size_bytes": 66_328, "peak_tensor_bytes": 9_216, "macs_per_hop": 71_040, "clips": 450}
    whole = {"size_bytes": 34_180, "peak_tensor_bytes": 2_880, "macs_per_hop": 71_040, "clips": 450}
    return RunReport(
        title="digits",
        labels=LABELS,
        measurements=(
            Measurement("float32", "offline", 0.9956, (0.9839, 0.9988), 450),
            Measurement("float32", "stream", 0.9956, (0.9839, 0.9988), artefact="digits-float32.tflite",
                        step_us_median=9.84, step_us_p95=11.2, real_time_factor=0.00062, **floating),
            Measurement("int8", "offline", 0.9933, (0.9806, 0.9977), artefact="digits-int8.tflite",
                        step_us_median=4.41, step_us_p95=5.03, real_time_factor=0.00028, **whole),
            Measurement("int8", "stream", 0.9933, (0.9806, 0.9977), artefact="digits-int8.tflite",
                        step_us_median=4.41, step_us_p95=5.03, real_time_factor=0.00028, ships=True, **whole),
        ),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        hop_ms=16.0,
        command="wrenlet run digits --set seed=0",
        repeat=("The same command on the same machine gives the same figures.", "Corpus: the digits"),
        recipe=RECIPE,
        digest="3f9c2a71d0",
        seed=0,
        sample_rate=8000,
        training=Training(epochs, best_epoch=36, seconds=171.3, parameters=13_978),
        parity=(
            ParityRow("torch offline / torch stream", 3.1e-6, True, 1e-5, 1.0, 100),
            ParityRow("torch stream / digits-float32.tflite", 8.9e-6, True, 1e-4, 1.0, 100),
            ParityRow("digits-float32.tflite / digits-int8.tflite", 0.41, True, 1.0, 0.9978, 450),
        ),
        audits=(
            AuditRow("digits-float32.tflite", {"FULLY_CONNECTED": 11, "ADD": 9, "LOGISTIC": 3, "TANH": 2},
                     {"float32": 61, "int32": 2}, ("audio", "logits")),
            AuditRow("digits-int8.tflite", {"FULLY_CONNECTED": 9, "ADD": 6, "LOGISTIC": 3, "TANH": 2},
                     {"int8": 44, "int32": 10}, (), True, True),
        ),
        corpus=Corpus(
            "digits",
            "Free Spoken Digit Dataset: six speakers say zero to nine, fifty times each, at 8 kHz.",
            (
                SplitRow("train", 2100, 0.26, 6, 10, 0.14, 0.42, 2.28),
                SplitRow("validation", 450, 0.05, 6, 10, 0.15, 0.41, 1.14),
                SplitRow("test", 450, 0.06, 6, 10, 0.16, 0.42, 1.09),
            ),
            (SkippedFile("recordings/7_theo_31.wav", "no samples"),),
            ("Silence 40 dB below the loudest frame was trimmed.",),
            "b1946ac92492d234",
        ),
        sources=(
            DataSource("Free Spoken Digit Dataset", "CC BY-SA 4.0", "Zohar Jackson and contributors",
                       "https://github.com/Jakobovski/free-spoken-digit-dataset"),
        ),
        clips=(
            _clip(1, "one", "nine", 0.61), _clip(2, "three", "two", 0.52), _clip(3, "nine", "five", 0.48),
            *(_clip(4 + i, label, label, 0.99 - 0.01 * i) for i, label in enumerate(LABELS[:9])),
        ),
        environment={"wrenlet": "0.1.0", "python": "3.11.7", "torch": "2.13.0", "ai-edge-litert": "2.3.0",
                     "machine": "x86-64, 2 cores", "threads": "1 for a hop, 2 for training"},
        made="version 0.1.0",
    )  # fmt: skip


@pytest.fixture(scope="session")
def sweep_report(run_report: RunReport) -> SweepReport:
    accuracies = {"george": 0.744, "jackson": 0.812, "lucas": 0.668, "nicolas": 0.872, "theo": 0.694}
    runs = [
        SweepRun(name, accuracy, (accuracy - 0.042, accuracy + 0.036), 500, accuracy + 0.004, 0.9912,
                 34_180, 4.41, 40, 171.3, f"{name}/report.html")
        for name, accuracy in accuracies.items()
    ]  # fmt: skip
    return SweepReport(
        title="digits-speakers",
        varied="left-out speakers",
        runs=(*runs, SweepRun("yweweler", failure="training stopped: the disk is full")),
        about="Each run learns from the other speakers and is tested on the one that it never heard.",
        command="wrenlet run digits-speakers",
        recipe=run_report.recipe,
        sources=run_report.sources,
        environment=run_report.environment,
        made=run_report.made,
    )
