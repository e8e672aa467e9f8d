from dataclasses import replace
from time import perf_counter

import pytest
import torch

from wrenlet.audio import AugmentSettings
from wrenlet.audio.augment import augment, pink_noise, reshape_sound
from wrenlet.errors import InputError

RATE = 8000
OFF = AugmentSettings.off()


def batch(clips: int = 8, seconds: float = 0.5, hertz: float = 500.0):
    time = torch.arange(round(seconds * RATE)) / RATE
    lengths = torch.linspace(0.5, 1, clips).mul(len(time)).long()
    waves = 0.3 * torch.sin(2 * torch.pi * hertz * time).repeat(clips, 1)
    return waves * (torch.arange(len(time)) < lengths[:, None]), lengths


def vary(waves, lengths, settings, seed=0, **more):
    return augment(waves, lengths, settings, torch.Generator().manual_seed(seed), sample_rate=RATE, **more)


EACH = {
    "gain": replace(OFF, gain_probability=1.0),
    "shift": replace(OFF, shift_probability=1.0, tail_ms=80.0),
    "speed": replace(OFF, speed_probability=1.0),
    "colour": replace(OFF, colour_probability=1.0),
    "room": replace(OFF, room_probability=1.0),
    "white": replace(OFF, noise_probability=1.0, noise="white"),
    "pink": replace(OFF, noise_probability=1.0),
    "all": AugmentSettings(colour_probability=0.5, room_probability=0.5, tail_ms=50.0),
}


@pytest.mark.parametrize("name", EACH)
def test_a_seed_repeats_and_padding_stays_silent(name):
    waves, lengths = batch()
    before = waves.clone()
    one, one_lengths = vary(waves, lengths, EACH[name])
    two, two_lengths = vary(waves, lengths, EACH[name])
    other, _ = vary(waves, lengths, EACH[name], seed=1)
    assert torch.equal(waves, before), "the resident clips are not touched"
    assert torch.equal(one, two)
    assert torch.equal(one_lengths, two_lengths)
    assert one.shape != other.shape or not torch.equal(one, other)
    assert one_lengths.dtype == lengths.dtype
    assert one.shape[1] >= int(one_lengths.max())
    beyond = torch.arange(one.shape[1]) >= one_lengths[:, None]
    assert float(one[beyond].abs().sum()) == 0
    assert torch.isfinite(one).all()
    assert float(one.abs().max()) <= 1


def test_nothing_asked_for_changes_nothing():
    waves, lengths = batch()
    same, same_lengths = vary(waves, lengths, OFF)
    assert torch.equal(same, waves)
    assert torch.equal(same_lengths, lengths)


@pytest.mark.parametrize("speed", [0.85, 0.9, 1.0, 1.1, 1.15])
def test_speed_changes_length_and_pitch_by_the_same_factor_and_keeps_the_level(speed):
    waves, lengths = batch()
    fast, fast_lengths = vary(waves, lengths, replace(OFF, speed=(speed, speed), speed_probability=1.0))
    real = (lengths / fast_lengths).mean()
    assert float(real) == pytest.approx(speed, rel=0.03)
    row = fast[-1, : int(fast_lengths[-1])]
    peak = torch.fft.rfft(row).abs().argmax() * RATE / len(row)
    assert float(peak) == pytest.approx(500 * float(real), rel=0.01)
    assert float(row[400:-400].abs().max()) == pytest.approx(0.3, abs=0.01)


def test_speeding_up_does_not_fold_high_sounds_back():
    waves, lengths = batch(hertz=3800.0)
    fast, _ = vary(waves, lengths, replace(OFF, speed=(1.15, 1.15), speed_probability=1.0))
    assert float(fast[-1, 400:-400].abs().max()) < 0.02


