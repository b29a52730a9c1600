"""A store of canonical tables in memory, filled from rows written in the test."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import duckdb

from opstally import derive, library
from opstally.engines.duckdb import DuckDB
from opstally.model.project import Project

LIBRARY = library.load()
TABLES = {n: d.declaration for n, d in LIBRARY.tables.items() if d.declaration.columns}


def day(text: str) -> dt.datetime:
    """ "2 10:30" → 10:30 on the 2nd of March 2026 in UTC."""
    number, _, clock = text.partition(" ")
    return dt.datetime.fromisoformat(f"2026-03-{int(number):02}T{clock or '00:00'}")


class Loaded:
    """Canonical tables in memory."""

    def __init__(self, made: duckdb.DuckDBPyConnection | None = None) -> None:
        """Empty ones, or those that somebody else made."""
        if made is not None:
            self.connection = made
            return
        self.connection = duckdb.connect()
        self.connection.execute("SET disabled_optimizers = 'window_self_join'; SET TimeZone = 'UTC'; SET threads = 2")
        for name, table in TABLES.items():
            columns = ", ".join(f'"{c}" {DuckDB.types[declared.type]}' for c, declared in table.columns.items())
            self.connection.execute(f'CREATE TABLE "{name}" ({columns})')

    def add(self, table: str, *rows: dict[str, Any]) -> None:
        """Rows as columns → values; other columns stay empty."""
        for row in rows:
            names = ", ".join(f'"{name}"' for name in row)
            marks = ", ".join("?" for _ in row)
            self.connection.execute(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', list(row.values()))

    def derive(self, **project: Any) -> tuple[derive.Made, ...]:
        """What a load of all tables does."""
        for name in TABLES:
            derive.forget(self.connection, TABLES, name)
        return derive.run(self.connection, TABLES, Project(**project))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def row(self, table: str, key: str, columns: Sequence[str]) -> tuple[Any, ...]:
        """Columns of the row with this key."""
        first = TABLES[table].key[0]
        [found] = self.connection.execute(
            f'SELECT {", ".join(columns)} FROM "{table}" WHERE {first} = ?', [key]
        ).fetchall()
        return found  # type: ignore[no-any-return]
