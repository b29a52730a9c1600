"""How far a query has come, told while it runs."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING, Final

from opstally.ingest.summary import Progress

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_EVERY: Final = 0.2
"""Seconds between two looks."""


class Watching:
    """Tells a progress, in a thread of its own, how far the connection's query is within a part of a load.

    That part begins at `start` of the whole and takes `extent` of it, both from 0 to 1.
    """

    def __init__(self, connection: DuckDBPyConnection, progress: Progress, start: float, extent: float) -> None:
        self.connection, self.progress, self.start, self.extent = connection, progress, start, extent
        self.what, self.within, self.upto = "", 0.0, 1.0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)

    def step(self, what: str, within: float, upto: float) -> None:
        """What is done now, from where to where within the part."""
        self.what, self.within, self.upto = what, within, upto
        self.progress.step(what, self.start + self.extent * within)

    def __enter__(self) -> Watching:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self.thread.join()

    def _look(self) -> None:
        while not self.over.wait(_EVERY):
            done = self.connection.query_progress()
            if done > 0 and self.what:
                within = self.within + (self.upto - self.within) * min(done, 100) / 100
                self.progress.step(self.what, self.start + self.extent * within)
