"""What each stage of a run does with the rooms; it fills the folder that it is given, and nothing else."""

import json
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wrenlet import __version__
from wrenlet.artefact import Sidecar
from wrenlet.audio import read_noise
from wrenlet.corpora import Clips, OpenCorpus, Skipped, load_clips, summarise
from wrenlet.errors import InputError
from wrenlet.export import export_recogniser
from wrenlet.extras import MissingExtraError
from wrenlet.features import build_frontend, fit_normalisation
from wrenlet.models import Recogniser, build_model, load_recogniser, save_recogniser
from wrenlet.recipes.folder import RunFolder, check_space
from wrenlet.recipes.joining import join_clips, refuse_leaks
from wrenlet.recipes.recipe import Recipe, resolved
from wrenlet.training import TrainerOptions, find_checkpoint, train

__all__ = ["Context", "check", "environment", "export", "fit", "prepare"]

#: What an export imports at its very end, by format.
_EXPORTERS = {
    "litert": ("litert_torch", "ai_edge_quantizer"),
    "onnx": ("onnx", "onnxscript", "onnxruntime"),
}
SPLITS = ("train", "validation", "test")
#: Share of each of a corpus's noise recordings, from the beginning, that training may hear.
TRAINING_NOISE = 0.8


@dataclass
class Context:
    """What the stages of one run share.

    Attributes:
        recipe: what to do.
        folder: of the run.
        digest: of the run.
        corpora: the recipe's corpus and the joined ones; empty when a stored run is exported again.
        trainer: where and how to train.
        command: that repeats the run.
        leads: whether this process writes the run; the others of a training on several devices only train.
        note: takes a line for the person.
    """

    recipe: Recipe
    folder: RunFolder
    digest: str
    corpora: tuple[OpenCorpus, ...] = ()
    trainer: TrainerOptions = field(default_factory=TrainerOptions)
    command: str = ""
    leads: bool = True
    note: Callable[[str], None] = lambda _: None

    @cached_property
    def corpus(self) -> dict[str, Any]:
        """What `prepare` wrote about the corpus."""
        return self.folder.read("prepare/corpus.json")

    @cached_property
    def recogniser(self) -> Recogniser:
        """The trained recogniser."""
        return load_recogniser(self.folder.checkpoint)

    def clips(self, split: str) -> Clips:
        """Return the clips that `prepare` wrote."""
        return Clips.load(self.folder.path / "prepare" / split)


def check(recipe: Recipe) -> None:
    """Build what the recipe describes once, so that a mistake shows before hours of work.

    Raises:
        InputError: if the front-end or the model cannot be built, or what the export needs is not installed.
    """
    frontend = build_frontend(recipe.features)
    try:
        build_model(recipe.model.name, frontend.feature_count, 2, **recipe.model.arguments)
    except InputError:
        raise
    except (TypeError, ValueError, RuntimeError, ArithmeticError) as error:
        given = json.dumps(recipe.model.arguments, default=str)
        raise InputError(
            f"model.arguments is {given}, of which {recipe.model.name} cannot be built ({error}): "
            "see  wrenlet models"
        ) from error
    for format_ in recipe.export.formats:
        for module in _EXPORTERS[format_]:
            if not _is_installed(module):
                raise MissingExtraError("export", f"the recipe's export.formats {format_}", module)
    read_noise(recipe.augment.noise, recipe.sample_rate, max_seconds=0.1)
    if recipe.training.start_from is not None:
        find_checkpoint(recipe.training.start_from)


def prepare(context: Context, folder: Path) -> None:
    """Load the clips of every split, cut as the recipe says, and write them with what is known about them."""
    recipe, (main, *joined) = context.recipe, context.corpora
    labels = main.labels
    if len(labels) < 2:
        raise InputError(
            f"corpus {recipe.corpus.name} has one label only, {', '.join(map(repr, labels))}: a model needs "
            "at least two to tell apart; add recordings of other words or of background sound"
        )
    longest = max(1, int(recipe.clip.max_seconds * recipe.sample_rate))
    check_space(folder, len(main.cuts) * longest * 4 + 50_000_000, "the prepared clips")
    notes = [text for corpus in context.corpora for text in corpus.notes]
    skipped = [_told(bad) for corpus in context.corpora for bad in corpus.skipped]
    # Validation and test stay in memory until it is sure that no joined corpus knows them.
    own = {split: _load(main, split, labels, recipe, notes, skipped) for split in SPLITS}
    parts = [own["train"]]
    for number, corpus in enumerate(joined):
        more = _load(corpus, "train", labels, recipe, notes, skipped)
        what = f"join.{number} ({corpus.settings.name})"
        refuse_leaks(more, what, own["train"], [own["validation"], own["test"]])
        parts.append(more)
    for split in SPLITS:
        clips = join_clips(parts) if split == "train" else own[split]
        if split == "train":
            notes += _untaught(clips, labels)
        clips.save(folder / split)
    known = {
        "name": recipe.corpus.name,
        "about": main.card.get("about", ""),
        "labels": list(labels),
        "digest": main.digest,
        "splits": [asdict(row) for row in summarise(main.cuts)],
        "skipped": skipped,
        "notes": notes,
        "cards": [dict(corpus.card) for corpus in context.corpora],
    }
    (folder / "corpus.json").write_text(json.dumps(known, indent=1, default=str), encoding="utf-8")
    for text in notes:
        context.note(text)
    if skipped:
        context.note(
            f"{len(skipped)} recordings left out, such as {skipped[0]['path']} ({skipped[0]['reason']})"
        )


