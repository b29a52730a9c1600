"""A source tried on its files without a store: the first rows, and what would be put aside."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from opstally.errors import OpstallyError
from opstally.ingest.exports import exports, groups, records
from opstally.ingest.expressions import Meaning
from opstally.ingest.files import DataFile
from opstally.ingest.lookup import joined
from opstally.ingest.mapping import FAULTY, GOOD, rows
from opstally.ingest.nested import opened
from opstally.model.project import Project
from opstally.model.source import Source
from opstally.model.table import Table
from opstally.quoting import quoted
from opstally.refusals import first_line

SHOWN: Final = 5
"""Rows of a preview."""
_LARGEST: Final = 200_000_000
"""Bytes of files that are tried; of more, the first ones are."""


@dataclass(frozen=True)
class Preview:
    """What a source makes of its files for one table. `put_aside`: (reason with column, rows, first value)."""

    table: str
    rows: int
    columns: tuple[str, ...]
    first: tuple[tuple[Any, ...], ...]
    put_aside: tuple[tuple[str, int, str], ...]
    problem: str = ""
    """Why nothing could be tried."""

    @property
    def faulty(self) -> int:
        return sum(count for _, count, _ in self.put_aside)


def previews(source: Source, files: Sequence[DataFile], tables: Mapping[str, Table]) -> list[Preview]:
    """The source tried on its files, for each table that it feeds."""
    import duckdb  # lazy: 0.15 s

    found = []
    with duckdb.connect() as connection, tempfile.TemporaryDirectory(prefix="opstally-") as scratch:
        connection.execute("SET TimeZone = 'UTC'")
        meaning = Meaning.of(connection, Project())
        for target in source.targets:
            table = tables.get(target.table)
            if table is None:
                found.append(Preview(target.table, 0, (), (), (), f"There is no table {target.table!r} to feed."))
                continue
            try:
                ready = exports(_some(files), source, Path(scratch), connection)
                queries = []
                for group in groups([export for export in ready if export.names]):
                    beside = joined(records(group), group, source, connection, Path(scratch))
                    read = opened(beside, source, target)
                    queries.append(rows(source, target, table, read, meaning, "file_index").sql)
                made = " UNION ALL ".join(f"({query})" for query in queries)
                found.append(_looked_at(connection, table, made))
            except (OpstallyError, duckdb.Error) as problem:
                said = str(problem) if isinstance(problem, OpstallyError) else first_line(problem)
                found.append(Preview(target.table, 0, (), (), (), said))
    return found


def _some(files: Sequence[DataFile]) -> list[DataFile]:
    taken: list[DataFile] = []
    size = 0
    for file in files:
        size += file.path.stat().st_size
        if taken and size > _LARGEST:
            break
        taken.append(file)
    return taken


def _looked_at(connection: Any, table: Table, made: str) -> Preview:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE tried AS {made}")
    [(good,)] = connection.execute(f"SELECT count(*) FROM tried WHERE _fate = {GOOD}").fetchall()
    filled = [name for name in table.columns if _any(connection, name)]
    listed = ", ".join(map(quoted, filled)) or "NULL"
    first = connection.execute(f"SELECT {listed} FROM tried WHERE _fate = {GOOD} LIMIT {SHOWN}").fetchall()
    aside = connection.execute(
        "SELECT trim(concat(_faults[1].\"column\", ' ', _faults[1].reason)) AS why, count(*), "
        f"coalesce(min(_faults[1].\"value\"), '') FROM tried WHERE _fate = {FAULTY} GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    return Preview(table.table, int(good), tuple(filled), tuple(first), tuple(aside))


def _any(connection: Any, name: str) -> bool:
    return bool(
        connection.execute(
            f"SELECT 1 FROM tried WHERE _fate = {GOOD} AND {quoted(name)} IS NOT NULL LIMIT 1"
        ).fetchall()
    )
