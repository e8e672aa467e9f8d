"""From a trained recogniser to the files that ship."""

import contextlib
import os
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
import torch
from torch import Tensor

from wrenlet.artefact import Sidecar, StateTensor, embed_sidecar, graph_of, load_model, pack_model, slim
from wrenlet.errors import InputError
from wrenlet.export.folding import fold_normalisation
from wrenlet.export.litert import convert_litert
from wrenlet.export.onnx import convert_onnx
from wrenlet.export.program import StepProgram
from wrenlet.export.quantise import quantise_litert
from wrenlet.export.settings import ExportSettings
from wrenlet.streaming import StreamingModule

if TYPE_CHECKING:
    from wrenlet.models import Recogniser

__all__ = ["artefact_name", "build_step", "export_recogniser"]

Input = Literal["audio", "features"]
Precision = Literal["float32", "int8"]


def export_recogniser(
    recogniser: "Recogniser",
    calibration: Tensor | np.ndarray,
    lengths: Tensor | np.ndarray,
    settings: ExportSettings,
    sidecar: Sidecar,
    folder: Path,
) -> tuple[Path, ...]:
    """Write a recogniser's step in every format, input and precision that the settings name.

    Nothing is written before everything is converted, and each file appears whole or not at all.

    Args:
        recogniser: trained; it is put into evaluation mode and moved to the CPU.
        calibration: clips of the training or validation split `[clips, samples]`; only int8 files need them.
        lengths: real samples of each clip `[clips]`.
        settings: what to write.
        sidecar: name, digest, clip rules, corpus and data; the rest is filled in here for each file.
        folder: for the files; made if it is missing.

    Returns:
        The paths, in the order of the settings' inputs, precisions and formats.

    Raises:
        InputError: if the settings ask for nothing, there are no calibration clips, a full-integer file is
            not integer throughout, or a file cannot be written.
    """
    was_training, device = recogniser.training, recogniser.normalise.mean.device
    recogniser.eval().cpu()
    try:
        files: dict[str, bytes] = {}
        for kind in settings.inputs:
            files |= convert(recogniser, kind, calibration, lengths, settings, sidecar)
    finally:
        recogniser.train(was_training).to(device)
    if not files:
        raise InputError("export asks for no file: ONNX is float32 only; add `litert` or `float32`")
    return write_files(files, Path(folder))


def convert(
    recogniser: "Recogniser",
    kind: Input,
    calibration: Tensor | np.ndarray,
    lengths: Tensor | np.ndarray,
    settings: ExportSettings,
    sidecar: Sidecar,
) -> dict[str, bytes]:
    """Return file names and contents for one kind of input."""
    program = build_step(recogniser, kind)
    filled = fill(recogniser, kind, sidecar)
    files: dict[str, bytes] = {}
    source = convert_litert(program) if "litert" in settings.formats else b""
    for precision in settings.precisions:
        name = artefact_name(sidecar.name, precision, kind)
        if "litert" in settings.formats:
            data = source
            if precision == "int8":
                clips = calibration_inputs(recogniser, kind, program, calibration, lengths, settings)
                data = quantise_litert(source, clips, settings, f"{name}.tflite")
            model = load_model(data)
            slim(model, keep_names=settings.keep_names)
            data = pack_model(model)
            known = replace(filled, precision=precision, states=states_of(data, program))
            files[f"{name}.tflite"] = embed_sidecar(data, known, "litert")
        if "onnx" in settings.formats and precision == "float32":
            zeros = program.zeros()
            states = tuple(StateTensor(name, tuple(zeros[name].shape), "float32") for name in program.states)
            known = replace(filled, precision=precision, states=states)
            files[f"{name}.onnx"] = embed_sidecar(convert_onnx(program), known, "onnx")
    return files


def artefact_name(name: str, precision: Precision, kind: Input) -> str:
    """Return the file name of an artefact without its ending, such as `digits-int8-features`."""
    return f"{name}-{precision}" + ("" if kind == "audio" else "-features")


