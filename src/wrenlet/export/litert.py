"""Float LiteRT bytes of one step."""

from typing import Any

import torch

from wrenlet.artefact import FRONTEND_PREFIX, is_frontend, load_model, pack_model
from wrenlet.export.padding import pad_with_zeros
from wrenlet.export.program import BOUNDARY, StepProgram
from wrenlet.export.quiet import quiet
from wrenlet.extras import require

__all__ = ["convert_litert"]


def convert_litert(program: StepProgram) -> bytes:
    """Convert a step to a float32 LiteRT file with named inputs and outputs.

    Tensors keep long names, which say where they come from; those of the front-end start with
    `FRONTEND_PREFIX`, all others with `body`. `wrenlet.artefact.slim` shortens them.

    Args:
        program: the step; it is put into evaluation mode.

    Returns:
        The bytes of the file, inputs and outputs in the order of `program.zeros()` and `program.outputs`.
    """
    with quiet():
        converter = require("litert_torch", "export", "exporting LiteRT")
        with torch.no_grad():
            data = converter.convert(program.eval(), sample_kwargs=program.zeros()).model_content()
    model = load_model(bytes(data), "the converter's result")
    pad_with_zeros(model)
    arrange(model, program)
    return pack_model(model)


def arrange(model: Any, program: StepProgram) -> None:
    """Put inputs and outputs into the program's order, drop the boundary, name tensors by part; in place."""
    graph, signature = model.subgraphs[0], model.signatureDefs[0]
    inputs = {entry.name.decode(): entry for entry in signature.inputs}
    outputs = {entry.name.decode(): entry for entry in signature.outputs}
    boundary = outputs.get(BOUNDARY)
    inside = ancestors(graph, boundary.tensorIndex) if boundary is not None else set()
    if boundary is not None:
        # States of the front-end depend on audio alone, as the features do.
        for name, entry in outputs.items():
            if is_frontend(name):
                inside |= ancestors(graph, entry.tensorIndex)
    signature.inputs = [inputs[name] for name in program.zeros()]
    signature.outputs = [outputs[name] for name in program.outputs]
    graph.inputs = [entry.tensorIndex for entry in signature.inputs]
    graph.outputs = [entry.tensorIndex for entry in signature.outputs]
    for index, tensor in enumerate(graph.tensors):
        part = FRONTEND_PREFIX if index in inside else "body"
        tensor.name = f"{part}/{index}:{tensor.name.decode()}"


def ancestors(graph: Any, tensor: int) -> set[int]:
    """Return every tensor that a tensor is computed from, and itself."""
    producer = {int(index): operator for operator in graph.operators for index in operator.outputs}
    found, open_ = set(), [int(tensor)]
    while open_:
        index = open_.pop()
        if index < 0 or index in found:
            continue
        found.add(index)
        if index in producer:
            open_ += [int(other) for other in [*producer[index].inputs, *producer[index].outputs]]
    return found
