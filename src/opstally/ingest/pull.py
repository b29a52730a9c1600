"""Records pulled from a PostgreSQL database, from where the last pull ended on."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opstally.errors import LoadError
from opstally.ingest.files import DataFile
from opstally.model.source import Pull, Source

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_CURSORS = """
CREATE TABLE IF NOT EXISTS opstally.cursors (source VARCHAR, query VARCHAR, value VARCHAR)
"""


@dataclass(frozen=True)
class Pulled:
    """What was pulled: a file of delimited text, and the largest value of the cursor in it, if it has one."""

    file: DataFile
    source: str
    query: str
    newest: str | None

    def remember(self, connection: DuckDBPyConnection) -> None:
        """Note where the next pull begins, inside the transaction that takes the rows in."""
        if self.newest is None:
            return
        connection.execute(_CURSORS)
        connection.execute("DELETE FROM opstally.cursors WHERE source = ?", [self.source])
        connection.execute("INSERT INTO opstally.cursors VALUES (?, ?, ?)", [self.source, self.query, self.newest])


def pull(connection: DuckDBPyConnection, source: Source, scratch: Path) -> Pulled:
    """Ask for the rows from the last pull's largest cursor on, that value included, since more may have come with it.

    What comes again is unchanged, or the same row newer. Another query begins anew. Raises LoadError where the
    database cannot be reached or refuses the query.
    """
    assert source.pull is not None
    told = source.pull
    digest = hashlib.sha256(f"{told.query}\0{told.cursor}".encode()).hexdigest()
    since = _last(connection, source.source, digest) if told.cursor else None
    path = scratch / f"{source.source}.csv"
    newest = _copy(source.source, told, since, path)
    return Pulled(DataFile(path, f"query of {source.source}"), source.source, digest, newest)


def _last(connection: DuckDBPyConnection, source: str, digest: str) -> str | None:
    there = "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'opstally' AND table_name = 'cursors'"
    if not connection.execute(there).fetchall():
        return None
    found = connection.execute(
        "SELECT value FROM opstally.cursors WHERE source = ? AND query = ?", [source, digest]
    ).fetchall()
    return str(found[0][0]) if found else None


def _copy(name: str, told: Pull, since: str | None, path: Path) -> str | None:
    """Write the rows into a file; the largest cursor among them, both read from one state of the database."""
    try:
        import psycopg  # lazy: an optional package
        from psycopg import sql
    except ImportError:
        raise LoadError(
            f"Source {name} pulls from PostgreSQL, which needs: pip install 'opstally[postgres]'."
        ) from None
    query: Any = sql.SQL("SELECT * FROM ({}) AS pulled").format(sql.SQL(told.query.rstrip().rstrip(";")))
    if told.cursor and since is not None:
        query = sql.SQL("{} WHERE {} >= {}").format(query, sql.Identifier(told.cursor), sql.Literal(since))
    try:
        with psycopg.connect(_connection(name, told)) as database, open(path, "wb") as target:
            database.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            database.read_only = True
            database.execute(
                "SET LOCAL TIME ZONE 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL extra_float_digits = 1"
            )
            newest = None
            if told.cursor:
                largest = sql.SQL("SELECT CAST(max({}) AS TEXT) FROM ({}) AS rows").format(
                    sql.Identifier(told.cursor), query
                )
                row = database.execute(largest).fetchone()
                newest = row[0] if row else None
            copied = sql.SQL("COPY ({}) TO STDOUT WITH (FORMAT csv, HEADER, ENCODING 'UTF8')").format(query)
            with database.cursor().copy(copied) as rows:
                for piece in rows:
                    target.write(piece)
    except psycopg.Error as problem:
        said = str(problem).strip().splitlines()[0] if str(problem).strip() else type(problem).__name__
        raise LoadError(
            f"Source {name}: PostgreSQL could not be read: {said}. Look at its connection and query."
        ) from None
    return newest if newest is not None else since


def _connection(name: str, told: Pull) -> str:
    if not told.connection.startswith("$"):
        return told.connection
    found = os.environ.get(told.connection[1:])
    if not found:
        raise LoadError(
            f"Source {name}: the environment has no {told.connection[1:]}, which its connection is read from."
        )
    return found
