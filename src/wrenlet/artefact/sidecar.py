"""What an artefact knows about itself: one JSON document that travels inside the file."""

import json
import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from wrenlet.errors import InputError

__all__ = ["METADATA_KEY", "ClipRules", "Sidecar", "StateTensor"]

#: Name of the metadata entry in LiteRT and ONNX files.
METADATA_KEY = "wrenlet"
FORMAT = 1


@dataclass(frozen=True)
class StateTensor:
    """One state of the step: what comes out of one hop goes into the next, byte for byte.

    Attributes:
        name: the same in the signature's inputs and outputs, such as `lstm__hidden`.
        shape: axes of the tensor, batch first; the batch is 1.
        dtype: `float32`, `int8` or `int16`.
        scale: value of one step of the integer grid; 0 for float states.
        zero_point: the integer that stands for 0.0, with which a stream starts.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float = 0.0
    zero_point: int = 0


@dataclass(frozen=True)
class ClipRules:
    """How a recording of one word becomes the stretch of audio that the model was trained on.

    Attributes:
        trim_db: silence is what lies this many dB below the loudest frame; 0 keeps everything.
        margin_ms: audio kept on either side of the trimmed part.
        max_seconds: longer stretches are cut to this.
        fill: whether shorter stretches are filled up with zeros to `max_seconds`, so that every clip has the
            same length: `none` leaves them short, `end` appends the zeros, `centre` puts as many before as
            after. What is too long is cut at the end; with `centre` its loudest part is kept instead, which
            is how Speech Commands was cut.
    """

    trim_db: float = 40.0
    margin_ms: float = 50.0
    max_seconds: float = 1.0
    fill: Literal["none", "end", "centre"] = "none"

    def __post_init__(self) -> None:
        for name, meaning in (
            ("trim_db", "keeps everything"),
            ("margin_ms", "keeps no margin"),
            ("max_seconds", "sets no limit"),
        ):
            value = getattr(self, name)
            if not 0 <= value < math.inf:  # false for NaN
                raise InputError(f"clip.{name} is {value:g}: it must be at least 0 and finite; 0 {meaning}")
        if self.fill not in ("none", "end", "centre"):
            raise InputError(f"clip.fill is {self.fill!r}: use none, end or centre")
        if self.fill != "none" and not self.max_seconds > 0:
            raise InputError(
                f"clip.fill is {self.fill!r}, but clip.max_seconds is {self.max_seconds:g}: say how long "
                "every clip is, as clip.max_seconds=1"
            )


@dataclass(frozen=True)
class Sidecar:
    """The knowledge that an artefact carries.

    Attributes:
        name: of the recipe that made it.
        digest: of the resolved recipe.
        task: what the outputs mean; `keywords`: one logit a label for every output frame.
        labels: in the order of the logits.
        input: `audio` (samples in -1…1, `[1, hop_samples]`) or `features` (normalised,
            `[1, frames, feature_count]`; one frame unless the body strides).
        precision: `float32` or `int8`.
        sample_rate: of the audio, in Hz.
        hop_samples: audio samples for one call of the step.
        lookahead_hops: hops that an answer waits for.
        features: settings of the front-end, as in the recipe.
        mean: per feature, subtracted before the model; empty if there is no normalisation.
        std: per feature, divided by after the mean is subtracted.
        states: of the step.
        clip: how recordings of one word are cut.
        detection: settings of `wrenlet listen`.
        corpus: settings of the corpus and split, so that `evaluate NAME:test` finds the same test clips;
            `join` holds those of the corpora that joined the training.
        data: licence and attribution of each corpus that the model learned from.
        seed: of the run.
        version: of wrenlet.
    """

    name: str
    digest: str
    labels: tuple[str, ...]
    input: Literal["audio", "features"]
    precision: Literal["float32", "int8"]
    sample_rate: int
    hop_samples: int
    features: dict[str, Any]
    task: Literal["keywords"] = "keywords"
    lookahead_hops: int = 0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    states: tuple[StateTensor, ...] = ()
    clip: ClipRules = field(default_factory=ClipRules)
    detection: dict[str, Any] = field(default_factory=dict)
    corpus: dict[str, Any] = field(default_factory=dict)
    data: tuple[dict[str, str], ...] = ()
    seed: int = 0
    version: str = ""
    format: int = FORMAT

    def to_json(self) -> str:
        """Return the document as compact JSON with sorted keys, so that equal knowledge is equal bytes."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Sidecar":
        """Read what `to_json` wrote; keys of a newer wrenlet are ignored.

        Raises:
            InputError: if the text is not such a document or its format is newer than this wrenlet reads.
        """
        try:
            raw = json.loads(text)
            known = {key: value for key, value in raw.items() if key in {f.name for f in fields(cls)}}
            if int(known.get("format", 0)) > FORMAT:
                raise InputError(
                    f"the artefact's knowledge has format {known['format']}: "
                    f"this wrenlet reads up to {FORMAT}; upgrade wrenlet"
                )
            for name in ("labels", "mean", "std", "data"):
                known[name] = tuple(known.get(name, ()))
            known["states"] = tuple(
                StateTensor(**{**state, "shape": tuple(state["shape"])}) for state in known.get("states", ())
            )
            known["clip"] = ClipRules(**known.get("clip", {}))
            return cls(**known)
        except (TypeError, AttributeError, KeyError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"the artefact's wrenlet metadata is damaged ({error}): export it again"
            ) from error
