import librosa
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_frontend import reference_features

import wrenlet.features.frontend as frontend_module
from wrenlet.errors import InputError
from wrenlet.features import FeatureSettings, build_frontend
from wrenlet.streaming import StreamingModule, stream


def noise(samples: int, seed: int = 0, batch: int = 1) -> torch.Tensor:
    return torch.randn(batch, samples, generator=torch.Generator().manual_seed(seed)) * 0.1


@st.composite
def feature_settings(draw: st.DrawFn) -> FeatureSettings:
    rate = draw(st.sampled_from([8000, 11025, 16000]))
    hop = draw(st.integers(8, 200))
    size = draw(st.integers(max(hop, 64), 480))
    top = draw(st.sampled_from([None, 3000.0, 3500.0]))
    arguments = {
        "kind": draw(st.sampled_from(["mfcc", "logmel"])),
        "sample_rate": rate,
        "window_ms": size * 1000 / rate,
        "hop_ms": hop * 1000 / rate,
        "transform_length": draw(st.none() | st.integers(0, 60).map(lambda n: size + size % 2 + 2 * n)),
        "window": draw(st.sampled_from(["hann", "hamming", "rectangular"])),
        "preemphasis": draw(st.sampled_from([0.0, 0.97])),
        "spectrum": draw(st.sampled_from(["power", "magnitude"])),
        "mel_low_hz": draw(st.sampled_from([0.0, 20.0, 300.0])),
        "mel_high_hz": top,
        "mel_scale": draw(st.sampled_from(["slaney", "htk"])),
        "mel_norm": draw(st.sampled_from(["slaney", "none"])),
        "deltas": draw(st.sampled_from([0, 0, 1, 2])),
        "level": draw(st.sampled_from(["absolute", "relative"])),
    }
    for bands in (draw(st.integers(1, 40)), 12, 8, 4, 2, 1):
        try:
            return FeatureSettings(mel_bins=bands, coefficients=min(13, bands), **arguments)
        except InputError as error:
            assert "empty" in str(error)  # noqa: PT017 - the only refusal that these settings may meet
    raise AssertionError("one band is never empty")


@settings(max_examples=80, deadline=None, derandomize=True)
@given(chosen=feature_settings(), seed=st.integers(0, 100))
def test_features_equal_the_float64_reference_for_any_settings(chosen: FeatureSettings, seed: int) -> None:
    audio = noise(chosen.hop_samples * 12 + 5, seed)
    features = build_frontend(chosen)(audio)[0].numpy()
    expected = reference_features(audio[0].numpy(), chosen)
    assert features.shape == expected.shape == (12, chosen.feature_count)
    np.testing.assert_allclose(features, expected, atol=2e-3, rtol=1e-4)


@pytest.mark.parametrize(
    "length",
    [pytest.param(n, id=str(n)) for n in (128, 130, 202, 254, 2 * 101, 240, 250, 486, 512, 2 * 127)],
)
def test_nyquist_bin_is_right_for_every_kind_of_length(length: int) -> None:
    # An alternating signal lies in the Nyquist bin and next to it, which the top band hears.
    chosen = FeatureSettings(
        kind="logmel", sample_rate=8000, window_ms=16, hop_ms=8, transform_length=length, mel_bins=6
    )
    audio = 0.5 * (-1.0) ** torch.arange(640)[None]
    np.testing.assert_allclose(
        build_frontend(chosen)(audio)[0].numpy(), reference_features(audio[0].numpy(), chosen), atol=2e-3
    )


COINCIDING = [
    {"window_ms": 40.0, "hop_ms": 20.0},
    {"window_ms": 32.0, "hop_ms": 16.0, "mel_scale": "htk", "mel_norm": "none"},
    {"window_ms": 25.0, "hop_ms": 10.0, "window": "hamming", "mel_low_hz": 60.0, "mel_high_hz": 7600.0},
    {"window_ms": 30.0, "hop_ms": 10.0, "spectrum": "magnitude", "transform_length": 640},
]


