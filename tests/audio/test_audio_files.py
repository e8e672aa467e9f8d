import os
import struct
import sys

import numpy as np
import pytest
import soundfile

from wrenlet.audio import probe, read_audio, read_noise, write_audio
from wrenlet.errors import InputError

RATE = 16000


def tone(seconds: float = 0.2, rate: int = RATE) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


@pytest.mark.parametrize(
    ("suffix", "subtype", "tolerance"),
    [
        ("wav", "PCM_U8", 1e-2),
        ("wav", "PCM_16", 1e-4),
        ("wav", "PCM_24", 1e-6),
        ("wav", "PCM_32", 1e-6),
        ("wav", "FLOAT", 0),
        ("wav", "DOUBLE", 0),
        ("wav", "ULAW", 3e-2),
        ("flac", "PCM_16", 1e-4),
        ("flac", "PCM_24", 1e-6),
        ("aiff", "PCM_16", 1e-4),
    ],
)
def test_every_lossless_container_returns_the_samples_it_was_given(tmp_path, suffix, subtype, tolerance):
    path = tmp_path / f"tone.{suffix}"
    write_audio(path, tone(), RATE, subtype=subtype)
    audio = read_audio(path)
    assert audio.samples.dtype == np.float32
    assert (audio.rate, audio.file_rate, audio.channels, audio.seconds) == (RATE, RATE, 1, 0.2)
    np.testing.assert_allclose(audio.samples, tone(), atol=tolerance)


@pytest.mark.parametrize(
    ("suffix", "subtype"), [("ogg", "VORBIS"), ("opus", "OPUS"), ("mp3", "MPEG_LAYER_III")]
)
def test_lossy_containers_are_read(tmp_path, suffix, subtype):
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, tone(1.0), RATE, format="OGG" if suffix == "opus" else None, subtype=subtype)
    samples = read_audio(path, RATE).samples
    assert abs(len(samples) - RATE) < RATE * 0.1
    spectrum = np.abs(np.fft.rfft(samples))
    assert spectrum.argmax() * RATE / len(samples) == pytest.approx(440, abs=2)


def test_stereo_is_mixed_down_to_the_mean_and_counted(tmp_path):
    left, right = tone(), np.zeros_like(tone())
    write_audio(tmp_path / "stereo.wav", np.stack([left, right], axis=1), RATE, subtype="FLOAT")
    audio = read_audio(tmp_path / "stereo.wav")
    assert audio.channels == 2
    np.testing.assert_allclose(audio.samples, left / 2, atol=1e-7)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
def test_reading_at_another_rate_keeps_duration_and_pitch(tmp_path, rate):
    write_audio(tmp_path / "tone.wav", tone(0.5, rate), rate)
    audio = read_audio(tmp_path / "tone.wav", RATE)
    assert (audio.rate, audio.file_rate) == (RATE, rate)
    assert audio.seconds == pytest.approx(0.5, abs=1e-3)
    np.testing.assert_allclose(audio.samples[800:-800], tone(0.5)[800 : len(audio.samples) - 800], atol=2e-3)


def test_a_stretch_is_read_without_the_rest(tmp_path):
    write_audio(tmp_path / "tone.wav", tone(), RATE, subtype="FLOAT")
    np.testing.assert_array_equal(
        read_audio(tmp_path / "tone.wav", start=100, frames=50).samples, tone()[100:150]
    )


def test_the_probe_knows_length_rate_and_channels_without_decoding(tmp_path):
    write_audio(tmp_path / "tone.wav", np.stack([tone()] * 3, axis=1), RATE)
    assert probe(tmp_path / "tone.wav") == (0.2, RATE, 3, 3200)


def broken(folder) -> dict:
    write_audio(folder / "nan.wav", np.array([0.1, np.nan, 0.2], np.float32), RATE, subtype="FLOAT")
    write_audio(folder / "inf.wav", np.array([0.1, np.inf, 0.2], np.float32), RATE, subtype="FLOAT")
    write_audio(folder / "integers.wav", np.array([0.0, 12000.0, -9000.0], np.float32), RATE, subtype="FLOAT")
    write_audio(folder / "silent.wav", np.zeros(0, np.float32), RATE)
    (folder / "empty.wav").touch()
    (folder / "text.wav").write_text("this is no recording")
    (folder / "head.wav").write_bytes(b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt ")
    (folder / "folder.wav").mkdir()
    write_audio(folder / "whole.flac", tone(), RATE)
    (folder / "torn.flac").write_bytes((folder / "whole.flac").read_bytes()[:60])
    return {
        "nan.wav": "not numbers",
        "inf.wav": "not numbers",
        "integers.wav": "up to 1.2e+04",
        "silent.wav": "no samples",
        "empty.wav": "0 bytes",
        "text.wav": "cannot be decoded",
        "head.wav": "",
        "folder.wav": "is a folder",
        "torn.flac": "",
        "missing.wav": "does not exist",
    }


def test_every_kind_of_broken_recording_is_named_with_its_reason(tmp_path):
    for name, reason in broken(tmp_path).items():
        with pytest.raises(InputError) as caught:
            read_audio(tmp_path / name)
        message = str(caught.value)
        assert message.startswith(f"{tmp_path / name} "), message
        assert reason in message
        assert ":" in message, "the message says how to mend it"


def test_real_undecodable_files_are_refused_by_name(data):
    paths = sorted((data / "undecodable").glob("*.flac"))
    if not paths:
        pytest.skip("no undecodable recordings at hand")
    for path in paths:
        with pytest.raises(InputError, match=f"{path.name} cannot be decoded"):
            read_audio(path)


def test_a_failed_write_leaves_nothing_behind(tmp_path):
    with pytest.raises(InputError, match="cannot write"):
        write_audio(tmp_path / "nowhere" / "tone.wav", tone(), RATE)
    with pytest.raises(InputError, match="cannot write"):
        write_audio(tmp_path / "tone.unknown", tone(), RATE)
    assert list(tmp_path.iterdir()) == []


def test_noise_recordings_are_joined_at_the_same_power(tmp_path):
    write_audio(tmp_path / "loud.wav", tone(1.0), RATE)
    write_audio(tmp_path / "quiet.wav", 0.01 * tone(1.0, 8000), 8000)
    noise = read_noise(f"folder:{tmp_path}", RATE)
    assert noise is not None
    assert len(noise) == 2 * RATE
    assert np.sqrt(np.mean(noise[:RATE] ** 2)) == pytest.approx(np.sqrt(np.mean(noise[RATE:] ** 2)), rel=0.02)
    assert read_noise("pink", RATE) is None


def test_a_noise_folder_without_recordings_is_refused(tmp_path):
    with pytest.raises(InputError, match="no folder"):
        read_noise(f"folder:{tmp_path}/nowhere", RATE)
    with pytest.raises(InputError, match="no recordings"):
        read_noise(f"folder:{tmp_path}", RATE)


@pytest.mark.skipif(sys.platform == "win32", reason="has no named pipes in folders")
def test_a_pipe_among_recordings_is_named_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    for read in (probe, read_audio):
        with pytest.raises(InputError, match=r"pipe\.wav is a pipe or a device"):
            read(tmp_path / "pipe.wav")
