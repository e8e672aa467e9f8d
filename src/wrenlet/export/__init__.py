"""From a trained model to files: one hop as a step with named state, in LiteRT (float32, int8) and ONNX."""

from wrenlet.export.exporter import artefact_name, build_step, export_recogniser
from wrenlet.export.litert import convert_litert
from wrenlet.export.onnx import NEXT, OPSET, convert_onnx
from wrenlet.export.program import StepProgram
from wrenlet.export.quantise import quantise_litert
from wrenlet.export.settings import ExportSettings

__all__ = [
    "NEXT",
    "OPSET",
    "ExportSettings",
    "StepProgram",
    "artefact_name",
    "build_step",
    "convert_litert",
    "convert_onnx",
    "export_recogniser",
    "quantise_litert",
]
