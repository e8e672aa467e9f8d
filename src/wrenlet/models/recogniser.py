"""A recogniser: front-end, normalisation and body, from raw audio to logits."""

from torch import Tensor, nn

from wrenlet.features import Frontend, Normalise
from wrenlet.streaming import Sequential, StreamingModule

__all__ = ["Recogniser"]


class Recogniser(nn.Module):
    """From audio `[batch, samples]` to logits `[batch, frames, classes]`, one a hop.

    The audio program is one streaming module, so the recogniser can be run in chunks or exported as a step.

    Attributes:
        labels: in the order of the logits.
        audio_program: `frontend`, `normalise` and `body` in a row; its stride is the hop in samples.

    Args:
        frontend: audio `[batch, samples]` to features `[batch, frames, features]`.
        normalise: features to normalised features, learned from training clips.
        body: normalised features to logits `[batch, frames, classes]`.
        labels: one a class.

    Raises:
        ValueError: if there are no labels, or two are the same.
    """

    def __init__(
        self, frontend: Frontend, normalise: Normalise, body: StreamingModule, labels: tuple[str, ...]
    ) -> None:
        super().__init__()
        if not labels or len(set(labels)) != len(labels):
            raise ValueError(f"labels {labels}: a recogniser needs at least one label, and each of them once")
        self.labels = tuple(labels)
        self.frontend = frontend
        self.normalise = normalise
        self.body = body

    @property
    def audio_program(self) -> Sequential:
        """The whole way from samples to logits as one streaming module, on the recogniser's own weights."""
        return Sequential({"frontend": self.frontend, "normalise": self.normalise, "body": self.body})

    @property
    def hop_samples(self) -> int:
        """Audio samples for one answer."""
        return self.frontend.stride * self.body.stride

    def features(self, audio: Tensor) -> Tensor:
        """Return the normalised features `[batch, frames, features]` of audio `[batch, samples]`."""
        return self.normalise(self.frontend(audio))

    def forward(self, audio: Tensor) -> Tensor:
        """Return the logits `[batch, frames, classes]` of audio `[batch, samples]`."""
        return self.audio_program.train(self.training)(audio)

    def parameter_count(self) -> int:
        """Return how many trained numbers the body has."""
        return sum(parameter.numel() for parameter in self.body.parameters())
