"""A recipe's way through the house: five stages, each whole or absent, continued by the same command."""

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from wrenlet import __version__
from wrenlet.corpora import open_corpus
from wrenlet.errors import InputError
from wrenlet.recipes import reporting, stages, verification
from wrenlet.recipes.folder import RunFolder, check_space, is_disk_full
from wrenlet.recipes.loading import load_recipe, variations
from wrenlet.recipes.recipe import Recipe, digest, resolved
from wrenlet.recipes.source import write_yaml
from wrenlet.recipes.stages import Context
from wrenlet.report import DataSource, SweepReport, SweepRun, read_report, write_sweep_report
from wrenlet.training import TrainerOptions

__all__ = [
    "STAGES",
    "RunOptions",
    "Stage",
    "export_again",
    "failures",
    "rebuild_report",
    "run",
    "verdict",
]

#: A run leaves about this much besides the prepared clips: checkpoints, artefacts, events, pages.
_RUN_BYTES = 50_000_000
#: What the reports of common sweeps call their rows.
_VARIED = {"seed": "seeds", "corpus.held_out": "left-out speakers"}


@dataclass(frozen=True)
class Stage:
    """One part of a run.

    Attributes:
        name: a key of the folder's results.
        work: fills the folder that it is given.
        resumes: whether `work` continues from what an interrupted attempt left there.
    """

    name: str
    work: Callable[[Context, Path], object]
    resumes: bool = False


STAGES: tuple[Stage, ...] = (
    Stage("prepare", stages.prepare),
    Stage("train", stages.fit, resumes=True),
    Stage("export", stages.export),
    Stage("verify", verification.verify),
    Stage("report", reporting.report),
)


@dataclass(frozen=True)
class RunOptions:
    """Where and on what a recipe runs; nothing here changes what is learned.

    Attributes:
        accelerator: `auto`, `cpu`, `gpu`, `mps`, … as Lightning has it.
        devices: `auto`, a number, or indices such as `0,1`.
        strategy: `auto`, `ddp`, `fsdp`, … as Lightning has it.
        precision: of the training, `32-true`, `bf16-mixed`, … as Lightning has it.
        threads: processor threads; None for torch's own choice.
        quiet: no progress.
        command: that repeats the run, for its report.
    """

    accelerator: str = "auto"
    devices: int | str = "auto"
    strategy: str = "auto"
    precision: str = "32-true"
    threads: int | None = None
    quiet: bool = False
    command: str = ""

    def trainer(self) -> TrainerOptions:
        """Return the options of the training room; a progress bar only where a person can see it."""
        return TrainerOptions(
            accelerator=self.accelerator,
            devices=self.devices,
            strategy=self.strategy,
            precision=self.precision,
            progress=not self.quiet and sys.stderr.isatty(),
        )

    def note(self, text: str) -> None:
        """Write a line of progress to stderr."""
        if not self.quiet:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()


def run(recipe: Recipe, root: Path, runs: Path, options: RunOptions | None = None) -> RunFolder:
    """Carry out a recipe, or what is left of it.

    Args:
        recipe: as `load_recipe` gives it.
        root: folder of the corpora.
        runs: folder that receives the run, as `<recipe>/<digest>/`.
        options: where and on what.

    Returns:
        The folder with everything in it; that of the sweep if the recipe has one.

    Raises:
        InputError: if recipe, data, disk or another run stand in the way; finished stages are kept.
        KeyboardInterrupt: on Ctrl-C; the same call continues.
    """
    options = options or RunOptions()
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    if recipe.sweep:
        return _sweep(recipe, root, runs, options)
    return _single(recipe, root, runs, options)


def export_again(folder: RunFolder, out: Path, overrides: Sequence[str] = ()) -> tuple[Path, ...]:
    """Export a finished training with other settings into a folder of its own; needs no corpus.

    Args:
        folder: of the run, which stays as it is.
        out: for the files.
        overrides: `export.…` and `detection.…` settings, as `load_recipe` takes them.

    Raises:
        InputError: if the training is not finished, or another setting is given.
    """
    for text in overrides:
        if text.split(".")[0].strip() not in ("export", "detection"):
            raise InputError(
                f"--set {text} cannot change a trained model: use export.… or detection.…, or run again"
            )
    context = _reopen(folder, overrides)
    with _explained(out):
        check_space(out, _RUN_BYTES, "an export")
        out.mkdir(parents=True, exist_ok=True)
        return stages.export(context, out)