def test_placement_moves_the_clip_whole_and_counts_the_silence():
    waves, lengths = batch()
    settings = replace(OFF, shift_probability=1.0, shift_ms=100.0, tail_ms=50.0)
    moved, moved_lengths = vary(waves, lengths, settings)
    for old, new, length, total in zip(waves, moved, lengths.tolist(), moved_lengths.tolist(), strict=True):
        start = int(new.nonzero()[0]) - int(old.nonzero()[0])
        assert 0 <= start <= 0.1 * RATE
        assert 0 <= total - length - start <= 0.05 * RATE
        assert torch.equal(new[start : start + length], old[:length])
    assert len(set((moved_lengths - lengths).tolist())) > 1


@pytest.mark.parametrize("kind", ["white", "pink", "folder:somewhere"])
def test_noise_has_the_ratio_that_was_asked_for(kind):
    waves, lengths = batch()
    settings = replace(OFF, noise=kind, noise_probability=1.0, snr_db=(10.0, 10.0))
    recordings = torch.randn(3000, generator=torch.Generator().manual_seed(5))
    noisy, _ = vary(waves, lengths, settings, noise=recordings)
    added = (noisy - waves).square().sum(1)
    ratio = 10 * torch.log10(waves.square().sum(1) / added)
    torch.testing.assert_close(ratio, torch.full_like(ratio, 10.0), atol=0.05, rtol=0)


def test_clips_of_one_length_keep_it_and_move_both_ways():
    lengths = torch.full((200,), 800)
    waves = torch.zeros(200, 800)
    waves[:, 400] = 0.5
    settings = replace(OFF, shift_probability=1.0, shift_ms=25.0, tail_ms=75.0)
    moved, kept = vary(waves, lengths, settings, keep_length=True)
    assert moved.shape == waves.shape
    assert torch.equal(kept, lengths)
    by = moved.argmax(1) - 400
    assert moved.count_nonzero() + int((by == -400).sum()) >= 199, "a click is moved or cut, never doubled"
    assert -600 <= int(by.min()) < -300
    assert 150 < int(by.max()) <= 200
    noisy, _ = vary(waves, lengths, replace(settings, noise="white", noise_probability=1.0), keep_length=True)
    assert noisy.ne(0).float().mean() > 0.99, "noise fills what moved away"


@pytest.mark.parametrize("speed", [0.85, 1.15])
def test_clips_of_one_length_keep_it_and_their_middle_at_another_speed(speed):
    lengths = torch.full((3,), 4000)
    waves = torch.zeros(3, 4000)
    waves[:, 2000] = 0.5
    waves[:, 2400] = 0.4
    fast, kept = vary(
        waves, lengths, replace(OFF, speed=(speed, speed), speed_probability=1.0), keep_length=True
    )
    assert fast.shape == waves.shape
    assert torch.equal(kept, lengths)
    assert abs(int(fast[0, 1800:2200].argmax()) + 1800 - 2000) <= 2
    assert abs(int(fast[0, 2250:].argmax()) + 2250 - 2000 - 400 / speed) <= 12


def test_volume_is_that_of_the_noise_however_loud_the_clip():
    waves, lengths = batch(clips=400)
    waves[200:] *= 0.01
    settings = replace(OFF, noise="corpus", noise_probability=0.8, noise_volume=0.1)
    recordings = torch.randn(9000, generator=torch.Generator().manual_seed(5)).clamp(-1, 1)
    noisy, _ = vary(waves, lengths, settings, noise=recordings)
    level = ((noisy - waves).square().sum(1) / lengths).sqrt() / recordings.square().mean().sqrt()
    assert float(level.max()) == pytest.approx(0.1, rel=0.1)
    assert float(level.gt(0).float().mean()) == pytest.approx(0.8, abs=0.06)
    assert float(level[:200].mean()) == pytest.approx(float(level[200:].mean()), rel=0.2)


