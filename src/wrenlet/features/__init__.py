"""Log-mel and MFCC front-ends as streaming modules, their normalisation, and masks for training."""

from wrenlet.features.frontend import Frontend, build_frontend
from wrenlet.features.masking import MaskSettings, mask_features
from wrenlet.features.normalise import Normalise, fit_normalisation
from wrenlet.features.settings import FeatureSettings

__all__ = [
    "FeatureSettings",
    "Frontend",
    "MaskSettings",
    "Normalise",
    "build_frontend",
    "fit_normalisation",
    "mask_features",
]
