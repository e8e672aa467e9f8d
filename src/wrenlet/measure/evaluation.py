"""Accuracy of an artefact on clips, run as the device would run it."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from wrenlet.errors import InputError
from wrenlet.measure.accuracy import Score, score
from wrenlet.runtime import Artefact, load

__all__ = ["LabelledClips", "Through", "clip_logits", "evaluate"]

#: `predict`: every clip whole; `stream`: every clip in pieces of odd sizes through one stream.
Through = Literal["predict", "stream"]


class LabelledClips(Protocol):
    """What `wrenlet.corpora.Clips` offers and is needed here."""

    @property
    def waveforms(self) -> NDArray[np.float32]:
        """Samples `[clips, samples]`, zeros after each clip's end."""
        ...

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Samples of each clip `[clips]`."""
        ...

    @property
    def labels(self) -> NDArray[np.int64]:
        """Index of each clip's label `[clips]`."""
        ...

    @property
    def sample_rate(self) -> int:
        """Samples a second."""
        ...


def evaluate(
    artefact: Artefact | str | Path,
    clips: LabelledClips,
    labels: tuple[str, ...] | None = None,
    *,
    through: Through = "predict",
    progress: Callable[[int, int], None] | None = None,
) -> Score:
    """Run every clip through an artefact and score its answers.

    Labels are matched by name, so the corpus may number them otherwise than the model; clips of labels that
    the model does not know are left out and counted in `Score.left_out`.

    Args:
        artefact: loaded, or the file's path.
        clips: cut with the artefact's own rules (`sidecar.clip`), at any rate.
        labels: names of the clips' label indices; `clips.label_names` if there is such, else the artefact's.
        through: `predict` runs clips whole; `stream` feeds them in pieces of odd sizes, as a microphone
            would.
        progress: called with clips done and clips in all.

    Raises:
        InputError: if no clip has a label that the model knows.
    """
    model = artefact if isinstance(artefact, Artefact) else load(artefact)
    names = tuple(labels or getattr(clips, "label_names", None) or model.labels)
    index = {label: number for number, label in enumerate(model.labels)}
    spoken = [names[number] for number in clips.labels]
    known = [clip for clip, name in enumerate(spoken) if name in index]
    if not known:
        raise InputError(
            f"none of the {len(spoken)} clips has a label that the model knows: "
            f"it knows {', '.join(model.labels)}; the clips have {', '.join(sorted(set(spoken))) or 'none'}"
        )
    left_out = Counter(name for name in spoken if name not in index)
    answers = []
    for done, logits in enumerate(clip_logits(model, clips, known, through), start=1):
        answers.append(int(logits[-1].argmax()))
        if progress is not None:
            progress(done, len(known))
    return score([index[spoken[clip]] for clip in known], answers, model.labels, dict(left_out))


def clip_logits(
    model: Artefact, clips: LabelledClips, chosen: list[int], through: Through = "predict"
) -> Iterator[NDArray[np.float32]]:
    """Yield the logits `[frames, classes]` of the chosen clips, each from the zero state."""
    target = model.sidecar.sample_rate
    stream = model.stream(clips.sample_rate) if through == "stream" else None
    # Odd sizes around the hop, single samples and nothing at all, from a fixed seed so that a figure can be
    # repeated.
    sizes = np.random.default_rng(0)
    hop = max(2, round(model.sidecar.hop_samples * clips.sample_rate / target))
    for clip in chosen:
        samples = clips.waveforms[clip, : clips.lengths[clip]]
        if stream is None:
            if clips.sample_rate != target:
                from wrenlet.audio import resample

                samples = resample(samples, clips.sample_rate, target)
            yield model.run(samples)
            continue
        pieces, start = [], 0
        while start < len(samples):
            size = int(sizes.choice([0, 1, 7, hop - 1, hop, hop + 1, 3 * hop + 5]))
            pieces.append(stream.feed(samples[start : start + size]))
            start += size
        yield np.concatenate([*pieces, stream.flush()])
