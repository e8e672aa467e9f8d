"""Run a trained file on recordings and live streams. Needs no torch."""

from wrenlet.runtime.artefact import Artefact, Info, Prediction, load, softmax
from wrenlet.runtime.detection import (
    BACKGROUND,
    EndpointSettings,
    Event,
    PosteriorSettings,
    detection_settings,
)
from wrenlet.runtime.features import NumpyFrontend
from wrenlet.runtime.opening import open_step
from wrenlet.runtime.step import Step
from wrenlet.runtime.stream import Stream

__all__ = [
    "BACKGROUND",
    "Artefact",
    "EndpointSettings",
    "Event",
    "Info",
    "NumpyFrontend",
    "PosteriorSettings",
    "Prediction",
    "Step",
    "Stream",
    "detection_settings",
    "load",
    "open_step",
    "softmax",
]
