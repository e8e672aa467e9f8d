"""Optional parts of the toolkit: import one, or say which extra installs it."""

import importlib
from types import ModuleType

from wrenlet.errors import InputError

__all__ = ["EXTRAS", "MissingExtraError", "require"]

#: What each extra adds, in the words `wrenlet doctor` and the README use.
EXTRAS: dict[str, str] = {
    "onnx": "run .onnx artefacts",
    "data": "read, split and check corpora",
    "train": "train, measure and report",
    "export": "write LiteRT and ONNX artefacts",
    "synth": "make synthetic speech from typed words",
    "mic": "listen to a microphone",
    "bench": "run benchmarks against peers",
}


class MissingExtraError(InputError):
    """A command needs a part of wrenlet that is not installed."""

    def __init__(self, extra: str, purpose: str, module: str) -> None:
        super().__init__(
            f"{purpose} needs the module {module!r}, which is not installed: "
            f"run  pip install 'wrenlet[{extra}]'  (it lets wrenlet {EXTRAS[extra]})"
        )
        self.extra = extra


def require(module: str, extra: str, purpose: str) -> ModuleType:
    """Import `module`, or say which extra brings it.

    Args:
        module: dotted name of the module to import, for example `"lhotse"`.
        extra: the extra of wrenlet that installs it; a key of `EXTRAS`.
        purpose: what the person was doing, for the message, for example `"wrenlet data check"`.

    Raises:
        MissingExtraError: if the module is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or module
        if missing.split(".")[0] == "wrenlet":
            raise  # ours and absent: a broken installation, not a missing extra
        raise MissingExtraError(extra, purpose, missing) from error
