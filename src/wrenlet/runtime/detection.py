"""Settings of the two detectors, and the event that both report."""

from dataclasses import dataclass, fields

from wrenlet.artefact import Sidecar
from wrenlet.errors import InputError

__all__ = ["BACKGROUND", "EndpointSettings", "Event", "PosteriorSettings", "detection_settings"]

#: Labels that mean "no word of ours"; they are never reported.
BACKGROUND = frozenset({"_silence_", "_unknown_", "_background_", "_noise_"})


@dataclass(frozen=True)
class Event:
    """A word that was heard.

    Attributes:
        start: of the word, in seconds from the start of the audio.
        end: of the word, in seconds.
        label: what it was.
        confidence: probability of the label.
    """

    start: float
    end: float
    label: str
    confidence: float


@dataclass(frozen=True)
class EndpointSettings:
    """Finding words by the pauses between them, for models that learned from clips of one word.

    A word starts when the energy rises above the noise for a while; the state is reset there, a little before
    the onset. It ends with a pause, and the answer is the model's at the word's last frame. The noise floor
    is the quietest that it was during the last two seconds, so it follows a room that gets louder.

    Attributes:
        threshold: probability below which a word is not reported.
        onset_db: dB above the noise floor at which a word starts.
        release_db: dB above the noise floor below which it pauses.
        range_db: what lies this many dB below the loudest part of a word is a pause as well, and for a second
            after it starts no other word.
        quietest_dbfs: lowest noise floor, in dB of full scale.
        contrast_db: a word's loudest part is at least this many dB above the noise floor.
        onset_ms: how long the energy must stay above the onset.
        pause_ms: how long a pause ends a word.
        margin_ms: audio kept before and after the word, as in training.
        shortest_ms: shorter noises (a click) are no words.
        longest_ms: longer ones (music, a machine) are no words either.
        answer_ms: the model has heard clips up to this length: a longer word is answered for there.
    """

    threshold: float = 0.5
    onset_db: float = 9.0
    release_db: float = 6.0
    range_db: float = 40.0
    quietest_dbfs: float = -72.0
    contrast_db: float = 12.0
    onset_ms: float = 30.0
    pause_ms: float = 150.0
    margin_ms: float = 50.0
    shortest_ms: float = 80.0
    longest_ms: float = 2000.0
    answer_ms: float = 1000.0

    def __post_init__(self) -> None:
        _check_share(self.threshold, "threshold")
        for name in (
            "onset_db",
            "release_db",
            "range_db",
            "contrast_db",
            "onset_ms",
            "pause_ms",
            "answer_ms",
        ):
            _check_positive(getattr(self, name), name)
        for name in ("margin_ms", "shortest_ms"):
            _check_positive(getattr(self, name), name, zero=True)
        if self.release_db > self.onset_db:
            raise InputError(
                f"detection.release_db is {self.release_db}: it is at most onset_db, which is {self.onset_db}"
            )
        if self.longest_ms <= self.shortest_ms:
            raise InputError(
                f"detection.longest_ms is {self.longest_ms}: "
                f"it is more than shortest_ms, which is {self.shortest_ms}"
            )


@dataclass(frozen=True)
class PosteriorSettings:
    """Finding words in the smoothed probabilities, for models that know silence and unknown words.

    Attributes:
        threshold: smoothed probability from which a word is reported.
        smoothing_ms: probabilities are averaged over this long.
        refractory_ms: after a word, nothing is reported for this long.
    """

    threshold: float = 0.7
    smoothing_ms: float = 300.0
    refractory_ms: float = 700.0

    def __post_init__(self) -> None:
        _check_share(self.threshold, "threshold")
        _check_positive(self.smoothing_ms, "smoothing_ms")
        _check_positive(self.refractory_ms, "refractory_ms", zero=True)


def detection_settings(sidecar: Sidecar) -> EndpointSettings | PosteriorSettings:
    """Return how an artefact wants its words found.

    `sidecar.detection` holds `detector` (`endpoint` or `posterior`) and any field of its settings. Without a
    detector, a model with a label for silence or unknown words gets `posterior`. What is not given follows
    the clips of the training, then the defaults.

    Raises:
        InputError: if a value is out of range.
    """
    given = dict(sidecar.detection)
    chosen = given.pop("detector", None) or ("posterior" if BACKGROUND & set(sidecar.labels) else "endpoint")
    if chosen not in ("endpoint", "posterior"):
        raise InputError(f"detection.detector is {chosen!r}: it is 'endpoint' or 'posterior'")
    # A newer wrenlet may write more fields than this one knows; like the rest of the sidecar they are
    # ignored.
    if chosen == "posterior":
        return PosteriorSettings(**_known(given, PosteriorSettings))
    clip = sidecar.clip
    learned = {"margin_ms": clip.margin_ms, "answer_ms": 1000 * clip.max_seconds}
    if clip.trim_db > 0:
        learned["range_db"] = clip.trim_db
    return EndpointSettings(**{**learned, **_known(given, EndpointSettings)})


def _known(given: dict[str, float], settings: type) -> dict[str, float]:
    known = {field.name: given[field.name] for field in fields(settings) if given.get(field.name) is not None}
    for name, value in known.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"detection.{name} is {value!r}: it is a number")
    return known


def _check_share(value: float, name: str) -> None:
    if not 0 <= value <= 1:
        raise InputError(f"detection.{name} is {value}: it is a probability between 0 and 1")


def _check_positive(value: float, name: str, zero: bool = False) -> None:
    if not (value > 0 or (zero and value == 0)):
        raise InputError(f"detection.{name} is {value}: it is {'not negative' if zero else 'more than 0'}")
