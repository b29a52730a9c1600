"""What a store holds: the record of what was loaded, and the stored tables with the columns that are declared."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opstally.engines.duckdb import DuckDB
from opstally.errors import StoreBehind, StoreError
from opstally.model.table import Table
from opstally.quoting import quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

VERSION: Final = 1
"""Of the bookkeeping below. A store of a later version was written by a later Opstally, and is refused."""

_BOOKKEEPING: Final = """
CREATE SCHEMA IF NOT EXISTS opstally;
CREATE TABLE IF NOT EXISTS opstally.store (version INTEGER);
INSERT INTO opstally.store SELECT {version} WHERE NOT EXISTS (SELECT 1 FROM opstally.store);
CREATE TABLE IF NOT EXISTS opstally.loads (
    load_id BIGINT, source VARCHAR, table_name VARCHAR, started_at TIMESTAMP, finished_at TIMESTAMP,
    files STRUCT(path VARCHAR, bytes BIGINT, sha256 VARCHAR)[],
    rows_read BIGINT, merged BIGINT, unchanged BIGINT, duplicate BIGINT, quarantined BIGINT,
    mapping VARCHAR, version VARCHAR);
CREATE TABLE IF NOT EXISTS opstally.quarantine (
    load_id BIGINT, source VARCHAR, table_name VARCHAR, file VARCHAR, line BIGINT,
    column_name VARCHAR, value VARCHAR, reason VARCHAR, faults VARCHAR, record VARCHAR);
ALTER TABLE opstally.loads ADD COLUMN IF NOT EXISTS left_out BIGINT;
ALTER TABLE opstally.loads ADD COLUMN IF NOT EXISTS removed BIGINT;
ALTER TABLE opstally.loads ADD COLUMN IF NOT EXISTS reading_seconds DOUBLE;
ALTER TABLE opstally.loads ADD COLUMN IF NOT EXISTS merging_seconds DOUBLE;
ALTER TABLE opstally.loads ADD COLUMN IF NOT EXISTS engine VARCHAR;
CREATE TABLE IF NOT EXISTS opstally.columns (
    load_id BIGINT, source VARCHAR, sha256 VARCHAR, path VARCHAR, names VARCHAR[], kinds VARCHAR[], used VARCHAR[]);
CREATE TABLE IF NOT EXISTS opstally.refused (refused_at TIMESTAMP, source VARCHAR, reason VARCHAR);
CREATE TABLE IF NOT EXISTS opstally.restated (
    load_id BIGINT, source VARCHAR, table_name VARCHAR, grain VARCHAR, period DATE,
    added BIGINT, changed BIGINT, removed BIGINT);
CREATE TABLE IF NOT EXISTS opstally.mended (load_id BIGINT, source VARCHAR, table_name VARCHAR, record VARCHAR);
CREATE TABLE IF NOT EXISTS opstally.files_read (
    load_id BIGINT, source VARCHAR, place INTEGER, table_name VARCHAR, way VARCHAR,
    path VARCHAR, bytes BIGINT, sha256 VARCHAR,
    rows_read BIGINT, duplicate BIGINT, quarantined BIGINT, left_out BIGINT);
