"""Paths that people type: the nearest one when there is none."""

from difflib import get_close_matches
from pathlib import Path

from wrenlet.errors import InputError

__all__ = ["existing_artefact", "nearest_file"]

SUFFIXES = (".tflite", ".onnx")


def existing_artefact(path: Path) -> Path:
    """Return the path if it is a file of an artefact's kind.

    Raises:
        InputError: if it is missing, with the nearest one, or is a folder or another kind of file.
    """
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES)
        mend = f"did you mean {found[0]}?" if found else "give a .tflite or .onnx file"
        raise InputError(f"{path} is a folder: {mend}")
    if not path.is_file():
        raise InputError(
            f"{path} does not exist: {nearest_file(path) or 'give the path of a .tflite or .onnx file'}"
        )
    if path.suffix not in SUFFIXES:
        raise InputError(f"{path} is no artefact: give a {' or '.join(SUFFIXES)} file that wrenlet exported")
    return path


def nearest_file(path: Path) -> str:
    """Return `did you mean …?` with the most similar file in the same folder, or `""`."""
    parent = path.parent
    if not parent.is_dir():
        return ""
    names = get_close_matches(
        path.name, [entry.name for entry in parent.iterdir() if entry.is_file()], n=1, cutoff=0.5
    )
    return f"did you mean {parent / names[0]}?" if names else ""
