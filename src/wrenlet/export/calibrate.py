"""Ranges of activations, read off the float step while it runs over real clips."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wrenlet.artefact import Graph, is_frontend
from wrenlet.export.settings import ExportSettings
from wrenlet.extras import require

__all__ = ["Range", "Recording", "choose_ranges", "record"]

#: LiteRT's integer kernels fix scale and zero point of what these put out.
FIXED = {"LOGISTIC": (0.0, 255 / 256), "TANH": (-1.0, 127 / 128), "SOFTMAX": (0.0, 255 / 256)}
#: Where tanh and σ are flat to the last integer. What only they and products read needs no range beyond: an
#: LSTM that counts drives its cell far out, and a wide range makes the steps near 0 coarse, where it decides.
SATURATION = 8.0
#: Operators that move values without changing them: one scale for what goes in and what comes out.
MOVES = {
    "RESHAPE", "TRANSPOSE", "SLICE", "STRIDED_SLICE", "PAD", "SPLIT", "SQUEEZE", "EXPAND_DIMS", "GATHER",
    "MAX_POOL_2D", "REVERSE_V2", "UNPACK", "BROADCAST_TO", "TILE", "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND",
}  # fmt: skip
#: About as many values are kept of a tensor; of a wider one, fewer hops.
KEPT_VALUES = 400_000


@dataclass(frozen=True)
class Range:
    """Smallest and largest value that an integer tensor shall hold."""

    low: float
    high: float


@dataclass
class Recording:
    """What one tensor held.

    Attributes:
        low: smallest value seen.
        high: largest value seen.
        values: those of evenly chosen hops, flat.
    """

    low: float
    high: float
    values: np.ndarray


def record(data: bytes, graph: Graph, clips: Sequence[np.ndarray]) -> dict[int, Recording]:
    """Run the float step over clips, each from the zero state, and note what every tensor of the body held.

    States are what the step itself produced, so their ranges are those of a real stream.

    Args:
        data: a float LiteRT file.
        graph: of the same file.
        clips: inputs of the step, each `[hops, *frame]`.

    Returns:
        Index of a tensor to its recording.
    """
    litert = require("ai_edge_litert.interpreter", "export", "calibration")
    interpreter = litert.Interpreter(
        model_content=data,
        num_threads=1,
        # The delegate would swallow the tensors between its operators.
        experimental_op_resolver_type=litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    name = next(iter(graph.inputs))
    states = [(graph.inputs[state], graph.outputs[state]) for state in graph.inputs if state != name]
    watched = [
        index
        for index in {*graph.inputs.values(), *(out for one in graph.operators for out in one.outputs)}
        if graph.tensors[index].is_float and not is_frontend(graph.tensors[index].name)
    ]
    watched += [index for index in edge(graph) if index not in watched]
    hops = sum(len(clip) for clip in clips)
    every = {index: max(1, hops * graph.tensors[index].elements // KEPT_VALUES) for index in watched}
    kept: dict[int, list[np.ndarray]] = {index: [] for index in watched}
    extremes = dict.fromkeys(watched, (np.inf, -np.inf))
    count = 0
    for clip in clips:
        for state, _ in states:
            interpreter.set_tensor(state, np.zeros(graph.tensors[state].shape, np.float32))
        for hop in clip:
            interpreter.set_tensor(graph.inputs[name], hop[None])
            interpreter.invoke()
            for index in watched:
                value = interpreter.get_tensor(index).ravel()
                low, high = extremes[index]
                extremes[index] = (min(low, float(value.min())), max(high, float(value.max())))
                if count % every[index] == 0:
                    kept[index].append(value)
            count += 1
            for state, following in states:
                interpreter.set_tensor(state, interpreter.get_tensor(following))
    return {index: Recording(*extremes[index], np.concatenate(kept[index])) for index in watched}


def edge(graph: Graph) -> list[int]:
    """Return the front-end's tensors that the body reads: they are quantised where they enter it."""
    found = set()
    for operator in graph.operators:
        if not is_frontend(graph.tensors[operator.outputs[0]].name):
            found |= {
                index
                for index in operator.inputs
                if is_frontend(graph.tensors[index].name)
                and graph.tensors[index].is_float
                and not graph.tensors[index].constant_bytes
            }
    return sorted(found)


