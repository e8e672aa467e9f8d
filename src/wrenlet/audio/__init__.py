"""Sound in and out of files, at the rate a model wants; synthetic speech; augmentation.

Only `wrenlet.audio.augment` needs torch, and only `wrenlet.audio.synthesis` an extra.
"""

from wrenlet.audio.files import AUDIO_SUFFIXES, Audio, probe, read_audio, write_audio
from wrenlet.audio.noise import read_noise
from wrenlet.audio.resampling import StreamResampler, resample
from wrenlet.audio.settings import AugmentSettings
from wrenlet.audio.trimming import fit_length, trim_silence

__all__ = [
    "AUDIO_SUFFIXES",
    "Audio",
    "AugmentSettings",
    "StreamResampler",
    "fit_length",
    "probe",
    "read_audio",
    "read_noise",
    "resample",
    "trim_silence",
    "write_audio",
]
