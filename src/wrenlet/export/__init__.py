"""From a trained model to files: one hop as a step with named state, in LiteRT (float32, int8) and ONNX.

Only what converts needs torch. It is imported when first asked for: recipes, which name the settings, are
read without torch.
"""

from typing import TYPE_CHECKING

from wrenlet.export.settings import ExportSettings
from wrenlet.lazy import on_use

if TYPE_CHECKING:
    from wrenlet.export.exporter import artefact_name, build_step, export_recogniser
    from wrenlet.export.litert import convert_litert
    from wrenlet.export.onnx import NEXT, OPSET, convert_onnx
    from wrenlet.export.program import StepProgram
    from wrenlet.export.quantise import quantise_litert

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

__getattr__ = on_use(
    __name__,
    {
        "NEXT": "onnx",
        "OPSET": "onnx",
        "StepProgram": "program",
        "artefact_name": "exporter",
        "build_step": "exporter",
        "convert_litert": "litert",
        "convert_onnx": "onnx",
        "export_recogniser": "exporter",
        "quantise_litert": "quantise",
    },
)
