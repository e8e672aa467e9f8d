"""Names of a package that are imported when first asked for, so that the light parts stay light."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["on_use"]


def on_use(package: str, where: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a module's `__getattr__` (PEP 562) that imports public names from the modules which define them.

    Args:
        package: `__name__` of the package.
        where: public name to the submodule, relative to the package.
    """

    def get(name: str) -> Any:
        if name not in where:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{where[name]}"), name)

    return get
