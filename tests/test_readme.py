"""What the README promises is there: its tree, its commands, its five lines of Python."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
#: Folders whose files the tree lists one by one.
LISTED = ("src/wrenlet", "benchmarks", "zoo")
UNLISTED = ("__init__.py", "py.typed")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[list[str]]:
    """Every `wrenlet …` line of the README's shell blocks, as words."""
    lines = "\n".join(blocks("sh")).replace("\\\n", " ").splitlines()
    found = [shlex.split(line, comments=True) for line in lines]
    return [words for words in found if words and words[0] == "wrenlet"]


def tree() -> set[str]:
    """The files that the README's tree names, as paths from the root."""
    paths: set[str] = set()
    stack: list[str] = []
    [drawing] = [block for block in blocks("text") if "src/wrenlet/" in block]
    for line in drawing.splitlines():
        match = re.match(r"^( *)(\S+)", line)
        if not match:
            continue
        depth, name = len(match[1]) // 2, match[2]
        stack[depth:] = [name.rstrip("/")]
        if not name.endswith("/"):
            paths.add("/".join(stack))
    return paths


def test_tree_names_every_file_and_no_other() -> None:
    real = {
        path.relative_to(ROOT).as_posix()
        for folder in LISTED
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name not in UNLISTED
    }
    named = {path for path in tree() if path.startswith(LISTED)}
    assert named == real


def test_readme_shows_enough_commands() -> None:
    assert len(commands()) >= 8


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_command_of_readme_exists_with_its_options(words: list[str]) -> None:
    from wrenlet.cli.main import app

    command = get_command(app)
    rest = words[1:]
    while rest and hasattr(command, "commands") and rest[0] in command.commands:
        command, rest = command.commands[rest[0]], rest[1:]
    assert not hasattr(command, "commands"), f"{' '.join(words)} names no command"
    options = {option for parameter in command.params for option in parameter.opts}
    used = {word.split("=")[0] for word in rest if word.startswith("--")}
    assert used <= options


def test_recipes_and_artefacts_of_readme_exist() -> None:
    from wrenlet.recipes import SHIPPED

    named = {words[2] for words in commands() if words[1] == "run" and not words[2].endswith(".yaml")}
    assert named
    assert named <= set(SHIPPED)
    for path in set(re.findall(r"zoo/[\w.-]+\.(?:tflite|onnx|md)", README)):
        assert (ROOT / path).is_file(), path


def test_python_of_readme_hears_the_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from wrenlet.audio import write_audio
    from wrenlet.audio.synthesis import speak

    [code] = blocks("python")
    samples, rate = speak("seven", voice="en-us", rate_wpm=150)
    write_audio(tmp_path / "seven.wav", samples, rate)
    (tmp_path / "zoo").symlink_to(ROOT / "zoo")
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), scope)
    assert scope["heard"].label == "seven"  # type: ignore[attr-defined]
