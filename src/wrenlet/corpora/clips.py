"""Short recordings, all in memory: what the trainer and the measurements take."""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wrenlet.artefact import ClipRules
from wrenlet.audio import fit_length, read_audio, resample, trim_silence
from wrenlet.corpora.opened import Skipped, refuse_too_many_bad
from wrenlet.errors import InputError

__all__ = ["Clips", "load_clips", "read_cut"]

ARRAYS = ("waveforms", "lengths", "labels")


@dataclass(frozen=True, eq=False)
class Clips:
    """Recordings of one word each, resident in memory.

    Attributes:
        waveforms: float32 `[clips, samples]` in -1…1, zero beyond each clip's length; as wide as the longest.
        lengths: int64 `[clips]`, true lengths in samples.
        labels: int64 `[clips]`, indices into `label_names`.
        label_names: in the order of the model's outputs.
        ids: of the cuts.
        speakers: who speaks each clip; `""` if nobody knows.
        sample_rate: in Hz.
        skipped: recordings that could not be read.
        notes: what was done to the recordings, such as `3 stereo clips mixed down`.
    """

    waveforms: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray
    label_names: tuple[str, ...]
    ids: tuple[str, ...]
    speakers: tuple[str, ...]
    sample_rate: int
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def seconds(self) -> float:
        """Sum of the true lengths."""
        return float(self.lengths.sum()) / self.sample_rate

    def select(self, which: np.ndarray | Sequence[int]) -> "Clips":
        """Return the clips at integer indices `[n]` or where a mask `[clips]` is true."""
        index = np.asarray(which)
        index = np.flatnonzero(index) if index.dtype == bool else index.astype(np.int64)
        return Clips(
            self.waveforms[index],
            self.lengths[index],
            self.labels[index],
            self.label_names,
            tuple(self.ids[i] for i in index),
            tuple(self.speakers[i] for i in index),
            self.sample_rate,
        )

    def save(self, folder: Path) -> None:
        """Write a folder of `.npy` files and one `clips.json`, whole or not at all; replace an older one."""
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
            try:
                for name in ARRAYS:
                    np.save(partial / f"{name}.npy", getattr(self, name), allow_pickle=False)
                about = {
                    "label_names": self.label_names,
                    "ids": self.ids,
                    "speakers": self.speakers,
                    "sample_rate": self.sample_rate,
                    "skipped": [[str(bad.path), bad.reason] for bad in self.skipped],
                    "notes": self.notes,
                }
                (partial / "clips.json").write_text(json.dumps(about), encoding="utf-8")
                partial.chmod(0o755)
                if folder.exists():
                    shutil.rmtree(folder)
                partial.rename(folder)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
        except OSError as error:
            raise InputError(
                f"cannot write {folder} ({error.strerror or error}): is there room on the disk?"
            ) from error

    @classmethod
    def load(cls, folder: Path) -> "Clips":
        """Read what `save` wrote.

        Raises:
            InputError: if the folder is missing or damaged.
        """
        try:
            arrays = [np.load(folder / f"{name}.npy", allow_pickle=False) for name in ARRAYS]
            about = json.loads((folder / "clips.json").read_text(encoding="utf-8"))
            clips = cls(
                *arrays,
                label_names=tuple(about["label_names"]),
                ids=tuple(about["ids"]),
                speakers=tuple(about["speakers"]),
                sample_rate=int(about["sample_rate"]),
                skipped=tuple(Skipped(Path(path), reason) for path, reason in about["skipped"]),
                notes=tuple(about["notes"]),
            )
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            raise InputError(
                f"{folder} holds no whole set of clips ({error}): delete it and run again"
            ) from error
        if not len(clips.waveforms) == len(clips.lengths) == len(clips.labels) == len(clips.ids):
            raise InputError(f"{folder} holds arrays of different lengths: delete it and run again")
        return clips


