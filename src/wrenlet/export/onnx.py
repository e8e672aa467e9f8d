"""The same step as an ONNX file."""

import torch

from wrenlet.export.program import BOUNDARY, StepProgram
from wrenlet.export.quiet import quiet
from wrenlet.extras import require

__all__ = ["NEXT", "OPSET", "convert_onnx"]

#: Fixed, so that a newer exporter does not raise what a device's runtime must support.
OPSET = 18
#: ONNX names are unique in a graph: the outgoing `lstm__hidden` is called `lstm__hidden_out`.
NEXT = "_out"


def convert_onnx(program: StepProgram) -> bytes:
    """Convert a step to a float32 ONNX file with named inputs and outputs.

    Args:
        program: the step; it is put into evaluation mode.

    Returns:
        The bytes of the file, inputs and outputs in the order of `program.zeros()` and `program.outputs`;
        outgoing states carry `NEXT` behind their name.
    """
    library = require("onnx", "export", "exporting ONNX")
    require("onnxscript", "export", "exporting ONNX")
    wanted = ["logits", *(name + NEXT for name in program.states)]
    has_boundary = program.has_frontend
    with quiet(), torch.no_grad():
        exported = torch.onnx.export(
            program.eval(),
            (),
            kwargs=program.zeros(),
            input_names=list(program.zeros()),
            output_names=[*wanted, BOUNDARY] if has_boundary else wanted,
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        assert exported is not None  # for the type checker: dynamo returns a program
        model = exported.model_proto
    if has_boundary:
        drop_output(model, BOUNDARY)
    for node in model.graph.node:
        del node.metadata_props[:]  # stack traces of this machine
        node.doc_string = ""
    for value in [*model.graph.value_info, *model.graph.input, *model.graph.output]:
        del value.metadata_props[:]
    for tensor in model.graph.initializer:
        del tensor.metadata_props[:]
    del model.graph.metadata_props[:]
    model.producer_name, model.producer_version, model.doc_string = "wrenlet", "", ""
    model.graph.name, model.graph.doc_string = "step", ""
    library.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def drop_output(model: "object", name: str) -> None:
    """Remove an output, and the nodes that only it needed, in place."""
    graph = model.graph  # pyright: ignore[reportAttributeAccessIssue]
    for value in [value for value in graph.output if value.name == name]:
        graph.output.remove(value)
    wanted = {value.name for value in graph.output}
    for node in reversed(list(graph.node)):
        if wanted.isdisjoint(node.output):
            graph.node.remove(node)
        else:
            wanted.update(node.input)