CREATE TABLE IF NOT EXISTS opstally.declared (digest VARCHAR);
"""

STAGING: Final = "~loading"
"""In the names of tables that last as long as a load."""


@dataclass(frozen=True)
class Layout:
    """Of the database at `path`, which the connection has attached as `store`."""

    path: Path
    connection: DuckDBPyConnection

    def accept(self, new: bool) -> None:
        """Refuse what is not a store of ours, or one of a later version."""
        there = {
            str(name)
            for (name,) in self.connection.execute(
                "SELECT table_name FROM duckdb_tables() WHERE database_name = 'store' AND schema_name = 'opstally'"
            ).fetchall()
        }
        if "store" not in there:
            held = self.connection.execute(
                "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'store'"
            ).fetchall()[0][0]
            if held and not new:
                raise StoreError(
                    f"{self.path} is a DuckDB database, but not one of Opstally's. "
                    "Move it away, or set up the project in another folder."
                )
            return
        [(version,)] = self.connection.execute("SELECT max(version) FROM opstally.store").fetchall()
        if version is None or version > VERSION:
            raise StoreError(
                f"{self.path} was written by a later Opstally: its version is {version}, this one reads {VERSION}. "
                "Update Opstally to open it."
            )

    def prepare(self, tables: Mapping[str, Table] | None) -> None:
        """Make it a store that a load can write, inside a transaction, with the columns of `tables` where told."""
        self.connection.execute(_BOOKKEEPING.format(version=VERSION))
        for name in self._columns():
            if STAGING in name:  # a load was killed
                self.connection.execute(f"DROP TABLE main.{quoted(name)}")
        if tables is not None:
            self.fit(tables)

    def fit(self, tables: Mapping[str, Table]) -> dict[str, list[str]]:
        """Make the stored tables have the declared columns, inside a transaction; what they have beyond them stays.

        Gives the columns that were added to tables that were there.
        """
        there = self._columns()
        added = {name: self._fit(name, table, there.get(name)) for name, table in tables.items() if table.columns}
        if not self.is_as_declared(tables):
            self.connection.execute("DELETE FROM opstally.declared")
            self.connection.execute("INSERT INTO opstally.declared VALUES (?)", [_digest(tables)])
        return {name: columns for name, columns in added.items() if columns}

    def is_as_declared(self, tables: Mapping[str, Table]) -> bool:
        """Whether what was declared when it was last written is what is declared now: then nothing else is looked at.

        Listing all columns of the database takes longer than many a report does.
        """
        import duckdb  # lazy: 0.15 s

        try:
            told = self.connection.execute("SELECT version, digest FROM opstally.store, opstally.declared").fetchall()
        except duckdb.Error:  # not one of ours, or written before this was kept
            return False
        return told == [(VERSION, _digest(tables))]

    def refuse_behind(self, tables: Mapping[str, Table]) -> None:
        """Refuse a store whose tables lack columns that have been declared since they were loaded."""
        there = self._columns()
        behind = sorted(
            f"{name}.{column}"
            for name, table in tables.items()
            for column in table.columns
            if name in there and column not in there[name]  # a table that is not there has no data, which is normal
        )
        if behind:
            more = f" and {len(behind) - 1} more" if len(behind) > 1 else ""
            were = "were" if more else "was"
            raise StoreBehind(
                f"{self.path} was loaded before {behind[0]}{more} {were} declared. 'opstally load' adds what is new."
            )

    def _columns(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for table, column, kind in self.connection.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE database_name = 'store' AND schema_name = 'main' ORDER BY table_name, column_index"
        ).fetchall():
            found.setdefault(table, {})[column] = kind
        return found

    def _fit(self, name: str, table: Table, there: dict[str, str] | None) -> list[str]:
        """The columns that were added to one table, if it was there."""
        declared = {column: DuckDB.types[c.type] for column, c in table.columns.items()}
        if there is None:
            columns = ", ".join(f"{quoted(c)} {kind}" for c, kind in declared.items())
            self.connection.execute(f"CREATE TABLE main.{quoted(name)} ({columns})")
            return []
        for column, kind in declared.items():
            if column not in there:
                self.connection.execute(f"ALTER TABLE main.{quoted(name)} ADD COLUMN {quoted(column)} {kind}")
            elif there[column] != kind:
                self._retype(name, column, there[column], kind)
        return [column for column in declared if column not in there]

    def _retype(self, table: str, column: str, old: str, new: str) -> None:
        place = f"main.{quoted(table)}"
        [(filled,)] = self.connection.execute(f"SELECT count({quoted(column)}) FROM {place}").fetchall()
        if filled and (old, new) not in (("BIGINT", "DOUBLE"), ("DATE", "TIMESTAMP")):
            raise StoreError(
                f"{self.path} holds {table}.{column} as {old.lower()}, and it is now declared {new.lower()}. "
                f"Undo the change in the table's declaration, or delete the file and load again."
            )
        self.connection.execute(f"ALTER TABLE {place} ALTER COLUMN {quoted(column)} SET DATA TYPE {new}")


def _digest(tables: Mapping[str, Table]) -> str:
    """Of the columns that the stored tables are declared with."""
    told = [(name, [(column, c.type) for column, c in table.columns.items()]) for name, table in tables.items()]
    return hashlib.sha256(repr(sorted(told)).encode()).hexdigest()