def load_clips(
    cuts: Iterable[Any],
    labels: Sequence[str],
    sample_rate: int,
    rules: ClipRules,
    *,
    max_bad_share: float = 0.1,
) -> Clips:
    """Decode, mix down, resample and cut every recording.

    Args:
        cuts: Lhotse cuts, as `OpenCorpus.split` gives them.
        labels: in the order of the model's outputs.
        sample_rate: of the result, in Hz.
        rules: how a recording is cut.
        max_bad_share: share of recordings that may be unreadable; they are skipped and named.

    Raises:
        InputError: if there are no cuts, a cut's label is not among `labels`, or too many cannot be read.
    """
    index = {label: number for number, label in enumerate(labels)}
    waveforms, numbers, ids, speakers, skipped = [], [], [], [], []
    done: Counter[str] = Counter()
    total = 0
    for cut in cuts:
        total += 1
        supervision = cut.supervisions[0]
        if supervision.text not in index:
            raise InputError(
                f"the recording {cut.id} is labelled {supervision.text!r}, which is none of the labels "
                f"{', '.join(labels)}: rename or remove its folder"
            )
        path = _file(cut) or cut.id
        try:
            samples, rate, channels = read_cut(cut)
        except InputError as error:
            skipped.append(Skipped.because(path, error))
            continue
        done["stereo"] += channels > 1
        done[f"rate {rate}"] += rate != sample_rate
        samples = resample(samples, rate, sample_rate)
        if len(samples) == 0:
            skipped.append(Skipped(Path(path), f"holds nothing at {sample_rate} Hz: delete it"))
            continue
        trimmed = trim_silence(
            samples, sample_rate, trim_db=rules.trim_db, margin_ms=rules.margin_ms, max_seconds=0
        )
        kept = fit_length(trimmed, sample_rate, max_seconds=rules.max_seconds, fill=rules.fill)
        done["cut"] += len(kept) < len(trimmed)
        done["filled"] += len(kept) > len(trimmed)
        waveforms.append(kept)
        numbers.append(index[supervision.text])
        ids.append(cut.id)
        speakers.append(supervision.speaker or "")
    if total == 0:
        raise InputError("there are no recordings to load: choose a split that has some")
    refuse_too_many_bad(skipped, total, max_bad_share)
    lengths = np.array([len(samples) for samples in waveforms], np.int64)
    whole = np.zeros((len(waveforms), int(lengths.max())), np.float32)
    for row in whole[::-1]:
        # Freed one by one: a hundred thousand clips fit in memory once, but not twice.
        samples = waveforms.pop()
        row[: len(samples)] = samples
    return Clips(
        whole, lengths, np.array(numbers, np.int64), tuple(labels), tuple(ids), tuple(speakers),
        sample_rate, tuple(skipped), _notes(done, rules, skipped),
    )  # fmt: skip


def _file(cut: Any) -> str | None:
    """Return the file that a cut is a plain stretch of, or `None`."""
    recording = getattr(cut, "recording", None)
    if recording is None or len(recording.sources) != 1 or recording.transforms:
        return None
    return str(recording.sources[0].source) if recording.sources[0].type == "file" else None


def read_cut(cut: Any) -> tuple[np.ndarray, int, int]:
    """Return a cut's samples mixed down, float32 `[samples]`, their rate in Hz, and how many channels it has.

    Raises:
        InputError: if it cannot be decoded.
    """
    path = _file(cut)
    if path is not None:
        # An order of magnitude faster than Lhotse's own reader on clips of a second.
        rate = cut.recording.sampling_rate
        whole = cut.start == 0 and cut.duration >= cut.recording.duration
        start, frames = (0, -1) if whole else (round(cut.start * rate), round(cut.duration * rate))
        audio = read_audio(path, start=start, frames=frames)
        return audio.samples, audio.rate, audio.channels
    try:
        samples = cut.load_audio()
    except Exception as error:  # shards and clouds fail in their own ways
        raise InputError(f"{cut.id} cannot be read ({error})") from error
    return np.ascontiguousarray(samples.mean(axis=0, dtype=np.float32)), int(cut.sampling_rate), len(samples)


def _notes(done: Counter[str], rules: ClipRules, skipped: Sequence[Skipped]) -> tuple[str, ...]:
    def clips(count: int) -> str:
        return f"{count:,} clip" + ("s" if count != 1 else "")

    notes = []
    if done["stereo"]:
        notes.append(f"{clips(done['stereo'])} with several channels mixed down")
    for name in sorted(name for name in done if name.startswith("rate ") and done[name]):
        notes.append(f"{clips(done[name])} resampled from {name.removeprefix('rate ')} Hz")
    if done["cut"]:
        notes.append(f"{clips(done['cut'])} cut at {rules.max_seconds:g} s")
    if done["filled"]:
        notes.append(f"{clips(done['filled'])} filled up to {rules.max_seconds:g} s")
    if skipped:
        notes.append(f"{clips(len(skipped))} skipped because they cannot be read")
    return tuple(notes)
