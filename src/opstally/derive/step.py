"""What every derivation does with the store: make a table anew, or fill what exports left empty, and record it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from opstally.engines.duckdb import DuckDB
from opstally.engines.spell import spell
from opstally.expression import Call, Column, Expr, Literal
from opstally.library import Declared, load
from opstally.model.project import Project
from opstally.model.table import Table
from opstally.quoting import quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Made:
    """Rows of a table that a derivation made, or values of a column that it filled, and what they come from."""

    table: str
    column: str | None
    rows: int
    made_from: tuple[str, ...]
    notes: tuple[str, ...] = ()
    """What a person should know about it: names nobody has explained, histories that contradict their ticket."""


@dataclass(frozen=True)
class Given:
    """What a derivation works with: a connection to the store, what is declared, and the project."""

    connection: DuckDBPyConnection
    tables: Mapping[str, Table]
    project: Project

    def run(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Rows of a statement."""
        return self.connection.execute(sql, parameters).fetchall()

    def count(self, sql: str) -> int:
        """The number that a query gives."""
        [(number,)] = self.run(sql)
        return int(str(number or 0))

    def holds(self, table: str) -> bool:
        """Whether a table is there and has rows."""
        return self.exists("main", table) and bool(self.run(f"SELECT 1 FROM {quoted(table)} LIMIT 1"))

    def columns(self, table: str) -> list[str]:
        """The columns that a table or view has."""
        return [str(name) for name, *_ in self.run(f"DESCRIBE {table}")]

    def stored(self, table: str) -> str:
        """The table itself in SQL, where a view of `completed` may have its name."""
        return f"{quoted(self.database)}.main.{quoted(table)}"

    @cached_property
    def database(self) -> str:
        [(name,)] = self.run("SELECT current_database()")
        return str(name)

    def temporary(self) -> frozenset[str]:
        """The temporary tables of the connection."""
        return frozenset(str(name) for (name,) in self.run("SELECT table_name FROM duckdb_tables() WHERE temporary"))

    def exists(self, schema: str, table: str) -> bool:
        """Whether a table is there, empty or not."""
        there = "database_name = current_database() AND schema_name = ? AND table_name = ?"
        return bool(self.run(f"SELECT 1 FROM duckdb_tables() WHERE {there}", [schema, table]))


def remake(given: Given, table: str, rows: str) -> int:
    """The table holds the rows of the query, and no others; columns by name. Gives how many."""
    given.run(f"DELETE FROM {given.stored(table)}")
    add(given, table, rows)
    return given.count(f"SELECT count(*) FROM {given.stored(table)}")


def add(given: Given, table: str, rows: str) -> None:
    """Rows into a table by the names of their columns; those that the project declares it without are left out."""
    columns = ", ".join(quoted(c) for c in given.columns(f"({rows})") if c in given.tables[table].columns)
    given.run(f"INSERT INTO {given.stored(table)} ({columns}) SELECT {columns} FROM ({rows})")


def add_made(given: Given, step: str, table: str, key: Sequence[str], rows: str) -> int:
    """Rows into a table that exports bring, too; gives how many.

    `key` tells a row of the table from all others. Those of the added ones are kept in `opstally.made_<step>`, so that
    `take_out` can find them again.
    """
    given.run("CREATE SCHEMA IF NOT EXISTS opstally")
    given.run(f"CREATE OR REPLACE TEMP TABLE {step}_made AS {rows}")
    given.run(f"CREATE OR REPLACE TABLE opstally.made_{step} AS SELECT {', '.join(key)} FROM {step}_made")
    add(given, table, f"SELECT * FROM {step}_made")
    return given.count(f"SELECT count(*) FROM {step}_made")


def take_out(given: Given, step: str, table: str) -> None:
    """Remove the rows that `add_made` put in."""
    if given.exists("opstally", f"made_{step}"):
        key = given.columns(f"opstally.made_{step}")
        same_row = " AND ".join(f"t.{k} = m.{k}" for k in key)
        given.run(f"DELETE FROM {given.stored(table)} AS t USING opstally.made_{step} m WHERE {same_row}")
        given.run(f"DROP TABLE opstally.made_{step}")


