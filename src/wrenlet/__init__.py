"""Speech recordings in, models small enough for a microcontroller out.

Running a model needs no torch, and importing this package loads nothing heavy:

    >>> import wrenlet
    >>> digits = wrenlet.load("zoo/digits-int8.tflite")     # doctest: +SKIP
    >>> digits.predict("seven.wav").label                   # doctest: +SKIP
    'seven'
"""

from typing import TYPE_CHECKING

from wrenlet.errors import InputError
from wrenlet.lazy import on_use

if TYPE_CHECKING:
    from wrenlet.runtime import Artefact, load

__version__ = "0.1.0"

__all__ = ["Artefact", "InputError", "__version__", "load"]

# The runtime brings numpy, soxr and LiteRT: `wrenlet --help` must not wait for them.
__getattr__ = on_use(__name__, {"Artefact": "runtime", "load": "runtime"})
