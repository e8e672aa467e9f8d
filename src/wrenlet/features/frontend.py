"""From raw audio to log-mel energies or MFCC, hop by hop."""

import math
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wrenlet.features.bank import MelBank
from wrenlet.features.deltas import Deltas, sliding
from wrenlet.features.level import Levelling
from wrenlet.features.mel import mel_weights
from wrenlet.features.settings import FeatureSettings
from wrenlet.features.transform import FactoredTransform, plan_transform
from wrenlet.streaming import State, StreamingModule

__all__ = ["Frontend", "build_frontend"]

#: Frames transformed at once: their intermediate tensors (about 10 KB a frame) still fit a core's cache.
BLOCK = 256


class Frontend(StreamingModule):
    """Features of audio: `[batch, samples]` in, `[batch, frames, features]` out, one frame a hop.

    The state `overlap` is the audio that the next window shares with this one, and one sample more if there
    is pre-emphasis; with a relative level there is also `levelling`, with Δ `deltas`. There are no parameters
    and nothing to save: every constant follows from the settings.

    Attributes:
        settings: what it computes.
        feature_count: features of a frame.
    """

    def __init__(self, settings: FeatureSettings) -> None:
        super().__init__()
        self.settings = settings
        self.feature_count = settings.feature_count
        self.stride = settings.hop_samples
        self.overlap = settings.window_samples - settings.hop_samples + (settings.preemphasis > 0)
        self.spectral = LogMel(settings)
        # glibc returns freed memory to the kernel above a threshold, and pages it in anew for every block of
        # frames: twice the time. Freeing one large block, never touched, raises that threshold for good.
        torch.empty(6_000_000)
        cosines = dct_matrix(settings.coefficients, settings.mel_bins) if settings.kind == "mfcc" else None
        self.register_buffer("cosines", cosines, persistent=False)
        self.levelling = Levelling(settings) if settings.level == "relative" else None
        self.deltas = None
        if settings.deltas:
            silence, _ = self._statics(torch.zeros(1, self.overlap), torch.zeros(1, self.stride), {})
            self.deltas = Deltas(settings.deltas, silence[0, 0])
            self.lookahead = self.deltas.lookahead * self.stride

    cosines: Tensor | None

    def initial_state(self, batch: int) -> State:
        """Return the state before any audio: silence."""
        state: State = {}
        if self.overlap:
            state["overlap"] = torch.zeros(batch, self.overlap)
        if self.levelling is not None:
            state["levelling"] = self.levelling.initial_state(batch)
        if self.deltas is not None:
            state["deltas"] = self.deltas.initial_state(batch)
        return state

    def step(self, chunk: Tensor, state: State) -> tuple[Tensor, State]:
        """Advance by whole hops of audio, `[batch, samples]`."""
        self.check_chunk(chunk)
        following: State = {}
        before = None
        if self.overlap:
            before = cast(Tensor, state["overlap"])
            following["overlap"] = self._tail(before, chunk)
        features, levelling = self._statics(before, chunk, cast(State, state.get("levelling", {})))
        if levelling:
            following["levelling"] = levelling
        if self.deltas is not None:
            features, following["deltas"] = self.deltas.step(features, cast(State, state["deltas"]))
        return features, following

    def _tail(self, before: Tensor, chunk: Tensor) -> Tensor:
        """Return the audio that the window after the chunk shares with it."""
        recent = chunk if chunk.shape[1] > self.overlap else torch.cat([before, chunk], 1)
        return recent[:, recent.shape[1] - self.overlap :]

    def _statics(self, before: Tensor | None, chunk: Tensor, level: State) -> tuple[Tensor, State]:
        """Return `[batch, frames, features]` of a chunk and the audio before it, and the next level."""
        energies = self._energies(before, chunk)
        if self.levelling is not None:
            energies, level = self.levelling.step(
                energies, level or self.levelling.initial_state(chunk.shape[0])
            )
        return energies if self.cosines is None else F.linear(energies, self.cosines), level

    def _energies(self, before: Tensor | None, chunk: Tensor) -> Tensor:
        """Return log energies `[batch, frames, bands]`, block by block."""
        batch, frames = chunk.shape[0], chunk.shape[1] // self.stride
        if frames > BLOCK:
            blocks = []
            for block in chunk.split(BLOCK * self.stride, 1):
                blocks.append(self._energies(before, block))
                before = None if before is None else self._tail(before, block)
            return torch.cat(blocks, 1)
        if batch > 1 and batch * frames > BLOCK:
            rows = max(1, BLOCK // frames)
            befores = [None] * -(-batch // rows) if before is None else before.split(rows)
            return torch.cat([self._energies(*pair) for pair in zip(befores, chunk.split(rows), strict=True)])
        signal = chunk if before is None else torch.cat([before, chunk], 1)
        if self.settings.preemphasis:
            signal = signal[:, 1:] - self.settings.preemphasis * signal[:, :-1]
        windows = sliding(signal, self.settings.window_samples, self.stride)
        return self.spectral(windows.flatten(0, 1)).unflatten(0, (batch, frames))


class LogMel(nn.Module):
    """Log energies of single windows: `[windows, samples]` in, `[windows, bands]` out."""

    def __init__(self, settings: FeatureSettings) -> None:
        super().__init__()
        length = settings.fft_length
        weights = mel_weights(
            settings.sample_rate,
            length,
            settings.mel_bins,
            settings.mel_low_hz,
            settings.mel_top_hz,
            settings.mel_scale,
            settings.mel_norm,
        )
        plan = plan_transform(length, settings.window_samples, np.flatnonzero(weights.max(axis=0)).tolist())
        self.transform = FactoredTransform(plan, window_shape(settings))
        self.bank = MelBank(weights, plan.bins)
        self.magnitude = settings.spectrum == "magnitude"
        self.log_floor = settings.log_floor

    def forward(self, windows: Tensor) -> Tensor:
        """Return `[windows, bands]`."""
        spectrum = self.transform(windows)
        if self.magnitude:
            spectrum = torch.sqrt(spectrum)
        return torch.log(torch.clamp(self.bank(spectrum), min=self.log_floor))


def build_frontend(settings: FeatureSettings) -> Frontend:
    """Return the front-end for the settings.

    Example:
        >>> frontend = build_frontend(FeatureSettings(sample_rate=8000))
        >>> frontend(torch.zeros(1, 8000)).shape
        torch.Size([1, 62, 20])
    """
    return Frontend(settings)


def window_shape(settings: FeatureSettings) -> Tensor:
    """Return the periodic window, float64 `[window_samples]`."""
    constant = {"hann": 0.5, "hamming": 0.54, "rectangular": 1.0}[settings.window]
    turn = torch.arange(settings.window_samples, dtype=torch.float64) * (
        2 * math.pi / settings.window_samples
    )
    return constant - (1 - constant) * torch.cos(turn)


def dct_matrix(coefficients: int, bands: int) -> Tensor:
    """Return the first rows of the orthonormal DCT-II, float32 `[coefficients, bands]`."""
    row = torch.arange(coefficients, dtype=torch.float64)[:, None]
    matrix = torch.cos(math.pi / bands * row * (torch.arange(bands, dtype=torch.float64) + 0.5)) * math.sqrt(
        2 / bands
    )
    matrix[0] *= math.sqrt(0.5)
    return matrix.float()
