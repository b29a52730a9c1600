"""The canonical tables of the project's store, copied to PostgreSQL: all of them in one transaction."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opstally.engines.postgres import Postgres
from opstally.errors import EngineError
from opstally.model.table import Table
from opstally.store import quoted, text

if TYPE_CHECKING:
    import psycopg
    from duckdb import DuckDBPyConnection

MARK = "Made by Opstally. It is replaced as a whole at every load."
_CHUNK = 1 << 20


def publish(
    store: DuckDBPyConnection,
    tables: Mapping[str, Table],
    postgres: Postgres,
) -> dict[str, int]:
    """Replace the stored tables in the engine's schema by those of the store; rows by table.

    Readers see the old tables until all new ones are there. Views and tables of the same name that Opstally did not make
    are left alone: a table of the company's own is never replaced.
    Raises EngineError where one is in the way, or the server refuses.
    """
    import psycopg  # lazy: an optional package

    connection = postgres.connection
    copied = {}
    try:
        with connection.transaction(), tempfile.TemporaryDirectory() as folder:
            connection.execute("SET TRANSACTION READ WRITE")
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(postgres.schema)}".encode())
            for name, table in tables.items():
                _refuse_foreign(connection, postgres.schema, name)
                copied[name] = _copy(store, connection, postgres, name, table, Path(folder, "rows.csv"))
    except psycopg.Error as problem:
        raise EngineError(f"PostgreSQL refused the tables: {str(problem).strip().splitlines()[0]}") from problem
    return copied


def _refuse_foreign(connection: psycopg.Connection[Any], schema: str, name: str) -> None:
    found = connection.execute(
        "SELECT obj_description(c.oid, 'pg_class') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = %s AND c.relname = %s",
        (schema, name),
    ).fetchone()
    if found is not None and found[0] != MARK:
        raise EngineError(
            f"{schema}.{name} in PostgreSQL was not made by Opstally, so it is not replaced. "
            "Name another schema in opstally.yml, or leave loading to whoever fills that table."
        )


def _copy(
    store: DuckDBPyConnection,
    connection: psycopg.Connection[Any],
    postgres: Postgres,
    name: str,
    table: Table,
    file: Path,
) -> int:
    place = f"{quoted(postgres.schema)}.{quoted(name)}"
    columns = ", ".join(f"{quoted(c)} {postgres.types[declared.type]}" for c, declared in table.columns.items())
    connection.execute(f"DROP TABLE IF EXISTS {place}".encode())
    connection.execute(f"CREATE TABLE {place} ({columns})".encode())
    connection.execute(f"COMMENT ON TABLE {place} IS {text(MARK)}".encode())
    rows = _write(store, name, table, file)
    with (
        connection.cursor().copy(f"COPY {place} FROM STDIN (FORMAT csv)".encode()) as copy,
        file.open("rb") as exported,
    ):
        while chunk := exported.read(_CHUNK):
            copy.write(chunk)
    file.unlink()
    return rows


def _write(store: DuckDBPyConnection, name: str, table: Table, file: Path) -> int:
    """The rows as CSV; quoted texts, so that an empty one is told from none."""
    names = ", ".join(quoted(c) for c in table.columns)
    texts = [quoted(c) for c, declared in table.columns.items() if declared.type == "text"]
    force = f", FORCE_QUOTE ({', '.join(texts)})" if texts else ""
    [(rows,)] = store.execute(
        f"COPY (SELECT {names} FROM {quoted(name)}) TO {text(str(file))} (FORMAT csv, HEADER false{force})"
    ).fetchall()
    return int(rows)
