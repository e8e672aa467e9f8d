"""Recipes as data, and the pipeline that carries them out.

Listing recipes must be instant and work without extras, so what needs torch is imported on first use.
"""

from typing import TYPE_CHECKING

from wrenlet.recipes.catalogue import SHIPPED, find_recipe
from wrenlet.recipes.folder import RunFolder, open_run

if TYPE_CHECKING:
    from wrenlet.recipes.loading import load_recipe, variations
    from wrenlet.recipes.pipeline import STAGES, RunOptions, run
    from wrenlet.recipes.recipe import ModelSettings, Recipe

__all__ = [
    "SHIPPED",
    "STAGES",
    "ModelSettings",
    "Recipe",
    "RunFolder",
    "RunOptions",
    "find_recipe",
    "load_recipe",
    "open_run",
    "run",
    "variations",
]

_ON_USE = {
    "load_recipe": "loading",
    "variations": "loading",
    "STAGES": "pipeline",
    "RunOptions": "pipeline",
    "run": "pipeline",
    "ModelSettings": "recipe",
    "Recipe": "recipe",
}


def __getattr__(name: str) -> object:
    if name not in _ON_USE:
        raise AttributeError(f"module 'wrenlet.recipes' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"wrenlet.recipes.{_ON_USE[name]}"), name)
