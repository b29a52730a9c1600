"""Records read into a table beside the real one: good rows, faulty ones with their faults, and where each came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opstally.engines.duckdb import DuckDB
from opstally.errors import LoadError
from opstally.ingest.delimited import csv_scan
from opstally.ingest.exports import Export, groups, records
from opstally.ingest.expressions import Meaning
from opstally.ingest.lines import TOO_LONG, Broken, mend
from opstally.ingest.lookup import joined
from opstally.ingest.mapping import BLANK, EXTRAS, FAULTY, GOOD, LEFT_OUT, Rows, rows
from opstally.ingest.nested import opened
from opstally.ingest.records import LONGEST_SHOWN, Records, whole_record
from opstally.ingest.watching import Watching
from opstally.ingest.zones import prepare
from opstally.layout import STAGING
from opstally.model.source import Field_, Source, Target
from opstally.model.table import Table
from opstally.quoting import quoted
from opstally.refusals import first_line

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_COPIED: Final = 512 << 20
"""Bytes of files that are copied at once, to be read line by line."""


@dataclass
class FileRows:
    """The rows that one file gave for one table. Lines that are no records are among those read and quarantined."""

    read: int = 0
    duplicate: int = 0
    quarantined: int = 0
    left_out: int = 0


@dataclass
class Staged:
    """What was read for one table. `name` is the SQL of the table that holds it, `number` tells a source's apart."""

    name: str
    number: int
    table: Table
    meaning: Meaning
    files: list[Export] = field(default_factory=list)
    provided: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    unused: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """File → the columns in it that nothing reads."""
    shared: bool = False
    """Whether its load writes to the table in other ways, too."""
    tombstones: bool = False
    """Whether `_gone` says of each row that the source deleted it."""
    good: int = 0
    faulty: int = 0
    left_out: int = 0
    rejected: int = 0
    by_file: list[FileRows] = field(default_factory=list)

    @property
    def extras(self) -> Mapping[str, str]:
        """The columns beyond the table's, and their types."""
        return {**EXTRAS, "_gone": "BOOLEAN"} if self.tombstones else EXTRAS

    @property
    def rejects(self) -> str:
        """SQL of the table of lines that are no records."""
        return f"temp.rejected{self.number}"

    def count_duplicates(self, by_file: Iterable[tuple[int, int]]) -> int:
        """Note (file, rows) of which another version is kept; gives how many these are."""
        total = 0
        for at, number in by_file:
            self.by_file[at].duplicate += number
            total += number
        return total

    @property
    def read(self) -> int:
        return self.good + self.faulty + self.rejected

    @property
    def quarantined(self) -> int:
        return self.faulty + self.rejected


Mapper = Callable[[Sequence[Export]], tuple[Source, Target]]
"""How the files of a group are mapped: a declared source maps all alike, a table's own names file by file."""


def stage(
    connection: DuckDBPyConnection, ready: Sequence[Export], mapper: Mapper, table: Table, meaning: Meaning,
    scratch: Path, watching: Watching, number: int = 0,
) -> Staged:  # fmt: skip
    """Read files for one table. The files' order is that in which rows without a recency are newer.

    Not in a transaction: a file that ordinary reading refuses would end it, and is read in another way instead.
    Raises LoadError where a file, its columns or an expression cannot be used.
    """
    staged = Staged(f"main.{quoted(f'{table.table}{STAGING}{number}')}", number, table, meaning)
    staged.tombstones = mapper(ready[:1])[1].deleted is not None
    columns = {name: DuckDB.types[column.type] for name, column in table.columns.items()}
    listed = ", ".join(f"{quoted(name)} {kind}" for name, kind in {**columns, **staged.extras}.items())
    connection.execute(f"CREATE TABLE {staged.name} ({listed})")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {staged.rejects} (file INTEGER, line BIGINT, text VARCHAR, reason VARCHAR)"
    )
    prepare(connection, _zones(*mapper(ready[:1])))
    reader = _Reader(connection, staged, mapper, meaning, scratch)
    for group in groups(ready):
        begun, ended = (0.8 * n / len(ready) for n in (len(staged.files), len(staged.files) + len(group)))
        watching.step(f"{table.table}: reading {group[0].file.shown}", begun, ended)
        reader.read(group)
    _tally(connection, staged)
    return staged


