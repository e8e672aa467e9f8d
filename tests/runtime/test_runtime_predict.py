"""One recording, one answer, cut as in training."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
from tiny_artefacts import LABELS, RATE

from wrenlet.artefact import ClipRules
from wrenlet.audio import resample, trim_silence
from wrenlet.errors import InputError
from wrenlet.runtime import load, softmax


def test_prediction_is_the_softmax_at_the_last_frame_of_the_trimmed_clip(model, speech):
    padded = np.concatenate([np.zeros(3000, np.float32), speech, np.zeros(4000, np.float32)])
    rules = ClipRules()
    cut = trim_silence(padded, RATE, trim_db=rules.trim_db, margin_ms=rules.margin_ms)
    chances = softmax(model.run(cut)[-1])
    found = model.predict(padded)
    assert found.label == LABELS[int(chances.argmax())]
    assert found.confidence == pytest.approx(chances.max())
    assert tuple(found.probabilities) == LABELS
    assert sum(found.probabilities.values()) == pytest.approx(1)
    assert found.seconds == pytest.approx(len(cut) / RATE)


def test_a_file_answers_as_its_samples_do(model, speech, tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, speech, RATE, subtype="FLOAT")
    assert model.predict(path) == model.predict(speech)
    assert model.predict(str(path)).label == model.predict(speech, RATE).label


def test_stereo_at_another_rate_is_mixed_down_and_resampled(model, speech, tmp_path):
    fast = resample(speech, RATE, 44100)
    path = tmp_path / "stereo.flac"
    soundfile.write(path, np.stack([fast, fast], 1), 44100)
    expected = model.predict(resample(fast, 44100, RATE))
    for found in (model.predict(path), model.predict(np.stack([fast, fast], 1), 44100)):
        assert found.label == expected.label
        assert found.confidence == pytest.approx(expected.confidence, abs=0.01)


@pytest.mark.parametrize("samples", [np.ones(1, np.float32) * 0.1, np.zeros(800, np.float32)])
def test_very_short_and_silent_recordings_get_an_answer(any_path, samples):
    assert load(any_path).predict(samples).label in LABELS


def test_samples_that_lie_the_wrong_way_round_are_refused(model, speech):
    with pytest.raises(InputError, match=r"give \[samples, channels\], such as samples\.T"):
        model.predict(np.stack([speech, speech]))


@pytest.mark.parametrize("shape", [(0,), (0, 2), (100, 0)])
def test_nothing_of_any_shape_is_empty(model, shape):
    with pytest.raises(InputError, match="the recording is empty"):
        model.predict(np.zeros(shape, np.float32))


def test_recordings_without_audio_are_refused(model):
    with pytest.raises(InputError, match="empty"):
        model.predict(np.zeros(0, np.float32))
    with pytest.raises(InputError, match="2 of 100 samples"):
        model.predict(np.where(np.arange(100) < 2, np.nan, 0.1))
    with pytest.raises(InputError, match=r"-1…1, or int16"):
        model.predict(np.arange(100) * 100.0)
    with pytest.raises(InputError, match=r"missing\.wav"):
        model.predict("missing.wav")


def test_info_tells_what_the_file_is(any_path):
    info = load(any_path).info
    assert info.size_bytes == any_path.stat().st_size
    assert info.labels == LABELS
    assert info.sample_rate == RATE
    assert info.hop_ms == 16
    assert info.sidecar.name == "tiny"


def test_a_model_of_clips_of_one_length_gets_that_length(model, speech):
    rules = ClipRules(trim_db=0, max_seconds=1.0, fill="centre")
    fixed = model
    fixed.info = replace(fixed.info, sidecar=replace(fixed.sidecar, clip=rules))
    for samples in (speech, np.concatenate([np.zeros(9000, np.float32), speech])):
        prepared = fixed.prepare(samples)
        assert len(prepared) == RATE
        assert np.square(prepared).sum() == pytest.approx(np.square(speech).sum(), rel=1e-3)
        assert fixed.predict(samples).confidence == pytest.approx(softmax(fixed.run(prepared)[-1]).max())
    assert fixed.predict(speech).seconds == 1.0
