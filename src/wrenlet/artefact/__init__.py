"""Artefacts: the knowledge they carry, and whether they are what they claim. Needs no torch."""

from wrenlet.artefact.audit import Audit, FloatTensor, audit, audit_bytes
from wrenlet.artefact.container import embed_sidecar, read_artefact, read_sidecar
from wrenlet.artefact.flatbuffer import FRONTEND_PREFIX, as_text, is_frontend, load_model, pack_model, slim
from wrenlet.artefact.graph import Graph, Operator, TensorInfo, graph_of, macs, peak_tensor_bytes, read_graph
from wrenlet.artefact.sidecar import METADATA_KEY, ClipRules, Sidecar, StateTensor

__all__ = [
    "FRONTEND_PREFIX",
    "METADATA_KEY",
    "Audit",
    "ClipRules",
    "FloatTensor",
    "Graph",
    "Operator",
    "Sidecar",
    "StateTensor",
    "TensorInfo",
    "as_text",
    "audit",
    "audit_bytes",
    "embed_sidecar",
    "graph_of",
    "is_frontend",
    "load_model",
    "macs",
    "pack_model",
    "peak_tensor_bytes",
    "read_artefact",
    "read_graph",
    "read_sidecar",
    "slim",
]
