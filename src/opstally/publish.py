"""The canonical tables of the project's store, copied to PostgreSQL: all of them in one transaction."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from opstally.engines.postgres import Postgres, first_line
from opstally.errors import EngineError
from opstally.model.table import Table
from opstally.quoting import quoted

if TYPE_CHECKING:
    import psycopg
    from duckdb import DuckDBPyConnection

MARK: Final = "Made by Opstally. Its rows are replaced at every load."
"""The comment on every table that was made here. One without it is somebody else's, and is never replaced."""

_WIRE: Final = {
    "text": "text", "integer": "int8", "number": "float8", "boolean": "bool", "date": "date", "timestamp": "timestamp",
}  # fmt: skip
"""Column type → its name for binary COPY, which is four times as fast as text and keeps every digit."""
_AT_ONCE: Final = 10_000

Told = Callable[[str, int], None]
"""(table, rows copied so far)."""


def publish(
    source: DuckDBPyConnection, tables: Mapping[str, Table], postgres: Postgres, told: Told | None = None
) -> dict[str, int]:
    """Copy the stored tables into the engine's schema, in place of those that an earlier call made there: table → rows.

    One transaction, from one snapshot of the source: readers see all tables as they were until all are new. Rows are
    streamed, so that memory does not grow with them.

    Raises EngineError where the schema holds a table or view of such a name that is not ours, or the server refuses.
    """
    import duckdb  # lazy: 0.15 s
    import psycopg  # lazy: an optional package

    stored = {name: table for name, table in tables.items() if table.derived is None}
    connection = postgres.connection
    connection.read_only = False
    try:
        with connection.transaction(), _snapshot(source) as snapshot:
            _refuse_others(connection, postgres, stored)
            copied = {name: _copy(snapshot, table, postgres, told) for name, table in stored.items()}
        for name in stored:  # the space of the rows that were replaced, and what the server knows of the new ones
            connection.execute(f"VACUUM (ANALYZE) {postgres.table(name, qualified=True)}".encode())
        return copied
    except duckdb.Error as problem:
        raise EngineError(f"DuckDB could not give the tables out: {first_line(problem)}") from problem
    except psycopg.Error as problem:
        said = _nul(source, stored) if "0x00" in str(problem) else first_line(problem)
        raise EngineError(f"PostgreSQL refused the tables: {said}") from problem
    finally:
        connection.read_only = True


def _nul(source: DuckDBPyConnection, tables: Mapping[str, Table]) -> str:
    """Which row holds a NUL character, which DuckDB stores and PostgreSQL does not."""
    for name, table in tables.items():
        for column in (c for c, declared in table.columns.items() if declared.type == "text"):
            found = source.execute(
                f"SELECT {', '.join(map(quoted, table.key))} FROM {quoted(name)} "
                f"WHERE contains({quoted(column)}, chr(0)) LIMIT 1"
            ).fetchall()
            if found:
                key = ", ".join(map(repr, found[0]))
                return f"{name}.{column} of {key} holds a NUL character, which it does not store. Mend the export."
    return "a text holds a NUL character, which it does not store."


@contextlib.contextmanager
def _snapshot(source: DuckDBPyConnection) -> Iterator[DuckDBPyConnection]:
    """A cursor that sees the source as it is now, whatever is committed meanwhile."""
    [(database,)] = source.execute("SELECT current_database()").fetchall()
    cursor = source.cursor()
    try:
        cursor.execute(f"USE {quoted(str(database))}")  # which a new cursor does not take over
        yield cursor.begin()
        cursor.rollback()
    finally:
        cursor.close()


def _refuse_others(connection: psycopg.Connection[Any], postgres: Postgres, tables: Mapping[str, Table]) -> None:
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {postgres.identifier(postgres.schema)}".encode())
    found = connection.execute(
        "SELECT c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = %s AND c.relname = ANY(%s) AND obj_description(c.oid) IS DISTINCT FROM %s ORDER BY 1",
        (postgres.schema, list(tables), MARK),
    ).fetchall()
    if found:
        name, kind = found[0]
        what = "view" if kind in ("v", "m") else "table"
        raise EngineError(
            f"The {what} {postgres.schema}.{name} in PostgreSQL was not made by Opstally, so it is not replaced. "
            "Name another schema in opstally.yml, or leave loading to whoever fills it."
        )


def _copy(source: DuckDBPyConnection, table: Table, postgres: Postgres, told: Told | None) -> int:
    connection, name = postgres.connection, postgres.table(table.table, qualified=True)
    _make(connection, table, postgres, name)
    columns = ", ".join(map(postgres.identifier, table.columns))
    rows = source.execute(f"SELECT {columns} FROM {postgres.identifier(table.table)}")
    copied = 0
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {name} ({columns}) FROM STDIN (FORMAT binary)".encode()) as copy,
    ):
        copy.set_types([_WIRE[column.type] for column in table.columns.values()])
        for batch in _batches(rows):
            for row in batch:
                copy.write_row(row)
            copied += len(batch)
            if told is not None:
                told(table.table, copied)
    return copied


def _make(connection: psycopg.Connection[Any], table: Table, postgres: Postgres, name: str) -> None:
    """An empty table with the declared columns. One that has them already is kept, with the rights and views on it."""
    wanted = [(column, postgres.types[d.type].lower()) for column, d in table.columns.items()]
    if _columns(connection, name) == wanted:
        connection.execute(f"DELETE FROM {name}".encode())  # TRUNCATE would make readers wait for the end
        return
    columns = ", ".join(f"{postgres.identifier(column)} {type_}" for column, type_ in wanted)
    connection.execute(f"DROP TABLE IF EXISTS {name}".encode())
    connection.execute(f"CREATE TABLE {name} ({columns})".encode())
    connection.execute(f"COMMENT ON TABLE {name} IS {postgres.literal(MARK)}".encode())


def _columns(connection: psycopg.Connection[Any], name: str) -> list[tuple[str, str]]:
    found = connection.execute(
        "SELECT attname, replace(format_type(atttypid, atttypmod), ' without time zone', '') FROM pg_attribute "
        "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        (name,),
    )
    return [(str(column), str(type_)) for column, type_ in found]


def _batches(rows: DuckDBPyConnection) -> Iterator[list[Any]]:
    while batch := rows.fetchmany(_AT_ONCE):
        yield batch