def test_only_silence_gets_the_level_of_silence():
    waves, lengths = batch(clips=300)
    silent = torch.arange(300) < 100
    varied, _ = vary(waves, lengths, replace(OFF, silence_db=(-40.0, 0.0)), silent=silent)
    assert torch.equal(varied[100:], waves[100:])
    decibels = 20 * torch.log10(varied[:100].abs().amax(1) / waves[:100].abs().amax(1))
    assert -40 <= float(decibels.min()) < -35
    assert -5 < float(decibels.max()) <= 1e-3


def test_noise_also_fills_the_silence_that_placement_adds():
    waves, lengths = batch()
    settings = replace(OFF, shift_probability=1.0, tail_ms=100.0, noise="white", noise_probability=1.0)
    noisy, total = vary(waves, lengths, settings)
    assert float(noisy[0, int(total[0]) - 3 : int(total[0])].abs().sum()) > 0


def test_silent_clips_stay_finite():
    waves, lengths = torch.zeros(4, 1000), torch.full((4,), 1000)
    varied, _ = vary(waves, lengths, EACH["all"])
    assert torch.isfinite(varied).all()


def test_probability_is_the_share_of_clips_that_change():
    waves, lengths = batch(clips=400, seconds=0.05)
    noisy, _ = vary(waves, lengths, replace(OFF, noise_probability=0.3))
    share = (noisy - waves).abs().sum(1).gt(0).float().mean()
    assert float(share) == pytest.approx(0.3, abs=0.07)


def test_a_room_leaves_the_direct_sound_and_adds_a_decaying_tail():
    waves = torch.zeros(1, 4000)
    waves[0, 10] = 0.5
    ring, _ = reshape_sound(
        waves,
        torch.tensor([4000]),
        replace(OFF, room_probability=1.0, room_s=(0.2, 0.2), room_direct_db=(0.0, 0.0)),
        torch.Generator().manual_seed(0),
        RATE,
    )
    assert float(ring[0, 10]) == pytest.approx(0.5, abs=1e-4)
    assert float(ring[0, :10].abs().max()) < 1e-5, "no sound before the sound"
    early, late = ring[0, 30:400].square().sum(), ring[0, 1000:1370].square().sum()
    assert float(early) > 100 * float(late) > 0
    assert float(ring[0, 11:].square().sum().sqrt()) == pytest.approx(0.5, rel=0.02)


def test_pink_noise_falls_by_three_decibels_an_octave():
    noise = pink_noise(200, 8000, torch.Generator().manual_seed(0))
    power = torch.fft.rfft(noise).abs().square().mean(0)
    low, high = power[200:240].mean(), power[1600:1920].mean()
    assert float(10 * torch.log10(low / high)) == pytest.approx(9, abs=1)


def test_recordings_of_noise_must_be_given():
    waves, lengths = batch()
    with pytest.raises(ValueError, match="read_noise"):
        vary(waves, lengths, replace(OFF, noise="folder:kitchen", noise_probability=1.0))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"gain_probability": 1.2}, "augment.gain_probability is 1.2"),
        ({"speed": (1.1, 0.9)}, "lowest and the highest"),
        ({"speed": (0.1, 1.0)}, r"0.5…2"),
        ({"shift_ms": -1.0}, "augment.shift_ms is -1.0"),
        ({"noise": "brown"}, "white, pink, corpus or folder:PATH"),
        ({"room_s": (0.0, 0.3)}, "augment.room_s"),
        ({"noise_volume": 0.0}, "augment.noise_volume is 0.0"),
        ({"silence_db": (0.0, -40.0)}, "augment.silence_db"),
    ],
)
def test_impossible_settings_are_refused(change, reason):
    with pytest.raises(InputError, match=reason):
        AugmentSettings(**change)


@pytest.mark.slow
def test_a_batch_of_64_one_second_clips_takes_milliseconds():
    waves, lengths = torch.randn(64, RATE) * 0.1, torch.full((64,), RATE)
    seconds = []
    for _ in range(6):
        start = perf_counter()
        vary(waves, lengths, EACH["all"])
        seconds.append(perf_counter() - start)
    assert min(seconds) < 0.2, "an order of magnitude above what it takes on one idle core"
