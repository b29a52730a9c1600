"""One row for each key among those read: the newest version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from opstally.ingest.mapping import GOOD
from opstally.ingest.staging import Staged
from opstally.quoting import quoted, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_AT_ONCE: Final = 16_000_000
"""Keys looked at together: 8 bytes each, twice."""


def drop_older(connection: DuckDBPyConnection, staged: Staged) -> tuple[int, int]:
    """Leave only the newest good row of each key; all others go.

    Newer is: the larger recency, then the larger revision; between equal ones the content decides, so that neither the
    order of files nor of rows matters. Where nothing tells the recency, the row read last is newer.
    Returns the rows dropped, and how many of them differed from the row that was kept although nothing told the newer.
    """
    key = [quoted(name) for name in staged.table.key]
    _tell_apart(connection, staged)
    suspects = _suspects(connection, staged, f"hash({', '.join(key)})")
    dropped = doubtful = 0
    if suspects is not None:
        dropped, doubtful = _losers(connection, staged, key, suspects)
        connection.execute(f"DELETE FROM {staged.name} WHERE rowid IN (SELECT loser FROM temp.losers)")
    if staged.faulty or staged.left_out or _holds_others(connection, staged):
        connection.execute(f"DELETE FROM {staged.name} WHERE _fate <> {GOOD}")
    return dropped, doubtful


def content(table: str, names: Sequence[str]) -> str:
    """SQL of a row as one comparable value."""
    return "{" + ", ".join(f"{text(name)}: {table}{quoted(name)}" for name in names) + "}"


def _holds_others(connection: DuckDBPyConnection, staged: Staged) -> bool:
    return bool(connection.execute(f"SELECT 1 FROM {staged.name} WHERE _fate <> {GOOD} LIMIT 1").fetchall())


def _losers(connection: DuckDBPyConnection, staged: Staged, key: list[str], suspects: Any) -> tuple[int, int]:
    recency, revision = staged.table.recency, staged.table.revision
    order = [f"{quoted(name)} DESC NULLS LAST" for name in (recency, revision) if name]
    unknown = f"{quoted(recency)} IS NULL" if recency else "true"
    if staged.tombstones:
        order.append("_gone DESC")
    row = content("", list(staged.table.columns))
    order += [
        f"CASE WHEN {unknown} THEN _file END DESC NULLS LAST",
        f"CASE WHEN {unknown} THEN rowid END DESC NULLS LAST",
    ]
    order.append(f"{row} DESC")
    with _registered(connection, suspects):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE losers AS SELECT loser, _file, doubtful FROM ("
            f"SELECT rowid AS loser, _file, row_number() OVER versions AS version, "
            f"{unknown} AND {row} IS DISTINCT FROM first_value({row}) OVER versions AS doubtful "
            f"FROM {staged.name} WHERE _fate = {GOOD} AND hash({', '.join(key)}) IN (SELECT suspect FROM suspects) "
            f"WINDOW versions AS (PARTITION BY {', '.join(key)} ORDER BY {', '.join(order)})) WHERE version > 1"
        )
    dropped = connection.execute("SELECT _file, count(*) FROM temp.losers GROUP BY _file").fetchall()
    [(doubtful,)] = connection.execute("SELECT count(*) FROM temp.losers WHERE doubtful").fetchall()
    return staged.count_duplicates(dropped), doubtful


def _tell_apart(connection: DuckDBPyConnection, staged: Staged) -> None:
    """Number the equal records of one file, where a digest is all that tells an export's records apart."""
    for name in staged.digests:
        column = quoted(name)
        suspects = _suspects(connection, staged, f"hash(_file, {column})")
        if suspects is None:
            continue
        with _registered(connection, suspects):
            connection.execute(
                f"UPDATE {staged.name} AS s SET {column} = concat(s.{column}, '-', numbered.n) FROM ("
                f"SELECT rowid AS at, row_number() OVER (PARTITION BY _file, {column} ORDER BY rowid) AS n "
                f"FROM {staged.name} WHERE hash(_file, {column}) IN (SELECT suspect FROM suspects)) AS numbered "
                f"WHERE s.rowid = numbered.at AND numbered.n > 1"
            )


@contextmanager
def _registered(connection: DuckDBPyConnection, suspects: Any) -> Iterator[None]:
    """Inside, the hashes are the table `suspects`."""
    connection.register("suspects", {"suspect": suspects})
    try:
        yield
    finally:
        connection.unregister("suspects")


def _suspects(connection: DuckDBPyConnection, staged: Staged, hashed: str) -> Any:
    """The hashes that several good rows have, as an array; None where there are none.

    Sorting 8 bytes a row finds them in a fraction of the time and memory that grouping by the key takes.
    """
    import numpy as np  # lazy: 0.15 s

    found = []
    for part in _parts(staged.good, hashed):
        query = f"SELECT {hashed} AS h FROM {staged.name} WHERE _fate = {GOOD}{part}"
        hashes = connection.execute(query).fetchnumpy()["h"]
        hashes.sort()
        found.append(np.unique(hashes[1:][hashes[1:] == hashes[:-1]]))
    several = np.concatenate(found) if found else np.empty(0, dtype=np.uint64)
    return several if len(several) else None


def _parts(rows: int, hashed: str) -> Iterator[str]:
    """Conditions that split so many rows into parts small enough to sort in memory."""
    parts = -(-rows // _AT_ONCE)
    for part in range(parts):
        yield f" AND {hashed} % {parts} = {part}" if parts > 1 else ""
