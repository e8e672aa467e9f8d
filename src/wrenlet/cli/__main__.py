"""`python -m wrenlet.cli`."""

import sys

from wrenlet.cli import main

sys.exit(main())
