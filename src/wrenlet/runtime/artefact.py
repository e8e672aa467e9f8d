"""A trained file, loaded: ask it for a word, feed it a stream, or let it listen."""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wrenlet.artefact import Sidecar, read_sidecar
from wrenlet.audio import fit_length, read_audio, resample, trim_silence
from wrenlet.errors import InputError
from wrenlet.runtime.detection import EndpointSettings, Event, PosteriorSettings, detection_settings
from wrenlet.runtime.listening import listen
from wrenlet.runtime.opening import file_format
from wrenlet.runtime.program import Program
from wrenlet.runtime.stream import LOUDEST, Stream, replace_broken, to_float

__all__ = ["Artefact", "Info", "Prediction", "load", "softmax"]

#: More columns than this are samples that lie the wrong way round.
MOST_CHANNELS = 64


@dataclass(frozen=True)
class Info:
    """What a loaded file is.

    Attributes:
        path: of the file.
        format: `tflite` or `onnx`.
        size_bytes: of the file.
        sidecar: the knowledge inside it.
    """

    path: Path
    format: str
    size_bytes: int
    sidecar: Sidecar

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the logits."""
        return self.sidecar.labels

    @property
    def sample_rate(self) -> int:
        """Rate of the audio that the model takes, in Hz."""
        return self.sidecar.sample_rate

    @property
    def hop_ms(self) -> float:
        """Audio for one call of the step, in ms."""
        return 1000 * self.sidecar.hop_samples / self.sidecar.sample_rate


@dataclass(frozen=True)
class Prediction:
    """The answer for one recording.

    Attributes:
        label: the most probable one.
        confidence: its probability.
        probabilities: of every label.
        seconds: length of the audio that the model saw, after it was cut as in training.
    """

    label: str
    confidence: float
    probabilities: dict[str, float]
    seconds: float


class Artefact:
    """A loaded artefact; get one from `load`.

    Not for use by several threads at once: give each its own `load`, or its own `stream()`.

    Attributes:
        info: what the file is.

    Args:
        path: a `.tflite` or `.onnx` file that wrenlet exported.

    Raises:
        InputError: if the file is missing, not ours or damaged.
        MissingExtraError: if the file is ONNX and `onnxruntime` is not installed.
    """

    def __init__(self, path: str | Path) -> None:
        path = Path(path)
        sidecar = read_sidecar(path)
        self.info = Info(path, file_format(path), path.stat().st_size, sidecar)
        self._program = Program(path, sidecar)
        self.step = self._program.step

    @property
    def sidecar(self) -> Sidecar:
        """The knowledge inside the file."""
        return self.info.sidecar

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the logits."""
        return self.info.sidecar.labels

    @cached_property
    def detection(self) -> EndpointSettings | PosteriorSettings:
        """How `listen` finds words, as the file has it; change it with `dataclasses.replace`."""
        return detection_settings(self.sidecar)

    def run(self, samples: ArrayLike) -> NDArray[np.float32]:
        """Return the logits `[frames, classes]` of a whole clip from the zero state.

        Args:
            samples: `[n]` at the artefact's rate, already trimmed; the last hop is filled up with zeros.
        """
        return self._program.clip(to_float(samples))

    def prepare(self, audio: str | Path | ArrayLike, rate: int | None = None) -> NDArray[np.float32]:
        """Return the stretch of a recording that the model should see: resampled and cut as in training.

        Args:
            audio: a file, or samples `[n]` or `[n, channels]`.
            rate: of the samples, in Hz; the artefact's if not given. A file has its own.

        Raises:
            InputError: if the file cannot be read, or there is no audio in it, or a sample is NaN or far
                beyond full scale.
        """
        rules, target = self.sidecar.clip, self.sidecar.sample_rate
        if isinstance(audio, str | Path):
            samples = read_audio(audio, target).samples
        else:
            array = np.asarray(audio)
            if array.size == 0:
                raise InputError("the recording is empty: give at least one sample")
            if array.ndim == 2 and array.shape[1] > MOST_CHANNELS:
                raise InputError(
                    f"samples have the shape {array.shape}, which is {array.shape[1]} channels: give "
                    "[samples, channels], such as samples.T"
                )
            channels = [array] if array.ndim != 2 else list(array.T)
            samples = np.stack([to_float(channel) for channel in channels]).mean(axis=0, dtype=np.float32)
            _, broken = replace_broken(samples)
            if broken:
                raise InputError(
                    f"{broken} of {samples.size} samples are NaN or beyond ±{LOUDEST:g}: "
                    "give finite floats in -1…1, or int16"
                )
            if rate is not None and rate != target:
                samples = resample(samples, check_rate(rate), target)
        if samples.size == 0:
            raise InputError("the recording is empty: give at least one sample")
        trimmed = trim_silence(
            samples, target, trim_db=rules.trim_db, margin_ms=rules.margin_ms, max_seconds=0
        )
        return fit_length(trimmed, target, max_seconds=rules.max_seconds, fill=rules.fill)

    def predict(self, audio: str | Path | ArrayLike, rate: int | None = None) -> Prediction:
        """Say which label a recording of one word has.

        Args:
            audio: a file of any format and rate, or samples `[n]` or `[n, channels]`.
            rate: of the samples, in Hz; the artefact's if not given. A file has its own.

        Raises:
            InputError: if the file cannot be read, or there is no audio in it, or a sample is NaN or far
                beyond full scale.
        """
        samples = self.prepare(audio, rate)
        chances = softmax(self._program.clip(samples)[-1])
        best = int(chances.argmax())
        probabilities = {label: float(chance) for label, chance in zip(self.labels, chances, strict=True)}
        seconds = len(samples) / self.sidecar.sample_rate
        return Prediction(self.labels[best], float(chances[best]), probabilities, seconds)

    def stream(self, rate: int | None = None) -> Stream:
        """Return a stream with a state of its own.

        Args:
            rate: of the audio that will be fed, in Hz; the artefact's if not given.
        """
        target = self.sidecar.sample_rate
        program = Program(self.info.path, self.sidecar)
        return Stream(program, target if rate is None else check_rate(rate), target)

    def listen(
        self,
        source: str | Path | BinaryIO | io.BufferedIOBase | Iterable[ArrayLike],
        settings: EndpointSettings | PosteriorSettings | None = None,
        *,
        rate: int | None = None,
        notice: Callable[[str], None] | None = None,
    ) -> Iterator[Event]:
        """Find words in a recording or a live stream, in constant memory.

        Args:
            source: a file; `-` for standard input or an open binary file (WAV, or raw 16-bit little-endian
                mono); `mic` for the microphone; or blocks of samples.
            settings: of the detector; `detection` if not given.
            rate: of raw audio and of blocks, in Hz; the artefact's if not given. A file and a WAV pipe have
                their own.
            notice: told what is odd about the audio (samples that are not finite, an end within the data);
                without it a warning is logged.

        Yields:
            Every word as soon as it is sure.

        Raises:
            InputError: if the source cannot be read.
        """
        chosen = self.detection if settings is None else settings
        target = self.sidecar.sample_rate
        program = Program(self.info.path, self.sidecar)
        given = target if rate is None else check_rate(rate)
        return listen(program, self.sidecar, chosen, source, given, notice)


def load(path: str | Path) -> Artefact:
    """Load a trained file.

    Args:
        path: a `.tflite` or `.onnx` file that wrenlet exported.

    Raises:
        InputError: if the file is missing, not ours or damaged.
        MissingExtraError: if the file is ONNX and `onnxruntime` is not installed.
    """
    return Artefact(path)


def softmax(logits: NDArray) -> NDArray[np.float64]:
    """Return probabilities over the last axis."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def check_rate(rate: int) -> int:
    """Return a usable sample rate, or say which are."""
    if not 1000 <= rate <= 768_000:
        raise InputError(f"rate is {rate} Hz: give a rate between 1000 and 768000 Hz")
    return int(rate)
