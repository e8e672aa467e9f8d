"""Every artefact that ships loads, is what its card says, and hears a voice."""

import hashlib
import re
from pathlib import Path

import pytest

from wrenlet.artefact import audit, read_sidecar

ZOO = Path(__file__).parent.parent / "zoo"
ARTEFACTS = sorted(path for path in ZOO.iterdir() if path.suffix in (".tflite", ".onnx"))
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def test_battery_saw_every_artefact() -> None:
    assert {path.name for path in ARTEFACTS} == {"digits-int8.tflite"}


@pytest.mark.parametrize("path", ARTEFACTS, ids=lambda path: path.name)
def test_card_names_this_very_file(path: Path) -> None:
    card = path.with_suffix(".md").read_text(encoding="utf-8")
    assert hashlib.sha256(path.read_bytes()).hexdigest() in card
    assert f"{path.stat().st_size:,} bytes" in card
    assert read_sidecar(path).digest in card


@pytest.mark.parametrize("path", ARTEFACTS, ids=lambda path: path.name)
def test_artefact_carries_its_licences_and_no_float_body(path: Path) -> None:
    known = read_sidecar(path)
    assert known.data
    assert all(source["licence"] and source["attribution"] for source in known.data)
    assert path.stat().st_size < 1 << 20
    if known.precision == "int8":
        audit(path).require_integer(path.name)


def test_digits_fit_their_budget() -> None:
    known = read_sidecar(ZOO / "digits-int8.tflite")
    assert known.labels == DIGITS
    assert known.input == "audio"
    assert (ZOO / "digits-int8.tflite").stat().st_size <= 60_000


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_digits_are_heard_in_a_synthetic_voice_at_any_rate(rate: int) -> None:
    import wrenlet
    from wrenlet.audio import resample
    from wrenlet.audio.synthesis import speak

    model = wrenlet.load(ZOO / "digits-int8.tflite")
    heard = []
    for word in DIGITS:
        samples, own = speak(word, voice="en-us", rate_wpm=150)
        heard.append(model.predict(resample(samples, own, rate), rate).label)
    right = sum(one == other for one, other in zip(heard, DIGITS, strict=True))
    assert right >= 9, re.sub("'", "", str(list(zip(DIGITS, heard, strict=True))))
