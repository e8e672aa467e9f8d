"""From a source of audio to events: blocks, resampling, hops, a detector."""

import io
import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import ArrayLike

from wrenlet.artefact import Sidecar
from wrenlet.audio import StreamResampler
from wrenlet.runtime.detection import EndpointSettings, Event, PosteriorSettings
from wrenlet.runtime.endpoint import EndpointDetector
from wrenlet.runtime.posterior import PosteriorDetector
from wrenlet.runtime.program import Program
from wrenlet.runtime.sources import open_source
from wrenlet.runtime.stream import LOUDEST, replace_broken

__all__ = ["listen"]

logger = logging.getLogger(__name__)


def listen(
    program: Program,
    sidecar: Sidecar,
    settings: EndpointSettings | PosteriorSettings,
    source: str | Path | BinaryIO | io.BufferedIOBase | Iterable[ArrayLike],
    rate: int,
    notice: Callable[[str], None] | None = None,
) -> Iterator[Event]:
    """Yield the words of a source as they end; see `Artefact.listen` for the arguments.

    Raises:
        InputError: if the source cannot be read.
    """
    say = notice or logger.warning
    target, hop = sidecar.sample_rate, program.hop
    if isinstance(settings, PosteriorSettings):
        detector = PosteriorDetector(program, sidecar.labels, target, settings)
    else:
        detector = EndpointDetector(program, sidecar.labels, target, settings)
    replaced = 0
    with open_source(source, rate, say) as (source_rate, blocks):
        resampler = None if source_rate == target else StreamResampler(source_rate, target)
        held = np.zeros(0, np.float32)
        for block in blocks:
            audio, broken = replace_broken(block)
            if broken and not replaced:
                say(f"some samples are NaN or beyond ±{LOUDEST:g}: they are taken for silence")
            replaced += broken
            held = np.concatenate([held, audio if resampler is None else resampler.feed(audio)])
            whole = len(held) // hop * hop
            if whole:
                yield from detector.feed(held[:whole].reshape(-1, hop))
                held = held[whole:].copy()
        if resampler is not None:
            held = np.concatenate([held, resampler.flush()])
        held = np.pad(held, (0, -len(held) % hop))
        if len(held):
            yield from detector.feed(held.reshape(-1, hop))
        yield from detector.flush()
    if replaced:
        say(f"{replaced} samples in all were NaN or beyond ±{LOUDEST:g}")
