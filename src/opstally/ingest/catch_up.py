"""A store brought up to what is declared now, as after an update of Opstally, without its exports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from opstally import derive
from opstally.errors import StoreError
from opstally.ingest.expressions import Meaning
from opstally.ingest.requirements import filling
from opstally.ingest.source_load import stored
from opstally.library import Library
from opstally.model.project import Project
from opstally.model.table import Table
from opstally.quoting import quoted
from opstally.refusals import disk_error, first_line
from opstally.store import Store

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_OUTCOME = "All that was there is as it was."


def catch_up(store: Store, library: Library, project: Project) -> str:
    """Add what has been declared since the store was written, in one transaction, and tell which columns, if any.

    They hold what follows from the stored rows: what their tables fill them with, and what is made after every load,
    which is made anew. All else in them is unknown until a load reads it from the exports.

    Raises StoreError where the store cannot be written, UsageError for a calendar that cannot be used.
    """
    import duckdb  # lazy: 0.15 s

    derive.accept(project)
    tables = stored(library)
    try:
        with store.transaction() as connection:
            added = store.layout.fit(tables)
            for name, columns in added.items():
                _fill(connection, tables, name, columns, Meaning.of(connection, project))
            if added:
                derive.run(connection, tables, project)
    except duckdb.Error as problem:
        raise disk_error(store.path, problem, _OUTCOME) or StoreError(
            f"{store.path} could not be given what has been declared since it was written ({first_line(problem)}). "
            f"{_OUTCOME}"
        ) from problem
    return _told(added) if added else ""


def _fill(
    connection: DuckDBPyConnection, tables: dict[str, Table], name: str, added: Iterable[str], meaning: Meaning
) -> None:
    """Fill new columns of a table as a load would, from what exports gave."""
    table = tables[name]
    if filled := [column for column in added if table.columns[column].fill is not None]:
        derive.forget(connection, tables, name)
        values = ", ".join(f"{quoted(column)} = {filling(table, column, meaning, quoted)}" for column in filled)
        connection.execute(f"UPDATE main.{quoted(name)} SET {values}")


def _told(added: dict[str, list[str]]) -> str:
    first, *more = [f"{name}.{column}" for name, columns in added.items() for column in columns]
    listed = f"{first} and {len(more)} more" if more else first
    return (
        f"The project's database now has what was declared since it was loaded: {listed}. What the exports say of it "
        "is read by 'opstally load'."
    )
