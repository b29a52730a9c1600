"""From arguments to an exit code: global options anywhere, one sentence for every error, never a traceback."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NoReturn

from opstally.cli.stopping import Stopping
from opstally.errors import OpstallyError, did_you_mean

if TYPE_CHECKING:
    from typer import TyperException

INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141
BUG: Final = 70

_WITH_VALUE: Final = ("--project", "--engine", "--server")
_FLAGS: Final = ("--debug",)


def main() -> NoReturn:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that has no ✓ gets a ?, not a failure
    code = run(sys.argv[1:])
    if code == INTERRUPTED:
        # Python would die of the signal once more where it came in the midst of an exec, as dataclasses are made.
        with contextlib.suppress(BrokenPipeError):  # a pager that was stopped, too, reads no more
            sys.stdout.flush()
        os._exit(code)
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Do what the arguments say; the exit code."""
    stopping = Stopping()
    try:
        with stopping.listening():
            code = _invoke(hoisted(arguments))
        return _stopped() if code and stopping.asked else code
    except KeyboardInterrupt:
        return _stopped()
    except OpstallyError as error:
        _tell(str(error))
        return error.exit_code
    except BrokenPipeError:
        # The reader (head, less) has gone; what Python still wants to flush has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception as error:
        if "--debug" in arguments or os.environ.get("OPSTALLY_DEBUG"):
            raise
        _tell(
            f"This is a bug in Opstally ({type(error).__name__}: {error}). Run it again with --debug for the details."
        )
        return BUG


def _stopped() -> int:
    _tell("Stopped.")
    return INTERRUPTED


def hoisted(arguments: Sequence[str]) -> list[str]:
    """The arguments with global options first, wherever they were written; what follows `--` stays as it is."""
    first: list[str] = []
    rest: list[str] = []
    left = list(arguments)
    while left:
        word = left.pop(0)
        if word == "--":
            rest += [word, *left]
            break
        if word in _FLAGS or word.partition("=")[0] in _WITH_VALUE:
            first.append(word)
            if word in _WITH_VALUE and left:
                first.append(left.pop(0))
        else:
            rest.append(word)
    return first + rest


def _invoke(arguments: list[str]) -> int:
    import typer

    from opstally.cli.app import app

    command = typer.main.get_command(app)
    try:
        with command.make_context("opstally", arguments) as context:
            command.invoke(context)
            sys.stdout.flush()
    except typer.Exit as done:
        return done.exit_code
    except typer.Abort:
        return _stopped()
    except typer.TyperException as error:
        return _misused(error)
    return 0


def _misused(error: TyperException) -> int:
    """A wrong command line, in one sentence, with where to look."""
    if type(error).__name__ == "NoArgsIsHelpError":
        _tell(error.format_message(), prefix="")
        return error.exit_code
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "opstally"
    sentence = _sentence(error).rstrip()
    stop = "" if sentence.endswith((".", "?", ")")) else "."
    _tell(f"{sentence}{stop} See '{command} --help'.")
    return error.exit_code


def _sentence(error: TyperException) -> str:
    """The error in our words where we have better ones."""
    option = getattr(error, "option_name", None)
    if type(error).__name__ == "NoSuchOption" and option:
        return f"There is no option {option}.{did_you_mean(option, getattr(error, 'possibilities', None) or ())}"
    return error.format_message()


def _tell(sentence: str, prefix: str = "opstally: ") -> None:
    print(f"{prefix}{sentence}", file=sys.stderr)
