import subprocess
import sys

import numpy as np
import pytest

from wrenlet.errors import InputError

pytest.importorskip("espeakng_loader")
from wrenlet.audio.synthesis import speak, voices


def test_english_has_hundreds_of_voices_and_all_accents_take_variants():
    names = voices()
    assert len(names) > 500
    assert len(set(names)) == len(names)
    assert {"en", "en-us", "en-us+f3", "en-gb-scotland+m1"} <= set(names)
    assert "en-shaw" not in names
    assert voices("de")[0] == "de"


@pytest.mark.parametrize(
    "voice", ["en", "en-us+f3", "en-us+klatt4", "en-us+Reed", "en-gb-scotland+Mr serious"]
)
def test_a_word_sounds_the_same_whatever_was_said_before(voice):
    first, rate = speak("seven", voice, 150, 60, 40)
    for word in ("zero", "nine"):
        speak(word, "en-us+caleb", 200, 20)
        np.testing.assert_array_equal(speak("seven", voice, 150, 60, 40)[0], first)
    assert rate == 22050
    assert first.dtype == np.float32
    assert 0.2 < len(first) / rate < 2
    assert 0.1 < np.abs(first).max() <= 1


def test_a_word_sounds_the_same_in_another_process():
    code = (
        "import hashlib; from wrenlet.audio.synthesis import speak;"
        "print(hashlib.sha256(speak('seven', 'en-us+Reed')[0].tobytes()).hexdigest())"
    )
    one, two = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in "ab"
    )
    assert one == two


def test_voice_rate_pitch_and_word_all_change_the_sound():
    sounds = [
        speak("seven")[0],
        speak("eleven")[0],
        speak("seven", "en-us+f3")[0],
        speak("seven", rate_wpm=220)[0],
        speak("seven", pitch=80)[0],
    ]
    assert len({sound.tobytes() for sound in sounds}) == len(sounds)
    assert len(sounds[3]) < len(sounds[0])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"text": "x", "voice": "en-us+f33"}, "nearest is 'en-us+f3'"),
        ({"text": "x", "voice": "martian"}, "no voice 'martian'"),
        ({"text": "x", "rate_wpm": 20}, "rate_wpm is 20"),
        ({"text": "x", "pitch": 100}, "pitch is 100"),
        ({"text": "  "}, "nothing to say"),
    ],
)
def test_what_cannot_be_said_is_refused(arguments, reason):
    with pytest.raises(InputError, match=reason.replace("+", r"\+")):
        speak(**arguments)