def choose_ranges(
    graph: Graph, recordings: dict[int, Recording], settings: ExportSettings
) -> dict[int, Range]:
    """Choose a range for every recorded tensor; tied tensors get equal ones.

    Tied are a state's input and output (so that bytes pass from hop to hop) and what an operator only moves.

    Args:
        graph: the float step.
        recordings: see `record`.
        settings: observer and ties.
    """
    answers = {index for name, index in graph.outputs.items() if name not in graph.inputs}
    ranges: dict[int, Range] = {}
    for group in tied(graph, recordings, concatenations=settings.tie_concatenations):
        fixed = fixed_ranges(graph, group)
        held = [recordings[index] for index in group]
        chosen = fixed[0] if fixed else observe(held, settings, whole=bool(answers & group))
        if not fixed and saturates(graph, group):
            chosen = Range(max(chosen.low, -SATURATION), min(chosen.high, SATURATION))
        ranges |= dict.fromkeys(group, chosen)
    return ranges


def saturates(graph: Graph, group: set[int]) -> bool:
    """Return whether nothing but tanh, σ and products reads these tensors, and tanh or σ does."""
    readers = {operator.name for operator in graph.operators if set(operator.inputs) & group}
    return readers <= {"TANH", "LOGISTIC", "MUL"} and not readers <= {"MUL"}


def fixed_ranges(graph: Graph, group: set[int]) -> list[Range]:
    """Return the ranges that kernels dictate for tensors of a group."""
    return [
        Range(*FIXED[one.name]) for one in graph.operators if one.name in FIXED and set(one.outputs) & group
    ]


def tied(graph: Graph, recordings: dict[int, Recording], *, concatenations: bool) -> list[set[int]]:
    """Return the groups of tensors that must share a scale; every recorded tensor is in exactly one."""
    group = {index: {index} for index in recordings}

    def union(indices: tuple[int, ...]) -> set[int]:
        return set().union(*(group[index] for index in indices if index in group))

    def tie(joined: set[int]) -> None:
        group.update(dict.fromkeys(joined, joined))

    for name, index in graph.inputs.items():
        if name in graph.outputs and index in group:
            tie(union((index, graph.outputs[name])))
    for operator in graph.operators:
        if operator.name in MOVES:
            tie(union((*operator.inputs, *operator.outputs)))
    for operator in graph.operators:
        if operator.name == "CONCATENATION" and concatenations:
            joined = union((*operator.inputs, *operator.outputs))
            if not joined:  # inside the front-end
                continue
            # What a kernel dictates for one part may be too narrow for the others.
            low, high = min(recordings[i].low for i in joined), max(recordings[i].high for i in joined)
            if all(one.low <= low + 0.01 and high - 0.01 <= one.high for one in fixed_ranges(graph, joined)):
                tie(joined)
    return list({id(members): members for members in group.values()}.values())


def observe(held: list[Recording], settings: ExportSettings, *, whole: bool) -> Range:
    """Return the range for tensors that share it; 0 is always inside: padding and states start there.

    Args:
        held: what the tensors held.
        settings: the observer.
        whole: keep every value whatever the observer: clipped logits would tie where the model is surest.
    """
    low, high = min(0.0, *(one.low for one in held)), max(0.0, *(one.high for one in held))
    if settings.observer != "minmax" and not whole:
        values = np.concatenate([one.values for one in held])
        if settings.observer == "percentile":
            low, high = np.quantile(values, [settings.tail, 1 - settings.tail])
        else:
            low, high = least_error(values, low, high)
        low, high = min(0.0, float(low)), max(0.0, float(high))
    if high - low < 1e-6:  # a tensor that never moved still needs a scale
        high = low + 1e-6
    return Range(low, high)


def least_error(values: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """Return the range inside low … high whose 256 steps miss the values least in the mean square."""
    values = values[:: max(1, values.size // 50_000)]
    best = (np.inf, low, high)
    for share in np.linspace(0.3, 1.0, 36):
        small, large = low * share, high * share
        step = max(large - small, 1e-9) / 255
        grid = np.clip(np.round((values - small) / step), 0, 255) * step + small
        error = float(np.mean((grid - values) ** 2))
        best = min(best, (error, small, large))
    return best[1], best[2]
