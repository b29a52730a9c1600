"""The quarantine, read, and written in the export's own columns for those who mend its rows."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from opstally.errors import UsageError
from opstally.ingest.quarantine import digest

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MARK: Final = "opstally_record"
"""The column that tells which record a mended row replaces."""

WHY: Final = "opstally_reason"
"""The column that says what is to be mended."""


@dataclass(frozen=True)
class Aside:
    """A record in quarantine. `record` is its JSON text, `mark` what it is known by."""

    load_id: int
    source: str
    table: str
    file: str
    line: int
    column: str | None
    value: str | None
    reason: str
    record: str
    mark: str


def aside(
    connection: DuckDBPyConnection, source: str | None = None, table: str | None = None, reason: str | None = None
) -> list[Aside]:
    """What is in quarantine, of a source, of a table, with these words in the reason; by file and line."""
    where = ["true"]
    given: list[str] = []
    for column, wanted in (("source", source), ("table_name", table)):
        if wanted is not None:
            where.append(f"{column} = ?")
            given.append(wanted)
    if reason is not None:
        where.append("contains(lower(concat_ws(' ', column_name, value, reason)), lower(?))")
        given.append(reason)
    rows = connection.execute(
        f"SELECT load_id, source, table_name, file, line, column_name, value, reason, record, {digest('record')} "
        f"FROM opstally.quarantine WHERE {' AND '.join(where)} ORDER BY source, file, line, table_name",
        given,
    ).fetchall()
    return [Aside(*row) for row in rows]


def columns_of(connection: DuckDBPyConnection, source: str) -> tuple[str, ...]:
    """The columns of the newest file of a source."""
    found = connection.execute(
        "SELECT names FROM opstally.columns WHERE source = ? ORDER BY load_id DESC, path DESC LIMIT 1", [source]
    ).fetchall()
    return tuple(found[0][0]) if found else ()


def export(found: Sequence[Aside], out: Path, columns: Sequence[str] = ()) -> str:
    """The records as text, in the columns of their export, each with its mark and what is to be mended. `columns` are
    those of the export, also where no record could be told into them.

    CSV, or a record a line where the name ends in .jsonl. Raises UsageError for records of several sources.
    """
    sources = sorted({one.source for one in found})
    if len(sources) != 1:
        told = ", ".join(sources) or "none"
        raise UsageError(f"One file holds the records of one source, and these are of: {told}. Say --source.")
    same: dict[str, list[Aside]] = {}
    for one in found:
        same.setdefault(one.mark, []).append(one)
    records = [_record(several[-1], [one.reason for one in several]) for several in same.values()]
    if out.suffix.lower() in (".jsonl", ".ndjson"):
        return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    if any(isinstance(value, dict | list) for record in records for value in record.values()):
        raise UsageError(
            "These records hold other records, which a CSV has no place for: give a name that ends in .jsonl."
        )
    text = io.StringIO()
    names = [*dict.fromkeys([MARK, WHY, *columns, *(name for record in records for name in record)])]
    written = csv.DictWriter(text, names, lineterminator="\n")
    written.writeheader()
    written.writerows(records)
    return text.getvalue()


def _record(one: Aside, reasons: Sequence[str]) -> dict[str, Any]:
    found: Any = json.loads(one.record)
    record = found if isinstance(found, dict) else {"line": one.record}
    what = " ".join(part for part in (one.column, one.reason) if part)
    why = "; ".join(dict.fromkeys([what, *(r for r in reasons if r != one.reason)]))
    return {MARK: f"{one.source}:{one.mark}", WHY: f"{one.file}:{one.line}: {why}", **record}
