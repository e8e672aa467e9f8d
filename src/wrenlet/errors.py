"""Errors that are a person's to mend; the command line prints them as one sentence and exits with 2."""

__all__ = ["InputError"]


class InputError(ValueError):
    """What a person gave cannot be used: the message names the value, the rule and the mend.

    A subclass of `ValueError`, so that code which calls wrenlet as a library can catch the usual type.
    Anything else that escapes a command is a fault of ours.
    """
