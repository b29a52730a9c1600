"""Files that an earlier load has read in the same way, and that have not changed since: they are not read again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import opstally
from opstally.ingest.files import DataFile, digest, size
from opstally.ingest.intake import Intake
from opstally.ingest.staging import FileRows, Staged
from opstally.ingest.summary import Loaded
from opstally.model.contract import Contract
from opstally.model.project import Project
from opstally.model.table import Table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ALONE: Final = frozenset({"csv", "parquet"})
"""Formats in which a file says by itself what it lacks. JSON leaves out what is empty; its files say it together."""


@dataclass(frozen=True)
class Way:
    """How one target of a source makes rows of a table: `mapping` of what the file says, `whole` of all that counts."""

    table: str
    mapping: str
    whole: str

    @classmethod
    def of(cls, mapping: str, table: Table, contract: Contract, project: Project, intake: Intake) -> Way:
        """From all that decides which rows a file gives, and what becomes of them."""
        read = project.timezone, project.week_start, project.fiscal_year_start, asdict(project.assumptions)
        told = [mapping, asdict(table), asdict(contract), read, intake.own_names, opstally.__version__]
        return cls(table.table, mapping, hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest())


@dataclass(frozen=True)
class KnownFile:
    """A file with the rows that it gave to each target of its source, by place."""

    file: DataFile
    bytes: int
    sha256: str
    rows: tuple[FileRows, ...]


class Book:
    """What each file of one source gave to each of its targets (`place`), the last time that it was read."""

    def __init__(self, connection: DuckDBPyConnection, source: str) -> None:
        self.connection, self.source = connection, source

    def known(self, files: Sequence[DataFile], ways: Sequence[Way]) -> list[KnownFile]:
        """Those of the files that need not be read again. Raises LoadError for one that cannot be read.

        Reading a file again changes nothing as long as all that was read of it is still there.
        """
        entries = self._entries(ways)
        found = []
        for file in files:
            rows = [entries.get((place, file.shown)) for place in range(len(ways))]
            if rows and all(row is not None and row["bytes"] == size(file) for row in rows):
                sha256 = digest(file)
                given = tuple(_rows(row) for row in rows if row is not None and row["sha256"] == sha256)
                if len(given) == len(ways):
                    found.append(KnownFile(file, size(file), sha256, given))
        together = any(file.format() not in _ALONE for file in files)
        return [] if together and len(found) < len(files) else found

    def _entries(self, ways: Sequence[Way]) -> dict[tuple[int, str], Mapping[str, Any]]:
        """(Place, path) → entry of what was read in these ways, and is still there."""
        asked = self.connection.execute(
            # Rows that another source took out would come back; then the file is read as ever.
            "SELECT f.* FROM opstally.files_read AS f WHERE source = ? AND NOT EXISTS (FROM opstally.loads AS l "
            "WHERE l.table_name = f.table_name AND l.source <> f.source AND l.removed > 0 AND l.load_id > f.load_id)",
            [self.source],
        )
        names = [column[0] for column in asked.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in asked.fetchall()]
        return {
            (row["place"], row["path"]): row
            for row in rows
            if row["place"] < len(ways) and row["way"] == ways[row["place"]].whole
        }

    def loaded(self, known: Sequence[KnownFile], place: int, table: str) -> Loaded:
        """How the rows of known files count now: those merged are unchanged, those mended are duplicates."""
        aside = dict(
            self.connection.execute(
                "SELECT file, count(*) FROM opstally.quarantine WHERE source = ? AND table_name = ? GROUP BY file",
                [self.source, table],
            ).fetchall()
        )
        rows = [one.rows[place] for one in known]
        still = [min(one.rows[place].quarantined, aside.get(one.file.shown, 0)) for one in known]
        read, quarantined = sum(r.read for r in rows), sum(still)
        duplicate = sum(r.duplicate + r.quarantined for r in rows) - quarantined
        left_out = sum(r.left_out for r in rows)
        unchanged = read - duplicate - quarantined
        return Loaded(self.source, table, read, 0, unchanged, duplicate, quarantined, left_out, known=read)

    def keep(self, load_id: int, place: int, way: Way, staged: Staged) -> None:
        """Put on record what was read, inside the load's transaction. Files that were refused are judged again."""
        for export, rows in zip(staged.files, staged.by_file, strict=True):
            path = export.file.shown
            self.connection.execute(
                "DELETE FROM opstally.files_read WHERE source = ? AND place = ? AND path = ?",
                [self.source, place, path],
            )
            if not export.refused:
                self.connection.execute(
                    f"INSERT INTO opstally.files_read VALUES ({', '.join('?' * 12)})",
                    [
                        load_id, self.source, place, way.table, way.whole, path, export.look.bytes, export.look.sha256,
                        rows.read, rows.duplicate, rows.quarantined, rows.left_out,
                    ],
                )  # fmt: skip


def _rows(entry: Mapping[str, Any]) -> FileRows:
    return FileRows(entry["rows_read"], entry["duplicate"], entry["quarantined"], entry["left_out"])
