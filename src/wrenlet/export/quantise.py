"""From a float LiteRT step to an int8 one: states tied, front-end left in float."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from wrenlet.artefact import (
    FRONTEND_PREFIX,
    as_text,
    audit_bytes,
    graph_of,
    is_frontend,
    load_model,
    pack_model,
)
from wrenlet.errors import InputError
from wrenlet.export.calibrate import choose_ranges, record
from wrenlet.export.quiet import quiet
from wrenlet.export.settings import ExportSettings
from wrenlet.extras import require

__all__ = ["quantise_litert"]


def quantise_litert(data: bytes, clips: Sequence[np.ndarray], settings: ExportSettings, what: str) -> bytes:
    """Quantise a float step to int8: weights, activations, inputs, outputs and states of the body.

    Args:
        data: a float file from `convert_litert`, with its long names.
        clips: inputs of the step from the training or validation split, each `[hops, *frame]`.
        settings: observer, weight scales, ties, and whether a float tensor left in the body is an error.
        what: name of the file, for messages.

    Returns:
        The bytes of the int8 file, long names still in place.

    Raises:
        InputError: if `settings.full_integer` and a tensor of the body stays float, or a state is not tied.
    """
    graph = graph_of(data)
    ranges = choose_ranges(graph, record(data, graph, clips), settings)
    calibration = {
        graph.tensors[index].name: {
            "min": np.array([chosen.low], np.float32),
            "max": np.array([chosen.high], np.float32),
        }
        for index, chosen in ranges.items()
    }
    model = load_model(data)
    hidden = hide_frontend(model)
    with quiet():
        quantized = bytes(run_quantizer(pack_model(model), calibration, settings))
    model = load_model(quantized)
    show_frontend(model, hidden)
    quantized = pack_model(model)
    if settings.full_integer:
        audit_bytes(quantized, what).require_integer(what)
    check_ties(quantized, what)
    return quantized


def run_quantizer(data: bytes, calibration: dict[str, Any], settings: ExportSettings) -> Any:
    """Let ai-edge-quantizer rewrite the file with our ranges."""
    library = require("ai_edge_quantizer.quantizer", "export", "quantising")
    types = require("ai_edge_quantizer.qtyping", "export", "quantising")
    granularity = types.QuantGranularity
    quantizer = library.Quantizer(data)
    quantizer.add_static_config(
        # An operator's scope is the names of its outputs, so this is everything but the front-end.
        regex=f"^(?!{FRONTEND_PREFIX}/)",
        operation_name=types.TFLOperationName.ALL_SUPPORTED,
        activation_num_bits=8,
        weight_num_bits=8,
        weight_granularity=granularity.CHANNELWISE
        if settings.weight_scales == "channel"
        else granularity.TENSORWISE,
    )
    return quantizer.quantize(
        calibration, enable_progress_bar=False, enable_progress_report=False
    ).quantized_model


def hide_frontend(model: Any) -> tuple[list[tuple[str, str]], ...]:
    """Take the front-end's inputs and outputs off the graph, in place.

    The quantiser makes either all of a graph's inputs integers or none, and the same for its outputs.

    Returns:
        For the inputs and for the outputs: all names in the signature with the names of their tensors.
    """
    graph, signature = model.subgraphs[0], model.signatureDefs[0]
    sides = []
    for side in ("inputs", "outputs"):
        entries = getattr(signature, side)
        sides.append([(as_text(e.name), as_text(graph.tensors[e.tensorIndex].name)) for e in entries])
        kept = [entry for entry in entries if not declared_float(as_text(entry.name))]
        setattr(signature, side, kept)
        setattr(graph, side, [entry.tensorIndex for entry in kept])
    return tuple(sides)


def show_frontend(model: Any, sides: tuple[list[tuple[str, str]], ...]) -> None:
    """Put the front-end's inputs and outputs back, in place and in their old order."""
    from ai_edge_litert import schema_py_generated as schema

    graph, signature = model.subgraphs[0], model.signatureDefs[0]
    tensors = {as_text(tensor.name): index for index, tensor in enumerate(graph.tensors)}
    for side, names in zip(("inputs", "outputs"), sides, strict=True):
        entries = {as_text(entry.name): entry for entry in getattr(signature, side)}
        for name, tensor in names:
            if declared_float(
                name
            ):  # the quantiser renumbers tensors, but keeps the names of those it leaves alone
                entries[name] = schema.TensorMapT(name=name, tensorIndex=tensors[tensor])
        whole = [entries[name] for name, _ in names]
        setattr(signature, side, whole)
        setattr(graph, side, [entry.tensorIndex for entry in whole])


def declared_float(name: str) -> bool:
    """Return whether an input or output belongs to the front-end."""
    return name == "audio" or is_frontend(name)


def check_ties(data: bytes, what: str) -> None:
    """Raise `InputError` unless every state leaves the step with the scale and zero point it came with."""
    graph = graph_of(data)
    for name, index in graph.inputs.items():
        if name not in graph.outputs:
            continue
        before, after = graph.tensors[index], graph.tensors[graph.outputs[name]]
        grids = [(one.dtype, one.scale, one.zero_point) for one in (before, after)]
        if grids[0] != grids[1]:
            raise InputError(
                f"{what}: the state {name} enters as {grids[0]} and leaves as {grids[1]}: its bytes cannot "
                "pass from hop to hop; export this model in float32 and report it to wrenlet's authors"
            )
