"""Recipe text: YAML as people mean it, with the line of every key kept for the error messages."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from wrenlet.errors import InputError

__all__ = ["Source", "merge", "parse_value", "read_source", "write_yaml"]

#: A setting's place in the tree: `("training", "epochs")`; list items by index.
Key = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """The safe loader with YAML 1.2's scalars.

    YAML 1.1 reads the words `no`, `yes`, `on` and `off` as truth values, which are the very words that people
    teach to keyword models, and reads `1e-3` as a string.
    """


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"^[-+]?(?:0|[1-9][0-9_]*|0x[0-9a-fA-F]+)$", "-+0123456789"),
    (
        "float",
        r"^(?:[-+]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.(?:inf|Inf|INF))"
        r"|\.(?:nan|NaN|NAN))$",
        "-+.0123456789",
    ),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


class _Dumper(yaml.SafeDumper):
    """The safe dumper with lists as people write them."""

    def represent_sequence(
        self, tag: str, sequence: Any, flow_style: bool | None = None
    ) -> yaml.SequenceNode:
        """Write lists of scalars in brackets."""
        scalars = not any(isinstance(item, dict | list) for item in sequence)
        return super().represent_sequence(tag, sequence, scalars if flow_style is None else flow_style)


@dataclass(frozen=True)
class Source:
    """A tree of settings and where each came from.

    Attributes:
        data: mappings, lists and scalars.
        places: for every key of the tree, `file.yaml:12` or `--set a.b=value`.
    """

    data: dict[str, Any]
    places: dict[Key, str] = field(default_factory=dict)

    def place(self, key: Key) -> str:
        """Return where `key`, or the nearest mapping around it, was written; `""` if nowhere."""
        for length in range(len(key), 0, -1):
            if key[:length] in self.places:
                return self.places[key[:length]]
        return ""


def read_source(path: Path) -> Source:
    """Read one YAML file.

    Raises:
        InputError: if it cannot be read, is no YAML, gives a key twice, or holds no settings.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"recipe {path} cannot be read ({_reason(error)}): give the path of a YAML file"
        ) from error
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, Loader=_Loader)):
            raise InputError(f"recipe {path} uses a YAML alias (*name): write the value out, or use  base:")
        root = yaml.compose(text, Loader=_Loader)
        data = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(f"recipe {path}{line} is not YAML: {error.problem}") from error
    except InputError:
        raise
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        raise InputError(f"recipe {path} is not YAML: {error}") from error
    if not isinstance(data, dict) or root is None:
        raise InputError(f"recipe {path} holds no settings: write at least  base: digits")
    places: dict[Key, str] = {}
    _collect(root, (), path.name, places)
    return Source(data, places)


def parse_value(text: str) -> Any:
    """Read the value of a `--set` as YAML: `3`, `1e-3`, `[a, b]`, `{name: gru}`, `no` (the word).

    Raises:
        InputError: if it is no YAML.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InputError(
            f"{text!r} is not a YAML value: write it as in a recipe, such as 3, [a, b] or text"
        ) from error


def merge(base: Source, over: Source) -> Source:
    """Return `base` with the settings of `over` put in: mappings merge, everything else is replaced."""
    places = dict(base.places)
    data = _merge(base.data, over.data, (), places)
    return Source(data, places | over.places)


def write_yaml(tree: dict[str, Any]) -> str:
    """Return settings as YAML that `read_source` reads back, with lists of scalars on one line."""
    return yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def _merge(base: dict[str, Any], over: dict[str, Any], key: Key, places: dict[Key, str]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in over.items():
        below = (*key, name)
        before = merged.get(name)
        if isinstance(before, dict) and isinstance(value, dict) and not _is_other_model(below, before, value):
            merged[name] = _merge(before, value, below, places)
            continue
        merged[name] = value
        for stale in [place for place in places if place[: len(below)] == below]:
            del places[stale]
    return merged


def _is_other_model(key: Key, before: dict[str, Any], value: dict[str, Any]) -> bool:
    """Say whether `value` names another model, whose arguments are its own."""
    return key == ("model",) and "name" in value and value["name"] != before.get("name")


def _collect(node: yaml.Node, key: Key, name: str, places: dict[Key, str]) -> None:
    """Write the line of every key below `node` into `places`, and refuse a key given twice."""
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            below = (*key, str(key_node.value))
            place = f"{name}:{key_node.start_mark.line + 1}"
            if below in places:
                dotted = ".".join(map(str, below))
                raise InputError(f"{dotted} is given twice ({places[below]} and {place}): keep one")
            places[below] = place
            _collect(value_node, below, name, places)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            places[(*key, index)] = f"{name}:{item.start_mark.line + 1}"
            _collect(item, (*key, index), name, places)


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8 text"
