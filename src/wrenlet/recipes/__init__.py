"""Recipes as data, and the pipeline that carries them out.

Listing recipes must be instant and work without extras, so what needs torch is imported on first use.
"""

from typing import TYPE_CHECKING

from wrenlet.lazy import on_use
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

__getattr__ = on_use(
    __name__,
    {
        "load_recipe": "loading",
        "variations": "loading",
        "STAGES": "pipeline",
        "RunOptions": "pipeline",
        "run": "pipeline",
        "ModelSettings": "recipe",
        "Recipe": "recipe",
    },
)
