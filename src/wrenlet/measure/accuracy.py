"""How often the answers are right, and how sure that figure is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["ClassScore", "Score", "score", "wilson_interval"]

#: Standard deviations of the normal distribution that hold 95 % of it.
Z_95 = 1.959963984540054


@dataclass(frozen=True)
class ClassScore:
    """How one label fared.

    Attributes:
        label: which one.
        precision: share of the answers with this label that are right; 0 if there is none.
        recall: share of the clips of this label that were found; 0 if there is none.
        f1: harmonic mean of the two.
        support: clips of this label.
    """

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Score:
    """Answers against the truth.

    Attributes:
        accuracy: share of right answers.
        interval: 95 % confidence interval of the accuracy (Wilson).
        clips: how many were scored.
        per_class: one entry a label, in the order of the labels.
        confusion: clips by truth (row) and answer (column).
        labels: names of rows and columns.
        left_out: clips of labels that the model does not know, by label; they are not scored.
    """

    accuracy: float
    interval: tuple[float, float]
    clips: int
    per_class: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...]
    left_out: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """Return plain data with `accuracy`, `interval`, `clips`, `per_class` and `confusion`.

        `per_class` is by label: `{"zero": {"precision": …, "recall": …, "f1": …, "support": …}, …}`;
        `confusion` has its rows and columns in the order of `labels`.
        """
        return {
            "accuracy": self.accuracy,
            "interval": list(self.interval),
            "clips": self.clips,
            "per_class": {
                entry.label: {
                    "precision": entry.precision,
                    "recall": entry.recall,
                    "f1": entry.f1,
                    "support": entry.support,
                }
                for entry in self.per_class
            },
            "confusion": [list(row) for row in self.confusion],
            "labels": list(self.labels),
            "left_out": dict(self.left_out),
        }


def score(
    truth: ArrayLike, predicted: ArrayLike, labels: Sequence[str], left_out: dict[str, int] | None = None
) -> Score:
    """Compare answers with the truth.

    Args:
        truth: index of the right label, `[clips]`.
        predicted: index of the answer, `[clips]`.
        labels: names of the indices.
        left_out: clips that are not among these, by label.

    Raises:
        ValueError: if there are no clips, the lengths differ, or an index has no label.
    """
    right, given = np.asarray(truth, np.int64), np.asarray(predicted, np.int64)
    count = len(labels)
    if right.shape != given.shape or right.ndim != 1 or right.size == 0:
        raise ValueError(
            f"truth {right.shape} and predicted {given.shape}: give one index a clip, at least one clip"
        )
    if min(right.min(), given.min()) < 0 or max(right.max(), given.max()) >= count:
        raise ValueError(f"an index lies outside the {count} labels")
    confusion = np.bincount(right * count + given, minlength=count * count).reshape(count, count)
    hits, support, answers = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    correct = int(hits.sum())
    per_class = tuple(
        ClassScore(
            label,
            precision=_share(hits[index], answers[index]),
            recall=_share(hits[index], support[index]),
            f1=_share(2 * hits[index], support[index] + answers[index]),
            support=int(support[index]),
        )
        for index, label in enumerate(labels)
    )
    return Score(
        accuracy=correct / right.size,
        interval=wilson_interval(correct, right.size),
        clips=int(right.size),
        per_class=per_class,
        confusion=tuple(tuple(int(cell) for cell in row) for row in confusion),
        labels=tuple(labels),
        left_out=dict(left_out or {}),
    )


def wilson_interval(hits: int, trials: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (E. B. Wilson, 1927).

    Unlike ±2σ it stays within 0…1, and its width is never 0.

    Args:
        hits: how often it happened.
        trials: out of so many, at least 1.
    """
    share, squared = hits / trials, Z_95**2
    centre = share + squared / (2 * trials)
    spread = Z_95 * (share * (1 - share) / trials + squared / (4 * trials**2)) ** 0.5
    scale = 1 + squared / trials
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def _share(part: int, whole: int) -> float:
    return float(part / whole) if whole else 0.0
