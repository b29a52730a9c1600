"""The record of loads, read: what came in, what became of it, and what was refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opstally.errors import UnknownName
from opstally.ingest.restated import Restated
from opstally.ingest.summary import LoadedFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class TableLoad:
    """One table's part: read = merged + unchanged + duplicate + quarantined."""

    table: str
    read: int
    merged: int
    unchanged: int
    duplicate: int
    quarantined: int
    left_out: int
    removed: int
    reading_seconds: float
    merging_seconds: float
    mapping: str
    """Digest of all that decides what a file's records mean."""


@dataclass(frozen=True)
class NewColumns:
    """The columns of a file that came with this load, what their values are, and which of them are read."""

    path: str
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    used: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """One load of one source."""

    load_id: int
    source: str
    started_at: dt.datetime
    finished_at: dt.datetime
    version: str
    engine: str
    tables: tuple[TableLoad, ...]
    files: tuple[LoadedFile, ...]
    columns: tuple[NewColumns, ...]
    restated: tuple[Restated, ...]


@dataclass(frozen=True)
class Refusal:
    """A load that was refused; what was loaded before stayed."""

    source: str
    refused_at: dt.datetime
    reason: str


@dataclass(frozen=True)
class Ledger:
    """Loads and refusals, the latest first."""

    loads: tuple[Manifest, ...]
    refusals: tuple[Refusal, ...]


def ledger(connection: DuckDBPyConnection, load_id: int | None = None, most: int = 1_000) -> Ledger:
    """The last loads, or one of them. Raises UnknownName for one that is not there."""
    where = "" if load_id is None else f"WHERE load_id = {int(load_id)}"
    ids = [
        int(one)
        for (one,) in connection.execute(
            f"SELECT DISTINCT load_id FROM opstally.loads {where} ORDER BY load_id DESC LIMIT {int(most)}"
        ).fetchall()
    ]
    if load_id is not None and not ids:
        known = connection.execute("SELECT DISTINCT load_id FROM opstally.loads ORDER BY 1 DESC LIMIT 12").fetchall()
        raise UnknownName("load", str(load_id), (str(one) for (one,) in known))
    refused = connection.execute("SELECT * FROM opstally.refused ORDER BY refused_at DESC").fetchall()
    refusals = tuple(Refusal(source, at, reason) for at, source, reason in refused) if load_id is None else ()
    return Ledger(tuple(_manifest(connection, one) for one in ids), refusals)


def _manifest(connection: DuckDBPyConnection, load_id: int) -> Manifest:
    rows = list(_named(connection, f"SELECT * FROM opstally.loads WHERE load_id = {load_id} ORDER BY table_name"))
    first = rows[0]
    files = {f["path"]: LoadedFile(first["source"], **f) for row in rows for f in row["files"]}
    return Manifest(
        load_id, first["source"], first["started_at"], max(row["finished_at"] for row in rows), first["version"],
        first["engine"] or "", tuple(_table(row) for row in rows), tuple(files.values()),
        tuple(_columns(connection, load_id)), tuple(_restated(connection, load_id)),
    )  # fmt: skip


def _table(row: dict[str, Any]) -> TableLoad:
    def count(name: str) -> int:
        return int(row[name] or 0)

    return TableLoad(
        row["table_name"], count("rows_read"), count("merged"), count("unchanged"), count("duplicate"),
        count("quarantined"), count("left_out"), count("removed"), float(row["reading_seconds"] or 0),
        float(row["merging_seconds"] or 0), row["mapping"],
    )  # fmt: skip


def _columns(connection: DuckDBPyConnection, load_id: int) -> Iterator[NewColumns]:
    sql = f"SELECT path, names, kinds, used FROM opstally.columns WHERE load_id = {load_id} ORDER BY path"
    for path, names, kinds, used in connection.execute(sql).fetchall():
        yield NewColumns(path, tuple(names), tuple(kinds), tuple(used))


def _restated(connection: DuckDBPyConnection, load_id: int) -> Iterator[Restated]:
    sql = (
        f"SELECT table_name, grain, period, added, changed, removed FROM opstally.restated WHERE load_id = {load_id} "
        "ORDER BY table_name, grain, period"
    )
    for row in connection.execute(sql).fetchall():
        yield Restated(*row)


def _named(connection: DuckDBPyConnection, sql: str) -> Iterator[dict[str, Any]]:
    found = connection.execute(sql)
    names = [column[0] for column in found.description or ()]
    for row in found.fetchall():
        yield dict(zip(names, row, strict=True))