def local_day(given: Given, instant: str) -> str:
    """SQL of the day of an instant, as `alias.column`, in the project's time zone, as the word date_of means it."""
    alias, name = instant.split(".")
    at: Expr = Column((name,))
    if given.project.timezone != "UTC":
        at = Call("local_time", (at, Literal(given.project.timezone)))
    return spell(Call("day", (at,)), DuckDB(given.connection), lambda column: f'{alias}."{column.name}"')


@contextmanager
def completed(given: Given, names: Iterable[str]) -> Iterator[None]:
    """Inside, a table that the project declares without some of the package's columns has them, empty, in a view."""
    views = []
    for name in names:
        there = set(given.columns(given.stored(name)))
        declared = _packaged()[name].declaration.columns
        lacking = {c: DuckDB.types[column.type] for c, column in declared.items() if c not in there}
        if lacking:
            added = ", ".join(f"CAST(NULL AS {kind}) AS {quoted(c)}" for c, kind in lacking.items())
            given.run(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS SELECT *, {added} FROM {given.stored(name)}")
            views.append(name)
    yield
    for name in views:
        given.run(f"DROP VIEW temp.{quoted(name)}")


@cache
def _packaged() -> Mapping[str, Declared[Table]]:
    return load().tables


def empty(given: Given, table: str) -> None:
    """The table holds nothing, where there is nothing to make it from."""
    if given.exists("main", table):
        given.run(f"DELETE FROM {given.stored(table)}")


def fill(given: Given, step: str, table: str, values: str) -> dict[str, int]:
    """Put values where the export left a column empty; gives how many in each column.

    `values` is a query with the table's key and, under their names, the columns to fill. What an export gave stays.
    Which cells were filled is kept in `opstally.filled_<step>`, so that `forget` can take them out again.
    """
    key = given.tables[table].key
    given.run(f"CREATE OR REPLACE TEMP TABLE {step}_values AS {values}")
    declared = given.tables[table].columns
    columns = [name for name in given.columns(f"{step}_values") if name not in key and name in declared]
    same_row = " AND ".join(f"t.{k} = v.{k}" for k in key)
    gained = [f"(t.{c} IS NULL AND v.{c} IS NOT NULL)" for c in columns]
    given.run("CREATE SCHEMA IF NOT EXISTS opstally")
    given.run(
        f"CREATE OR REPLACE TABLE opstally.filled_{step} AS SELECT {', '.join(f't.{k}' for k in key)}, "
        f"{', '.join(f'{g} AS {c}' for g, c in zip(gained, columns, strict=True))} "
        f"FROM {given.stored(table)} t JOIN {step}_values v ON {same_row} WHERE {' OR '.join(gained)}"
    )
    given.run(
        f"UPDATE {given.stored(table)} AS t SET {', '.join(f'{c} = coalesce(t.{c}, v.{c})' for c in columns)} "
        f"FROM {step}_values v WHERE {same_row} AND ({' OR '.join(gained)})"
    )
    counts = given.run(
        f"SELECT {', '.join(f'count(*) FILTER (WHERE {c})' for c in columns)} FROM opstally.filled_{step}"
    )[0]
    return {c: int(str(n)) for c, n in zip(columns, counts, strict=True) if n}


def unfill(given: Given, step: str, table: str) -> None:
    """Empty the cells that `fill` put values in, so that only what exports gave is left."""
    if not given.exists("opstally", f"filled_{step}"):
        return
    key = given.tables[table].key
    there = set(given.columns(given.stored(table)))
    columns = [name for name in given.columns(f"opstally.filled_{step}") if name not in key and name in there]
    if columns:
        same_row = " AND ".join(f"t.{k} = f.{k}" for k in key)
        emptied = ", ".join(f"{c} = CASE WHEN f.{c} THEN NULL ELSE t.{c} END" for c in columns)
        given.run(f"UPDATE {given.stored(table)} AS t SET {emptied} FROM opstally.filled_{step} f WHERE {same_row}")
    given.run(f"DROP TABLE opstally.filled_{step}")
