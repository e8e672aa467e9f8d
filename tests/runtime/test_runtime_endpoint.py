"""Words in a recording with pauses come out one event each, and nothing else does."""

import os
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tiny_artefacts import audio_sidecar

from wrenlet.artefact import ClipRules
from wrenlet.errors import InputError
from wrenlet.runtime import EndpointSettings, PosteriorSettings, detection_settings
from wrenlet.runtime.endpoint import EndpointDetector, NoiseFloor

RATE, HOP = 8000, 128
ANY = EndpointSettings(threshold=0.0)


class Counting:
    """A program whose answer's label is the number of hops since the reset, in groups of ten."""

    hop, classes = HOP, 12

    def __init__(self, lookahead: int = 0) -> None:
        self.lookahead = lookahead
        self.reset()

    def reset(self) -> None:
        self.hops = -self.lookahead

    def run(self, hops: np.ndarray) -> np.ndarray:
        found = np.zeros((len(hops), self.classes), np.float32)
        for row in found:
            row[np.clip(self.hops // 10, 0, self.classes - 1)] = 9
            self.hops += 1
        return found


LABELS = tuple(f"{10 * group}+" for group in range(12))


def words(*parts: tuple[float, float], noise_db: float = -70.0, seed: int = 0) -> np.ndarray:
    """Audio from (seconds, level in dB of full scale) in a row; -inf is a pause."""
    rng = np.random.default_rng(seed)
    audio = np.concatenate(
        [rng.normal(0, 10 ** (level / 20), int(RATE * seconds)) for seconds, level in parts]
    )
    return (audio + rng.normal(0, 10 ** (noise_db / 20), len(audio))).astype(np.float32)


PAUSE = -np.inf


def detect(audio: np.ndarray, settings: EndpointSettings = ANY, lookahead: int = 0, block: int = 7):
    detector = EndpointDetector(Counting(lookahead), LABELS, RATE, settings)
    hops = np.pad(audio, (0, -len(audio) % HOP)).reshape(-1, HOP)
    found = [
        event for start in range(0, len(hops), block) for event in detector.feed(hops[start : start + block])
    ]
    return [*found, *detector.flush()]


@pytest.mark.parametrize("noise_db", [-90.0, -70.0, -50.0, -35.0])
@pytest.mark.parametrize("level", [-10.0, -20.0])
def test_each_word_is_one_event_with_its_times(noise_db, level):
    audio = words((1.5, PAUSE), (0.4, level), (0.5, PAUSE), (0.6, level), (1.0, PAUSE), noise_db=noise_db)
    found = detect(audio)
    assert len(found) == 2
    for event, (start, end) in zip(found, [(1.5, 1.9), (2.4, 3.0)], strict=True):
        assert event.start == pytest.approx(start - 0.05, abs=0.04)
        assert event.end == pytest.approx(end + 0.05, abs=0.04)


@pytest.mark.parametrize("lookahead", [0, 3, 30])
def test_the_answer_is_the_models_at_the_words_last_frame(lookahead):
    audio = words((1.0, PAUSE), (0.45, -20), (0.5, PAUSE), (0.1, -20), (0.5, PAUSE))
    found = detect(audio, lookahead=lookahead)
    for event in found:
        last = round((event.end - event.start) * RATE / HOP) - 1
        assert event.label == f"{last // 10 * 10}+"
    assert len(found) == 2


@pytest.mark.parametrize("block", [1, 3, 1000])
def test_events_do_not_depend_on_the_blocks(block):
    audio = words((0.7, PAUSE), (0.4, -20), (0.3, PAUSE), (0.3, -25), (0.3, PAUSE), (0.5, -15))
    assert detect(audio, block=block) == detect(audio)
    assert len(detect(audio)) == 3


def test_a_recording_may_start_and_end_within_a_word():
    found = detect(words((0.5, -20)))
    assert len(found) == 1
    assert (found[0].start, found[0].end) == (0.0, pytest.approx(0.5, abs=0.02))
    found = detect(words((1.0, PAUSE), (0.4, -20)), lookahead=4)
    assert len(found) == 1
    assert found[0].end == pytest.approx(1.4, abs=0.02)


@pytest.mark.parametrize("pause", [0.2, 0.3, 2.0, 30.0])
def test_digital_silence_between_words_is_a_pause(pause):
    audio = words((0.4, -20), (pause, PAUSE), (0.4, -20), (pause, PAUSE), noise_db=-300)
    assert len(detect(audio)) == 2


def test_silence_steady_noise_and_a_constant_offset_are_no_words():
    assert detect(words((20.0, PAUSE), noise_db=-300)) == []
    assert detect(words((20.0, PAUSE), noise_db=-40)) == []
    assert detect(words((20.0, PAUSE), noise_db=-15)) == []
    assert detect(words((3.0, PAUSE)) + np.float32(0.3)) == []
    jump = np.concatenate([words((3.0, PAUSE), noise_db=-60), words((10.0, PAUSE), noise_db=-30)])
    assert detect(jump) == []


def test_a_click_is_too_short_and_a_machine_too_long():
    audio = words((1.0, PAUSE), (0.02, -5), (1.0, PAUSE), (5.0, -20), (1.0, PAUSE), (0.4, -20), (1.0, PAUSE))
    found = detect(audio)
    assert [round(event.start) for event in found] == [8]


def test_words_are_found_in_a_room_that_has_become_louder():
    quiet, loud = (
        words((4.0, PAUSE), noise_db=-70),
        words((3.0, PAUSE), (0.4, -15), (1.0, PAUSE), noise_db=-35),
    )
    found = detect(np.concatenate([quiet, loud]))
    assert [event.start for event in found] == [pytest.approx(6.95, abs=0.05)]


def test_a_breath_after_a_word_is_no_word():
    assert len(detect(words((1.0, PAUSE), (0.4, -8), (0.3, PAUSE), (0.2, -52), (1.0, PAUSE)))) == 1
    assert len(detect(words((1.0, PAUSE), (0.4, -8), (0.3, PAUSE), (0.2, -42), (1.0, PAUSE)))) == 2
    assert len(detect(words((1.0, PAUSE), (0.4, -8), (1.5, PAUSE), (0.2, -52), (1.0, PAUSE)))) == 2


def test_a_long_word_is_answered_for_where_training_ended():
    audio = words((1.0, PAUSE), (1.6, -20), (1.0, PAUSE))
    (event,) = detect(audio, replace(ANY, answer_ms=500.0))
    assert event.label == "30+"  # 31 hops are 500 ms
    assert event.end - event.start == pytest.approx(1.7, abs=0.05)


def test_doubtful_words_and_background_labels_are_not_reported():
    audio = words((1.0, PAUSE), (0.4, -20), (1.0, PAUSE))
    hops = audio[: len(audio) // HOP * HOP].reshape(-1, HOP)
    for labels, threshold, expected in (
        (LABELS, 0.99, 1),
        (LABELS, 0.9999, 0),
        (("_unknown_",) * 12, 0.0, 0),
    ):
        detector = EndpointDetector(Counting(), labels, RATE, replace(ANY, threshold=threshold))
        assert len([*detector.feed(hops), *detector.flush()]) == expected


def test_noise_floor_follows_the_quietest_of_two_seconds():
    floor = NoiseFloor(10.0, -70.0)
    assert all(floor.update(-40) == -70 for _ in range(100))  # the prior: it may be a word
    assert floor.update(-40) == -40
    assert floor.update(-55) == -55
    assert [floor.update(-30) for _ in range(150)][-1] == -55
    assert [floor.update(-30) for _ in range(100)][-1] == -30
    assert floor.update(-300) == -70


def test_settings_come_from_the_sidecar_then_from_its_clips():
    sidecar = replace(audio_sidecar(), clip=ClipRules(trim_db=30.0, margin_ms=20.0, max_seconds=0.8))
    assert detection_settings(sidecar) == EndpointSettings(range_db=30.0, margin_ms=20.0, answer_ms=800.0)
    given = replace(sidecar, detection={"threshold": 0.8, "margin_ms": 70, "of_a_newer_wrenlet": 1})
    assert detection_settings(given).threshold == 0.8
    assert detection_settings(given).margin_ms == 70
    known = replace(sidecar, labels=("yes", "_unknown_"), detection={"threshold": 0.9})
    assert detection_settings(known) == PosteriorSettings(threshold=0.9)
    assert isinstance(
        detection_settings(replace(known, detection={"detector": "endpoint"})), EndpointSettings
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"threshold": 1.5}, "detection.threshold is 1.5"),
        ({"pause_ms": 0.0}, "detection.pause_ms is 0.0"),
        ({"release_db": 20.0}, "detection.release_db is 20.0"),
        ({"longest_ms": 50.0}, "detection.longest_ms is 50.0"),
        ({"margin_ms": float("nan")}, "detection.margin_ms is nan"),
    ],
)
def test_settings_out_of_range_are_named(changes, said):
    with pytest.raises(InputError, match=said):
        EndpointSettings(**changes)
    with pytest.raises(InputError, match="detector"):
        detection_settings(replace(audio_sidecar(), detection={"detector": "magic"}))
    with pytest.raises(InputError, match="threshold"):
        detection_settings(replace(audio_sidecar(), detection={"threshold": "high"}))


