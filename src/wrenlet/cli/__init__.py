"""The commands, one file each; `main.py` lists them. Importing this loads neither torch nor numpy."""

from wrenlet.cli.main import main

__all__ = ["main"]
