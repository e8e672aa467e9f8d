"""The house stands: floors hold, the light parts stay light, and no file outgrows its room."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
#: What must import without torch: a device-side user installs wrenlet without extras.
TORCH_FREE = [
    "wrenlet",
    "wrenlet.artefact",
    "wrenlet.audio",
    "wrenlet.runtime",
    "wrenlet.cli.main",
    "wrenlet.recipes",
]
HEAVY = {"torch", "lhotse", "lightning", "litert_torch", "onnx", "transformers", "matplotlib"}


def test_imports_only_go_down() -> None:
    result = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("module", TORCH_FREE)
def test_light_module_pulls_in_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(' '.join(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert HEAVY.isdisjoint(loaded)


def test_no_file_holds_more_than_one_room() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / "src").rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long