def _tally(connection: DuckDBPyConnection, staged: Staged) -> None:
    """Count what was read, in all and by file."""
    staged.by_file = [FileRows() for _ in staged.files]
    totals: Counter[int | None] = Counter()
    fates = f"SELECT _file, _fate, count(*) FROM {staged.name} WHERE _fate <> {BLANK} GROUP BY ALL"
    rejected = f"SELECT file, NULL, count(*) FROM {staged.rejects} GROUP BY file"
    for at, fate, number in connection.execute(f"{fates} UNION ALL {rejected}").fetchall():
        file = staged.by_file[at]
        totals[fate] += number
        if fate == LEFT_OUT:
            file.left_out += number
            continue
        file.read += number
        if fate != GOOD:
            file.quarantined += number
    staged.good, staged.faulty, staged.left_out = totals[GOOD], totals[FAULTY], totals[LEFT_OUT]
    staged.rejected = totals[None]


def _doubtful(export: Export, read: int, bad: bool, opened: bool, shuffled: bool) -> bool:
    """Whether so many records read from delimited text may be wrong, or do not tell the lines of the bad ones.

    opened: a record may have made several rows, so that their number tells nothing. shuffled: rows may stand in
    another order than their records.
    """
    lost = export.look.records is not None and (opened or export.look.records != export.header + read)
    return lost or (bad and shuffled) or (bad and export.lines() != export.before + read)


def _zones(source: Source, target: Target) -> set[str]:
    told = {column.timezone for column in target.columns.values() if isinstance(column, Field_) and column.timezone}
    return {source.timezone or "UTC", *told}


def _count(connection: DuckDBPyConnection, sql: str) -> int:
    return int(connection.execute(sql).fetchall()[0][0])


def _number(position: str, numbers: Sequence[int]) -> str:
    """SQL of the number that a file has among all, from its position in one query."""
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{position} + {numbers[0]}"
    return f"[{', '.join(map(str, numbers))}][CAST({position} AS INTEGER) + 1]"


def _batches(garbled: Sequence[tuple[int, Export]]) -> Iterator[list[tuple[int, Export]]]:
    """Files whose copies fit on the disk together: a query for each would take longer to plan than to run."""
    some: list[tuple[int, Export]] = []
    for at, export in garbled:
        if some and sum(e.look.bytes for _, e in some) + export.look.bytes > _COPIED:
            yield some
            some = []
        some.append((at, export))
    if some:
        yield some


