"""Accuracy of the file that ships, whole or as a stream, with labels matched by name."""

from dataclasses import dataclass

import numpy as np
import pytest
from tiny_artefacts import LABELS, RATE

from wrenlet.audio import resample
from wrenlet.errors import InputError
from wrenlet.measure import clip_logits, evaluate
from wrenlet.runtime import load


@dataclass
class Clips:
    waveforms: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray
    sample_rate: int = RATE
    label_names: tuple[str, ...] = LABELS


@pytest.fixture(scope="module")
def clips() -> Clips:
    rng = np.random.default_rng(0)
    lengths = rng.integers(300, 6000, 24)
    waveforms = np.zeros((24, 6000), np.float32)
    for row, length in zip(waveforms, lengths, strict=True):
        row[:length] = rng.normal(0, 0.3, length) * np.sin(np.arange(length) / rng.uniform(5, 900))
    return Clips(waveforms, lengths, rng.integers(0, 4, 24))


def answers(model, clips) -> np.ndarray:
    return np.array([logits[-1].argmax() for logits in clip_logits(model, clips, list(range(24)))])


@pytest.mark.parametrize("artefact", ["litert_path", "onnx_path", "int8_path"])
def test_whole_and_streamed_clips_score_the_same(artefact, clips, request):
    model = load(request.getfixturevalue(artefact))
    whole, streamed = evaluate(model, clips), evaluate(model, clips, through="stream")
    assert whole == streamed
    assert whole.clips == 24
    assert whole.accuracy == np.mean(answers(model, clips) == clips.labels)


def test_padding_beyond_the_length_is_not_heard(litert_path, clips):
    noisy = np.where(np.arange(6000) < clips.lengths[:, None], clips.waveforms, 0.7).astype(np.float32)
    assert evaluate(litert_path, clips) == evaluate(litert_path, Clips(noisy, clips.lengths, clips.labels))


def test_labels_are_matched_by_name_and_unknown_ones_are_left_out(litert_path, clips):
    given = answers(load(litert_path), clips)
    turned = Clips(clips.waveforms, clips.lengths, 4 - given, label_names=("nine", *reversed(LABELS)))
    assert evaluate(litert_path, turned).accuracy == 1
    strange = turned.labels.copy()
    strange[:3] = 0
    found = evaluate(
        litert_path, Clips(clips.waveforms, clips.lengths, strange, label_names=turned.label_names)
    )
    assert (found.clips, found.accuracy, found.left_out) == (21, 1.0, {"nine": 3})
    assert evaluate(litert_path, turned, turned.label_names) == evaluate(litert_path, turned)


def test_no_label_in_common_is_said(litert_path, clips):
    with pytest.raises(InputError, match=r"it knows zero, one, two, three; the clips have a, b, c, d"):
        evaluate(litert_path, clips, ("a", "b", "c", "d"))


@pytest.mark.parametrize("through", ["predict", "stream"])
def test_clips_at_another_rate_are_resampled(litert_path, clips, through):
    model = load(litert_path)
    rows = [
        resample(row[:length], RATE, 16000)
        for row, length in zip(clips.waveforms, clips.lengths, strict=True)
    ]
    lengths = np.array([len(row) for row in rows])
    waveforms = np.stack([np.pad(row, (0, lengths.max() - len(row))) for row in rows])
    expected = np.array([model.run(resample(row, 16000, RATE))[-1].argmax() for row in rows])
    found = evaluate(model, Clips(waveforms, lengths, expected, 16000), through=through)
    assert found.accuracy == 1


def test_progress_is_told_clip_by_clip(litert_path, clips):
    told: list[tuple[int, int]] = []
    evaluate(litert_path, clips, progress=lambda done, total: told.append((done, total)))
    assert told == [(clip, 24) for clip in range(1, 25)]
