"""Do the offline model, its stream and every artefact give the same answers on real clips?"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from wrenlet.runtime import load

if TYPE_CHECKING:
    from wrenlet.models import Recogniser

__all__ = ["Parity", "ParityRow", "Tolerances", "parity"]

#: Pieces of a stream, in hops: single hops, an odd number, and a whole second or more.
CHUNKINGS: tuple[tuple[int, ...], ...] = ((1,), (3,), (1, 2, 5), (64,))


@dataclass(frozen=True)
class Tolerances:
    """What still counts as the same.

    Attributes:
        stream: largest difference of a logit between PyTorch offline and PyTorch stream, as a share of the
            largest logit where that is above 1: float32 rounds in proportion.
        float32: the same between PyTorch and a float artefact; kernels sum in another order.
        int8_mean: mean difference of a logit between PyTorch and an int8 artefact.
        agreement: share of clips with the same label as PyTorch's, for an int8 artefact.
        float32_agreement: the same for a float artefact.
    """

    stream: float = 1e-5
    float32: float = 1e-3
    int8_mean: float = 0.25
    agreement: float = 0.99
    float32_agreement: float = 1.0


@dataclass(frozen=True)
class ParityRow:
    """One way of running the model against PyTorch offline.

    Attributes:
        name: `torch stream, hops of 3` or the artefact's file name.
        max_error: largest difference of a logit over all real frames of all clips.
        mean_error: mean difference of a logit.
        agreement: share of clips with the same label at the last frame.
        limit: what was allowed, in words.
        ok: within the limit.
        allowed: largest difference allowed; None where the limit is another one.
    """

    name: str
    max_error: float
    mean_error: float
    agreement: float
    limit: str
    ok: bool
    allowed: float | None = None


@dataclass(frozen=True)
class Parity:
    """All ways of running one model, against PyTorch offline.

    Attributes:
        rows: one a way.
        clips: how many were run.
        frames: how many answers were compared.
    """

    rows: tuple[ParityRow, ...]
    clips: int
    frames: int

    @property
    def ok(self) -> bool:
        """Whether every way is within its limit."""
        return all(row.ok for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        """Return plain data with the attributes' names and `ok`."""
        return {**asdict(self), "ok": self.ok}


def parity(
    recogniser: "Recogniser",
    paths: Iterable[str | Path],
    waveforms: NDArray[np.float32],
    lengths: NDArray[np.int64],
    tolerances: Tolerances | None = None,
) -> Parity:
    """Run clips through the model offline, in chunks, and through artefacts, and compare the logits.

    Args:
        recogniser: the trained model, the reference; put in evaluation mode.
        paths: artefacts exported from it.
        waveforms: `[clips, samples]` at the recogniser's rate.
        lengths: samples of each clip, `[clips]`.
        tolerances: what still counts as the same.

    Raises:
        ValueError: if there is no clip, or a clip is empty.
    """
    limits = tolerances or Tolerances()
    if len(waveforms) == 0 or len(waveforms) != len(lengths) or int(np.min(lengths)) < 1:
        raise ValueError(
            f"{len(waveforms)} clips with {len(lengths)} lengths: give at least one, none of them empty"
        )
    program = recogniser.audio_program.eval()
    hop = program.stride
    frames = -(-np.asarray(lengths) // hop)
    padded = _pad(waveforms, lengths, int(frames.max()) * hop)
    offline = _torch_offline(program, padded)
    reference = [offline[clip, : frames[clip]] for clip in range(len(frames))]
    largest = max(1.0, max(float(np.abs(logits).max()) for logits in reference))
    stream_worst, float_worst = limits.stream * largest, limits.float32 * largest
    rows = []
    for hops in CHUNKINGS:
        streamed = _torch_stream(program, padded, [count * hop for count in hops])
        name = f"torch stream, pieces of {'-'.join(map(str, hops))} hops"
        answers = [streamed[clip, : frames[clip]] for clip in range(len(frames))]
        rows.append(_row(name, reference, answers, f"max ≤ {stream_worst:.1g}", worst=stream_worst))
    for path in map(Path, paths):
        model = load(path)
        answers = [model.run(padded[clip, : lengths[clip]]) for clip in range(len(frames))]
        if model.sidecar.precision == "float32":
            limit = f"max ≤ {float_worst:.1g}, labels ≥ {limits.float32_agreement:.1%}"
            row = _row(path.name, reference, answers, limit, worst=float_worst, same=limits.float32_agreement)
        else:
            limit = f"mean ≤ {limits.int8_mean:g}, labels ≥ {limits.agreement:.1%}"
            row = _row(path.name, reference, answers, limit, mean=limits.int8_mean, same=limits.agreement)
        rows.append(row)
    return Parity(tuple(rows), len(frames), int(frames.sum()))


def _row(
    name: str,
    reference: list[NDArray],
    answers: list[NDArray],
    limit: str,
    *,
    worst: float = np.inf,
    mean: float = np.inf,
    same: float = 0.0,
) -> ParityRow:
    errors = np.abs(np.concatenate(reference) - np.concatenate(answers))
    agreement = float(
        np.mean(
            [
                ours[-1].argmax() == theirs[-1].argmax()
                for ours, theirs in zip(answers, reference, strict=True)
            ]
        )
    )
    largest, average = float(errors.max()), float(errors.mean())
    ok = largest <= worst and average <= mean and agreement >= same
    allowed = worst if np.isfinite(worst) else None
    return ParityRow(name, largest, average, agreement, limit, bool(ok), allowed)


def _pad(waveforms: NDArray[np.float32], lengths: NDArray[np.int64], samples: int) -> NDArray[np.float32]:
    padded = np.zeros((len(waveforms), samples), np.float32)
    for clip, length in enumerate(lengths):
        padded[clip, :length] = waveforms[clip, :length]
    return padded


def _torch_offline(program: Any, padded: NDArray[np.float32]) -> NDArray[np.float32]:
    import torch  # only here: measuring an artefact needs none

    with torch.no_grad():
        return np.concatenate([program(torch.from_numpy(part)).numpy() for part in _batches(padded)])


def _torch_stream(program: Any, padded: NDArray[np.float32], chunks: list[int]) -> NDArray[np.float32]:
    import torch

    from wrenlet.streaming import stream

    # `chunks` repeated until the sequence is used up: whole hops, as the sequence itself is.
    total, sizes = padded.shape[1], []
    while sum(sizes) < total:
        sizes.append(min(chunks[len(sizes) % len(chunks)], total - sum(sizes)))
    with torch.no_grad():
        return np.concatenate(
            [stream(program, torch.from_numpy(part), sizes).numpy() for part in _batches(padded)]
        )


def _batches(padded: NDArray[np.float32], size: int = 64) -> list[NDArray[np.float32]]:
    return [padded[start : start + size] for start in range(0, len(padded), size)]
