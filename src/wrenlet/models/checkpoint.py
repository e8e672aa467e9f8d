"""Recognisers and weights in safetensors files: nothing is unpickled, and a file is whole or absent."""

import json
import os
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from wrenlet.errors import InputError
from wrenlet.features import FeatureSettings, Normalise, build_frontend
from wrenlet.models.recogniser import Recogniser
from wrenlet.models.zoo import blueprint_of, build_model

__all__ = ["load_recogniser", "load_weights", "save_recogniser", "save_weights"]

FORMAT = 1
METADATA = "wrenlet"


def save_recogniser(recogniser: Recogniser, path: Path) -> None:
    """Write weights, normalisation and the JSON of what to build to `path`, atomically.

    Args:
        recogniser: with a body made by `build_model`.
        path: of the file, usually `….safetensors`; its folder must exist.

    Raises:
        ValueError: if the body was not made by `build_model`.
    """
    blueprint = blueprint_of(recogniser.body)
    document = {
        "format": FORMAT,
        "features": asdict(recogniser.frontend.settings),
        "model": blueprint.name,
        "arguments": blueprint.arguments,
        "labels": recogniser.labels,
    }
    # The front-end has no trained numbers: it is built again from its settings.
    weights = {
        name: tensor for name, tensor in recogniser.state_dict().items() if not name.startswith("frontend.")
    }
    write_atomically(path, save(contiguous(weights), {METADATA: json.dumps(document, sort_keys=True)}))


def load_recogniser(path: Path) -> Recogniser:
    """Build the recogniser that `save_recogniser` wrote, in evaluation mode on the CPU.

    Raises:
        InputError: if the file is missing, damaged or not a recogniser of wrenlet.
    """
    weights, metadata = read_tensors(path)
    if METADATA not in metadata:
        raise InputError(
            f"{path} is a safetensors file but not a recogniser of wrenlet: it lacks the metadata"
        )
    document: dict[str, Any] = json.loads(metadata[METADATA])
    if document["format"] > FORMAT:
        raise InputError(
            f"{path} has format {document['format']}: this wrenlet reads up to {FORMAT}; upgrade it"
        )
    known = {field.name for field in fields(FeatureSettings)}
    settings = FeatureSettings(**{key: value for key, value in document["features"].items() if key in known})
    labels = tuple(document["labels"])
    frontend = build_frontend(settings)
    body = build_model(document["model"], frontend.feature_count, len(labels), **document["arguments"])
    normalise = Normalise(weights["normalise.mean"], weights["normalise.std"])
    recogniser = Recogniser(frontend, normalise, body, labels)
    put_weights(recogniser, weights, path, absent="frontend.")
    return recogniser.eval()


def save_weights(module: nn.Module, path: Path) -> None:
    """Write the state dict of any module to `path`, atomically."""
    write_atomically(path, save(contiguous(module.state_dict())))


def load_weights(module: nn.Module, path: Path) -> None:
    """Read what `save_weights` wrote into a module of the same shape.

    Raises:
        InputError: if the file is missing, damaged, or of another model.
    """
    put_weights(module, read_tensors(path)[0], path)


def put_weights(module: nn.Module, weights: dict[str, Tensor], path: Path, absent: str | None = None) -> None:
    """Load `weights` strictly, except that names which start with `absent` may be missing."""
    try:
        missing, unexpected = module.load_state_dict(weights, strict=False)
    except RuntimeError as error:  # shapes differ
        raise InputError(f"{path} belongs to another model: {error}") from error
    missing = [name for name in missing if absent is None or not name.startswith(absent)]
    if missing or unexpected:
        raise InputError(f"{path} belongs to another model: it lacks {missing} and has unknown {unexpected}")


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return tensors by name and the text metadata of a safetensors file."""
    if not path.is_file():
        raise InputError(f"{path} does not exist: train first, or give the path of a checkpoint")
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except SafetensorError as error:
        raise InputError(
            f"{path} is not a whole safetensors file ({error}): train again or restore it"
        ) from error


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside `path`, then rename, so that a killed process leaves the old file or the new one."""
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def contiguous(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return detached CPU copies that share no memory, as safetensors wants them."""
    return {name: tensor.detach().cpu().contiguous().clone() for name, tensor in weights.items()}
