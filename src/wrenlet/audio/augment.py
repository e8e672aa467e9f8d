"""Vary whole batches of clips while a model learns: speed, microphone, room, placement, level, noise."""

import math

import torch
from torch import Tensor

from wrenlet.audio.settings import AugmentSettings

__all__ = ["AugmentSettings", "augment", "mix_noise", "pink_noise", "place", "reshape_sound"]

# Speeds are 256 / k, for k without large prime factors: other transform lengths are many times slower.
SPEED_UNIT = 256
SPEED_STEPS = tuple(
    k
    for k in range(SPEED_UNIT // 2, SPEED_UNIT * 2 + 1)
    if not any(k % prime == 0 for prime in range(13, k + 1) if all(prime % d for d in range(2, prime)))
)
COLOUR_BANDS = 8


def augment(
    waveforms: Tensor,
    lengths: Tensor,
    settings: AugmentSettings,
    generator: torch.Generator,
    *,
    sample_rate: int,
    noise: Tensor | None = None,
    silent: Tensor | None = None,
    keep_length: bool = False,
) -> tuple[Tensor, Tensor]:
    """Return a varied copy of a batch of clips.

    Args:
        waveforms: `[batch, samples]`, zero from each clip's length on.
        lengths: `[batch]`, true lengths in samples.
        settings: what may happen to a clip.
        generator: the only source of chance; its device may differ from the clips'.
        sample_rate: of the clips, in Hz.
        noise: `[samples]`, recordings, needed if `settings.noise` names some; see `read_noise`.
        silent: `[batch]`, which clips hold no speech, for `settings.silence_db`.
        keep_length: whether every clip keeps its length.

    Returns:
        Waveforms `[batch, longest]` and true lengths `[batch]`; zero beyond each length. Clips grow or
        shrink with speed and placement, so `longest` differs from batch to batch, unless they keep their
        lengths.

    Raises:
        ValueError: if recordings of noise are asked for and not given.
    """
    if settings.is_recorded and noise is None:
        raise ValueError(
            f"noise is {settings.noise!r}, but no recordings were given: pass noise=read_noise(...)"
        )
    samples, own = waveforms.shape[1], lengths
    waveforms, lengths = reshape_sound(waveforms, lengths, settings, generator, sample_rate)
    if keep_length and settings.speed_probability:
        # The middle stays the middle: words stand there.
        by = torch.div(own - lengths, 2, rounding_mode="floor")
        waveforms, lengths = _moved(waveforms, lengths, by, samples, own), own
    if silent is not None and settings.silence_db is not None:
        decibels = _uniform(settings.silence_db, len(waveforms), generator, waveforms.device)
        waveforms = waveforms * _ratio(decibels * silent.to(decibels))[:, None]
    power = _power(waveforms, lengths)
    if keep_length:
        waveforms = move(waveforms, lengths, settings, generator, sample_rate)
    else:
        waveforms, lengths = place(waveforms, lengths, settings, generator, sample_rate)
    if settings.noise_probability:
        waveforms = mix_noise(waveforms, lengths, power, settings, generator, noise)
    if settings.gain_probability:
        decibels = _uniform(settings.gain_db, len(waveforms), generator, waveforms.device)
        decibels = decibels * _chosen(settings.gain_probability, len(waveforms), generator, waveforms.device)
        waveforms = waveforms * _ratio(decibels)[:, None]
    return waveforms.clamp(-1.0, 1.0), lengths


def reshape_sound(
    waveforms: Tensor,
    lengths: Tensor,
    settings: AugmentSettings,
    generator: torch.Generator,
    sample_rate: int,
) -> tuple[Tensor, Tensor]:
    """Change speed, microphone and room in one pass through the frequency domain.

    Speed is exact band-limited resampling: an inverse transform of another length. Speeds are rounded to the
    nearest `256 / k` that transforms quickly, at most 3 % away.
    """
    batch, samples = waveforms.shape
    device = waveforms.device
    if not (settings.speed_probability or settings.colour_probability or settings.room_probability):
        return waveforms, lengths
    tail = round(settings.room_s[1] * sample_rate) if settings.room_probability else 0
    # A stretch of zeros keeps the end of a clip from wrapping round into its beginning.
    transform = math.ceil((samples + tail + 32) / SPEED_UNIT) * SPEED_UNIT
    spectrum = torch.fft.rfft(waveforms, n=transform)
    if settings.room_probability:
        spectrum = spectrum * torch.fft.rfft(
            _room_responses(batch, settings, generator, sample_rate, device), n=transform
        )
    if settings.colour_probability:
        spectrum = spectrum * _colours(batch, spectrum.shape[1], settings, generator, device)

    # Evenly in the logarithm, so that a clip is as often slowed down as sped up by the same factor.
    speeds = _uniform(
        (math.log(settings.speed[0]), math.log(settings.speed[1])), batch, generator, generator.device
    )
    speeds = torch.exp(speeds * _chosen(settings.speed_probability, batch, generator, generator.device))
    steps = [min(SPEED_STEPS, key=lambda k, s=speed: abs(SPEED_UNIT / k - s)) for speed in speeds.tolist()]
    longest = max(steps)
    result = waveforms.new_zeros(batch, transform * longest // SPEED_UNIT)
    for step in sorted(set(steps)):
        rows = torch.tensor([row for row, own in enumerate(steps) if own == step], device=device)
        size = transform * step // SPEED_UNIT
        result[rows, :size] = torch.fft.irfft(spectrum[rows], n=size) * (step / SPEED_UNIT)
    factors = torch.tensor(steps, device=device, dtype=torch.float32) / SPEED_UNIT
    lengths = torch.round(lengths * factors).to(lengths.dtype).clamp(1)
    return _cut(result, lengths)


def place(
    waveforms: Tensor,
    lengths: Tensor,
    settings: AugmentSettings,
    generator: torch.Generator,
    sample_rate: int,
) -> tuple[Tensor, Tensor]:
    """Put silence of random length before and after each clip; both count as part of its length."""
    batch = len(waveforms)
    device = waveforms.device
    if not settings.shift_probability or settings.shift_ms + settings.tail_ms == 0:
        return waveforms, lengths
    chosen = _chosen(settings.shift_probability, batch, generator, device)
    reach = sample_rate / 1000
    before = (
        _uniform((0.0, settings.shift_ms * reach), batch, generator, device)
        .mul(chosen)
        .round()
        .to(lengths.dtype)
    )
    after = (
        _uniform((0.0, settings.tail_ms * reach), batch, generator, device)
        .mul(chosen)
        .round()
        .to(lengths.dtype)
    )
    total = before + lengths + after
    return _moved(waveforms, lengths, before, int(total.max()), total), total


def move(
    waveforms: Tensor,
    lengths: Tensor,
    settings: AugmentSettings,
    generator: torch.Generator,
    sample_rate: int,
) -> Tensor:
    """Move each clip later or earlier within its length; zeros take the place of what moved away."""
    batch, samples = waveforms.shape
    device = waveforms.device
    if not settings.shift_probability or settings.shift_ms + settings.tail_ms == 0:
        return waveforms
    reach = sample_rate / 1000
    chosen = _chosen(settings.shift_probability, batch, generator, device)
    later = _uniform((-settings.tail_ms * reach, settings.shift_ms * reach), batch, generator, device)
    return _moved(waveforms, lengths, (later * chosen).round().to(lengths.dtype), samples, lengths)


def mix_noise(
    waveforms: Tensor,
    lengths: Tensor,
    power: Tensor,
    settings: AugmentSettings,
    generator: torch.Generator,
    noise: Tensor | None = None,
) -> Tensor:
    """Add noise over the true length of some clips, at a ratio to the clip or at a volume of its own.

    Args:
        waveforms: `[batch, samples]`.
        lengths: `[batch]`, in samples.
        power: `[batch]`, mean square of the speech alone, to which the signal-to-noise ratio refers.
        settings: kind of noise, ratio and probability.
        generator: source of chance.
        noise: `[samples]`, recordings, of which each clip gets a random stretch.
    """
    batch, samples = waveforms.shape
    device = waveforms.device
    chosen = _chosen(settings.noise_probability, batch, generator, device)
    if settings.is_recorded and noise is not None:
        noise = noise.to(device=device, dtype=waveforms.dtype)
        if len(noise) < samples:
            noise = noise.repeat(math.ceil(samples / len(noise)))
        starts = torch.randint(
            len(noise) - samples + 1, (batch,), generator=generator, device=generator.device
        )
        added = torch.stack([noise[start : start + samples] for start in starts.tolist()])
    elif settings.noise == "pink":
        added = pink_noise(batch, samples, generator).to(device)
    else:
        added = torch.randn(batch, samples, generator=generator, device=generator.device).to(device)
    real = torch.arange(samples, device=device) < lengths[:, None]
    added = added * real
    if settings.noise_volume is not None:
        volume = _uniform((0.0, settings.noise_volume), batch, generator, device)
        return torch.addcmul(waveforms, added, (volume * chosen)[:, None])
    ratio = _uniform(settings.snr_db, batch, generator, device)
    level = torch.sqrt(power / _power(added, lengths).clamp(1e-20)) / _ratio(ratio)
    return torch.addcmul(waveforms, added, (level * chosen)[:, None])


def pink_noise(batch: int, samples: int, generator: torch.Generator) -> Tensor:
    """Return noise `[batch, samples]` of unit variance, falling by 3 dB an octave as in most rooms."""
    size = math.ceil(samples / SPEED_UNIT) * SPEED_UNIT  # a length that transforms quickly
    white = torch.randn(batch, size // 2 + 1, 2, generator=generator, device=generator.device)
    slope = torch.arange(size // 2 + 1, device=generator.device, dtype=torch.float32).clamp(1).rsqrt()
    slope[0] = 0
    pink = torch.fft.irfft(torch.view_as_complex(white) * slope, n=size)[:, :samples]
    return pink / pink.std().clamp(1e-12)


def _room_responses(
    batch: int, settings: AugmentSettings, generator: torch.Generator, sample_rate: int, device: torch.device
) -> Tensor:
    """Return impulse responses `[batch, samples]`: the direct sound, then noise that decays exponentially."""
    samples = round(settings.room_s[1] * sample_rate)
    chosen = _chosen(settings.room_probability, batch, generator, device)
    decay = _uniform(settings.room_s, batch, generator, device)[:, None]
    seconds = torch.arange(samples, device=device) / sample_rate
    tail = torch.randn(batch, samples, generator=generator, device=generator.device).to(device)
    tail = tail * torch.exp(-math.log(1e3) * seconds / decay)
    tail[:, : max(1, round(0.002 * sample_rate))] = 0  # the first reflection comes from half a metre away
    energy = tail.square().sum(1, keepdim=True).clamp(1e-12)
    direct = _ratio(_uniform(settings.room_direct_db, batch, generator, device))[:, None]
    response = tail * chosen[:, None] / (energy.sqrt() * direct)
    response[:, 0] = 1
    return response


def _colours(
    batch: int, bins: int, settings: AugmentSettings, generator: torch.Generator, device: torch.device
) -> Tensor:
    """Return gains `[batch, bins]` that wander smoothly over the spectrum."""
    bands = _uniform((-settings.colour_db, settings.colour_db), batch * COLOUR_BANDS, generator, device)
    bands = (
        bands.view(batch, 1, COLOUR_BANDS)
        * _chosen(settings.colour_probability, batch, generator, device)[:, None, None]
    )
    smooth = torch.nn.functional.interpolate(bands, size=bins, mode="linear", align_corners=True)[:, 0]
    return _ratio(smooth)


def _moved(waveforms: Tensor, lengths: Tensor, by: Tensor, samples: int, within: Tensor) -> Tensor:
    """Return clips `[batch, samples]` that begin `by` samples later, cut at 0 and at `within`."""
    index = torch.arange(samples, device=waveforms.device)
    source = index - by[:, None]
    moved = waveforms.gather(1, source.clamp(0, waveforms.shape[1] - 1))
    return moved * ((source >= 0) & (source < lengths[:, None]) & (index < within[:, None]))


def _cut(waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    waveforms = waveforms[:, : int(lengths.max())]
    real = torch.arange(waveforms.shape[1], device=waveforms.device) < lengths[:, None]
    return waveforms * real, lengths


def _power(waveforms: Tensor, lengths: Tensor) -> Tensor:
    return waveforms.square().sum(1) / lengths


def _ratio(decibels: Tensor) -> Tensor:
    return torch.pow(10.0, decibels / 20)


def _uniform(
    limits: tuple[float, float], count: int, generator: torch.Generator, device: torch.device
) -> Tensor:
    draw = torch.rand(count, generator=generator, device=generator.device).to(device)
    return limits[0] + (limits[1] - limits[0]) * draw


def _chosen(probability: float, count: int, generator: torch.Generator, device: torch.device) -> Tensor:
    draw = torch.rand(count, generator=generator, device=generator.device).to(device)
    return (draw < probability).to(torch.float32)
