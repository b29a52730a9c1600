"""Loading of exports into a fresh project, and looking at what came of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from opstally import ingest, library
from opstally.ingest.summary import LoadSummary
from opstally.model.source import Source
from opstally.store import Store

FIXTURES = Path(__file__).parent / "fixtures"
SHARED = Path(__file__).parents[3] / "shared" / "data"
"""Real exports, which are no part of the repository."""

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the real exports are not in {SHARED}")


@dataclass
class Loading:
    """A project that loads exports; what it holds afterwards can be asked for."""

    folder: Path
    summary: LoadSummary | None = None

    def put(self, *files: Path) -> None:
        """Copy exports into data/."""
        (self.folder / "data").mkdir(exist_ok=True)
        for file in files:
            shutil.copy(file, self.folder / "data" / file.name)

    def load(self) -> LoadSummary:
        """Load what lies in data/, as `opstally load` does."""
        found = library.load(self.folder)
        assert not found.problems, found.problems
        project, problems = library.read_project(self.folder)
        assert not problems, problems
        tables = {name: declared.declaration for name, declared in found.tables.items()}
        with Store.open(self.folder / "opstally.duckdb", tables) as store:
            self.summary = ingest.load(store, found, project, self.folder)
        return self.summary

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query over what was loaded."""
        with Store.open(self.folder / "opstally.duckdb", read_only=True) as store:
            return store.connection.execute(sql).fetchall()

    def counts(self) -> dict[tuple[str, str], tuple[int, int]]:
        """(Source, table) → rows merged and quarantined."""
        assert self.summary is not None
        assert self.summary.errors == (), self.summary.errors
        return {(one.source, one.table): (one.merged, one.quarantined) for one in self.summary.loaded}

    def faults(self) -> list[tuple[Any, ...]]:
        """Table, line, column, value and reason of each row in quarantine."""
        columns = "table_name, line, column_name, value, reason"
        return self.ask(f"SELECT {columns} FROM opstally.quarantine ORDER BY ALL")


@pytest.fixture
def loading(folder: Path) -> Loading:
    """An empty project."""
    return Loading(folder)


@pytest.fixture
def loaded(loading: Loading) -> Callable[..., Loading]:
    """Loads fixtures by their paths below fixtures/: loaded("zendesk/tickets.json")."""

    def load(*names: str) -> Loading:
        loading.put(*(FIXTURES / name for name in names))
        loading.load()
        return loading

    return load


def shipped() -> Iterator[tuple[str, Source]]:
    """The sources of the package."""
    for name, declared in library.load().sources.items():
        yield name, declared.declaration


def columns_of(source: Source, tables: Sequence[str]) -> set[str]:
    """Our columns that a source fills in these tables."""
    return {column for target in source.targets if target.table in tables for column in target.columns}