def rebuild_report(folder: RunFolder) -> None:
    """Write a verified run's page again; needs no corpus.

    Raises:
        InputError: if the run is not verified.
    """
    if (folder.path / "summary.json").exists():  # a sweep: its page needs nothing but what it stored
        write_sweep_report(_sweep_page(folder), folder.path)
        return
    if not folder.is_whole("verify"):
        raise InputError(f"{folder.path} is not verified yet: run its recipe again to continue it")
    context = _reopen(folder)
    with _explained(folder.path), folder.locked(), folder.writing("report") as partial:
        reporting.report(context, partial)


def verdict(folder: RunFolder) -> str:
    """Return the sentence that a run or a sweep comes to."""
    return read_report(folder.path).verdict


def failures(folder: RunFolder) -> tuple[str, ...]:
    """Return the checks that a finished run failed, or the runs of a sweep that did not finish."""
    page = read_report(folder.path)
    return tuple(run.name for run in page.failed) if isinstance(page, SweepReport) else page.failures


def _reopen(folder: RunFolder, overrides: Sequence[str] = ()) -> Context:
    if not folder.is_whole("train"):
        raise InputError(f"{folder.path} holds no finished training: run its recipe again to continue it")
    recipe = load_recipe(folder.recipe_file, overrides)
    return Context(
        recipe, folder, folder.path.name, command=folder.read("environment.json").get("command", "")
    )


def _sweep_page(folder: RunFolder) -> SweepReport:
    page = read_report(folder.path)
    if not isinstance(page, SweepReport):
        raise InputError(f"{folder.path} is a sweep, but its report is that of a run: run its recipe again")
    return page


def _single(recipe: Recipe, root: Path, runs: Path, options: RunOptions) -> RunFolder:
    stages.check(recipe)
    corpora = tuple(open_corpus(settings, root) for settings in (recipe.corpus, *recipe.join))
    name = digest(recipe, tuple(corpus.digest for corpus in corpora))
    folder = RunFolder(runs / recipe.name / name)
    options.note(f"{recipe.name} → {folder.path}")
    context = Context(
        recipe, folder, name, corpora, options.trainer(), options.command, note=_indented(options)
    )
    if int(os.environ.get("LOCAL_RANK", "0")) > 0:
        return _follow(context)
    if not folder.is_whole("report"):
        check_space(folder.path, _RUN_BYTES, "a run")
    with _explained(folder.path), folder.locked():
        _describe(context)
        for stage in STAGES:
            if folder.is_whole(stage.name):
                options.note(f"{stage.name:<8} whole already")
                continue
            options.note(
                f"{stage.name:<8} {'continues …' if stage.resumes and folder.is_started(stage.name) else '…'}"
            )
            begun = time.perf_counter()
            with folder.writing(stage.name, resume=stage.resumes) as partial, _epochs_told(options):
                stage.work(context, partial)
            _time(folder, stage.name, time.perf_counter() - begun)
    return folder


def _follow(context: Context) -> RunFolder:
    """Train beside the process that started this one for another device, and leave the rest to that one."""
    try:
        stages.fit(replace(context, leads=False), context.folder.partial("train"))
    except (OSError, InputError):
        if not context.folder.is_whole("train"):  # else the leader has tidied up before us: all is well
            raise
    raise SystemExit(0)


