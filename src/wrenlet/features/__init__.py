"""Log-mel and MFCC front-ends as streaming modules, their normalisation, and masks for training.

Only the settings import without torch; the rest is imported when first asked for.
"""

from typing import TYPE_CHECKING

from wrenlet.features.settings import FeatureSettings, MaskSettings
from wrenlet.lazy import on_use

if TYPE_CHECKING:
    from wrenlet.features.frontend import Frontend, build_frontend
    from wrenlet.features.masking import mask_features
    from wrenlet.features.normalise import Normalise, fit_normalisation

__all__ = [
    "FeatureSettings",
    "Frontend",
    "MaskSettings",
    "Normalise",
    "build_frontend",
    "fit_normalisation",
    "mask_features",
]

__getattr__ = on_use(
    __name__,
    {
        "Frontend": "frontend",
        "build_frontend": "frontend",
        "mask_features": "masking",
        "Normalise": "normalise",
        "fit_normalisation": "normalise",
    },
)
