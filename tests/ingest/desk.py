"""A project whose exports are written by the test, loaded as a user loads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opstally import ingest, library
from opstally.ingest import Loaded, LoadSummary
from opstally.store import Store

TICKETS = "ticket_id,created_at,status,updated_at,ticket_priority,satisfaction_score,resolved_at\n"
"""The header of most exports in these tests."""


@dataclass
class Desk:
    """A project folder, what can be done with it, and what is in its tables."""

    folder: Path

    def write(self, name: str, content: str | bytes) -> Path:
        """A file below the project folder, bytes as they are and text in UTF-8."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def tickets(self, *rows: str, name: str = "data/support_tickets.csv") -> Path:
        """An export of tickets in the header's columns."""
        return self.write(name, TICKETS + "".join(row + "\n" for row in rows))

    def store(self, read_only: bool = False) -> Store:
        """The project's database."""
        known = library.load(self.folder)
        assert [p for p in known.problems if not p.file.startswith("catalog/")] == []
        tables = {name: d.declaration for name, d in known.tables.items() if d.declaration.columns}
        return Store.open(self.folder / "opstally.duckdb", tables, read_only)

    def load(self, *only: str) -> LoadSummary:
        """Load all sources, or these. Every line of the summary adds up."""
        project, problems = library.read_project(self.folder)
        assert problems == ()
        with self.store() as store:
            summary = ingest.load(store, library.load(self.folder), project, self.folder, only)
        for row in summary.loaded:
            assert row.read == row.merged + row.unchanged + row.duplicate + row.quarantined, row
        return summary

    def take(self, *only: str) -> Loaded:
        """Load what must be one source for one table, without errors."""
        summary = self.load(*only)
        assert summary.errors == (), summary.errors
        [loaded] = summary.loaded
        return loaded

    def error(self) -> str:
        """Load, and give the only error."""
        [error] = self.load().errors
        return error

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a query over the tables gives."""
        with self.store(read_only=True) as store:
            return store.connection.execute(sql).fetchall()

    def column(self, sql: str) -> list[Any]:
        """The first column of what a query gives."""
        return [row[0] for row in self.rows(sql)]

    def aside(self) -> list[tuple[Any, ...]]:
        """(file, line, column, value, reason) of the quarantined rows, by file and line."""
        return self.rows("SELECT file, line, column_name, value, reason FROM opstally.quarantine ORDER BY file, line")

    def content(self, *tables: str) -> dict[str, list[str]]:
        """All rows of tables, sorted: equal for equal tables, in whatever order rows were written."""
        return {t: sorted(self.column(f"SELECT CAST(t AS VARCHAR) FROM main.{t} AS t")) for t in tables}


def counts(loaded: Loaded) -> Sequence[int]:
    """(read, merged, unchanged, duplicate, quarantined)."""
    return loaded.read, loaded.merged, loaded.unchanged, loaded.duplicate, loaded.quarantined
