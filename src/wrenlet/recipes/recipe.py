"""What a recipe is: one frozen tree of the rooms' own settings, and a digest that names the run."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from wrenlet.artefact import ClipRules
from wrenlet.audio import AugmentSettings
from wrenlet.corpora import CorpusSettings
from wrenlet.errors import InputError
from wrenlet.export import ExportSettings
from wrenlet.features import FeatureSettings, MaskSettings
from wrenlet.runtime import EndpointSettings, PosteriorSettings
from wrenlet.training import TrainingSettings

__all__ = ["ModelSettings", "Recipe", "digest", "resolved"]

#: Audio that carries speech, in Hz.
LOWEST_RATE, HIGHEST_RATE = 4000, 192_000
#: What every generator of random numbers takes.
LARGEST_SEED = 2**32 - 1
#: Parts of a recipe that change no number of a run.
_UNCOUNTED = ("name", "about", "sweep")


@dataclass(frozen=True)
class ModelSettings:
    """Which network to train.

    Attributes:
        name: a model of the zoo; `wrenlet models` lists them.
        arguments: of the model's builder, such as `{units: 64}`.
    """

    name: str = "lstm_64"
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a run's numbers.

    Attributes:
        name: of the recipe and of its folder under `runs/`.
        about: one line for `wrenlet recipes`.
        seed: of the model's first weights, the order of the clips and their augmentation.
        corpus: what is learned and tested.
        join: more corpora with the same labels; only their training parts are added to training.
        sample_rate: of the audio that the model hears, in Hz.
        clip: how a recording of one word is cut.
        features: of the front-end; its sample rate is the recipe's.
        model: the network.
        augment: changes to training waveforms.
        mask: changes to training features.
        training: epochs, optimiser, schedule.
        export: artefacts to write.
        detection: settings of `wrenlet listen`, carried by the artefact: `detector` (`endpoint` or
            `posterior`) and fields of its settings; what is not given follows `clip` and the defaults.
        sweep: dotted settings and the values to run each of them with; several make every combination.
    """

    name: str
    about: str = ""
    seed: int = 0
    corpus: CorpusSettings = field(default_factory=CorpusSettings)
    join: tuple[CorpusSettings, ...] = ()
    sample_rate: int = 16000
    clip: ClipRules = field(default_factory=ClipRules)
    features: FeatureSettings = field(default_factory=FeatureSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    mask: MaskSettings = field(default_factory=MaskSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    export: ExportSettings = field(default_factory=ExportSettings)
    detection: dict[str, Any] = field(default_factory=dict)
    sweep: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", self.name):
            raise InputError(
                f"name is {self.name!r}: it names a folder, so use up to 64 letters, digits, dots, dashes "
                "and underscores"
            )
        if not 0 <= self.seed <= LARGEST_SEED:
            raise InputError(f"seed is {self.seed}: use a whole number from 0 to {LARGEST_SEED}")
        if self.features.sample_rate != self.sample_rate:
            raise InputError(
                f"features.sample_rate is {self.features.sample_rate}: it must be {self.sample_rate}"
            )
        _check_detection(self.detection)
        for key, values in self.sweep.items():
            if key.split(".")[0] in _UNCOUNTED:
                raise InputError(
                    f"sweep.{key} changes no number of a run: sweep another setting, such as seed"
                )
            if not values:
                raise InputError(f"sweep.{key} is empty: give the values to try, such as [0, 1, 2]")


def _check_detection(given: dict[str, Any]) -> None:
    """Refuse what the detectors do not know; a newer artefact may hold more, a recipe may not."""
    kinds = {"endpoint": EndpointSettings, "posterior": PosteriorSettings}
    detector = given.get("detector")
    if detector is not None and detector not in kinds:
        raise InputError(f"detection.detector is {detector!r}: it must be {' or '.join(kinds)}")
    chosen = [kinds[detector]] if detector else list(kinds.values())
    known = {entry.name: kind for kind in chosen for entry in fields(kind)}
    for name, value in given.items():
        if name == "detector":
            continue
        if name not in known:
            nearest = get_close_matches(name, known, n=1)
            mend = f"did you mean detection.{nearest[0]}?" if nearest else f"use one of {', '.join(known)}"
            raise InputError(f"detection.{name} is no setting: {mend}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"detection.{name} is {value!r}: it must be a number")
        known[name](**{name: value})


def resolved(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe as plain mappings, lists and scalars with every setting written out.

    `load_recipe` reads it back to an equal recipe.
    """
    tree = json.loads(json.dumps(asdict(recipe)))  # tuples become lists, as YAML has them
    del tree["features"]["sample_rate"]
    return tree


def digest(recipe: Recipe, corpora: tuple[str, ...]) -> str:
    """Return the twelve hexadecimal digits that name a run.

    Args:
        recipe: its name, description and sweep do not count.
        corpora: digest of the corpus and of each joined corpus, so that other recordings are another run.
    """
    tree = {name: value for name, value in resolved(recipe).items() if name not in _UNCOUNTED}
    text = json.dumps([tree, *corpora], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
