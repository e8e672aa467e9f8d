"""Numbers, measured on the file that ships: accuracy, latency, memory, and parity with the trained model.

Only `parity` needs torch, and only when it is called.
"""

from wrenlet.measure.accuracy import ClassScore, Score, score, wilson_interval
from wrenlet.measure.evaluation import LabelledClips, clip_logits, evaluate
from wrenlet.measure.latency import Benchmark, StepTime, benchmark
from wrenlet.measure.parity import Parity, ParityRow, Tolerances, parity

__all__ = [
    "Benchmark",
    "ClassScore",
    "LabelledClips",
    "Parity",
    "ParityRow",
    "Score",
    "StepTime",
    "Tolerances",
    "benchmark",
    "clip_logits",
    "evaluate",
    "parity",
    "score",
    "wilson_interval",
]
