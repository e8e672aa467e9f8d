"""Files, pipes and microphones: whatever they do, listening goes on or says why not."""

import io
import os
import struct
import sys
import threading

import numpy as np
import pytest
import soundfile
from tiny_artefacts import RATE

from wrenlet.errors import InputError
from wrenlet.extras import MissingExtraError
from wrenlet.runtime import EndpointSettings
from wrenlet.runtime.sources import open_source

ANY = EndpointSettings(threshold=0.0)


@pytest.fixture(scope="module")
def tone() -> np.ndarray:
    return (0.4 * np.sin(np.arange(3001) / 3)).astype(np.float32)


@pytest.fixture(scope="module")
def two_words() -> np.ndarray:
    rng = np.random.default_rng(0)
    word, pause = rng.normal(0, 0.1, int(0.4 * RATE)), np.zeros(RATE)
    return np.concatenate([pause, word, pause, word, pause]).astype(np.float32)


def read(source, rate=RATE) -> tuple[int, np.ndarray, list[str]]:
    said: list[str] = []
    with open_source(source, rate, said.append) as (found, blocks):
        return found, np.concatenate([np.zeros(0, np.float32), *blocks]), said


class Dripping(io.RawIOBase):
    """A pipe that hands out a few bytes at a time and cannot be rewound."""

    def __init__(self, data: bytes, size: int = 7) -> None:
        self.data, self.size = io.BytesIO(data), size

    def read(self, size: int = -1) -> bytes:
        return self.data.read(min(self.size, size) if size >= 0 else self.size)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("container", ["WAV", "WAVEX"])
def test_wav_pipes_of_every_kind(tone, subtype, channels, container):
    file = io.BytesIO()
    soundfile.write(file, np.stack([tone] * channels, 1), 22050, subtype=subtype, format=container)
    for source in (io.BytesIO(file.getvalue()), Dripping(file.getvalue())):
        rate, found, said = read(source)
        assert rate == 22050
        np.testing.assert_allclose(found, tone, atol=0.008 if subtype == "PCM_U8" else 4e-5)
        assert said == []


def test_raw_pipes_are_16_bit_mono_at_the_rate_given(tone):
    raw = (tone * 32768).astype("<i2").tobytes()
    for source in (io.BytesIO(raw), Dripping(raw), Dripping(raw, 1)):
        rate, found, said = read(source, 11025)
        assert rate == 11025
        np.testing.assert_allclose(found, tone, atol=4e-5)
        assert said == []


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF - 36])
def test_a_wav_stream_that_does_not_know_its_length_is_read_to_its_end(tone, size):
    file = io.BytesIO()
    soundfile.write(file, tone, RATE, subtype="PCM_16", format="WAV")
    data = bytearray(file.getvalue())
    at = data.index(b"data")
    data[at + 4 : at + 8] = struct.pack("<I", size)
    assert len(read(io.BytesIO(bytes(data)))[1]) == len(tone)


def test_what_follows_the_audio_in_a_wav_is_not_heard(tone):
    file = io.BytesIO()
    soundfile.write(file, tone, RATE, subtype="PCM_16", format="WAV")
    data = file.getvalue() + b"LIST" + struct.pack("<I", 200) + bytes(range(200))
    assert len(read(io.BytesIO(data))[1]) == len(tone)


def test_a_pipe_that_breaks_off_is_said_and_what_came_is_kept(tone):
    file = io.BytesIO()
    soundfile.write(file, tone, RATE, subtype="PCM_16", format="WAV")
    _, found, said = read(Dripping(file.getvalue()[:-1001]))
    assert len(found) == len(tone) - 501
    assert "ended 0.1 s before" in said[0]
    _, found, said = read(io.BytesIO(b"\x01\x02\x03"))
    assert len(found) == 1
    assert "last 1 bytes" in said[0]
    for nothing in (b"", b"\0"):
        assert len(read(io.BytesIO(nothing))[1]) == 0


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"fLaC" + bytes(100), "compressed"),
        (b"OggS" + bytes(100), "compressed"),
        (b"RIFF" + bytes(4) + b"AVI " + bytes(100), "not WAV"),
        (b"RIFF" + bytes(4) + b"WAVE", "ends before its audio"),
        (b"RIFF" + bytes(4) + b"WAVEdata" + bytes(40), "no format"),
        (b"RIFF" + bytes(4) + b"WAVEfmt " + struct.pack("<I", 4) + bytes(4), "damaged header"),
        (b"RIFF" + bytes(4) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 2, 1, 8000, 0, 0, 4), "format 2"),
        (b"RIFF" + bytes(4) + b"WAVEjunk" + struct.pack("<I", 0xFFFFFFF0), "damaged"),
    ],
)
def test_pipes_that_hold_something_else_are_refused(data, said):
    with pytest.raises(InputError, match=said):
        read(io.BytesIO(data))


def test_files_are_read_in_blocks_and_mixed_down(tone, tmp_path):
    path = tmp_path / "stereo.flac"
    soundfile.write(path, np.stack([tone, tone], 1), 44100)
    rate, found, said = read(path)
    assert rate == 44100
    np.testing.assert_allclose(found, tone, atol=1e-4)
    assert "2 channels are mixed down" in said[0]


