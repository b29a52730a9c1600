"""Mended records, loaded in place of those in quarantine, through the mapping of their source."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opstally.errors import LoadError
from opstally.ingest.aside import MARK
from opstally.ingest.files import DataFile
from opstally.ingest.intake import intakes
from opstally.ingest.load import finish, load_intake
from opstally.ingest.quarantine import digest
from opstally.ingest.summary import LoadSummary, Progress, Silent
from opstally.library import Library
from opstally.model.project import Project
from opstally.model.source import Source
from opstally.store import Store

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class StillFaulty:
    """A record that is not mended yet: its line in the replayed file, and why."""

    table: str
    line: int
    column: str | None
    value: str | None
    reason: str


@dataclass(frozen=True)
class Replayed:
    """What became of the records: `mended` have left the quarantine."""

    summary: LoadSummary
    mended: int
    faulty: tuple[StillFaulty, ...]


@dataclass
class _Marks:
    """The records of a file by their lines, and what the replay did with them."""

    source: str
    by_line: Mapping[int, str]
    file: str
    mended: int = 0
    faulty: list[StillFaulty] = field(default_factory=list)

    def settle(self, connection: DuckDBPyConnection, load_id: int) -> None:
        """Inside the load's transaction: take what is mended out of the quarantine, and keep out what is not."""
        ours = [load_id, self.source, self.file]
        there = "load_id = ? AND source = ? AND file = ?"
        rows = connection.execute(
            "SELECT table_name, line, column_name, value, reason FROM opstally.quarantine "
            f"WHERE {there} ORDER BY line, table_name",
            ours,
        ).fetchall()
        self.faulty = [StillFaulty(*row) for row in rows]
        connection.execute(f"DELETE FROM opstally.quarantine WHERE {there}", ours)
        bad = {(one.table, self.by_line.get(one.line)) for one in self.faulty}
        waiting = connection.execute(
            f"SELECT DISTINCT table_name, {digest('record')} FROM opstally.quarantine WHERE source = ?", [self.source]
        ).fetchall()
        replayed = set(self.by_line.values())
        for table, mark in waiting:
            if mark in replayed and (table, mark) not in bad:
                connection.execute(
                    "INSERT INTO opstally.mended VALUES (?, ?, ?, ?)", [load_id, self.source, table, mark]
                )
                connection.execute(
                    f"DELETE FROM opstally.quarantine WHERE source = ? AND table_name = ? AND {digest('record')} = ?",
                    [self.source, table, mark],
                )
                self.mended += 1


def replay(
    store: Store, library: Library, project: Project, folder: Path, path: Path, progress: Progress | None = None
) -> Replayed:
    """Load a file that `opstally quarantine --export` wrote and somebody mended.

    Raises LoadError where it is not such a file, or its source is not there any more.
    """
    marks = _marks(path)
    [intake] = intakes(library, project, folder, [marks.source]).found[:1]
    alone = replace(intake, source=_plain(intake.source, path), files=(DataFile(path, marks.file),))
    summary = load_intake(store, library, project, alone, progress or Silent(), intake.source, marks.settle)
    return Replayed(finish(store, library, project, summary), marks.mended, tuple(marks.faulty))


def _plain(source: Source, path: Path) -> Source:
    """The source of a file as it is exported for mending. What is not in it is not gone."""
    options = replace(source.options, delimiter=",", quote='"', encoding="utf-8", header=True, records=None)
    targets = tuple(replace(target, snapshot=False) for target in source.targets)
    return replace(source, options=options, targets=targets, format="jsonl" if _is_lines(path) else "csv", pull=None)


def _is_lines(path: Path) -> bool:
    return path.suffix.lower() in (".jsonl", ".ndjson")


def _marks(path: Path) -> _Marks:
    try:
        records = list(_lines(path) if _is_lines(path) else _rows(path))
    except OSError as problem:
        raise LoadError(
            f"{path} cannot be read: {problem.strerror}. Give a file that 'opstally quarantine --export' wrote."
        ) from problem
    except (UnicodeDecodeError, csv.Error, json.JSONDecodeError) as problem:
        raise LoadError(f"{path} cannot be read: {problem}.") from problem
    named = {line: str(record.get(MARK) or "") for line, record in records}
    sources = {mark.rpartition(":")[0] for mark in named.values()}
    if len(sources) != 1 or "" in sources:
        raise LoadError(
            f"{path} is not a file that 'opstally quarantine --export' wrote: it needs the column {MARK}, "
            "which tells the record that each row replaces."
        )
    return _Marks(sources.pop(), {line: mark.rpartition(":")[2] for line, mark in named.items()}, path.name)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(First line, record) of a CSV."""
    with open(path, encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        names = next(reader, [])
        begun = reader.line_num + 1
        for row in reader:
            if row:
                yield begun, dict(zip(names, row, strict=False))
            begun = reader.line_num + 1


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with open(path, encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                record = json.loads(line)
                yield number, record if isinstance(record, dict) else {}
