"""What the report of several runs says: the same recipe with another seed, or another speaker left out."""

import statistics
from dataclasses import dataclass, field

from wrenlet.errors import InputError
from wrenlet.report.contents import DataSource, RunReport
from wrenlet.report.numbers import percent, points

__all__ = ["Summary", "SweepReport", "SweepRun"]


@dataclass(frozen=True)
class SweepRun:
    """One run of a sweep: a row of its table.

    Attributes:
        name: what was varied, for example `seed 3` or a speaker's name.
        accuracy: of the artefact that ships, on the test clips, 0…1; None if the run failed.
        interval: 95 % confidence interval of the accuracy, (low, high), 0…1.
        clips: test clips that were measured.
        float_accuracy: of the float model on the same clips, 0…1.
        agreement: share of clips on which both give the same label, 0…1.
        size_bytes: of the artefact.
        step_us_median: microseconds for one hop, median.
        epochs: trained.
        seconds: wall clock of the run.
        report: path of the run's own report, relative to the sweep's folder, with `/`; empty for none.
        failure: why the run has no figures, in one sentence.
    """

    name: str
    accuracy: float | None = None
    interval: tuple[float, float] | None = None
    clips: int | None = None
    float_accuracy: float | None = None
    agreement: float | None = None
    size_bytes: int | None = None
    step_us_median: float | None = None
    epochs: int | None = None
    seconds: float | None = None
    report: str = ""
    failure: str = ""

    @classmethod
    def of(cls, name: str, run: RunReport, *, report: str = "", seconds: float | None = None) -> "SweepRun":
        """Return the row of a finished run; its float model is the first that a measurement names.

        Args:
            name: what was varied.
            run: the run's own report.
            report: path of its page, relative to the sweep's folder, with `/`.
            seconds: wall clock of the run; that of its training if it is not given.
        """
        row, training = run.shipped, run.training
        floating = [m.accuracy for m in run.measurements if m.precision == "float32"]
        agreements = [
            p.agreement for p in run.parity if p.agreement is not None and row.artefact in p.comparison
        ]
        return cls(
            name,
            accuracy=row.accuracy,
            interval=row.interval,
            clips=row.clips,
            float_accuracy=floating[0] if floating else None,
            agreement=agreements[-1] if agreements and row.artefact else None,
            size_bytes=row.size_bytes,
            step_us_median=row.step_us_median,
            epochs=len(training.epochs) if training else None,
            seconds=seconds if seconds is not None or training is None else training.seconds,
            report=report,
        )


@dataclass(frozen=True)
class Summary:
    """A column of the sweep's table in four figures.

    Attributes:
        runs: that have the figure.
        mean: over those runs.
        deviation: standard deviation of a sample (n - 1); None for a single run.
        lowest: of all runs.
        highest: of all runs.
    """

    runs: int
    mean: float
    deviation: float | None
    lowest: float
    highest: float


@dataclass(frozen=True)
class SweepReport:
    """Everything that the page of a sweep shows.

    Attributes:
        title: of the page.
        varied: what differs between the runs, in the plural: `seeds`, `left-out speakers`.
        runs: in the order to show.
        about: one sentence on why the runs were made.
        command: that made them.
        repeat: further lines that say how to repeat them.
        recipe: the resolved recipe that they share, as YAML.
        digest: of that recipe.
        sources: licences and attributions.
        environment: versions, machine, threads, in the order to show.
        notes: anything else that a reader must know.
        made: when and by which version, as text.
    """

    title: str
    varied: str
    runs: tuple[SweepRun, ...]
    about: str = ""
    command: str = ""
    repeat: tuple[str, ...] = ()
    recipe: str = ""
    digest: str = ""
    sources: tuple[DataSource, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    made: str = ""

    def __post_init__(self) -> None:
        if not self.runs:
            raise InputError(f"the sweep {self.title!r} has no runs: give it at least one")

    def summary(self, attribute: str) -> Summary | None:
        """Return mean, deviation, lowest and highest of one attribute of the runs; None if no run has it."""
        values = [value for run in self.runs if (value := getattr(run, attribute)) is not None]
        if not values:
            return None
        deviation = statistics.stdev(values) if len(values) > 1 else None
        return Summary(len(values), statistics.fmean(values), deviation, min(values), max(values))

    @property
    def failed(self) -> tuple[SweepRun, ...]:
        """The runs without figures."""
        return tuple(run for run in self.runs if run.accuracy is None)

    @property
    def verdict(self) -> str:
        """One sentence: mean accuracy, its deviation and range, and how many runs failed."""
        found = self.summary("accuracy")
        if found is None:
            return f"None of {len(self.runs)} {self.varied} has an accuracy."
        text = f"{found.runs} {self.varied}: {percent(found.mean)} mean accuracy of the artefact that ships"
        if found.deviation is not None:
            text += (
                f", standard deviation {points(found.deviation)} points, "
                f"from {percent(found.lowest)} to {percent(found.highest)}"
            )
        if self.failed:
            text += f"; {len(self.failed)} of {len(self.runs)} runs failed"
        return text + "."
