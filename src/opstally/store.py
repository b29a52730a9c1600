"""The project's database: one DuckDB file with the canonical tables, and the record of what was loaded."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final

from opstally import blocks
from opstally.errors import StoreError
from opstally.layout import Layout
from opstally.model.table import Table
from opstally.quoting import text
from opstally.refusals import DAMAGED, disk_error, first_line, refusal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

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
        self.path, self.connection, self.layout = path, connection, Layout(path, connection)
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
                store.layout.accept(new)
                store._prepare(tables)
            elif store.layout.is_as_declared(tables or {}):
                store.holds = frozenset(tables or {})
            else:
                store.layout.accept(new)
                store.layout.refuse_behind(tables or {})
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

    def _prepare(self, tables: Mapping[str, Table] | None) -> None:
        import duckdb  # lazy: 0.15 s

        try:
            with self.transaction():
                self.layout.prepare(tables)
        except duckdb.Error as problem:
            raise disk_error(self.path, problem, _NOTHING) or StoreError(
                f"{self.path} cannot be written: {first_line(problem)}."
            ) from problem

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


_NOTHING: Final = "Nothing was loaded, and all that was there is as it was."
_EITHER: Final = "What was being written is there wholly or not at all; all that was there before is."
_NOT_IN_PLACE: Final = "The loaded rows are safe in {}.wal, but could not be put in place."


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
        if DAMAGED in str(problem) and not restored and blocks.restore(path):
            return _connect(path, read_only, restored=True)
        raise disk_error(path, problem, _NOTHING) or StoreError(refusal(path, str(problem))) from problem
    return connection


def _physical_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not told on every system
        return 8 << 30
