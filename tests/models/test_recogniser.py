import pytest
import torch
from test_checkpoint import recogniser

from wrenlet.models import Recogniser
from wrenlet.streaming import stream


def test_audio_program_streams_what_the_recogniser_answers() -> None:
    one = recogniser().eval()
    audio = torch.randn(2, 128 * 9) * 0.1
    with torch.no_grad():
        whole = one(audio)
        assert whole.shape == (2, 9, 3)
        assert torch.allclose(whole, stream(one.audio_program, audio, 128), atol=1e-5)
    assert one.audio_program.stride == one.hop_samples == 128
    assert set(one.audio_program.initial_state(1)) >= {"frontend", "body"}


def test_features_are_what_the_body_sees() -> None:
    one = recogniser().eval()
    audio = torch.randn(1, 1280) * 0.1
    assert torch.equal(one.body(one.features(audio)), one(audio))


def test_parameters_are_counted_once_and_without_the_front_end() -> None:
    one = recogniser()
    assert one.parameter_count() == sum(p.numel() for p in one.body.parameters())
    assert len(list(one.state_dict())) == len(set(one.state_dict()))


def test_labels_must_be_there_and_differ() -> None:
    one = recogniser()
    with pytest.raises(ValueError, match="each of them once"):
        Recogniser(one.frontend, one.normalise, one.body, ("a", "a"))