@pytest.mark.parametrize("arguments", COINCIDING, ids=lambda a: f"{a['window_ms']}ms")
@pytest.mark.parametrize("kind", ["logmel", "mfcc"])
def test_features_are_librosas_where_the_definitions_coincide(kind: str, arguments: dict) -> None:
    chosen = FeatureSettings(kind=kind, log_floor=1e-10, **arguments)
    size, hop, length = chosen.window_samples, chosen.hop_samples, chosen.fft_length
    audio = noise(hop * 40)
    # librosa centres a short window in the transform and starts with the first whole one.
    sides = ((length - size) // 2 + size - hop, length - size - (length - size) // 2)
    spectrogram = librosa.feature.melspectrogram(
        y=np.pad(audio[0].double().numpy(), sides),
        sr=chosen.sample_rate,
        n_fft=length,
        win_length=size,
        hop_length=hop,
        window="hann" if chosen.window == "hann" else "hamming",
        center=False,
        power=2.0 if chosen.spectrum == "power" else 1.0,
        n_mels=40,
        fmin=chosen.mel_low_hz,
        fmax=chosen.mel_top_hz,
        htk=chosen.mel_scale == "htk",
        norm="slaney" if chosen.mel_norm == "slaney" else None,
    )
    expected = np.log(np.maximum(spectrogram, 1e-10))
    if kind == "mfcc":
        expected = librosa.feature.mfcc(S=expected, n_mfcc=20, dct_type=2, norm="ortho")
    np.testing.assert_allclose(build_frontend(chosen)(audio)[0].numpy(), expected.T, atol=2e-3)


STREAMS = [
    pytest.param(FeatureSettings(), id="mfcc"),
    pytest.param(FeatureSettings(kind="logmel", window_ms=40, hop_ms=20), id="half-overlap"),
    pytest.param(FeatureSettings(window_ms=16, hop_ms=16), id="no-overlap"),
    pytest.param(FeatureSettings(window_ms=16, hop_ms=16, preemphasis=0.9), id="preemphasis-alone"),
    pytest.param(FeatureSettings(window_ms=32, hop_ms=4, preemphasis=0.97, mel_bins=20), id="long-overlap"),
    pytest.param(FeatureSettings(window_ms=20, hop_ms=12.5, deltas=1, coefficients=5), id="delta"),
    pytest.param(FeatureSettings(kind="logmel", mel_bins=13, deltas=2), id="delta-delta"),
    pytest.param(FeatureSettings(level="relative", level_decay_db=50, deltas=1), id="relative-level"),
]


@pytest.mark.parametrize("chosen", STREAMS)
@pytest.mark.parametrize("chunks", [1, 2, 3, 17])
def test_chunking_changes_nothing(chosen: FeatureSettings, chunks: int) -> None:
    frontend = build_frontend(chosen)
    audio = noise(chosen.hop_samples * 17, batch=3)
    torch.testing.assert_close(
        stream(frontend, audio, chunks * chosen.hop_samples), frontend(audio), atol=1e-5, rtol=1e-5
    )


@pytest.mark.parametrize("chosen", STREAMS)
def test_no_frame_hears_later_audio_than_its_look_ahead(chosen: FeatureSettings) -> None:
    frontend, hop = build_frontend(chosen), chosen.hop_samples
    audio = noise(hop * 14)
    changed = audio.clone()
    changed[:, hop * 9 :] = 1.0
    before, after = frontend(audio), frontend(changed)
    unheard = 9 - 2 * chosen.deltas
    assert torch.equal(before[:, :unheard], after[:, :unheard])
    assert not torch.allclose(before[:, unheard], after[:, unheard])


@pytest.mark.parametrize("chosen", STREAMS)
def test_clips_of_a_batch_do_not_touch_each_other(chosen: FeatureSettings) -> None:
    frontend = build_frontend(chosen)
    audio = noise(chosen.hop_samples * 9, batch=4)
    torch.testing.assert_close(frontend(audio)[2:3], frontend(audio[2:3]), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("chosen", STREAMS)
@pytest.mark.parametrize("block", [1, 4, 5, 1000])
def test_block_size_changes_nothing(
    chosen: FeatureSettings, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frontend = build_frontend(chosen)
    audio = noise(chosen.hop_samples * 13, batch=5)
    expected = frontend(audio)
    monkeypatch.setattr(frontend_module, "BLOCK", block)
    torch.testing.assert_close(frontend(audio), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("chosen", STREAMS)
def test_front_end_keeps_the_streaming_contract(chosen: FeatureSettings) -> None:
    frontend = build_frontend(chosen)
    assert isinstance(frontend, StreamingModule)
    assert frontend.stride == chosen.hop_samples
    assert frontend.lookahead == 2 * chosen.deltas * chosen.hop_samples
    assert not frontend.state_dict(), "every constant follows from the settings"
    state = frontend.initial_state(2)
    samples = chosen.window_samples - chosen.hop_samples + (chosen.preemphasis > 0)
    assert ("overlap" in state) == (samples > 0)
    if samples:
        assert state["overlap"].shape == (2, samples)
    before = {name: leaf.clone() for name, leaf in state.items() if isinstance(leaf, torch.Tensor)}
    _, following = frontend.step(noise(chosen.hop_samples, batch=2), state)
    assert following.keys() == state.keys()
    assert all(torch.equal(state[name], leaf) for name, leaf in before.items()), (
        "step changed its state in place"
    )
    with pytest.raises(ValueError, match="multiple of"):
        frontend.step(noise(chosen.hop_samples + 1, batch=2), state)


def test_silence_gives_the_floor_and_no_slope() -> None:
    features = build_frontend(FeatureSettings(kind="logmel", mel_bins=10, deltas=2))(torch.zeros(1, 5000))
    assert torch.allclose(features[..., :10], torch.tensor(1e-6).log())
    assert torch.all(features[..., 10:] == 0)


def test_double_precision_runs_through() -> None:
    chosen = FeatureSettings()
    audio = noise(4096).double()
    features = build_frontend(chosen).double()(audio)
    assert features.dtype == torch.float64
    np.testing.assert_allclose(features[0].numpy(), reference_features(audio[0].numpy(), chosen), atol=1e-4)


@pytest.mark.parametrize("spectrum", ["power", "magnitude"])
def test_relative_level_makes_gain_not_matter(spectrum: str) -> None:
    chosen = FeatureSettings(level="relative", spectrum=spectrum, log_floor=1e-12)  # type: ignore[arg-type]
    frontend = build_frontend(chosen)
    audio = torch.randn(2, 8000, generator=torch.Generator().manual_seed(1)) * 0.1
    torch.testing.assert_close(frontend(audio), frontend(audio * 0.03), atol=2e-3, rtol=0)


def test_relative_level_falls_after_a_loud_word() -> None:
    frontend = build_frontend(FeatureSettings(kind="logmel", level="relative", level_decay_db=40))
    audio = torch.randn(1, 48_000, generator=torch.Generator().manual_seed(2)) * 0.001
    audio[:, 4000:8000] *= 300
    loudest = frontend(audio).amax(2)[0]
    assert loudest[40] < loudest[80] < loudest[170]
    assert loudest[170] > -0.5