def _sweep(recipe: Recipe, root: Path, runs: Path, options: RunOptions) -> RunFolder:
    found = variations(recipe)
    for _, variation in found:  # a slip in the last value must show before the first run
        stages.check(variation)
    folder = RunFolder(
        runs / recipe.name / f"sweep-{digest(recipe, (json.dumps(resolved(recipe)['sweep']),))}"
    )
    options.note(f"{recipe.name}: {len(found)} runs → {folder.path}")
    rows: list[SweepRun] = []
    sources: tuple[DataSource, ...] = ()
    for number, (label, variation) in enumerate(found, start=1):
        options.note(f"\n[{number}/{len(found)}] {label}")
        single = _single(variation, root, runs, replace(options, command=_command(options, recipe, label)))
        rows.append(_sweep_run(label, single, folder.path))
        sources = read_report(single.path).sources
    with _explained(folder.path), folder.locked(), folder.writing("report") as partial:
        folder.write("recipe.yaml", write_yaml(resolved(recipe)))
        page = SweepReport(
            title=recipe.name,
            varied=" × ".join(_VARIED.get(key, f"values of {key}") for key in recipe.sweep),
            runs=tuple(rows),
            about=recipe.about,
            command=options.command,
            recipe=folder.recipe_file.read_text(encoding="utf-8"),
            sources=sources,
            environment=stages.environment(options.trainer()),
            made=f"by wrenlet {__version__}",
        )
        write_sweep_report(page, partial)
        summaries = {
            name: asdict(summary)
            for name in ("accuracy", "float_accuracy", "agreement", "size_bytes", "step_us_median")
            if (summary := page.summary(name)) is not None
        }
        told = {"runs": [asdict(row) for row in rows], "summary": summaries}
        (partial / "summary.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    return folder


def _sweep_run(label: str, single: RunFolder, beside: Path) -> SweepRun:
    told, result = single.read("verify.json"), single.read("train/result.json")
    ships = next(row for row in told["measurements"] if row["ships"])
    offline = told["measurements"][0]
    agreement = next(
        (row["agreement"] for row in told["parity"]["rows"] if row["name"] == told["ships"]), None
    )
    return SweepRun(
        name=label,
        accuracy=ships["accuracy"],
        interval=(ships["interval"][0], ships["interval"][1]),
        clips=ships["clips"],
        float_accuracy=offline["accuracy"],
        agreement=agreement,
        size_bytes=ships["size_bytes"],
        step_us_median=ships["step_us_median"],
        epochs=result["epochs_run"],
        seconds=sum(single.read("seconds.json").values()),
        report=Path(os.path.relpath(single.path / "report.html", beside)).as_posix(),
    )


def _describe(context: Context) -> None:
    """Write the recipe and the machine once; a continued run keeps what it was begun with."""
    folder = context.folder
    if not folder.recipe_file.exists():
        folder.write("recipe.yaml", write_yaml(resolved(context.recipe)))
    machine = stages.environment(context.trainer) | {"command": context.command}
    if not (folder.path / "environment.json").exists():
        folder.write("environment.json", json.dumps(machine, indent=1))
    elif (begun := folder.read("environment.json").get("wrenlet")) != __version__:
        context.note(
            f"begun by wrenlet {begun}: its finished stages are kept; delete {folder.path} to do them again"
        )


def _time(folder: RunFolder, stage: str, seconds: float) -> None:
    """Add a stage's seconds to the run's; a continued stage counts its last session."""
    known: dict[str, Any] = folder.read("seconds.json") if (folder.path / "seconds.json").exists() else {}
    folder.write("seconds.json", json.dumps({**known, stage: round(seconds, 2)}, indent=1))


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn a full disk, however a library reports it, into the person's sentence."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if is_disk_full(error, path):
            raise InputError(
                f"the disk of {path} is full: free some space and run the same command; finished stages stay"
            ) from error
        raise


@contextmanager
def _epochs_told(options: RunOptions) -> Iterator[None]:
    """Write a training's lines to stderr, for those who see no progress bar."""
    log = logging.getLogger("wrenlet.training")
    if options.quiet or options.trainer().progress:
        yield
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("         %(message)s"))
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


def _indented(options: RunOptions) -> Callable[[str], None]:
    return lambda text: options.note(f"         {text}")


def _command(options: RunOptions, recipe: Recipe, label: str) -> str:
    """Return the command of a sweep; its runs have no shorter one."""
    return f"{options.command or f'wrenlet run {recipe.name}'}  # {label}"
