"""What is put on record of every load: files, rows by fate, columns, timings, versions; and of every refused one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import opstally
from opstally.errors import OpstallyError
from opstally.ingest.drift import Judging
from opstally.ingest.exports import Export
from opstally.ingest.restated import keep
from opstally.ingest.summary import Loaded

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Counts:
    """One table's part in a load."""

    load_id: int
    loaded: Loaded
    began: dt.datetime
    ended: dt.datetime
    reading_seconds: float
    merging_seconds: float
    mapping: str


def record(connection: DuckDBPyConnection, counts: Counts, files: Sequence[tuple[str, int, str]]) -> None:
    """One row of opstally.loads, with each file's path, size and digest; and the restated periods."""
    import duckdb  # lazy: 0.15 s

    loaded = counts.loaded
    row = {
        "load_id": counts.load_id, "source": loaded.source, "table_name": loaded.table,
        "started_at": counts.began, "finished_at": counts.ended,
        "files": [{"path": path, "bytes": size, "sha256": sha256} for path, size, sha256 in files],
        "rows_read": loaded.read, "merged": loaded.merged, "unchanged": loaded.unchanged,
        "duplicate": loaded.duplicate, "quarantined": loaded.quarantined, "left_out": loaded.left_out,
        "removed": loaded.removed, "reading_seconds": counts.reading_seconds,
        "merging_seconds": counts.merging_seconds, "mapping": counts.mapping, "version": opstally.__version__,
        "engine": f"DuckDB {duckdb.__version__}",
    }  # fmt: skip
    connection.execute(
        f"INSERT INTO opstally.loads ({', '.join(row)}) VALUES ({', '.join('?' for _ in row)})", list(row.values())
    )
    keep(connection, loaded.restated, loaded.source, counts.load_id)


def remember_columns(
    connection: DuckDBPyConnection, load_id: int, judging: Judging, files: Sequence[Export], used: Collection[str]
) -> None:
    """What the new files' columns are, for the files to come."""
    for export in files:
        if export.look.sha256 in judging.before or export.refused:
            continue
        names = list(export.written or export.names)
        read = sorted(name for name in export.names if name in used)
        connection.execute(
            "INSERT INTO opstally.columns VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                load_id, judging.source.source, export.look.sha256, export.file.shown, names,
                list(judging.kinds(export)), read,
            ],
        )  # fmt: skip


def refuse(connection: DuckDBPyConnection, source: str, problem: OpstallyError) -> None:
    """Put on record that a source was refused, so that whoever looks at its old data knows. A disk that is full or
    read-only cannot take the record either; the error is told anyway."""
    import duckdb  # lazy: 0.15 s

    with suppress(duckdb.Error):
        connection.execute(
            "INSERT INTO opstally.refused VALUES (?, ?, ?)",
            [dt.datetime.now(dt.UTC).replace(tzinfo=None), source, str(problem)],
        )
