"""Fixed normalisation of features, learned once from the training clips."""

import torch
from torch import Tensor

from wrenlet.errors import InputError
from wrenlet.features.frontend import Frontend
from wrenlet.streaming import State, StreamingModule

__all__ = ["Normalise", "fit_normalisation"]

#: A feature that hardly varies, such as a band above what the microphone passes, must not be blown up to
#: noise.
STD_FLOOR = 1e-3


class Normalise(StreamingModule):
    """Subtracts the mean of every feature and divides by its standard deviation, frame by frame.

    Args:
        mean: `[features]`.
        std: `[features]`, above 0.

    Raises:
        ValueError: if the shapes differ or a standard deviation is not above 0.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        if mean.dim() != 1 or mean.shape != std.shape:
            raise ValueError(
                f"mean has shape {tuple(mean.shape)} and std {tuple(std.shape)}: both must be [features]"
            )
        if not bool((std > 0).all()):
            raise ValueError(f"the smallest std is {float(std.min())}: it must be above 0")
        self.register_buffer("mean", mean.clone())
        self.register_buffer("std", std.clone())

    def initial_state(self, batch: int) -> State:  # noqa: ARG002 - the contract's argument
        """Return `{}`: there is none."""
        return {}

    def step(self, chunk: Tensor, state: State) -> tuple[Tensor, State]:
        """Normalise every frame of `[batch, time, features]`."""
        self.check_chunk(chunk)
        return (chunk - self.mean) * (1 / self.std), state


@torch.no_grad()
def fit_normalisation(frontend: Frontend, waveforms: Tensor, lengths: Tensor, batch: int = 256) -> Normalise:
    """Learn mean and standard deviation of every feature over the real frames of clips.

    The real frames of a clip are the first `ceil(length / hop)`; what lies beyond a clip's length is taken
    for silence, whatever the tensor holds there. Sums are float64 and merged batch by batch (Chan et al.,
    1983).

    Args:
        frontend: of the features.
        waveforms: `[clips, samples]`.
        lengths: real samples of each clip, `[clips]`.
        batch: clips at once.

    Raises:
        InputError: if no clip holds a sample, or the features of a clip are not finite.
    """
    hop = frontend.stride
    count, mean = 0, torch.zeros(frontend.feature_count, dtype=torch.float64)
    squares = torch.zeros_like(mean)
    for clips, real in zip(waveforms.split(batch), lengths.split(batch), strict=True):
        longest = max(1, -(-int(real.max()) // hop)) * hop
        audio = clips.new_zeros(len(clips), longest)
        width = min(longest, clips.shape[1])
        audio[:, :width] = clips[:, :width]
        audio.masked_fill_(torch.arange(longest, device=audio.device) >= real.to(audio.device)[:, None], 0)
        features = frontend(audio)
        frames = (real.to(audio.device) + hop - 1) // hop
        chosen = (
            features[torch.arange(features.shape[1], device=audio.device) < frames[:, None]].double().cpu()
        )
        if not len(chosen):
            continue
        if not bool(chosen.isfinite().all()):
            raise InputError(
                "a training clip gives features that are not finite: run  wrenlet data check  and drop it"
            )
        difference = chosen.mean(0) - mean
        total = count + len(chosen)
        squares += ((chosen - chosen.mean(0)) ** 2).sum(0) + difference**2 * (count * len(chosen) / total)
        mean += difference * (len(chosen) / total)
        count = total
    if not count:
        raise InputError(
            "there is no training audio to learn the normalisation from: every clip has length 0"
        )
    return Normalise(mean.float(), (squares / count).sqrt().clamp(min=STD_FLOOR).float())