def build_step(recogniser: "Recogniser", kind: Input) -> StepProgram:
    """Return the step of a recogniser: from audio with the front-end inside, or from normalised features.

    Batch normalisation is folded into the layers before it, on a copy.

    Args:
        recogniser: in evaluation mode; see `wrenlet.models`.
        kind: `audio` or `features`.
    """
    body = fold_normalisation(recogniser.body)
    if kind == "features":
        return StepProgram(body, "features", (body.stride, recogniser.frontend.feature_count))
    program = recogniser.audio_program
    # Between front-end and body there may be a delay that the container put there.
    *before, _ = ((name, cast(StreamingModule, part)) for name, part in program.named_children())
    return StepProgram(body, "audio", (program.stride,), dict(before))


def calibration_inputs(
    recogniser: "Recogniser",
    kind: Input,
    program: StepProgram,
    calibration: Tensor | np.ndarray,
    lengths: Tensor | np.ndarray,
    settings: ExportSettings,
) -> list[np.ndarray]:
    """Return the step's inputs for the calibration clips, each `[hops, *frame]`, real audio only."""
    waveforms, lengths = torch.as_tensor(calibration, dtype=torch.float32), torch.as_tensor(lengths)
    if waveforms.dim() != 2 or lengths.shape != waveforms.shape[:1]:
        raise ValueError(
            f"calibration must be [clips, samples] with a length each: got {tuple(waveforms.shape)} and "
            f"{tuple(lengths.shape)}"
        )
    if not len(waveforms):
        raise InputError("int8 needs calibration clips and there are none: give some of the training split")
    count = min(settings.calibration_clips, len(waveforms))
    # Evenly over the set: corpora come sorted by label.
    chosen = torch.linspace(0, len(waveforms) - 1, count).round().long()
    hop = recogniser.audio_program.stride
    clips = []
    with torch.no_grad():
        for index in chosen.tolist():
            hops = max(1, -(-int(lengths[index]) // hop))
            audio = torch.zeros(1, hops * hop)
            real = min(int(lengths[index]), waveforms.shape[1])
            audio[0, :real] = waveforms[index, :real]
            value = audio if kind == "audio" else recogniser.features(audio)
            clips.append(value.reshape(hops, *program.frame).numpy())
    return clips


def fill(recogniser: "Recogniser", kind: Input, sidecar: Sidecar) -> Sidecar:
    """Return the sidecar with what the recogniser knows."""
    frontend, normalise = recogniser.frontend, recogniser.normalise
    program = recogniser.audio_program if kind == "audio" else recogniser.body
    return replace(
        sidecar,
        labels=tuple(recogniser.labels),
        input=kind,
        sample_rate=frontend.settings.sample_rate,
        hop_samples=recogniser.audio_program.stride,
        lookahead_hops=program.lookahead // program.stride,
        features=asdict(frontend.settings),
        mean=digits(normalise.mean),
        std=digits(normalise.std),
        version=sidecar.version or own_version(),
    )


def digits(values: Tensor) -> tuple[float, ...]:
    """Return float32 numbers in the nine digits that tell them apart; the file has no room for seventeen."""
    return tuple(float(f"{value:.9g}") for value in values.flatten().tolist())


def own_version() -> str:
    """Return the version of the installed wrenlet; empty when it runs from its sources."""
    try:
        return version("wrenlet")
    except PackageNotFoundError:
        return ""


def states_of(data: bytes, program: StepProgram) -> tuple[StateTensor, ...]:
    """Return the states of a LiteRT file with their scales."""
    graph = graph_of(data)
    tensors = {name: graph.tensors[graph.inputs[name]] for name in program.states}
    return tuple(
        StateTensor(
            name=name,
            shape=tensor.shape,
            dtype=tensor.dtype,
            scale=tensor.scale[0] if tensor.scale else 0.0,
            zero_point=tensor.zero_point[0] if tensor.zero_point else 0,
        )
        for name, tensor in tensors.items()
    )


def write_files(files: dict[str, bytes], folder: Path) -> tuple[Path, ...]:
    """Write each file under a temporary name and rename it when whole."""
    paths = []
    for name, data in files.items():
        path = folder / name
        temporary = folder / f".{name}.{os.getpid()}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(data)
            temporary.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise InputError(
                f"cannot write {path} ({error.strerror or error}): free some space or name another folder"
            ) from error
        paths.append(path)
    return tuple(paths)