RECORDINGS = Path(os.environ.get("WRENLET_DATA", "missing")) / "fsdd" / "recordings"


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="needs the spoken digits: set WRENLET_DATA")
@pytest.mark.parametrize("noise_db", [-300.0, -66.0, -58.0])
def test_spoken_digits_with_pauses_come_out_one_event_each(model, noise_db):
    rng = np.random.default_rng(7)
    files = [RECORDINGS / f"{digit}_{speaker}_{take}.wav" for digit in range(10) for take in (0, 20)
             for speaker in ("jackson", "theo", "nicolas")]  # fmt: skip
    rng.shuffle(files)
    parts, marks, at = [np.zeros(6000)], [], 6000
    for file in files:
        samples, _ = soundfile.read(file)
        parts += [samples, np.zeros(int(RATE * rng.uniform(0.25, 0.8)))]
        marks.append((at / RATE, (at + len(samples)) / RATE))
        at += len(parts[-1]) + len(samples)
    audio = np.concatenate(parts)
    audio += rng.normal(0, 10 ** (noise_db / 20), len(audio))
    found = list(model.listen(np.array_split(audio, 77), ANY))
    per_word = [sum(event.start < end and event.end > start for event in found) for start, end in marks]
    assert per_word.count(1) >= len(files) - 1  # the quietest may drown in the noise
    assert len(found) <= len(files)


def test_listening_needs_no_more_memory_for_an_hour_than_for_a_minute(model):
    def audio(minutes: int):
        word = words((0.4, -20), (2.1, PAUSE))
        for _ in range(minutes * 24):
            yield word

    def peak(minutes: int) -> int:
        tracemalloc.start()
        count = sum(1 for _ in model.listen(audio(minutes), ANY))
        reached = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count == minutes * 24
        return reached

    peak(1)
    assert peak(8) < 1.2 * peak(1) + 20_000