class _Reader:
    """Reads groups of files, and those that ordinary reading garbles line by line."""

    def __init__(
        self, connection: DuckDBPyConnection, staged: Staged, mapper: Mapper, meaning: Meaning, scratch: Path
    ) -> None:
        self.connection, self.staged, self.mapper = connection, staged, mapper
        self.meaning, self.scratch = meaning, scratch

    def read(self, group: Sequence[Export]) -> None:
        import duckdb  # lazy: 0.15 s

        first = len(self.staged.files)
        self.staged.files += group
        numbers = range(first, first + len(group))
        query = self._rows(group, records(group), numbers)
        try:
            self._insert(query)
            garbled = self._rejected(numbers) | self._misplaced(group, first)
        except duckdb.Error as problem:
            if group[0].format != "csv" or not isinstance(problem, duckdb.InvalidInputException):
                raise LoadError(f"{group[0].file.shown} cannot be read: {first_line(problem)}.") from problem
            garbled = set(numbers)
        for some in _batches([(at, self.staged.files[at]) for at in sorted(garbled)]):
            self._mend(some)

    def _rows(self, group: Sequence[Export], read: Records, numbers: Sequence[int]) -> Rows:
        staged = self.staged
        source, target = self.mapper(group)
        beside = joined(read, group, source, self.connection, self.scratch)
        made = rows(
            source, target, staged.table, opened(beside, source, target), self.meaning, _number("file_index", numbers)
        )
        given = {*staged.provided, *made.provided}
        staged.provided = tuple(name for name in staged.table.columns if name in given)
        staged.digests = tuple(dict.fromkeys([*staged.digests, *made.digests]))
        staged.unused |= {export.file.shown: made.unused for export in group}
        return made

    def _insert(self, query: Rows) -> None:
        self.connection.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
        # A join with the values of an IN list would keep all threads but one from inserting.
        [(usual,)] = self.connection.execute("SELECT current_setting('disabled_optimizers')").fetchall()
        self.connection.execute(f"SET disabled_optimizers = '{usual},in_clause'")
        try:
            self.connection.execute(f"INSERT INTO {self.staged.name} {query.sql}")
        finally:
            self.connection.execute(f"SET disabled_optimizers = '{usual}'")

    def _rejected(self, numbers: Sequence[int]) -> set[int]:
        """Notes what the reader took for no record; returns the files in which it may be wrong about that."""
        there = "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'reject_errors'"
        if not _count(self.connection, there):
            return set()
        file = _number("file_id", numbers)
        # A line that is too short has an error for each value that it lacks; the first one tells its length.
        counted = r"min(TRY_CAST(regexp_extract(error_message, '(\d+) Found: (\d+)', {}) AS INTEGER))"
        found, wanted = counted.format(2), counted.format(1)
        self.connection.execute(
            # One line can have several errors; a line of spaces is a blank one.
            f"INSERT INTO {self.staged.rejects} SELECT {file}, line, left(min(csv_line), {LONGEST_SHOWN}), "
            f"CASE WHEN min(error_message) LIKE 'Expected Number of Columns%' "
            f"THEN concat('has ', {found}, ' columns instead of ', {wanted}) "
            f"WHEN bool_or(error_type = 'INVALID ENCODING') "
            f"THEN 'is not UTF-8 text; set options.encoding to the file''s own' "
            f"WHEN bool_or(error_type LIKE 'LINE SIZE%') THEN '{TOO_LONG}' "
            f"ELSE 'has a quote that is not closed, or text after a closing quote' END "
            f"FROM reject_errors GROUP BY file_id, line"
        )
        # Text over several lines may be many records, swallowed by one stray quote. After an error that ends a scan
        # within a line, the records before it come after those behind it, so that their numbers tell no line.
        over = r"regexp_matches(trim(csv_line, chr(10) || chr(13)), '[\n\r]') OR error_type NOT LIKE '%COLUMNS'"
        swallowed = self.connection.execute(
            f"SELECT DISTINCT {file} FROM reject_errors WHERE {over} OR trim(csv_line) = ''"
        ).fetchall()
        return {int(at) for (at,) in swallowed}

    def _misplaced(self, group: Sequence[Export], first: int) -> set[int]:
        """The files with something to quarantine in which a record's number does not tell its line."""
        counted = self.connection.execute(
            f"SELECT file, count(*), max(bad) FROM ("
            f"SELECT _file AS file, CAST(_fate = {FAULTY} AS INTEGER) AS bad FROM {self.staged.name} "
            f"WHERE _file >= {first} "
            f"UNION ALL SELECT file, 1 FROM {self.staged.rejects} WHERE file >= {first}) GROUP BY file"
        ).fetchall()
        told = {int(file): (int(read), bool(bad)) for file, read, bad in counted}
        source, target = self.mapper(group)
        opened, shuffled = bool(target.each), bool(source.lookups)
        return {
            at
            for at, export in enumerate(group, first)
            if export.shape is not None
            and (export.look.lengthy or _doubtful(export, *told.get(at, (0, False)), opened, shuffled))
        }

    def _mend(self, garbled: Sequence[tuple[int, Export]]) -> None:
        """Read files again, line by line, in place of what was read of them. Their columns are the same."""
        numbers, exports = [at for at, _ in garbled], [export for _, export in garbled]
        listed = ", ".join(map(str, numbers))
        self.connection.execute(f"DELETE FROM {self.staged.name} WHERE _file IN ({listed})")
        self.connection.execute(f"DELETE FROM {self.staged.rejects} WHERE file IN ({listed})")
        copies = [self.scratch / f"mended-{at}.csv" for at in numbers]
        broken: dict[int, list[Broken]] = {}
        for (at, export), copy in zip(garbled, copies, strict=True):
            assert export.shape is not None
            laid, broken[at] = mend(export.file, export.path, export.shape, copy)
        alike, stems = exports[0], tuple(export.file.stem for export in exports)
        read = Records(
            csv_scan(copies, laid, together=False, numbered=True), alike.names, alike.file.shown, alike.native,
            whole_record(alike.names), numbered=True, stems=stems, nul=alike.look.nul,
        )  # fmt: skip
        self._insert(self._rows(exports, read, numbers))
        if lost := self._rejected(numbers):
            shown = self.staged.files[min(lost)].file.shown
            raise LoadError(f"{shown} cannot be read, not even line by line. Export it again.")
        for at, lines in broken.items():
            self._note(lines, at)
        for copy in copies:
            copy.unlink()

    def _note(self, broken: Sequence[Broken], at: int) -> None:
        columns: list[list[object]] = [
            [b.line for b in broken], [b.text[:LONGEST_SHOWN] for b in broken], [b.reason for b in broken]
        ]  # fmt: skip
        self.connection.execute(
            f"INSERT INTO {self.staged.rejects} "
            f"SELECT {at}, unnest(?::BIGINT[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
            columns,
        )
