"""`wrenlet doctor`: what is installed, and where things go."""

import os
import platform
import shutil
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from wrenlet import __version__
from wrenlet.cli.printing import show_json, table
from wrenlet.extras import EXTRAS

__all__ = ["EXAMPLE", "doctor"]

EXAMPLE = "Example:  wrenlet doctor"

#: The modules by which an extra is known to be installed.
_MODULES = {
    "onnx": ("onnxruntime",),
    "data": ("torch", "lhotse"),
    "train": ("torch", "lhotse", "lightning", "tensorboard", "safetensors", "matplotlib", "jinja2"),
    "export": ("torch", "litert_torch", "ai_edge_quantizer", "onnx", "onnxscript", "onnxruntime"),
    "synth": ("espeakng_loader",),
    "mic": ("sounddevice",),
    "bench": ("librosa", "scipy"),
}
_PACKAGES = (
    "numpy", "soundfile", "soxr", "ai-edge-litert", "pydantic", "PyYAML", "typer", "rich",
    "onnxruntime", "torch", "lhotse", "lightning", "tensorboard", "safetensors", "matplotlib", "Jinja2",
    "litert-torch", "ai-edge-quantizer", "onnx", "onnxscript",
    "espeakng-loader", "sounddevice", "librosa", "scipy",
)  # fmt: skip


def doctor(
    data: Annotated[
        str | None, typer.Option(help="Folder of the corpora.", envvar="WRENLET_DATA", show_default=False)
    ] = None,
    runs: Annotated[Path, typer.Option(help="Folder that receives runs.")] = Path("runs"),
    json: Annotated[bool, typer.Option("--json", help="Print JSON with the same facts.")] = False,
) -> None:
    """Show what is installed, versions, accelerators, the data folder and free disk."""
    facts = examine(data, runs)
    if json:
        show_json(facts)
        return
    table(
        ("machine", ""),
        [
            ("wrenlet", facts["wrenlet"]),
            ("python", facts["python"]),
            ("system", facts["system"]),
            ("processor cores", facts["cores"]),
            ("accelerators", ", ".join(facts["accelerators"]) or "none"),
            ("data folder", f"{facts['data']['path']} ({facts['data']['free_gb']} GB free)"),
            ("runs folder", f"{facts['runs']['path']} ({facts['runs']['free_gb']} GB free)"),
        ],
    )
    extras = [
        (name, "yes" if not found["missing"] else "no", EXTRAS.get(name, ""), mend(name, found["missing"]))
        for name, found in facts["extras"].items()
    ]
    table(("extra", "installed", "lets wrenlet", "how"), extras)
    table(("package", "version"), [(name, version or "–") for name, version in facts["packages"].items()])


def examine(data: str | None, runs: Path) -> dict[str, Any]:
    """Return the facts of this installation as plain values."""
    root = Path(data).expanduser() if data else Path.home() / ".cache" / "wrenlet" / "data"
    return {
        "wrenlet": __version__,
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "accelerators": accelerators(),
        "data": _disk(root),
        "runs": _disk(runs),
        "extras": {
            name: {"missing": [module for module in modules if find_spec(module) is None]}
            for name, modules in _MODULES.items()
        },
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def mend(extra: str, missing: list[str]) -> str:
    """Return what to type for an extra that lacks modules, or `""`."""
    return f"pip install 'wrenlet[{extra}]' (lacks {', '.join(missing)})" if missing else ""


def accelerators() -> list[str]:
    """Return the names of GPUs and the like that torch can see; nothing without torch."""
    if find_spec("torch") is None:
        return []
    import torch

    found = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return [*found, "Apple GPU (mps)"] if torch.backends.mps.is_available() else found


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _disk(path: Path) -> dict[str, Any]:
    place = path.absolute()
    while not place.exists():
        place = place.parent
    return {
        "path": str(path),
        "exists": path.exists(),
        "free_gb": round(shutil.disk_usage(place).free / 1e9, 1),
    }
