"""The list of commands, and what happens to their errors."""

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from wrenlet import __version__
from wrenlet.cli import benchmark, data, doctor, evaluate, export, listen, models, recipes, report, run
from wrenlet.cli.printing import complain, note
from wrenlet.errors import InputError

__all__ = ["app", "main"]

app = typer.Typer(
    name="wrenlet",
    help="Speech recordings in, models small enough for a microcontroller out.",
    epilog="Example:  wrenlet run quickstart   then   wrenlet listen ARTEFACT some.wav",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", epilog=run.EXAMPLE)(run.run)
app.add_typer(data.app, name="data")
app.command("evaluate", epilog=evaluate.EXAMPLE)(evaluate.evaluate)
app.command("benchmark", epilog=benchmark.EXAMPLE)(benchmark.benchmark)
app.command("listen", epilog=listen.EXAMPLE)(listen.listen)
app.command("export", epilog=export.EXAMPLE)(export.export)
app.command("report", epilog=report.EXAMPLE)(report.report)
app.command("recipes", epilog=recipes.EXAMPLE)(recipes.recipes)
app.command("models", epilog=models.EXAMPLE)(models.models)
app.command("doctor", epilog=doctor.EXAMPLE)(doctor.doctor)

_DEBUG = "WRENLET_DEBUG"
#: Exit code after Ctrl-C, as shells have it: 128 and the signal's number.
STOPPED = 130


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"wrenlet {__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[
        bool, typer.Option("--debug", help=f"Show the traceback of an error; {_DEBUG}=1 does the same.")
    ] = False,
    version: Annotated[  # noqa: ARG001 - handled by its callback
        bool,
        typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Speech recordings in, models small enough for a microcontroller out."""
    if debug:
        os.environ[_DEBUG] = "1"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: without the program's name; the process's own if None.

    Returns:
        The exit code: 0 done, 1 a fault of ours, 2 something that the person can mend, 3 a run finished whose
        checks failed, 130 stopped by Ctrl-C.
    """
    # Threads that wait must sleep: spinning, they take a busy machine's cores from each other, and a training
    # that needs a minute took twenty. It has to be said before torch is imported, and changes no number.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    command = typer.main.get_command(app)
    try:
        code = command.main(
            args=list(sys.argv[1:] if arguments is None else arguments),
            prog_name="wrenlet",
            standalone_mode=False,
        )
        sys.stdout.flush()
        # The option parser turns Ctrl-C into this code, or raises Abort, depending on its version.
        return _stopped() if code == STOPPED else code if isinstance(code, int) else 0
    except BrokenPipeError:
        # The reader of our output has left (`| head`): no error, but keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SystemExit as leaving:
        # The option parser turns a reader that has left into this, with the code of a failure.
        if isinstance(leaving.__context__, BrokenPipeError):
            return 0
        raise
    except (KeyboardInterrupt, typer.Abort):
        return _stopped()
    except Exception as error:
        if os.environ.get(_DEBUG, "") not in ("", "0"):
            traceback.print_exc()
        return _explain(error)


def _stopped() -> int:
    note("stopped: the same command continues after the last finished part")
    return STOPPED


def _explain(error: Exception) -> int:
    """Say in one sentence what went wrong, and return the exit code."""
    if isinstance(error, InputError):
        complain(str(error))
        return 2
    if hasattr(
        error, "format_message"
    ):  # a usage error of the option parser, of whichever typer is installed
        context = getattr(error, "ctx", None)
        if message := error.format_message():  # type: ignore[attr-defined]
            complain(f"{message.rstrip('.')}: see  {context.command_path if context else 'wrenlet'} --help")
        return 2
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f" that holds {error.filename}" if error.filename else ""
        complain(
            f"the disk{where} is full: free some space and run the same command; finished parts are kept"
        )
        return 2
    if isinstance(error, PermissionError) and error.filename:
        complain(
            f"{error.filename} may not be read or written: change its permissions or choose another place"
        )
        return 2
    complain(
        f"wrenlet failed ({type(error).__name__}: {error}): this is a fault of wrenlet; "
        f"{_DEBUG}=1 shows where, for the report"
    )
    return 1
