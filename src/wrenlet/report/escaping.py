"""Text that others wrote, made safe to show: in HTML (Jinja2 escapes the rest), Markdown and links."""

import re
from typing import Any
from urllib.parse import quote

__all__ = ["clean", "code", "escape_markdown", "fenced", "local", "tied"]

# Control characters are not allowed in HTML, and can rewrite the terminal that prints the Markdown; the marks
# that turn the direction of writing would turn our own words after a label.
DIRECTIONS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
CONTROLS = {code: "�" for code in (*range(32), *range(127, 160), *DIRECTIONS) if chr(code) not in "\n\t"}


class _Verbatim(str):
    """Text that the Markdown page takes as it is."""

    __slots__ = ()


def clean(value: Any) -> Any:
    """Return a string without control characters; anything else, safe markup too, as it is."""
    return value.translate(CONTROLS) if type(value) is str else value


def escape_markdown(value: Any) -> Any:
    """Return a string as one line that Markdown shows literally, also in a table; all else as it is."""
    if isinstance(value, _Verbatim) or not isinstance(value, str):
        return value
    text = " ".join(value.translate(CONTROLS).split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]#|~$])", r"\\\1", text)


def fenced(text: str, language: str = "") -> str:
    """Return a Markdown code block whose fence is longer than any inside."""
    shown = text.translate(CONTROLS).strip("\n")
    fence = "`" * max(3, _longest_ticks(shown) + 1)
    return _Verbatim(f"{fence}{language}\n{shown}\n{fence}")


def code(text: str) -> str:
    """Return inline Markdown code, also inside a table."""
    shown = " ".join(text.translate(CONTROLS).split()).replace("|", "\\|")
    ticks = "`" * (_longest_ticks(shown) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") or not shown else ""
    return _Verbatim(f"{ticks}{pad}{shown}{pad}{ticks}")


def local(path: str) -> str:
    """Return a relative path as a link into the folder: a scheme such as `javascript:` is quoted."""
    return "./" + quote(path.encode("utf-8", "backslashreplace"), safe="/")


def tied(text: str) -> str:
    """Return a sentence whose numbers keep their unit, and whose intervals their ends, on one line."""
    return re.sub(r"(?<=\d) (?=(%|µs|ms|KB)(\W|$))", "\u00a0", text).replace("–", "–\u2060")


def _longest_ticks(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
