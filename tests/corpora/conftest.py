import os
from pathlib import Path

import pytest


@pytest.fixture
def data() -> Path:
    """Folder of the real corpora; tests that need them are skipped without."""
    root = Path(os.environ.get("WRENLET_DATA", ""))
    if not os.environ.get("WRENLET_DATA") or not root.is_dir():
        pytest.skip("WRENLET_DATA names no folder")
    return root
