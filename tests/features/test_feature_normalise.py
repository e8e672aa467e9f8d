import numpy as np
import pytest
import torch
from reference_frontend import reference_features

from wrenlet.errors import InputError
from wrenlet.features import FeatureSettings, Normalise, build_frontend, fit_normalisation
from wrenlet.features.normalise import STD_FLOOR

CHOSEN = FeatureSettings(sample_rate=8000, coefficients=8, deltas=1)


def clips() -> tuple[torch.Tensor, torch.Tensor]:
    lengths = torch.tensor([1000, 128, 1, 0, 700, 1024])
    audio = torch.randn(6, 1024, generator=torch.Generator().manual_seed(1)) * 0.1
    audio[torch.arange(1024) >= lengths[:, None]] = 0
    return audio, lengths


@pytest.mark.parametrize("batch", [1, 4, 256])
def test_statistics_are_those_of_the_real_frames(batch: int) -> None:
    audio, lengths = clips()
    fitted = fit_normalisation(build_frontend(CHOSEN), audio, lengths, batch=batch)
    real = []
    for clip, length in zip(audio.numpy(), lengths.tolist(), strict=True):
        frames = -(-length // CHOSEN.hop_samples)
        if frames:
            real.append(reference_features(np.pad(clip, (0, 512)), CHOSEN)[:frames])
    frames = np.concatenate(real)
    np.testing.assert_allclose(fitted.mean.numpy(), frames.mean(0), atol=1e-3)
    np.testing.assert_allclose(fitted.std.numpy(), np.maximum(frames.std(0), STD_FLOOR), atol=1e-3)


def test_padding_is_not_learned_from() -> None:
    audio, lengths = clips()
    dirty = audio.clone()
    dirty[torch.arange(1024) >= lengths[:, None]] = 9.0
    frontend = build_frontend(CHOSEN)
    clean = fit_normalisation(frontend, audio, lengths)
    longer = torch.nn.functional.pad(dirty, (0, 777), value=5.0)
    for other in (dirty, longer):
        fitted = fit_normalisation(frontend, other, lengths)
        assert torch.equal(fitted.mean, clean.mean)
        assert torch.equal(fitted.std, clean.std)


def test_a_feature_that_never_varies_is_not_blown_up() -> None:
    fitted = fit_normalisation(build_frontend(CHOSEN), torch.zeros(2, 1024), torch.tensor([1024, 1024]))
    assert torch.all(fitted.std == STD_FLOOR)


def test_nothing_to_learn_from_is_said() -> None:
    with pytest.raises(InputError, match="every clip has length 0"):
        fit_normalisation(build_frontend(CHOSEN), torch.zeros(2, 512), torch.tensor([0, 0]))
    broken = torch.full((1, 512), float("nan"))
    with pytest.raises(InputError, match="not finite"):
        fit_normalisation(build_frontend(CHOSEN), broken, torch.tensor([512]))


def test_normalised_training_features_have_mean_zero_and_variance_one() -> None:
    audio = torch.randn(3, 4096, generator=torch.Generator().manual_seed(2))
    frontend = build_frontend(CHOSEN)
    features = fit_normalisation(frontend, audio, torch.tensor([4096] * 3))(frontend(audio)).flatten(0, 1)
    torch.testing.assert_close(features.mean(0), torch.zeros(16), atol=1e-4, rtol=0)
    torch.testing.assert_close(features.std(0, correction=0), torch.ones(16), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("mean", "std", "says"),
    [
        (torch.zeros(3), torch.zeros(3), "above 0"),
        (torch.zeros(3), torch.ones(2), "must be"),
        (torch.zeros(()), torch.ones(()), "must be"),
    ],
)
def test_statistics_that_cannot_normalise_are_refused(
    mean: torch.Tensor, std: torch.Tensor, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        Normalise(mean, std)


def test_statistics_travel_in_the_state_dict() -> None:
    saved = Normalise(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])).state_dict()
    loaded = Normalise(torch.zeros(2), torch.ones(2))
    loaded.load_state_dict(saved)
    assert torch.allclose(loaded(torch.tensor([[[4.0, 6.0]]])), torch.ones(1, 1, 2))
