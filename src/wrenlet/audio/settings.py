"""Settings of the augmentation, without torch so that a recipe can be checked quickly."""

from dataclasses import dataclass, fields

from wrenlet.errors import InputError

__all__ = ["AugmentSettings"]

Range = tuple[float, float]


@dataclass(frozen=True)
class AugmentSettings:
    """How clips are varied while a model learns. Ranges are drawn from evenly, afresh for every clip.

    Attributes:
        gain_db: change of level, in dB.
        gain_probability: share of clips whose level changes.
        silence_db: change of level of every clip of `_silence_`, in dB, before noise is added; `None`: none
            but `gain_db`. Rooms are quiet to any degree, recordings of noise are mostly loud.
        shift_ms: longest stretch of silence (or noise) put before a clip, in ms.
        tail_ms: longest stretch put after a clip, in ms; both count as part of the clip's length. Where clips
            have a fixed length (`clip.fill`), they move later by up to `shift_ms` or earlier by up to
            `tail_ms` instead, and what leaves the length is cut.
        shift_probability: share of clips that are placed so; the others start and end with the speech.
        speed: factor on tempo and pitch together, as a tape does it; 1.1 is faster, higher and shorter. Clips
            of a fixed length are cut or filled with zeros at both ends alike.
        speed_probability: share of clips whose speed changes.
        colour_db: most that a band of the spectrum is raised or lowered, in dB, as microphones do; 0 is off.
        colour_probability: share of clips that sound as if from another microphone.
        room_s: reverberation time (to -60 dB) of the room, in seconds.
        room_direct_db: level of the direct sound over all reflections, in dB.
        room_probability: share of clips put in a room.
        noise: `white`, `pink`, `corpus` (the recordings of background noise that a corpus comes with), or
            `folder:PATH` with recordings.
        snr_db: power of the clip over that of the noise, in dB.
        noise_volume: most that noise is multiplied by, however loud the clip, instead of `snr_db`: recordings
            keep the level they have, computed noise has unit power. `None`: `snr_db` decides.
        noise_probability: share of clips with noise.
    """

    gain_db: Range = (-9.0, 6.0)
    gain_probability: float = 1.0
    silence_db: Range | None = None
    shift_ms: float = 100.0
    tail_ms: float = 0.0
    shift_probability: float = 1.0
    speed: Range = (0.88, 1.14)
    speed_probability: float = 0.8
    colour_db: float = 6.0
    colour_probability: float = 0.0
    room_s: Range = (0.1, 0.4)
    room_direct_db: Range = (0.0, 15.0)
    room_probability: float = 0.0
    noise: str = "pink"
    snr_db: Range = (5.0, 40.0)
    noise_volume: float | None = None
    noise_probability: float = 0.5

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("_probability") and not 0 <= value <= 1:
                raise InputError(f"augment.{field.name} is {value}: a probability is in 0…1; 0 turns it off")
            if isinstance(value, tuple) and (len(value) != 2 or value[0] > value[1]):
                raise InputError(
                    f"augment.{field.name} is {list(value)}: give the lowest and the highest value, in order"
                )
        if not (self.speed[0] >= 0.5 and self.speed[1] <= 2):
            raise InputError(f"augment.speed is {list(self.speed)}: a factor is in 0.5…2; try [0.9, 1.1]")
        if not self.room_s[0] > 0 or self.room_s[1] > 2:
            raise InputError(
                f"augment.room_s is {list(self.room_s)}: rooms ring for 0 to 2 s; try [0.1, 0.4]"
            )
        for name in ("shift_ms", "tail_ms", "colour_db"):
            if getattr(self, name) < 0:
                raise InputError(
                    f"augment.{name} is {getattr(self, name)}: it cannot be negative; 0 turns it off"
                )
        if self.noise not in ("white", "pink", "corpus") and not self.noise.startswith("folder:"):
            raise InputError(f"augment.noise is {self.noise!r}: use white, pink, corpus or folder:PATH")
        if self.noise_volume is not None and not 0 < self.noise_volume <= 1:
            raise InputError(
                f"augment.noise_volume is {self.noise_volume}: it must be above 0 and at most 1, such as "
                "0.1; null lets snr_db decide, and noise_probability 0 turns noise off"
            )

    @property
    def is_recorded(self) -> bool:
        """Whether noise is mixed in that has to be read from files."""
        return self.noise_probability > 0 and (self.noise == "corpus" or self.noise.startswith("folder:"))

    @classmethod
    def off(cls) -> "AugmentSettings":
        """Return settings that leave every clip as it is."""
        return cls(
            gain_probability=0, shift_probability=0, speed_probability=0, colour_probability=0,
            room_probability=0, noise_probability=0,
        )  # fmt: skip
