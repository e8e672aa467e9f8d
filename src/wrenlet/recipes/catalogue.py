"""The recipes that come with the package. Free of torch, so that listing them is instant."""

from difflib import get_close_matches
from pathlib import Path

from wrenlet.errors import InputError
from wrenlet.recipes.source import read_source

__all__ = ["SHIPPED", "about", "find_recipe"]

_FOLDER = Path(__file__).parent / "shipped"

#: Name of each shipped recipe and its file: every file of the folder is one.
SHIPPED: dict[str, Path] = {
    path.stem: path for path in sorted(_FOLDER.glob("*.yaml"), key=lambda path: path.stem)
}


def about(name: str) -> str:
    """Return the one-line description of a shipped recipe."""
    return str(read_source(SHIPPED[name]).data.get("about", ""))


def find_recipe(name_or_path: str | Path, beside: Path | None = None) -> Path:
    """Return the file of a recipe.

    Args:
        name_or_path: a shipped recipe's name, the path of a YAML file, or a run folder.
        beside: folder against which a relative path is tried first.

    Raises:
        InputError: if there is none, with the nearest name.
    """
    text = str(name_or_path)
    if text in SHIPPED:
        return SHIPPED[text]
    for path in ([beside / text] if beside else []) + [Path(text).expanduser()]:
        if path.is_dir() and (path / "recipe.yaml").is_file():
            return path / "recipe.yaml"
        if path.is_file():
            return path
    here = beside or Path()
    known = [*SHIPPED, *(str(path) for path in sorted(here.glob("*.yaml")))]
    nearest = get_close_matches(text, known, n=1, cutoff=0.5)
    mend = (
        f"did you mean {nearest[0]}?"
        if nearest
        else "give a YAML file or a name that  wrenlet recipes  lists"
    )
    raise InputError(f"recipe {text} was not found: {mend}")
