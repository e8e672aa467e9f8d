"""What a report says, as plain values: filled by the pipeline, stored as JSON, rendered by `pages`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from wrenlet.errors import InputError
from wrenlet.report.numbers import kilobytes, microseconds, milliseconds, percent, span, thousands

__all__ = [
    "AuditRow",
    "ClassScore",
    "ClipPicture",
    "Corpus",
    "DataSource",
    "Epoch",
    "Measurement",
    "ParityRow",
    "RunReport",
    "SkippedFile",
    "SplitRow",
    "Training",
]


@dataclass(frozen=True)
class Measurement:
    """One way of running the model, and what was measured of it: a row of the report's first table.

    Attributes:
        precision: `float32` or `int8`.
        mode: `offline` (the whole clip) or `stream` (hop by hop).
        accuracy: share of the test clips that were recognised, 0…1.
        interval: 95 % confidence interval of the accuracy, (low, high), 0…1.
        clips: test clips that were measured.
        artefact: file name; empty for the PyTorch model.
        size_bytes: of the artefact.
        step_us_median: microseconds for one hop, median.
        step_us_p95: microseconds for one hop, 95th percentile.
        real_time_factor: seconds of computing for one second of audio; below 1 keeps up.
        peak_tensor_bytes: memory of the tensors alive at once.
        macs_per_hop: multiply-accumulates for one hop.
        ships: whether this is the artefact that the report's verdict speaks of.
    """

    precision: str
    mode: str
    accuracy: float
    interval: tuple[float, float]
    clips: int
    artefact: str = ""
    size_bytes: int | None = None
    step_us_median: float | None = None
    step_us_p95: float | None = None
    real_time_factor: float | None = None
    peak_tensor_bytes: int | None = None
    macs_per_hop: int | None = None
    ships: bool = False


@dataclass(frozen=True)
class Epoch:
    """One pass over the training clips.

    Attributes:
        epoch: counted from 1.
        training_loss: mean over the epoch; None if it was not recorded. The same holds for those below.
        validation_loss: at the end of the epoch.
        training_accuracy: over the (augmented) training clips, 0…1.
        validation_accuracy: at the end of the epoch, 0…1.
        learning_rate: at the end of the epoch.
    """

    epoch: int
    training_loss: float | None = None
    validation_loss: float | None = None
    training_accuracy: float | None = None
    validation_accuracy: float | None = None
    learning_rate: float | None = None


@dataclass(frozen=True)
class Training:
    """How the model learned.

    Attributes:
        epochs: in order.
        best_epoch: the epoch whose weights were kept; 0 if none is known.
        seconds: wall clock of the training.
        parameters: trainable numbers in the model.
    """

    epochs: tuple[Epoch, ...] = ()
    best_epoch: int = 0
    seconds: float | None = None
    parameters: int | None = None


@dataclass(frozen=True)
class ClassScore:
    """One label's quality, derived from the confusion matrix.

    Attributes:
        label: as in the model.
        clips: of this label.
        predicted: clips that were given this label.
        recall: share of this label's clips that were recognised; None without clips.
        precision: share of the clips given this label that have it; None if it was never given.
        f1: harmonic mean of both; None if either is missing.
    """

    label: str
    clips: int
    predicted: int
    recall: float | None
    precision: float | None
    f1: float | None


@dataclass(frozen=True)
class ParityRow:
    """Two forms of the model, compared on the same clips.

    Attributes:
        comparison: for example `torch offline / torch stream`.
        difference: largest absolute difference of a logit.
        passed: whether it holds the limits.
        limit: the largest difference allowed; None if only stated.
        agreement: share of clips on which both give the same label, 0…1.
        clips: compared.
    """

    comparison: str
    difference: float
    passed: bool
    limit: float | None = None
    agreement: float | None = None
    clips: int = 0


@dataclass(frozen=True)
class AuditRow:
    """What was found inside one artefact.

    Attributes:
        artefact: file name.
        operators: how often each operator occurs.
        dtypes: how many tensors have each type.
        float_tensors: names of the floating-point tensors left.
        integer_asked: whether the recipe asked for integers only.
        passed: whether the artefact is what the recipe asked for.
    """

    artefact: str
    operators: dict[str, int]
    dtypes: dict[str, int] = field(default_factory=dict)
    float_tensors: tuple[str, ...] = ()
    integer_asked: bool = False
    passed: bool = True


@dataclass(frozen=True)
class SplitRow:
    """One part of the corpus.

    Attributes:
        split: `train`, `validation` or `test`.
        clips: in it.
        hours: of audio.
        speakers: different ones; None if unknown.
        labels: different ones.
        shortest_seconds: of a clip.
        median_seconds: of a clip.
        longest_seconds: of a clip.
    """

    split: str
    clips: int
    hours: float
    speakers: int | None = None
    labels: int | None = None
    shortest_seconds: float | None = None
    median_seconds: float | None = None
    longest_seconds: float | None = None


@dataclass(frozen=True)
class SkippedFile:
    """A recording that could not be used.

    Attributes:
        path: as the corpus names it.
        reason: in a few words.
    """

    path: str
    reason: str


@dataclass(frozen=True)
class Corpus:
    """What the model learned from.

    Attributes:
        name: for example `digits` or `folder:recordings`.
        about: one sentence.
        splits: in the order of the table.
        skipped: every file left out, by name.
        notes: what was done to the recordings, for example `3 stereo clips mixed down`.
        digest: of the ids and splits.
    """

    name: str
    about: str = ""
    splits: tuple[SplitRow, ...] = ()
    skipped: tuple[SkippedFile, ...] = ()
    notes: tuple[str, ...] = ()
    digest: str = ""


@dataclass(frozen=True)
class DataSource:
    """Whose recordings they are.

    Attributes:
        name: of the corpus.
        licence: its name, for example `CC BY-SA 4.0`.
        attribution: the words that the licence asks for.
        url: where the corpus lives.
    """

    name: str
    licence: str = ""
    attribution: str = ""
    url: str = ""


@dataclass(frozen=True)
class ClipPicture:
    """One test clip, small enough to store: what was said, what was heard, and how it looks.

    Attributes:
        name: id or file name.
        label: what was said.
        predicted: what the artefact answered.
        confidence: probability of that answer, 0…1.
        seconds: length of the clip.
        envelope: (lowest, highest) sample of each stretch of the clip, samples in -1…1.
        features: rows are frames, columns are features.
        feature_name: for example `MFCC` or `log-mel`.
    """

    name: str
    label: str
    predicted: str
    confidence: float
    seconds: float
    envelope: tuple[tuple[float, float], ...] = ()
    features: tuple[tuple[float, ...], ...] = ()
    feature_name: str = "features"

    @property
    def mistaken(self) -> bool:
        """Whether the answer is wrong."""
        return self.label != self.predicted


@dataclass(frozen=True)
class RunReport:
    """Everything that the page of one run shows.

    Attributes:
        title: of the page, usually the recipe's name.
        labels: of the model, in the order of the confusion matrix.
        measurements: float32/int8 × offline/stream; exactly one of them ships.
        confusion: of the artefact that ships; rows are what was said, columns what was heard.
        hop_ms: audio for one call of the step, in milliseconds.
        command: that made the run.
        repeat: further lines that say how to repeat it.
        recipe: the resolved recipe, as YAML.
        digest: of the resolved recipe.
        seed: of the run.
        sample_rate: of the model, in Hz.
        training: how the model learned.
        parity: the model against its artefacts.
        audits: what is inside the artefacts.
        corpus: what the model learned from.
        sources: licences and attributions.
        clips: pictures of a few test clips, the mistakes among them.
        environment: versions, machine, threads, in the order to show.
        notes: anything else that a reader must know.
        made: when and by which version, as text.
    """

    title: str
    labels: tuple[str, ...]
    measurements: tuple[Measurement, ...]
    confusion: tuple[tuple[int, ...], ...] = ()
    hop_ms: float | None = None
    command: str = ""
    repeat: tuple[str, ...] = ()
    recipe: str = ""
    digest: str = ""
    seed: int | None = None
    sample_rate: int | None = None
    training: Training | None = None
    parity: tuple[ParityRow, ...] = ()
    audits: tuple[AuditRow, ...] = ()
    corpus: Corpus | None = None
    sources: tuple[DataSource, ...] = ()
    clips: tuple[ClipPicture, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    made: str = ""

    def __post_init__(self) -> None:
        shipping = sum(row.ships for row in self.measurements)
        if shipping != 1:
            raise InputError(
                f"{shipping} measurements of the report are marked as shipping: mark exactly one, ships=True"
            )
        size = len(self.labels)
        if self.confusion and {len(self.confusion), *map(len, self.confusion)} != {size}:
            raise InputError(
                f"the confusion matrix does not fit {size} labels: give {size} rows of {size} counts"
            )

    @property
    def shipped(self) -> Measurement:
        """The artefact that the verdict speaks of."""
        return next(row for row in self.measurements if row.ships)

    @property
    def failures(self) -> tuple[str, ...]:
        """The checks that do not hold, in words; empty for a verified run."""
        parity = [f"parity of {row.comparison}" for row in self.parity if not row.passed]
        return (*parity, *(f"audit of {row.artefact}" for row in self.audits if not row.passed))

    @property
    def checks(self) -> int:
        """How many checks were made."""
        return len(self.parity) + len(self.audits)

    @property
    def verdict(self) -> str:
        """One sentence about the artefact that ships: accuracy with its interval, size, latency, checks."""
        row = self.shipped
        name = row.artefact or f"The {row.precision} model"
        text = (
            f"{name} recognises {len(self.labels)} labels with {percent(row.accuracy)} accuracy "
            f"(95 % interval {span(row.interval)}, {thousands(row.clips)} test clips)"
        )
        if row.size_bytes is not None:
            text += f" in {kilobytes(row.size_bytes)} KB"
        if row.step_us_median is not None:
            hop = "" if self.hop_ms is None else f"{milliseconds(self.hop_ms)} ms "
            text += f" and takes {microseconds(row.step_us_median)} µs for a {hop}hop"
        if self.failures:
            text += f"; {len(self.failures)} of {self.checks} checks failed: {', '.join(self.failures)}"
        return text + "."

    @property
    def per_class(self) -> tuple[ClassScore, ...]:
        """Recall, precision and F1 of each label, from the confusion matrix."""
        return class_scores(self.labels, self.confusion)

    @property
    def confused(self) -> tuple[tuple[str, str, int], ...]:
        """(said, heard, clips) of the mistakes, most frequent first."""
        pairs: Counter[tuple[int, int]] = Counter()
        for said, row in enumerate(self.confusion):
            pairs.update({(said, heard): clips for heard, clips in enumerate(row) if heard != said and clips})
        order = sorted(pairs, key=lambda pair: (-pairs[pair], pair))
        return tuple((self.labels[said], self.labels[heard], pairs[said, heard]) for said, heard in order)


def class_scores(labels: Sequence[str], confusion: Sequence[Sequence[int]]) -> tuple[ClassScore, ...]:
    """Return each label's quality; rows of the matrix are what was said, columns what was heard."""
    scores = []
    for index, label in enumerate(labels if confusion else ()):
        right = confusion[index][index]
        clips = sum(confusion[index])
        predicted = sum(row[index] for row in confusion)
        recall = right / clips if clips else None
        precision = right / predicted if predicted else None
        f1 = 2 * right / (clips + predicted) if clips and predicted else None
        scores.append(ClassScore(label, clips, predicted, recall, precision, f1))
    return tuple(scores)