def test_files_that_cannot_be_read_are_named(tmp_path):
    text = tmp_path / "notes.wav"
    text.write_text("no audio")
    for path, said in (
        (text, "cannot be read"),
        (tmp_path / "gone.wav", "no such file"),
        (tmp_path, "a folder"),
    ):
        with pytest.raises(InputError, match=said):
            read(path)


class Microphone:
    """What is used of sounddevice."""

    class PortAudioError(Exception):
        pass

    def __init__(self, audio: np.ndarray) -> None:
        self.audio, self.at, self.closed, self.rate = audio, 0, False, 0

    def InputStream(self, samplerate: int, channels: int, dtype: str):  # noqa: N802 - theirs
        if samplerate == 12345:
            raise self.PortAudioError("Invalid sample rate")
        self.rate = samplerate
        assert (channels, dtype) == (1, "float32")
        return self

    def start(self) -> None:
        pass

    def read(self, frames: int) -> tuple[np.ndarray, bool]:
        part = self.audio[self.at : self.at + frames]
        self.at += frames
        return part[:, None], self.at == frames

    def close(self) -> None:
        self.closed = True


def test_a_microphone_without_its_extra_says_which_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingExtraError, match=r"wrenlet\[mic\]"):
        read("mic")


def test_a_microphone_is_heard_and_closed_when_listening_stops(model, two_words, monkeypatch):
    microphone = Microphone(two_words)
    monkeypatch.setitem(sys.modules, "sounddevice", microphone)
    said: list[str] = []
    events = model.listen("mic", ANY, notice=said.append)
    assert next(events).start == pytest.approx(0.95, abs=0.05)
    assert microphone.rate == RATE
    assert not microphone.closed
    events.close()
    assert microphone.closed
    assert "samples were lost" in said[0]


def test_a_microphone_that_refuses_the_rate_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", Microphone(np.zeros(1)))
    with pytest.raises(InputError, match="12345 Hz"):
        read("mic", 12345)


def test_the_same_words_from_a_file_a_pipe_and_blocks(model, two_words, tmp_path):
    path = tmp_path / "two.wav"
    soundfile.write(path, two_words, RATE, subtype="PCM_16")
    expected = list(model.listen(path, ANY))
    assert [event.start for event in expected] == [
        pytest.approx(0.94, abs=0.02),
        pytest.approx(2.35, abs=0.02),
    ]
    with path.open("rb") as file:
        assert list(model.listen(file, ANY)) == expected
    raw = Dripping((two_words * 32768).astype("<i2").tobytes(), 333)
    for source in (raw, np.array_split(two_words, 60), [two_words]):
        found = list(model.listen(source, ANY, rate=RATE))
        assert [(event.start, event.end, event.label) for event in found] == [
            (event.start, event.end, event.label) for event in expected
        ]


@pytest.mark.parametrize("rate", [16000, 44100])
def test_a_source_at_another_rate_keeps_its_times(model, two_words, tmp_path, rate):
    from wrenlet.audio import resample

    path = tmp_path / "fast.flac"
    soundfile.write(path, resample(two_words, RATE, rate), rate)
    found = list(model.listen(path, ANY))
    assert [event.start for event in found] == [pytest.approx(0.95, abs=0.05), pytest.approx(2.35, abs=0.05)]


def test_samples_that_are_not_finite_are_silence_and_said(model, two_words):
    broken = two_words.copy()
    broken[100:200] = np.nan
    said: list[str] = []
    assert len(list(model.listen(np.array_split(broken, 9), ANY, notice=said.append))) == 2
    assert "taken for silence" in said[0]
    assert "100 samples" in said[1]


def test_without_a_listener_for_notices_they_are_logged(model, two_words, caplog):
    broken = np.where(np.arange(len(two_words)) < 5, np.inf, two_words).astype(np.float32)
    assert len(list(model.listen([broken], ANY))) == 2
    assert "5 samples" in caplog.text


def test_an_event_comes_before_the_pipe_ends(model, two_words):
    """A live pipe goes on for ever: the first word must not wait for a full buffer."""
    reader, writer = os.pipe()
    raw = (two_words * 32768).astype("<i2").tobytes()
    first = int(2.0 * RATE) * 2
    heard = threading.Event()

    def send() -> None:
        with os.fdopen(writer, "wb", buffering=0) as pipe:
            pipe.write(raw[:first])
            assert heard.wait(10)
            pipe.write(raw[first:])

    thread = threading.Thread(target=send)
    thread.start()
    with os.fdopen(reader, "rb") as pipe:
        events = model.listen(pipe, ANY, rate=RATE)
        assert next(events).start == pytest.approx(0.95, abs=0.05)
        heard.set()
        assert len(list(events)) == 1
    thread.join(10)


def test_nothing_to_hear_is_no_event(model):
    assert list(model.listen([])) == []
    assert list(model.listen([np.zeros(0, np.float32), np.zeros(3, np.float32)])) == []
    assert list(model.listen(io.BytesIO(b""))) == []
