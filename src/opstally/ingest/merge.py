"""Staged rows → the table: new ones in, newer ones in place of older ones, all others left as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opstally.expression.tree import columns as columns_of
from opstally.ingest.expressions import parsed
from opstally.ingest.newest import content
from opstally.ingest.requirements import filling
from opstally.ingest.restated import Restating
from opstally.ingest.staging import Staged
from opstally.quoting import quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Merged:
    """Rows by fate."""

    merged: int
    unchanged: int
    older: int


def merge(
    connection: DuckDBPyConnection, staged: Staged, fresh_from: int, remapped: bool, restating: Restating
) -> Merged:  # fmt: skip
    """Take the staged rows, one a key, into their table, inside the caller's transaction.

    A row replaces the stored one where its recency, then its revision, is larger. Between equal ones the content
    decides, as it does among rows read together, so that the order of loads does not matter. Where nothing tells the
    recency, rows of files that no earlier load has read (positions from `fresh_from`) are newer. `remapped` says that
    the mapping has changed since the last load: then rows as new as the stored ones replace them.
    Columns that the export does not give keep their stored values, but for those that the table fills from others.
    """
    target = f"main.{quoted(staged.table.table)}"
    if not connection.execute(f"SELECT 1 FROM {target} LIMIT 1").fetchall():
        return Merged(_into_empty(connection, staged, target), 0, 0)
    _judge(connection, staged, target, fresh_from, remapped)
    counted = dict(connection.execute("SELECT fate, count(*) FROM temp.fates GROUP BY fate").fetchall())
    names = ", ".join(quoted(name) for name in staged.table.columns)
    older = connection.execute(
        f"SELECT s._file, count(*) FROM temp.fates AS f JOIN {staged.name} AS s ON s.rowid = f.staged "
        "WHERE f.fate = 'older' GROUP BY s._file"
    ).fetchall()
    _tell(staged, target, restating)
    if counted.get("changed"):
        _replace(connection, staged, target, names)
    if counted.get("new"):
        wanted = "SELECT staged FROM temp.fates WHERE fate = 'new'"
        connection.execute(
            f"INSERT INTO {target} ({names}) SELECT {names} FROM {staged.name} WHERE rowid IN ({wanted})"
        )
    return Merged(
        counted.get("new", 0) + counted.get("changed", 0), counted.get("same", 0), staged.count_duplicates(older)
    )


def _into_empty(connection: DuckDBPyConnection, staged: Staged, target: str) -> int:
    """The staged table becomes the table itself: copying it would cost as much as reading it did."""
    rows = int(connection.execute(f"SELECT count(*) FROM {staged.name}").fetchall()[0][0])
    stored = [c[0] for c in connection.execute(f"DESCRIBE {target}").fetchall()]
    # A table that this transaction has written to cannot be put in the place of another.
    if staged.shared or staged.tombstones or set(stored) != set(staged.table.columns):
        names = ", ".join(quoted(name) for name in staged.table.columns)
        connection.execute(f"INSERT INTO {target} ({names}) SELECT {names} FROM {staged.name}")
    elif rows:
        for name in staged.extras:
            connection.execute(f"ALTER TABLE {staged.name} DROP COLUMN {name}")
        connection.execute(f"DROP TABLE {target}")
        connection.execute(f"ALTER TABLE {staged.name} RENAME TO {quoted(staged.table.table)}")
    return rows


def _tell(staged: Staged, target: str, restating: Restating) -> None:
    """Which times the merge touches; a row that moves from one to another touches both."""
    if staged.table.at is None:
        return
    at = quoted(staged.table.at)
    new = "SELECT staged FROM temp.fates WHERE fate = 'new'"
    restating.rows("added", f"SELECT {at} FROM {staged.name} WHERE rowid IN ({new})")
    ours = f"s.{at}" if staged.table.at in staged.provided else f"t.{at}"
    restating.rows(
        "changed",
        f"SELECT unnest(list_distinct([{ours}, t.{at}])) AS {at} FROM temp.fates AS f "
        f"JOIN {staged.name} AS s ON s.rowid = f.staged JOIN {target} AS t ON t.rowid = f.stored "
        f"WHERE f.fate = 'changed'",
    )


def _judge(connection: DuckDBPyConnection, staged: Staged, target: str, fresh_from: int, remapped: bool) -> None:
    """What becomes of each staged row, beside the stored row of its key."""
    same_key = " AND ".join(f"s.{quoted(k)} = t.{quoted(k)}" for k in staged.table.key)
    differs = " OR ".join(f"s.{quoted(c)} IS DISTINCT FROM t.{quoted(c)}" for c in staged.provided) or "false"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE fates AS SELECT s.rowid AS staged, t.rowid AS stored, "
        f"CASE WHEN t.rowid IS NULL THEN 'new' WHEN NOT ({differs}) THEN 'same' "
        f"WHEN {_newer(staged, fresh_from, remapped)} THEN 'changed' ELSE 'older' END AS fate "
        f"FROM {staged.name} AS s LEFT JOIN {target} AS t ON {same_key}"
    )


def _newer(staged: Staged, fresh_from: int, remapped: bool) -> str:
    """SQL of whether a staged row `s` is to replace the stored row `t`, from which it differs."""
    arrived = "true" if remapped else f"s._file >= {fresh_from}"
    larger = "true" if remapped else f"{content('s.', staged.provided)} > {content('t.', staged.provided)}"
    recency, revision = staged.table.recency, staged.table.revision
    if revision is not None and revision in staged.provided:
        arrived, larger = compared(quoted(revision), arrived), compared(quoted(revision), larger)
    if recency is None or recency not in staged.provided:
        return arrived
    unknown = f"s.{quoted(recency)} IS NULL AND t.{quoted(recency)} IS NULL"
    return f"CASE WHEN {unknown} THEN {arrived} ELSE {compared(quoted(recency), larger)} END"


def compared(column: str, equal: str, ours: str = "s", theirs: str = "t") -> str:
    """SQL of whether our value of a column is larger than theirs, NULL being the smallest; `equal` where neither is."""
    return (
        f"CASE WHEN {ours}.{column} IS NOT DISTINCT FROM {theirs}.{column} THEN {equal} "
        f"ELSE {theirs}.{column} IS NULL OR coalesce({ours}.{column} > {theirs}.{column}, false) END"
    )


def _replace(connection: DuckDBPyConnection, staged: Staged, target: str, names: str) -> None:
    taken = ", ".join(_kept(name, staged) for name in staged.table.columns)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE changed AS SELECT t.rowid AS stored, {taken} FROM temp.fates AS f "
        f"JOIN {staged.name} AS s ON s.rowid = f.staged JOIN {target} AS t ON t.rowid = f.stored "
        f"WHERE f.fate = 'changed'"
    )
    connection.execute(f"DELETE FROM {target} WHERE rowid IN (SELECT stored FROM temp.changed)")
    connection.execute(f"INSERT INTO {target} ({names}) SELECT {names} FROM temp.changed")


def _kept(name: str, staged: Staged) -> str:
    """SQL of a column's value in a row that replaces another: the staged one, else the stored one.

    A stored value that is what the table fills the column with from the stored row follows the columns that it is made
    from. Where those are filled themselves, it cannot be told which of them an export gave, and the value stays.
    """
    column = staged.table.columns[name]
    if name in staged.provided:
        return f"s.{quoted(name)}"
    made_from = {c.name for c in columns_of(parsed(column.fill))} if column.fill else set()
    if not made_from & set(staged.provided) or any(staged.table.columns[c].fill for c in made_from):
        return f"t.{quoted(name)}"

    def ours(name: str) -> str:
        return f"{'s' if name in staged.provided else 't'}.{quoted(name)}"

    before = filling(staged.table, name, staged.meaning, lambda c: f"t.{quoted(c)}")
    after = filling(staged.table, name, staged.meaning, ours)
    return (
        f"CASE WHEN t.{quoted(name)} IS NOT DISTINCT FROM {before} THEN {after} ELSE t.{quoted(name)} END "
        f"AS {quoted(name)}"
    )
