"""From YAML and `--set` to a checked `Recipe`; every complaint names the setting, the rule and the line."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from itertools import product
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from wrenlet.errors import InputError
from wrenlet.recipes.catalogue import find_recipe
from wrenlet.recipes.recipe import HIGHEST_RATE, LOWEST_RATE, Recipe, resolved
from wrenlet.recipes.source import Key, Source, merge, parse_value, read_source

__all__ = ["load_recipe", "variations"]


def load_recipe(name_or_path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe, put the overrides in and check everything.

    Args:
        name_or_path: a shipped recipe's name, a YAML file, or a run folder.
        overrides: `training.epochs=5` and the like; values are YAML.

    Raises:
        InputError: if a file, key or value cannot be used.
    """
    path = find_recipe(name_or_path)
    source = read_source(path)
    base = source.data.pop("base", None)
    if base is not None:
        below = read_source(find_recipe(str(base), beside=path.parent))
        if "base" in below.data:
            raise InputError(
                f"base is {base!r} ({source.places[('base',)]}), which has a base itself: recipes stand on "
                f"one other recipe at most; use {below.data['base']!r}"
            )
        source = merge(below, source)
    source.data.setdefault("name", path.stem)
    for override in overrides:
        source = merge(source, _override(override))
    return _validate(source)


def variations(recipe: Recipe) -> list[tuple[str, Recipe]]:
    """Return each combination of the sweep's values as a label and a recipe without a sweep.

    Raises:
        InputError: if a swept setting does not exist or a value is refused.
    """
    found = []
    for values in product(*recipe.sweep.values()):
        chosen = dict(zip(recipe.sweep, values, strict=True))
        source = Source(resolved(recipe) | {"sweep": {}})
        for key, value in chosen.items():
            source = merge(source, _nested(key, value, f"sweep.{key}"))
        label = ", ".join(
            _shown(value) if key == "corpus.held_out" else f"{key.split('.')[-1]} {_shown(value)}"
            for key, value in chosen.items()
        )
        found.append((label, _validate(source)))
    return found


def _override(text: str) -> Source:
    key, equals, value = text.partition("=")
    key = key.strip()
    if not equals or not key or not all(key.split(".")):
        raise InputError(f"--set {text!r} is no setting: write key=value, such as --set training.epochs=5")
    place = f"--set {text}"
    if key.startswith("sweep."):  # a swept setting's name holds dots itself
        return Source(
            {"sweep": {key[6:]: parse_value(value)}}, {("sweep",): place, ("sweep", key[6:]): place}
        )
    return _nested(key, parse_value(value), place)


def _nested(key: str, value: Any, place: str) -> Source:
    names = key.split(".")
    data: Any = value
    for name in reversed(names):
        data = {name: data}
    # Only the full key: the mappings around it were written elsewhere.
    return Source(data, {tuple(names): place})


def _validate(source: Source) -> Recipe:
    """Check the tree against the dataclasses of `Recipe` and build it."""
    data = source.data
    if not isinstance(features := data.setdefault("features", {}), dict):
        raise _complaint(source, ("features",), features, "it must be a mapping of settings")
    if "sample_rate" in features:
        raise _complaint(
            source, ("features", "sample_rate"), features["sample_rate"], "set sample_rate instead"
        )
    _refuse_unknown(Recipe, data, (), source)
    swept = data.get("sweep")
    for key in swept if isinstance(swept, dict) else ():
        if isinstance(key, str) and key not in _keys(Recipe) and not key.startswith("model.arguments."):
            raise InputError(_unknown(f"sweep.{key}", key, _place(source, ("sweep", key))))
    # From JSON, strict validation still takes lists as tuples and mappings as settings.
    rate = data.get("sample_rate", Recipe.__dataclass_fields__["sample_rate"].default)
    if isinstance(rate, int) and not LOWEST_RATE <= rate <= HIGHEST_RATE:  # else the features complain first
        rule = f"use {LOWEST_RATE} to {HIGHEST_RATE} Hz, such as 8000 or 16000"
        raise _complaint(source, ("sample_rate",), rate, rule)
    tree = data | {"features": features | {"sample_rate": rate}}
    try:
        return _ADAPTER.validate_json(json.dumps(tree, default=str), strict=True)
    except ValidationError as error:
        raise _translated(error, source) from error


_ADAPTER = TypeAdapter(Recipe)


