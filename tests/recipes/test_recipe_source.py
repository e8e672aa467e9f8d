"""Reading YAML with its lines."""

from pathlib import Path

import pytest

from wrenlet.errors import InputError
from wrenlet.recipes.source import Source, merge, parse_value, read_source


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("[yes, no, on, off]", ["yes", "no", "on", "off"]),
        ("1e-3", 0.001),
        ("5e-4", 0.0005),
        ("3", 3),
        ("3.0", 3.0),
        (".5", 0.5),
        ("true", True),
        ("null", None),
        ("", None),
        ("12:30", "12:30"),
        ("007", "007"),
        ("{a: [1, 2]}", {"a": [1, 2]}),
        ("folder:my/words", "folder:my/words"),
        ("2024-01-01", "2024-01-01"),
    ],
)
def test_a_value_means_what_a_person_meant(text: str, value: object) -> None:
    read = parse_value(text)
    assert read == value
    assert type(read) is type(value)


def test_a_value_that_is_no_yaml_is_refused() -> None:
    with pytest.raises(InputError, match="not a YAML value"):
        parse_value("[1, 2")


def test_nothing_is_constructed_from_tags() -> None:
    with pytest.raises(InputError):
        parse_value("!!python/object/apply:os.system ['true']")


def test_every_key_keeps_its_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\ntraining:\n  epochs: 3\njoin:\n  - name: digits\n")
    source = read_source(file)
    assert source.place(("training", "epochs")) == "mine.yaml:3"
    assert source.place(("join", 0, "name")) == "mine.yaml:5"
    assert source.place(("training", "unknown")) == "mine.yaml:2"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "holds no settings"),
        ("- a\n- b\n", "holds no settings"),
        ("name: [a\n", "line 2 is not YAML"),
        ("name: a\nname: b\n", r"name is given twice \(mine.yaml:1 and mine.yaml:2\)"),
        ("a: &x [1]\nb: *x\n", "alias"),
        ("a: !!python/name:os.system\n", "not YAML"),
        ("? [a, b]\n: 1\n", "not YAML"),
    ],
)
def test_a_file_that_is_no_recipe_is_refused_in_one_sentence(
    tmp_path: Path, text: str, complaint: str
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=complaint) as caught:
        read_source(file)
    assert "\n" not in str(caught.value)


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match="UTF-8"):
        read_source(file)


def test_merging_goes_into_mappings_and_replaces_the_rest() -> None:
    base = Source(
        {"a": {"b": 1, "c": 2}, "d": [1, 2]}, {("a",): "base:1", ("a", "b"): "base:2", ("d", 0): "base:4"}
    )
    over = Source({"a": {"b": 3}, "d": [4]}, {("a", "b"): "over:1", ("d",): "over:2"})
    merged = merge(base, over)
    assert merged.data == {"a": {"b": 3, "c": 2}, "d": [4]}
    assert merged.place(("a", "b")) == "over:1"
    assert merged.place(("d", 0)) == "over:2"
    assert base.data["a"]["b"] == 1


def test_another_model_does_not_inherit_the_arguments_of_the_first() -> None:
    base = Source({"model": {"name": "lstm_64", "arguments": {"units": 20}}})
    assert merge(base, Source({"model": {"name": "gru_64"}})).data == {"model": {"name": "gru_64"}}
    kept = merge(base, Source({"model": {"arguments": {"layers": 2}}})).data["model"]
    assert kept == {"name": "lstm_64", "arguments": {"units": 20, "layers": 2}}
