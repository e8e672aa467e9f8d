"""The trained model, its stream and its artefacts agree; and if they do not, parity says so."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from tiny_artefacts import HOP, AudioStep

from wrenlet.measure import Tolerances, parity
from wrenlet.streaming import State, StreamingModule


class StreamingAudioStep(StreamingModule):
    """The model of the tiny artefact as a streaming module."""

    stride = HOP

    def __init__(self) -> None:
        super().__init__()
        self.hop = AudioStep().eval()

    def initial_state(self, batch: int) -> State:
        return {"overlap": torch.zeros(batch, HOP), "hidden": torch.zeros(batch, 16)}

    def step(self, chunk, state):
        self.check_chunk(chunk)
        found = []
        for hop in chunk.split(HOP, 1):
            answer = self.hop(hop, state["overlap"], state["hidden"])
            state = {"overlap": answer["overlap"], "hidden": answer["hidden"]}
            found.append(answer["logits"])
        return torch.cat(found, 1), state


@dataclasses.dataclass
class Trained:
    audio_program: StreamingModule


@pytest.fixture(scope="module")
def clips() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.normal(0, 0.2, (10, 4000)).astype(np.float32), rng.integers(100, 4000, 10)


def test_every_way_of_running_agrees(litert_path, onnx_path, clips):
    found = parity(Trained(StreamingAudioStep()), [litert_path, onnx_path], *clips)
    assert found.ok
    assert [row.name for row in found.rows[-2:]] == [litert_path.name, onnx_path.name]
    assert len(found.rows) == 6
    assert all(row.agreement == 1 and row.max_error < 1e-5 for row in found.rows)
    assert found.clips == 10
    assert found.frames == sum(-(-clips[1] // HOP))
    assert json.loads(json.dumps(found.to_json()))["ok"] is True


def test_an_artefact_of_other_weights_is_found_out(litert_path, clips):
    other = StreamingAudioStep()
    with torch.no_grad():
        other.hop.last.bias.add_(0.01)
    found = parity(Trained(other), [litert_path], *clips)
    assert not found.ok
    assert [row.ok for row in found.rows] == [True, True, True, True, False]
    assert found.rows[-1].mean_error == pytest.approx(0.01, rel=0.01)
    assert parity(Trained(other), [litert_path], *clips, Tolerances(float32=0.02, float32_agreement=0)).ok


def test_a_stream_that_forgets_is_found_out(clips):
    class Forgetful(StreamingAudioStep):
        def step(self, chunk, state):
            output, _ = super().step(chunk, state)
            return output, self.initial_state(len(chunk))

    found = parity(Trained(Forgetful()), [], *clips)
    assert not found.ok
    assert not found.rows[0].ok


def test_clips_that_cannot_be_compared_are_refused(clips):
    model = Trained(StreamingAudioStep())
    for waveforms, lengths in (
        (clips[0][:0], clips[1][:0]),
        (clips[0], clips[1][:3]),
        (clips[0], clips[1] * 0),
    ):
        with pytest.raises(ValueError, match="clips"):
            parity(model, [], waveforms, lengths)