def _refuse_unknown(kind: Any, data: Any, key: Key, source: Source) -> None:
    """Refuse keys that are no fields, anywhere in the tree."""
    for part in _parts(kind):
        if is_dataclass(part) and isinstance(data, dict):
            hints = get_type_hints(part)
            for name, value in data.items():
                below = (*key, name)
                if name not in hints:
                    dotted = ".".join(map(str, below))
                    raise InputError(_unknown(dotted, dotted, _place(source, below)))
                _refuse_unknown(hints[name], value, below, source)
        elif get_origin(part) is tuple and isinstance(data, list):
            for index, item in enumerate(data):
                _refuse_unknown(get_args(part)[0], item, (*key, index), source)


def _parts(kind: Any) -> tuple[Any, ...]:
    """Return the alternatives of a union, or the type alone."""
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _keys(kind: Any, prefix: str = "") -> Iterator[str]:
    """Yield every dotted setting."""
    hints = get_type_hints(kind)
    for entry in fields(kind):
        dotted = prefix + entry.name
        yield dotted
        for part in _parts(hints[entry.name]):
            inner = get_args(part)[0] if get_origin(part) is tuple else part
            if is_dataclass(inner):
                yield from _keys(inner, dotted + ".")


def _unknown(shown: str, key: str, place: str) -> str:
    known = [known for known in _keys(Recipe) if known != "features.sample_rate"]
    key = ".".join(part for part in key.split(".") if not part.isdigit())
    last = key.split(".")[-1]
    # A right name at the wrong depth is the commonest slip; then a slip of the fingers.
    elsewhere = [name for name in known if name.split(".")[-1] == last]
    nearest = elsewhere or get_close_matches(key, known, n=1, cutoff=0.7)
    beside = [name.split(".")[-1] for name in known if name.rpartition(".")[0] == key.rpartition(".")[0]]
    mend = (
        f"did you mean {nearest[0]}?"
        if nearest
        else f"use one of {', '.join(beside)}"
        if beside
        else "remove it"
    )
    return f"{shown} is no setting: {mend}{place}"


def _translated(error: ValidationError, source: Source) -> InputError:
    """Say pydantic's first complaint in the house's words."""
    first, *others = error.errors(include_url=False)
    key, value = _locate(first["loc"], source.data)
    if first["type"] == "missing" and isinstance(value, list):
        complaint = _complaint(source, key, value, f"{len(value)} values are too few")
    elif first["type"] == "missing":
        name = ".".join(map(str, first["loc"]))
        complaint = InputError(f"{name} is missing: it must be given{_place(source, key)}")
    elif first["type"] == "value_error":  # an InputError of a settings class, which names its setting already
        text = str(first["ctx"]["error"]) if "ctx" in first else first["msg"]
        complaint = InputError(text + _place(source, _named(text, key)))
    else:
        complaint = _complaint(source, key, value, _rule(first))
    return InputError(f"{complaint} (and {len(others)} more)") if others else complaint


def _locate(location: Sequence[str | int], data: Any) -> tuple[Key, Any]:
    """Follow pydantic's location into the tree; it also names branches of unions, which are no keys."""
    key: list[str | int] = []
    value: Any = data
    for part in location:
        if isinstance(value, str):
            break
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            continue
        key.append(part)
    return tuple(key), value


def _named(text: str, key: Key) -> Key:
    """Return the setting that an error of a settings class begins with, if it lies below `key`."""
    first = text.split(" ", 1)[0].split(".")
    return (*key, first[-1]) if key else tuple(first)


def _rule(error: Any) -> str:
    kind, context = error["type"], error.get("ctx", {})
    rules = {
        "int_type": "it must be a whole number",
        "int_from_float": "it must be a whole number",
        "float_type": "it must be a number",
        "finite_number": "it must be a finite number",
        "string_type": "it must be text",
        "bool_type": "it must be true or false",
        "dataclass_type": "it must be a mapping of settings",
        "dict_type": "it must be a mapping",
        "tuple_type": "it must be a list, such as [1, 2]",
        "literal_error": f"it must be {context.get('expected', '')}",
        "too_long": f"it must have {context.get('max_length')} items at most",
        "none_required": "it must be null",
    }
    return str(rules.get(kind, error["msg"]))


def _complaint(source: Source, key: Key, value: Any, rule: str) -> InputError:
    dotted = ".".join(map(str, key))
    return InputError(f"{dotted} is {_shown(value)}: {rule}{_place(source, key)}")


def _place(source: Source, key: Key) -> str:
    place = source.place(key)
    return f" ({place})" if place else ""


def _shown(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value, default=str)
    return value if value.replace("_", "").replace("-", "").isalnum() else repr(value)
