"""The project's database: one DuckDB file with the canonical tables, and the record of what was loaded."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final

from opstally import blocks
from opstally.engines.duckdb import DuckDB
from opstally.errors import DiskError, StoreBehind, StoreError
from opstally.model.table import Table

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

_READER_MEMORY: Final = 3 << 30
_WRITER_MEMORY: Final = 5 << 28
"""Bytes that the engine may take before it spills to disk. The process takes more: the interpreter and its libraries,
what the engine does not count (file buffers, decompressed columns, freed memory not given back), the arrays in which a
load looks for equal keys. Reports have to stay below 4 GB in all, and loads below 2."""

_WAITING: Final = 16 << 20
"""Bytes. When more is committed and not in its place, it is put there before more is loaded."""


class Store:
    """The database, opened. Only one process can have it open for writing, and then no other can read it."""

    def __init__(self, path: Path, connection: DuckDBPyConnection) -> None:
        self.path, self.connection = path, connection
        self.holds: frozenset[str] | None = None
        """The stored tables, where that is known without looking."""
        self.file: int | None = None
        """The file, open for reading, where this is for writing."""

    @classmethod
    def open(cls, path: Path, tables: Mapping[str, Table] | None = None, read_only: bool = False) -> Store:
        """Open the file, with every stored table of `tables` in it; for reading it must exist and stays as it is.

        Raises StoreError where it cannot be used: not there, not a database, not ours, newer, in use, not writable;
        StoreBehind where it is for reading, and columns of `tables` are not there.
        """
        new = not os.path.exists(path)
        store = cls(path, _connect(path, read_only))
        try:
            store._configure(read_only)
            if not read_only:
                store.file = os.open(path, os.O_RDONLY)
                store._accept(new)
                store._prepare(tables)
            elif store._is_as_declared(tables or {}):
                store.holds = frozenset(tables or {})
            else:
                store._accept(new)
                store._up_to(tables or {})
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Put what is committed in place, if that is possible, and let go of the file."""
        if self.file is not None:
            with contextlib.suppress(StoreError):  # then it is put in place after the next load
                self.checkpoint()
        self.connection.close()
        if self.file is not None:
            os.close(self.file)
            self.file = None

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[DuckDBPyConnection]:
        """All or nothing: what is done inside is there after it, or, after an exception, none of it is."""
        import duckdb  # lazy: 0.15 s

        self.connection.execute("BEGIN")
        try:
            yield self.connection
        except BaseException:
            with contextlib.suppress(duckdb.Error):  # a fatal error has ended the transaction already
                self.connection.execute("ROLLBACK")
            raise
        try:
            self.connection.execute("COMMIT")
        except duckdb.Error as problem:
            raise disk_error(self.path, problem, _EITHER) or StoreError(
                f"{self.path}: the rows could not be written ({first_line(problem)})."
            ) from problem
        if self._waiting() > _WAITING:
            with contextlib.suppress(StoreError):  # it is tried again, and told, when all is in
                self.checkpoint()

    def checkpoint(self) -> None:
        """Put what is committed into its place in the file. Raises StoreError where that is not possible."""
        import duckdb  # lazy: 0.15 s

        if self.file is None or self._waiting() == 0:
            return
        try:
            blocks.keep(self.path, self.file, self.connection)
            self.connection.execute("CHECKPOINT")
            blocks.drop(self.path)
        except (duckdb.Error, OSError) as problem:
            raise disk_error(self.path, problem, _NOT_IN_PLACE.format(self.path.name)) or StoreError(
                f"{self.path}: the loaded rows could not be put in place ({first_line(problem)})."
            ) from problem

    def _waiting(self) -> int:
        """Bytes that are committed, and not in their place."""
        try:
            return os.stat(f"{self.path}.wal").st_size
        except FileNotFoundError:
            return 0

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder beside the file, gone afterwards. Only one process writes a store, so one name will do."""
        folder = self.path.with_name(f"{self.path.name}.scratch")
        try:
            shutil.rmtree(folder, ignore_errors=True)  # what a killed load left
            folder.mkdir()
        except OSError as problem:
            raise disk_error(self.path, problem, _NOTHING) or StoreError(
                f"{folder} cannot be written: {problem.strerror or problem}."
            ) from problem
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _configure(self, read_only: bool) -> None:
        memory = int(min(_READER_MEMORY if read_only else _WRITER_MEMORY, 0.6 * _physical_memory()))
        settings = (
            "TimeZone = 'UTC'",
            # DuckDB 1.5 and 2.0 return wrong rows for `x = max(x) over (...)` on float aggregates with it.
            "disabled_optimizers = 'window_self_join'",
            f"memory_limit = '{memory}B'",
            f"temp_directory = {text(f'{self.path}.tmp')}",
            # Nothing is ever fetched: what the package does not bring is not used.
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
            # How far a query has come can be asked, and is not printed.
            "enable_progress_bar = true",
            "enable_progress_bar_print = false",
        )
        self.connection.execute("; ".join(f"SET {setting}" for setting in settings))

    def _accept(self, new: bool) -> None:
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

    def fit(self, tables: Mapping[str, Table]) -> dict[str, list[str]]:
        """Make the stored tables have the declared columns, inside a transaction; what they have beyond them stays.

        Gives the columns that were added to tables that were there.
        """
        there = self._columns()
        added = {name: self._fit(name, table, there.get(name)) for name, table in tables.items() if table.columns}
        if not self._is_as_declared(tables):
            self.connection.execute("DELETE FROM opstally.declared")
            self.connection.execute("INSERT INTO opstally.declared VALUES (?)", [_digest(tables)])
        return {name: columns for name, columns in added.items() if columns}

    def _prepare(self, tables: Mapping[str, Table] | None) -> None:
        import duckdb  # lazy: 0.15 s

        try:
            with self.transaction() as connection:
                connection.execute(_BOOKKEEPING.format(version=VERSION))
                for name in self._columns():
                    if STAGING in name:  # a load was killed
                        connection.execute(f"DROP TABLE main.{quoted(name)}")
                if tables is not None:
                    self.fit(tables)
        except duckdb.Error as problem:
            raise disk_error(self.path, problem, _NOTHING) or StoreError(
                f"{self.path} cannot be written: {first_line(problem)}."
            ) from problem

    def _is_as_declared(self, tables: Mapping[str, Table]) -> bool:
        """Whether what was declared when it was last written is what is declared now: then nothing else is looked at.

        Listing all columns of the database takes longer than many a report does.
        """
        import duckdb  # lazy: 0.15 s

        try:
            told = self.connection.execute("SELECT version, digest FROM opstally.store, opstally.declared").fetchall()
        except duckdb.Error:  # not one of ours, or written before this was kept
            return False
        return told == [(VERSION, _digest(tables))]

    def _up_to(self, tables: Mapping[str, Table]) -> None:
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


def quoted(name: str) -> str:
    """A name, as SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text constant, as SQL."""
    return "'" + value.replace("'", "''") + "'"


def first_line(problem: BaseException) -> str:
    """What an error of the database says, in one line without its end stop."""
    lines = str(problem).strip().splitlines()
    return re.sub(r"^[A-Z]\w+(?: \w+)* Error: ", "", lines[0]).rstrip(".") if lines else type(problem).__name__


_TROUBLE: Final = {
    "is full": r"no space left|file too large|quota exceeded|failed to offload|max_temp_directory_size|write all bytes",
    "is read-only": r"read-only file system",
    "fails": r"\[errno 5\]|(?:write|truncate|sync).*input/output error|fsync failed|could not sync",
}
"""What is wrong with a disk, by what the system and the database say."""

_NEXT: Final = {
    "is full": "Make room on it",
    "is read-only": "Make it writable, or copy the project to a folder of your own",
    "fails": "Have it looked at",
}
_DAMAGED: Final = "Corrupt database file"
_NOTHING: Final = "Nothing was loaded, and all that was there is as it was."
_EITHER: Final = "What was being written is there wholly or not at all; all that was there before is."
_NOT_IN_PLACE: Final = "The loaded rows are safe in {}.wal, but could not be put in place."


def disk_error(path: Path, problem: BaseException, outcome: str) -> DiskError | None:
    """The sentences for a disk that does not take what is written to it; None where that is not the problem.

    outcome: what has become of the data.
    """
    said = str(problem)
    for trouble, pattern in _TROUBLE.items():
        if re.search(pattern, said, re.IGNORECASE | re.DOTALL):
            return DiskError(f"The disk of {path.parent} {trouble}. {outcome} {_NEXT[trouble]}, then load again.")
    return None


def _connect(path: Path, read_only: bool, restored: bool = False) -> DuckDBPyConnection:
    import duckdb  # lazy: 0.15 s

    if read_only and not os.path.exists(path):
        raise StoreError(f"{path} is not there: nothing has been loaded yet. 'opstally load' reads the project's data.")
    if not os.path.isdir(path.parent):
        raise StoreError(f"The folder {path.parent} is not there, so {path.name} cannot be made in it.")
    connection = duckdb.connect()
    try:
        # Checkpoints are our own; see blocks.py.
        connection.execute("PRAGMA disable_checkpoint_on_shutdown; SET checkpoint_threshold = '1TB'")
        # Attached under another name: in a database called after its file, `opstally.loads` would be ambiguous.
        connection.execute(f"ATTACH {text(str(path))} AS store{' (READ_ONLY)' if read_only else ''}")
        connection.execute("USE store")
    except duckdb.Error as problem:
        connection.close()
        if _DAMAGED in str(problem) and not restored and blocks.restore(path):
            return _connect(path, read_only, restored=True)
        raise disk_error(path, problem, _NOTHING) or StoreError(_refusal(path, str(problem))) from problem
    return connection


def _refusal(path: Path, said: str) -> str:
    """Why a database could not be opened, in one sentence."""
    if re.search(r"\block\b", said, re.IGNORECASE):
        holder = re.search(r"PID (\d+)", said)
        who = f"another process ({holder[0]})" if holder else "another process"
        return f"{path} is in use by {who}. Wait until it is done, or end it, and try again."
    if "not a valid DuckDB" in said:
        return (
            f"{path} is not a DuckDB database. Move it away; 'opstally load' makes a new one from the project's data."
        )
    if _DAMAGED in said:
        return (
            f"{path} is damaged: {first_line(Exception(said))}. Restore it from a backup; without one, move it away, "
            "and 'opstally load' makes a new one from the project's data."
        )
    if "newer" in said.lower() or "version number" in said:
        return f"{path} was written by a later DuckDB than this one. Update Opstally and its duckdb to open it."
    if re.search(r"permission denied|read-only file system|read-only mode", said, re.IGNORECASE):
        return (
            f"{path} cannot be written: {path.parent} is read-only for you. "
            "Change its permissions, or copy the project to a folder of your own."
        )
    return f"{path} cannot be opened: {first_line(Exception(said))}."


def _physical_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not told on every system
        return 8 << 30
