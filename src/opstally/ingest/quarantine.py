"""Faulty records put aside, with file, line, column, value, reason, and the record itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opstally.ingest.mapping import FAULTY
from opstally.ingest.staging import Staged
from opstally.quoting import text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Example:
    """The most frequent reason, and the first row that has it."""

    reason: str
    rows: int
    file: str
    line: int
    column: str | None
    value: str | None

    def __str__(self) -> str:
        what = " ".join(part for part in (self.column, f"{self.value!r}" if self.value is not None else "") if part)
        return f"{self.file}:{self.line}: {what + ' ' if what else ''}{self.reason}"


def put_aside(connection: DuckDBPyConnection, staged: Staged, source: str) -> str:
    """Make a temporary table, in the columns of the quarantine but for the load, and return its SQL name."""
    name = f"temp.aside{staged.number}"
    connection.execute(_placed(name, staged, source))
    return name


def _placed(name: str, staged: Staged, source: str) -> str:
    # A line that is no record moves the line of every record after it. `cuts` numbers such lines, and tells after how
    # many records of the file each stands; `steps` keeps the last of several that stand together.
    own = f"{text(source)} AS source, {text(staged.table.table)} AS table_name"
    return f"""CREATE OR REPLACE TEMP TABLE {name} AS
        WITH files(file, shown, before) AS (VALUES {_files(staged)}),
        starts AS (SELECT _file AS file, min(rowid) AS first FROM {staged.name} GROUP BY _file),
        cuts AS (
            SELECT r.file, row_number() OVER (PARTITION BY r.file ORDER BY r.line) AS cut,
                r.line - f.before - row_number() OVER (PARTITION BY r.file ORDER BY r.line) AS records
            FROM {staged.rejects} r JOIN files f ON f.file = r.file),
        steps AS (SELECT file, records, max(cut) AS cut FROM cuts GROUP BY file, records),
        faulty AS (
            SELECT s._file AS file, s._line, s.rowid - starts.first AS records_before, s._faults, s._raw
            FROM {staged.name} s JOIN starts ON starts.file = s._file WHERE s._fate = {FAULTY}),
        placed AS (
            SELECT faulty.file, faulty._line, records_before + 1 + coalesce(steps.cut, 0) AS number, _faults, _raw
            FROM faulty ASOF LEFT JOIN steps ON steps.file = faulty.file AND faulty.records_before >= steps.records)
        SELECT {own}, f.shown AS file, coalesce(p._line, f.before + p.number) AS line,
            nullif(p._faults[1]."column", '') AS column_name, p._faults[1]."value" AS "value",
            p._faults[1].reason AS reason, CAST(to_json(p._faults) AS VARCHAR) AS faults, p._raw AS record
        FROM placed p JOIN files f ON f.file = p.file
        UNION ALL
        SELECT {own}, f.shown, r.line, NULL, NULL, r.reason,
            CAST(to_json([{{'column': NULL, 'value': NULL, 'reason': r.reason}}]) AS VARCHAR),
            CAST(to_json({{'line': r.text}}) AS VARCHAR)
        FROM {staged.rejects} r JOIN files f ON f.file = r.file
        ORDER BY file, line"""


def _files(staged: Staged) -> str:
    return ", ".join(f"({at}, {text(e.file.shown)}, {e.before})" for at, e in enumerate(staged.files))


def example(connection: DuckDBPyConnection, aside: str) -> Example:
    """The most frequent reason among rows put aside, of which there are some."""
    [found] = connection.execute(
        f"SELECT reason, count(*) AS n, arg_min(file, (file, line)), arg_min(line, (file, line)), "
        f"arg_min(column_name, (file, line)), arg_min(value, (file, line)) "
        f"FROM {aside} GROUP BY reason, column_name ORDER BY n DESC, reason LIMIT 1"
    ).fetchall()
    return Example(*found)


def digest(record: str) -> str:
    """SQL of what a record is known by."""
    return f"md5({record})"


def without_mended(connection: DuckDBPyConnection, staged: Staged, aside: str) -> int:
    """Take out of what was put aside the records that somebody has mended and loaded; gives how many."""
    gone = connection.execute(
        f"DELETE FROM {aside} AS a USING opstally.mended AS m WHERE m.source = a.source "
        f"AND m.table_name = a.table_name AND m.record = {digest('a.record')} RETURNING a.file"
    ).fetchall()
    by_name = {export.file.shown: rows for export, rows in zip(staged.files, staged.by_file, strict=True)}
    for (file,) in gone:
        by_name[file].quarantined -= 1
        by_name[file].duplicate += 1
    return len(gone)


def keep(connection: DuckDBPyConnection, staged: Staged, aside: str, source: str, load_id: int) -> None:
    """Put what was put aside into the quarantine, in place of what an earlier load put there from the same files."""
    shown = ", ".join(text(e.file.shown) for e in staged.files)
    connection.execute(
        f"DELETE FROM opstally.quarantine WHERE source = {text(source)} "
        f"AND table_name = {text(staged.table.table)} AND file IN ({shown}) "
        # A source may feed a table twice, from different lists of its records.
        f"AND load_id <> {load_id}"
    )
    connection.execute(f"INSERT INTO opstally.quarantine SELECT {load_id}, * FROM {aside}")
