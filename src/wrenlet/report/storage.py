"""Reports as JSON, so that a run can be rendered again without measuring anything again."""

import json
import math
import types
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from wrenlet.errors import InputError
from wrenlet.report.contents import RunReport
from wrenlet.report.sweep import SweepReport

__all__ = ["REPORT_FILE", "from_dict", "read_report", "to_dict", "to_json"]

REPORT_FILE = "report.json"
FORMAT = 1
KINDS: dict[str, type[RunReport] | type[SweepReport]] = {"run": RunReport, "sweep": SweepReport}


def to_dict(report: RunReport | SweepReport) -> dict[str, Any]:
    """Return the report as JSON values; a number that is not finite becomes its name, such as `nan`."""
    kind = next(name for name, cls in KINDS.items() if isinstance(report, cls))
    return {"format": FORMAT, "kind": kind, **_plain(report)}


def to_json(report: RunReport | SweepReport) -> str:
    """Return the report as a JSON document of ASCII characters: equal reports give equal bytes."""
    return json.dumps(to_dict(report), allow_nan=False, separators=(",", ":")) + "\n"


def from_dict(raw: dict[str, Any]) -> RunReport | SweepReport:
    """Build a report from what `to_dict` gave; keys of a newer wrenlet are ignored.

    Raises:
        InputError: if the values are not such a report, naming the first that is wrong.
    """
    if not isinstance(raw, dict) or raw.get("kind") not in KINDS:
        raise InputError("this is not a stored report (no kind run or sweep): run the recipe again")
    if not isinstance(raw.get("format"), int) or raw["format"] > FORMAT:
        raise InputError(f"format {raw.get('format')} of the report is newer than {FORMAT}: upgrade wrenlet")
    return _build(KINDS[raw["kind"]], raw, "report")


def read_report(path: Path) -> RunReport | SweepReport:
    """Read `report.json`, given itself or its folder.

    Raises:
        InputError: if there is none, or it is damaged.
    """
    path = path / REPORT_FILE if path.is_dir() else path
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); finish the run first") from error
    except ValueError as error:
        raise InputError(f"{path}: not a whole JSON document ({error}); run the recipe again") from error
    try:
        return from_dict(raw)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()  # measured numbers often arrive as numpy scalars
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such numbers, and a diverged loss must not lose the report
    return value


def _build(kind: Any, raw: Any, where: str) -> Any:
    """Return `raw` as a value of the annotated type `kind`, or say where it is not."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if raw is None else _build(next(a for a in arguments if a is not type(None)), raw, where)
    if isinstance(kind, type) and is_dataclass(kind) and isinstance(raw, dict):
        hints = get_type_hints(kind)
        needed = [f.name for f in fields(kind) if f.default is f.default_factory is MISSING]
        missing = [name for name in needed if name not in raw]
        if missing:
            raise InputError(f"{where}.{missing[0]} is missing: run the recipe again")
        known = {f.name: raw[f.name] for f in fields(kind) if f.name in raw}
        return kind(**{name: _build(hints[name], item, f"{where}.{name}") for name, item in known.items()})
    if origin is tuple and isinstance(raw, list):
        every = arguments[1:] == (...,)
        if every or len(raw) == len(arguments):
            kinds = arguments[:1] * len(raw) if every else arguments
            pairs = zip(kinds, raw, strict=True)
            return tuple(_build(each, item, f"{where}[{i}]") for i, (each, item) in enumerate(pairs))
    if origin is dict and isinstance(raw, dict):
        return {key: _build(arguments[1], item, f"{where}.{key}") for key, item in raw.items()}
    if kind is float and isinstance(raw, (int, float)) and not isinstance(raw, bool):
        return float(raw)
    if kind is float and isinstance(raw, str) and raw in ("nan", "inf", "-inf"):
        return float(raw)
    if kind in (int, str, bool) and type(raw) is kind:
        return raw
    name = kind.__name__ if isinstance(kind, type) and origin is None else str(kind)
    raise InputError(f"{where} is {str(raw)[:60]!r}: it must be {name}; run the recipe again")
