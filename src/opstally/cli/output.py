"""Where output goes: data to stdout or atomically into a file, narration to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opstally.errors import OpstallyError

if TYPE_CHECKING:
    from rich.console import Console

    from opstally.render.document import Document

ENDINGS: Final = {"table": ".txt", "json": ".json", "csv": ".csv", "md": ".md", "html": ".html"}

_UNFOLDED: Final = 10_000
"""Wider than any table: what is piped or written to a file is not folded."""


def show(document: Document, format_: str, out: Path | None, every_row: bool = False) -> None:
    """The document in a format, on stdout or in a file."""
    if format_ == "table" and out is None:
        from opstally.render import terminal

        console = stdout_console()
        with plain_lines(console):
            terminal.render(document, console, every_row)
        return
    put(text_of(document, format_), out)


def text_of(document: Document, format_: str) -> str:
    """The document's text in a format."""
    if format_ == "json":
        from opstally.render import json

        return json.render(document)
    if format_ == "csv":
        from opstally.render import csv_

        return csv_.render(document)
    if format_ == "md":
        from opstally.render import markdown

        return markdown.render(document)
    if format_ == "html":
        from opstally.render import html

        return html.render(document)
    return _plain_table(document)


def show_text(printed: Callable[[Console], None], out: Path | None) -> None:
    """What is printed on a console: on the terminal, or the same as plain text in a file."""
    if out is not None:
        put(plain_text(printed), out)
        return
    console = stdout_console()
    with plain_lines(console):
        printed(console)


def put(text: str, out: Path | None) -> None:
    """Text as it is, on stdout or in a file that is either wholly there or not at all."""
    if out is not None:
        write_atomically(out, text)
        narrate(f"Wrote {out}")
        return
    if hasattr(sys.stdout, "buffer"):
        # As bytes: a CSV's line ends are part of it.
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
    else:
        sys.stdout.write(text)


def write_atomically(path: Path, text: str) -> None:
    """Write beside it, then put it in its place.

    Raises:
        OpstallyError: the folder is not there, or cannot be written to.
    """
    import tempfile  # lazy: help starts without it

    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode())
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise OpstallyError(f"{path} cannot be written: {error.strerror}. Give another --out.") from None


def narrate(text: str) -> None:
    """Say something that is not data, though it may quote some."""
    from opstally.render.plain import plain  # lazy: help starts without it

    print("\n".join(map(plain, text.split("\n"))), file=sys.stderr)


def stdout_console() -> Console:
    """A console on stdout: as wide as the terminal, or unfolded and plain where stdout is none."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else _UNFOLDED
    return Console(width=width, highlight=False, markup=False, emoji=False)


@contextmanager
def plain_lines(console: Console) -> Iterator[None]:
    """While it lasts, a console that is no terminal prints lines without the blanks at their ends."""
    if console.is_terminal:
        yield
        return
    with console.capture() as captured:
        yield
    put("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()), None)


def plain_text(printed: Callable[[Console], None]) -> str:
    """What is printed on a console, as lines for a file: unfolded, without the blanks at their ends."""
    import io

    from rich.console import Console

    out = io.StringIO()
    printed(Console(file=out, width=_UNFOLDED, highlight=False, markup=False, emoji=False))
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _plain_table(document: Document) -> str:
    from opstally.render import terminal

    return plain_text(lambda console: terminal.render(document, console))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
