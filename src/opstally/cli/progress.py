"""Progress on stderr: bars in a terminal, a line a source elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opstally.cli.output import narrate

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from opstally.ingest.summary import Loaded


Bar = Callable[[str, float], None]
"""Told what is being done, and the share of it that is done."""


class Loading:
    """A load's progress: a bar for each source."""

    def __init__(self, drawn: Progress | None) -> None:
        self._drawn = drawn
        self._task: TaskID | None = None
        self._name = ""
        self._started = time.monotonic()

    def source(self, name: str, files: int, bytes: int) -> None:
        self._name, self._started = name, time.monotonic()
        if self._drawn is not None:
            label = f"{name}  {files} {'file' if files == 1 else 'files'}, {bytes / 1e6:,.1f} MB"
            self._task = self._drawn.add_task(label, total=1.0, what="")

    def step(self, what: str, share: float) -> None:
        if self._drawn is not None and self._task is not None:
            self._drawn.update(self._task, completed=share, what=what)

    def done(self, loaded: Sequence[Loaded]) -> None:
        if self._drawn is not None and self._task is not None:
            self._drawn.update(self._task, completed=1.0, what="done" if loaded else "refused")
        else:
            rows = sum(row.read for row in loaded)
            took = time.monotonic() - self._started
            narrate(f"{self._name}: {f'{rows:,} rows read' if loaded else 'refused'}, {took:.1f} s")


@contextmanager
def loading() -> Iterator[Loading]:
    """Progress of a load while it lasts."""
    if not sys.stderr.isatty():
        yield Loading(None)
        return
    with _bars() as drawn:
        yield Loading(drawn)


@contextmanager
def bar(title: str) -> Iterator[Bar]:
    """One bar while it lasts; nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield _nothing
        return
    with _bars() as drawn:
        task = drawn.add_task(title, total=1.0, what="")
        yield lambda what, share: drawn.update(task, completed=share, what=what)


def _nothing(_what: str, _share: float) -> None:
    """Nobody watches."""


def _bars() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24, complete_style="color(67)", finished_style="color(36)"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[what]}", style="dim", markup=False),
        console=Console(stderr=True, highlight=False),
    )