def fit(context: Context, folder: Path) -> None:
    """Train from the recipe's seed, or continue; the folder ends with the best recogniser."""
    recipe = context.recipe
    labels = tuple(context.corpus["labels"])
    training, validation = context.clips("train"), context.clips("validation")
    torch.manual_seed(recipe.seed)
    frontend = build_frontend(recipe.features)
    body = build_model(recipe.model.name, frontend.feature_count, len(labels), **recipe.model.arguments)
    normalise = fit_normalisation(
        frontend, torch.from_numpy(training.waveforms), torch.from_numpy(training.lengths)
    )
    recogniser = Recogniser(frontend, normalise, body, labels)
    result = train(
        recogniser,
        training,
        validation,
        recipe.training,
        recipe.augment,
        recipe.mask,
        seed=recipe.seed,
        folder=folder,
        options=context.trainer,
        noise=_noise(context),
        keep_length=recipe.clip.fill != "none",
    )
    if not context.leads:
        return
    told = {**asdict(result), "parameters": recogniser.parameter_count()}
    (folder / "result.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    save_recogniser(recogniser, folder / context.folder.checkpoint.name)
    context.note(
        f"{recogniser.parameter_count():,} parameters, best of {result.epochs_run} epochs was "
        f"{result.best_epoch}: {result.best_accuracy:.1%} on validation"
    )


def export(context: Context, folder: Path) -> tuple[Path, ...]:
    """Write the recipe's artefacts; integer ranges come from training clips, never from test clips."""
    clips, settings = context.clips("train"), context.recipe.export
    written = export_recogniser(
        context.recogniser, clips.waveforms, clips.lengths, settings, sidecar(context), folder
    )
    for path in written:
        context.note(f"{path.name}  {path.stat().st_size:,} bytes")
    return written


def sidecar(context: Context) -> Sidecar:
    """Return the knowledge that every artefact of the run carries; the export adds what differs."""
    recipe = context.recipe
    tree = resolved(recipe)
    cards = ({key: str(value) for key, value in card.items()} for card in context.corpus["cards"])
    return Sidecar(
        name=recipe.name,
        digest=context.digest,
        labels=tuple(context.corpus["labels"]),
        input="audio",
        precision="float32",
        sample_rate=recipe.sample_rate,
        hop_samples=recipe.features.hop_samples,
        features=asdict(recipe.features),
        clip=recipe.clip,
        detection=dict(recipe.detection),
        corpus=tree["corpus"] | ({"join": tree["join"]} if tree["join"] else {}),
        data=tuple(cards),
        seed=recipe.seed,
        version=__version__,
    )


def environment(trainer: TrainerOptions) -> dict[str, str]:
    """Return what a person needs to know about the machine to judge or repeat the figures."""
    packages = (
        "torch",
        "lightning",
        "lhotse",
        "litert-torch",
        "ai-edge-quantizer",
        "ai-edge-litert",
        "numpy",
        "soxr",
    )
    found = {"wrenlet": __version__, "python": sys.version.split()[0], "system": platform.platform()}
    found["processor"] = _processor()
    found["threads"] = str(torch.get_num_threads())
    found["accelerator"] = f"{trainer.accelerator}, precision {trainer.precision}"
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _load(
    corpus: OpenCorpus,
    split: str,
    labels: tuple[str, ...],
    recipe: Recipe,
    notes: list[str],
    skipped: list[dict],
) -> Clips:
    """Load one split; of a joined corpus, only the clips whose labels are learned."""
    cuts = corpus.split(split)

    def is_learned(cut: Any) -> bool:
        return cut.supervisions[0].text in labels

    known = cuts.filter(is_learned).to_eager()
    if left_out := len(cuts) - len(known):
        notes.append(f"{left_out} {split} clips of {corpus.card['name']} have other labels and are left out")
    clips = load_clips(
        known, labels, recipe.sample_rate, recipe.clip, max_bad_share=corpus.settings.max_bad_share
    )
    notes += [f"{split}: {text}" for text in clips.notes]
    skipped += [_told(bad) for bad in clips.skipped]
    return clips


def _untaught(training: Clips, labels: tuple[str, ...]) -> list[str]:
    """Return what a person should know about labels without training clips.

    Raises:
        InputError: if fewer than two labels have some.
    """
    taught = set(training.labels.tolist())
    without = [repr(label) for number, label in enumerate(labels) if number not in taught]
    if len(labels) - len(without) < 2:
        raise InputError(
            f"training has no clips of {', '.join(without)}: a model needs at least two labels to tell "
            "apart; add recordings"
        )
    if not without:
        return []
    return [f"labels without training clips, which cannot be learned: {', '.join(without)}"]


def _noise(context: Context) -> np.ndarray | None:
    """Return the recordings that are mixed under training clips, if the recipe wants some.

    Raises:
        InputError: if there are none.
    """
    recipe = context.recipe
    settings = recipe.augment
    if not settings.is_recorded:
        return None
    name, part = settings.noise, 1.0
    if name == "corpus":
        folder = context.corpora[0].noise
        if folder is None:
            raise InputError(
                f"augment.noise is 'corpus', and {recipe.corpus.name} has no recordings of background noise "
                "here: use augment.noise=pink, or folder:PATH with recordings of your own"
            )
        # Silence for validation and test is cut out of what remains of the same recordings.
        name, part = f"folder:{folder}", TRAINING_NOISE
    return read_noise(name, recipe.sample_rate, part=part, even=settings.noise_volume is None)


def _told(bad: Skipped) -> dict[str, str]:
    return {"path": str(bad.path), "reason": bad.reason}


def _is_installed(module: str) -> bool:
    """Say whether a module could be imported, without the seconds that an import takes."""
    try:
        return find_spec(module) is not None
    except ValueError:  # imported, or kept from it, in an unusual way
        return sys.modules.get(module) is not None


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        return next(
            line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")
        )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
