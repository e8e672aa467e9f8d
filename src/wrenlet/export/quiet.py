"""Keeping third parties' chatter off the terminal, unless they fail."""

import contextlib
import io
import os
import tempfile
import warnings
from collections.abc import Iterator

__all__ = ["quiet"]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Swallow what a converter prints, natively or through Python, and its warnings about itself.

    If the block raises, the last lines of what was swallowed are added to the error as a note.
    """
    text = io.StringIO()
    with tempfile.TemporaryFile() as native, contextlib.ExitStack() as stack:
        try:
            with (
                warnings.catch_warnings(),
                contextlib.redirect_stdout(text),
                contextlib.redirect_stderr(text),
            ):
                warnings.simplefilter("ignore")
                stack.enter_context(redirected(native.fileno()))
                yield
        except Exception as error:
            stack.close()
            native.seek(0)
            lines = (text.getvalue() + native.read().decode("utf-8", "replace")).splitlines()
            error.add_note("The converter's last words:\n" + "\n".join(lines[-20:]))
            raise


@contextlib.contextmanager
def redirected(target: int) -> Iterator[None]:
    """Send the process's own standard output and error, which native code writes to, into another file."""
    saved = [(stream, os.dup(stream)) for stream in (1, 2)]
    try:
        for stream, _ in saved:
            os.dup2(target, stream)
        yield
    finally:
        for stream, copy in saved:
            os.dup2(copy, stream)
            os.close(copy)
