"""The load of one source: its files read, mapped, checked, put aside or merged; wholly in, or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opstally import derive
from opstally.errors import LoadError, OpstallyError, StoreError
from opstally.ingest.contracts import Contracted
from opstally.ingest.drift import Judging
from opstally.ingest.exports import Export, exports
from opstally.ingest.expressions import Meaning
from opstally.ingest.files import DataFile
from opstally.ingest.gone import Buried, Gone
from opstally.ingest.intake import Intake, by_name
from opstally.ingest.known import Book, KnownFile, Way
from opstally.ingest.lookup import fingerprint
from opstally.ingest.manifest import Counts, record, remember_columns
from opstally.ingest.merge import Merged, merge
from opstally.ingest.newest import drop_older
from opstally.ingest.pull import Pulled, pull
from opstally.ingest.quarantine import example, keep, put_aside, without_mended
from opstally.ingest.restated import Restating
from opstally.ingest.staging import Staged, stage
from opstally.ingest.summary import Loaded, LoadedFile, Progress, together
from opstally.ingest.units import refuse_doubtful
from opstally.ingest.watching import Watching
from opstally.layout import STAGING
from opstally.library import Library
from opstally.model.project import Project
from opstally.model.source import Source, Target
from opstally.model.table import Table
from opstally.quoting import quoted
from opstally.refusals import disk_error, first_line
from opstally.store import Store

if TYPE_CHECKING:
    import duckdb
    from duckdb import DuckDBPyConnection

_LISTED: Final = 8
"""Unknown columns named in a note."""


def stored(library: Library) -> dict[str, Table]:
    """The declared tables that the store has."""
    return {name: d.declaration for name, d in library.tables.items() if d.declaration.columns}


Settle = Callable[["DuckDBPyConnection", int], None]
"""What a replay does at the end of a load's transaction, with the load's number."""


class _NotMade(Exception):
    """What is made from loaded rows could not be made in their transaction."""


@dataclass
class Took:
    loaded: list[Loaded]
    files: list[LoadedFile]
    notes: list[str]
    made: tuple[derive.Made, ...] | None
    """What was made from the rows in their transaction; None where that failed."""


@dataclass(frozen=True)
class _Ready:
    """The rows of one table, ready to be merged."""

    staged: Staged
    target: Target
    gone: Gone
    aside: str
    duplicates: int
    mended: int
    """Faulty rows that have been mended: they are older versions of rows that were taken in."""
    fresh_from: int
    place: int
    way: Way
    remapped: bool
    seconds: float


class SourceLoad:
    """The load of one source."""

    def __init__(
        self, store: Store, library: Library, project: Project, intake: Intake, told: Progress,
        origin: Source | None = None, settle: Settle | None = None,
    ) -> None:  # fmt: skip
        self.origin, self.settle = origin or intake.source, settle
        self.store, self.library, self.intake, self.told = store, library, intake, told
        self.connection: DuckDBPyConnection = store.connection
        self.agreed = Contracted(library, project, intake)
        self.used: set[str] = set()
        self.project = project
        self.made: tuple[derive.Made, ...] | None = ()
        self.notes: list[str] = []
        self.pulled: Pulled | None = None
        self.book = Book(self.connection, intake.name)
        self.ways: list[Way] = []
        self.known: list[KnownFile] = []

    @cached_property
    def meaning(self) -> Meaning:
        return Meaning.of(self.connection, self.project)

    def load(self) -> Took:
        """Read all files, then merge what they hold, in one transaction. Raises LoadError or StoreError."""
        import duckdb  # lazy: 0.15 s

        began = _now()
        ready: list[_Ready] = []
        try:
            with self.store.scratch() as scratch:
                files = self._files(scratch)
                self.ways = [self._way(target, files) for target in self.origin.targets]
                self.known = self._known(files)
                read_before = {known.file for known in self.known}
                fresh = [file for file in files if file not in read_before]
                found = exports(fresh, self.intake.source, scratch, self.connection)
                with_records, judging = self._judged([e for e in found if e.names])
                self.notes += judging.notes if judging else []
                self.notes += [f"{e.file.shown} holds no records." for e in found if not e.names]
                for number, (target, alike) in enumerate(self._parts(with_records)):
                    ready.append(self._read(number, target, alike, scratch))
                try:
                    loaded = self._merge(ready, began, judging, making=True)
                except _NotMade:  # then the rows alone; what is wrong is told when all else is in
                    self.made = None
                    loaded = self._merge(ready, began, judging, making=False)
        except (duckdb.Error, OSError, LoadError) as problem:
            raise self._failed(problem) from problem
        finally:
            self._clear()
        taken = [LoadedFile(self.intake.name, e.file.shown, e.look.bytes, e.look.sha256) for e in found]
        taken += [LoadedFile(self.intake.name, k.file.shown, k.bytes, k.sha256) for k in self.known]
        return Took(loaded, taken, self.notes, self.made)

    def _failed(self, problem: duckdb.Error | OSError | LoadError) -> OpstallyError:
        """In a sentence, where it is none yet. Whatever is to be read may be what the disk cannot take."""
        cause = problem.__cause__ if isinstance(problem, LoadError) else problem
        if cause is not None and not (isinstance(problem, LoadError) and isinstance(cause, OSError)):
            outcome = f"{self.intake.name} and what comes after it were not loaded; all that was there before is."
            if failed := disk_error(self.store.path, cause, outcome):
                return failed
        if isinstance(problem, LoadError):
            return problem
        if isinstance(problem, OSError):
            return StoreError(f"{self.store.path.parent} cannot be written: {problem.strerror or problem}.")
        return StoreError(f"{self.store.path}: {self.intake.name} could not be loaded ({first_line(problem)}).")

    def _files(self, scratch: Path) -> Sequence[DataFile]:
        if self.intake.source.pull is None:
            return self.intake.files
        self.pulled = pull(self.connection, self.intake.source, scratch)
        return [self.pulled.file]

    def _way(self, target: Target, files: Sequence[DataFile]) -> Way:
        table = self._table(target)
        mapping = _digest(self.origin, target, table, files)
        return Way.of(mapping, table, self.agreed.contract, self.project, self.intake)

    def _known(self, files: Sequence[DataFile]) -> list[KnownFile]:
        """Of a complete export only the newest file counts, and mended records are read as they come."""
        if self.settle is not None or self.pulled is not None or any(t.snapshot for t in self.origin.targets):
            return []
        if any(self._remapped(way.table, way.mapping) for way in self.ways):
            return []
        return self.book.known(files, self.ways)

    def _judged(self, found: list[Export]) -> tuple[list[Export], Judging | None]:
        """Files that were exported for mending are not what the source's contract is about."""
        if self.settle is not None:
            return found, None
        return self.agreed.judge(self.connection, found)

    def _parts(self, found: Sequence[Export]) -> list[tuple[Target, list[Export]]]:
        """What is read and merged by itself: each target, with those of its files that bring the same columns.

        Files that name their columns themselves need not all have the same ones. What one of them lacks is no empty
        value: each kind of file is merged with the columns that it has.
        """
        parts: dict[tuple[int, frozenset[str]], tuple[Target, list[Export]]] = {}
        for at, target in enumerate(self.intake.source.targets):
            for export in found:
                named = by_name(self._table(target), export).columns if self.intake.own_names else {}
                parts.setdefault((at, frozenset(named)), (target, []))[1].append(export)
        return list(parts.values())

    # -- reading ---------------------------------------------------------------------------------------------------

    def _read(self, number: int, target: Target, found: Sequence[Export], scratch: Path) -> _Ready:
        began, table = time.perf_counter(), self._table(target)
        if target.snapshot:
            found = found[-1:]
        place = self.intake.source.targets.index(target)
        way = self.ways[place]
        seen = self._seen(table.table, way.mapping)
        ordered = sorted(found, key=lambda e: seen.get(e.look.sha256, 1 << 60))
        extent = 1 / len(self.intake.source.targets)
        begun = place * extent
        with Watching(self.connection, self.told, begun, extent) as watching:
            mapper = self.intake.mapper(table, target)
            staged = stage(self.connection, ordered, mapper, table, self.meaning, scratch, watching, number)
            self._say_unused(staged)
            self.used |= {n for e in ordered for n in e.names if n not in staged.unused[e.file.shown]}
            aside = put_aside(self.connection, staged, self.intake.name)
            mended = without_mended(self.connection, staged, aside)
            self._refuse_mostly_bad(staged, place, aside)
            fresh_from = sum(e.look.sha256 in seen for e in ordered)
            refuse_doubtful(self.connection, staged, fresh_from, self.agreed.contract, self.agreed.where)
            gone = Gone(self.connection, staged, target, self.intake.name)
            if target.snapshot:
                gone.note_present()
            watching.step(f"{table.table}: finding the newest versions", 0.8, 0.9)
            duplicates, doubtful = drop_older(self.connection, staged)
        if doubtful:
            self._say_doubtful(staged, doubtful)
        if staged.left_out and target.exclude_note:
            self.notes.append(
                f"{self.intake.name}: {staged.left_out:,} records are no rows of {table.table}: {target.exclude_note}"
            )
        seconds = time.perf_counter() - began
        remapped = target.snapshot or self._remapped(table.table, way.mapping)
        return _Ready(staged, target, gone, aside, duplicates, mended, fresh_from, place, way, remapped, seconds)

    def _table(self, target: Target) -> Table:
        declared = self.library.tables.get(target.table)
        if declared is None or not declared.declaration.columns:
            raise LoadError(f"Source {self.intake.name}: there is no stored table {target.table!r}.")
        if declared.declaration.made_from:
            sources = " and ".join(declared.declaration.made_from)
            raise LoadError(
                f"Source {self.intake.name}: {target.table} is made from {sources}; no export can bring it."
            )
        return declared.declaration

    def _seen(self, table: str, mapping: str) -> dict[str, int]:
        """The digests of files that were read in this way before → the first load that did."""
        rows = self.connection.execute(
            "SELECT f.sha256, min(load_id) FROM (SELECT load_id, unnest(files) AS f FROM opstally.loads "
            "WHERE source = ? AND table_name = ? AND mapping = ?) GROUP BY 1",
            [self.intake.name, table, mapping],
        ).fetchall()
        return {str(digest): int(first) for digest, first in rows}

    def _remapped(self, table: str, mapping: str) -> bool:
        # A source may feed a table twice, from different lists of its records.
        last = self.connection.execute(
            "SELECT mapping FROM opstally.loads WHERE source = ? AND table_name = ? "
            "QUALIFY load_id = max(load_id) OVER ()",
            [self.intake.name, table],
        ).fetchall()
        return bool(last) and mapping not in {of for (of,) in last}

    def _say_unused(self, staged: Staged) -> None:
        """A declared source knows what it leaves; a file that names its columns itself may have misspelt one."""
        if not self.intake.own_names:
            return
        for columns in dict.fromkeys(staged.unused.values()):
            if columns and self.settle is None:
                files = [file for file, unused in staged.unused.items() if unused == columns]
                more = f" and {len(files) - 1} more files" if len(files) > 1 else ""
                names = ", ".join(columns[:_LISTED]) + (", …" if len(columns) > _LISTED else "")
                self.notes.append(f"{files[0]}{more}: {staged.table.table} has no place for {names}; not loaded.")

    def _say_doubtful(self, staged: Staged, rows: int) -> None:
        newer = f"no {staged.table.recency}" if staged.table.recency else "nothing"
        self.notes.append(
            f"{self.intake.name}: {rows:,} rows of {staged.table.table} came again with other values, "
            f"and {newer} tells which is newer; the one read last was kept."
        )

    def _refuse_mostly_bad(self, staged: Staged, place: int, aside: str) -> None:
        known = [one.rows[place] for one in self.known]
        read = staged.read + sum(rows.read for rows in known)
        bad = staged.quarantined + sum(rows.quarantined for rows in known)
        if self.settle is None and staged.quarantined and bad > self.agreed.contract.max_bad_share * read:
            counted = f"{bad:,} of {read:,} rows for {staged.table.table} are faulty"
            raise LoadError(
                f"{self.intake.name}: {counted}, most often: {example(self.connection, aside)}. "
                "Nothing of it was loaded; mend the source's description or the export."
            )

    # -- writing ---------------------------------------------------------------------------------------------------

    def _merge(
        self, ready: Sequence[_Ready], began: dt.datetime, judging: Judging | None, making: bool
    ) -> list[Loaded]:  # fmt: skip
        with self.store.transaction() as connection:
            load_id = int(
                connection.execute("SELECT coalesce(max(load_id), 0) + 1 FROM opstally.loads").fetchall()[0][0]
            )
            if self.pulled is not None:
                self.pulled.remember(connection)
            for table in {r.staged.table.table for r in ready}:
                derive.forget(connection, stored(self.library), table)
            if judging is not None:
                files = {e.file.shown: e for r in ready for e in r.staged.files}
                remember_columns(connection, load_id, judging, list(files.values()), self.used)
            loaded = [(r.place, self._take(r, load_id, began)) for r in ready]
            loaded += self._count_known(load_id, began)
            if self.settle is not None:
                self.settle(connection, load_id)
            if making:
                self._make(connection, ready)
            return together(loaded)

    def _make(self, connection: DuckDBPyConnection, ready: Sequence[_Ready]) -> None:
        """What is made from the rows comes with them: whoever looks never sees the one without the other."""
        import duckdb  # lazy: 0.15 s

        tables = stored(self.library)
        if not derive.read(tables) & {r.staged.table.table for r in ready}:
            return
        try:
            self.made = derive.run(connection, tables, self.project)
        except (duckdb.Error, OpstallyError) as problem:
            if disk_error(self.store.path, problem, ""):
                raise
            raise _NotMade from problem

    def _take(self, ready: _Ready, load_id: int, began: dt.datetime) -> Loaded:
        staged, clock = ready.staged, time.perf_counter()
        staged.shared = staged.table.table in derive.filled()
        keep(self.connection, staged, ready.aside, self.intake.name, load_id)
        restating = Restating(self.connection, staged.table, self.project.calendar)
        buried = ready.gone.bury(restating) if staged.tombstones else Buried()
        if ready.target.snapshot:
            ready.gone.note_known()
        done = merge(self.connection, staged, ready.fresh_from, ready.remapped, restating)
        removed = buried.removed
        if ready.target.snapshot:
            removed, note = ready.gone.drop_absent(self.agreed.contract, restating, self.agreed.where)
            self.notes += [note] if note else []
        loaded = replace(self._counted(ready, done, buried), removed=removed, restated=restating.found())
        counts = Counts(load_id, loaded, began, _now(), ready.seconds, time.perf_counter() - clock, ready.way.mapping)
        record(self.connection, counts, [(e.file.shown, e.look.bytes, e.look.sha256) for e in staged.files])
        if self.settle is None and self.pulled is None:
            self.book.keep(load_id, ready.place, ready.way, staged)
        return loaded

    def _count_known(self, load_id: int, began: dt.datetime) -> Iterator[tuple[int, Loaded]]:
        if not self.known:
            return
        files = [(known.file.shown, known.bytes, known.sha256) for known in self.known]
        for place, way in enumerate(self.ways):
            loaded = self.book.loaded(self.known, place, way.table)
            record(self.connection, Counts(load_id, loaded, began, _now(), 0, 0, way.mapping), files)
            yield place, loaded

    def _counted(self, ready: _Ready, done: Merged, buried: Buried) -> Loaded:
        staged = ready.staged
        loaded = Loaded(
            self.intake.name, staged.table.table, staged.read, done.merged + buried.removed,
            done.unchanged + buried.unchanged, ready.duplicates + ready.mended + done.older + buried.older,
            staged.quarantined - ready.mended, staged.left_out,
        )  # fmt: skip
        if loaded.read != loaded.merged + loaded.unchanged + loaded.duplicate + loaded.quarantined:
            raise LoadError(
                f"{self.intake.name}: the rows of {loaded.table} do not add up ({loaded}); nothing was loaded."
            )
        return loaded

    def _clear(self) -> None:
        import duckdb  # lazy: 0.15 s

        with suppress(duckdb.Error):  # what failed before tells more than what fails now
            tables = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'store' AND schema_name = 'main'"
            for (name,) in self.connection.execute(tables).fetchall():
                if STAGING in name:
                    self.connection.execute(f"DROP TABLE main.{quoted(name)}")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def _digest(source: Source, target: Target, table: Table, files: Sequence[DataFile]) -> str:
    """Of all that decides what a file's records mean."""
    how = asdict(source.options), source.timezone or "UTC", source.date_format, source.format, source.epoch
    read = asdict(target) | {"exclude_note": ""}
    columns = {name: (c.type, c.allowed, c.fill) for name, c in table.columns.items()}
    told = [how, read, columns, table.key, table.recency, table.revision]
    told += [fingerprint(source, files)] if source.lookups else []
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()
