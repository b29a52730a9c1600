"""A project folder, opened: the one object that front ends hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opstally import checks, definitions, reports
from opstally.engines import engine_class
from opstally.engines.engine import Engine
from opstally.errors import (
    BadExpression,
    BadRange,
    DefinitionError,
    Problem,
    UnknownName,
    UsageError,
)
from opstally.explanation import Explanation, explain
from opstally.expression import parse
from opstally.folder import engine_problems, find
from opstally.freshness import Looked
from opstally.library import PROJECT_FILE, Library, load, read_project
from opstally.measure import Measuring, Plans
from opstally.model.project import Project
from opstally.period import Calendar, Period, read_grain, window
from opstally.planner.metric import Metrics
from opstally.planner.query import Query
from opstally.planner.schema import Schema
from opstally.reach import Reach
from opstally.result import ReportResult, Result
from opstally.storefile import StoreFile

if TYPE_CHECKING:
    from opstally.checks.reconcile import Reconciled
    from opstally.ingest import LoadSummary, Progress
    from opstally.ingest.aside import Aside
    from opstally.ingest.ledger import Ledger
    from opstally.ingest.replay import Replayed
    from opstally.store import Store

STORE_FILE = "opstally.duckdb"
DEFAULT_RANGE = "13 weeks"


@dataclass
class _Known:
    """What need not be asked again, nor planned, while nobody writes to the store."""

    state: object
    looked: Looked
    plans: Plans = field(default_factory=dict)


class Workspace:
    """A project, its declarations, and the engine that answers for it."""

    def __init__(
        self, folder: Path, project: Project, library: Library, engine: str | None = None,
        narrate: Callable[[str], None] | None = None,
    ) -> None:  # fmt: skip
        self.folder, self.project, self.library = folder, project, library
        self.narrate = narrate or (lambda _: None)
        self.engine_name = engine or project.engine
        engine_class(self.engine_name)  # refuses an unknown one early
        self._before: _Known | None = None

    @classmethod
    def open(
        cls, folder: Path | None = None, engine: str | None = None, narrate: Callable[[str], None] | None = None
    ) -> Workspace:
        """The project in `folder`, or, without one, in the nearest folder upwards that has an opstally.yml.

        `narrate` is told what is done to the project without having been asked for.

        Raises UsageError where there is none, DefinitionError where its opstally.yml cannot be used.
        """
        found = find(folder)
        project, problems = read_project(found)
        library = load(found)
        problems += engine_problems(found, problems, project.engine)
        if problems:
            # Nothing can be computed, so everything that is to be mended is told at once.
            raise DefinitionError((*problems, *library.problems))
        return cls(found, project, library, engine, narrate)

    # -- what there is ---------------------------------------------------------------------------------------------

    @cached_property
    def calendar(self) -> Calendar:
        return self.project.calendar

    @cached_property
    def assumptions(self) -> dict[str, float]:
        return asdict(self.project.assumptions)

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Everything wrong in the definitions, also how they fit each other."""
        return definitions.problems(self.library, self.assumptions, self.calendar)

    @cached_property
    def engine(self) -> Engine:
        """The engine, connected for reading."""
        if self.engine_name == "duckdb":
            from opstally.engines.duckdb import DuckDB  # lazy: start-up

            store = self._file.reading()
            return DuckDB(store.connection, store.holds)
        if self.project.connection is None:
            raise UsageError(f"{PROJECT_FILE} needs `connection:` for the {self.engine_name} engine.")
        kind: Any = engine_class(self.engine_name)
        connected: Engine = kind.connect(self.project.connection, self.project.schema_ or "public")
        return connected

    @cached_property
    def _file(self) -> StoreFile:
        return StoreFile(self.folder / STORE_FILE, self.library, self.project, self.narrate)

    def tables(self) -> dict[str, Any]:
        """The stored tables' declarations."""
        return self.library.stored()

    @cached_property
    def freshness(self) -> Looked:
        """Of the stored tables that hold rows."""
        return self._known.looked

    @cached_property
    def linked(self) -> tuple[Schema, Metrics]:
        """Tables and metrics, linked on first use. They outlive the connection."""
        return definitions.link(self.library)

    @cached_property
    def measuring(self) -> Measuring:
        schema, metrics = self.linked
        files = {name: d.file for name, d in self.library.metrics.items()}
        freshness, plans = self.freshness, self._known.plans
        return Measuring(schema, metrics, self.engine, self.calendar, self.assumptions, files, freshness, plans)

    @cached_property
    def _known(self) -> _Known:
        """What is known of the store: what was known over an earlier connection, if the store is still the same."""
        engine = self.engine
        # Of another database nothing tells whether somebody wrote to it. While connected to the file, nobody writes.
        state = self._file.state() if self.engine_name == "duckdb" else None
        if self._before is None or self._before.state != state or state is None:
            self._before = _Known(state, Looked(engine, self.tables()))
        self._before.looked.engine = engine
        return self._before

    @cached_property
    def today(self) -> dt.date:
        """The day it is where the project is."""
        return self.calendar.local_day(dt.datetime.now(dt.UTC).replace(tzinfo=None))

    def close(self) -> None:
        """Give the engine's connection back."""
        if "engine" in self.__dict__:
            self.engine.close()
            for name in ("engine", "freshness", "measuring", "_known"):
                self.__dict__.pop(name, None)

    # -- what can be asked -----------------------------------------------------------------------------------------

    def report(
        self, slug: str, *, as_of: dt.date | None = None, range_: str | None = None, where: str | None = None
    ) -> ReportResult:
        """A report as of a day: the newest one with data unless told, never later than yesterday.

        Raises UnknownName, BadRange, BadExpression or NotShared for what was asked wrongly.
        """
        declared = self._named("report", slug, self.library.reports)
        its_own = (BadExpression, UnknownName)
        with self._told_where(its_own if range_ is not None else (*its_own, BadRange)):
            day = as_of or self.last_day(reports.tables(declared, self.measuring))
            period = None if range_ is None else self._period(range_, as_of, day)
            return reports.run(declared, self.measuring, day, period, parse(where) if where else None)

    def query(
        self, metrics: Sequence[str], *, by: Sequence[str] = (), grain: str | None = None, range_: str | None = None,
        as_of: dt.date | None = None, where: str | None = None, compare: str | None = None,
        members: bool = False, total: bool = False,
    ) -> Result:  # fmt: skip
        """Any metrics by any dimensions that their facts share; `total` adds the row over all groups."""
        with self._told_where():
            query = self._query(metrics, by, grain, range_, as_of, where, members)
        if compare not in (None, "previous", "year"):
            raise UsageError(f"There is no comparison {compare!r}: previous or year.")
        result = self.measuring.measure(query, compare)
        result = replace(result, notes=(*result.notes, *self._by_first_day(query)))
        if not total or not (query.by or query.grain):
            return result
        whole = self.measuring.measure(replace(query, by=(), grain=None, members=False, intervals=False), compare)
        blanks = (None,) * sum(c.is_dimension for c in result.columns)
        sql = result.receipt.sql + whole.receipt.sql
        return replace(result, total=blanks + whole.rows[0], receipt=replace(result.receipt, sql=sql))

    def _by_first_day(self, query: Query) -> Iterator[str]:
        """What counts whole months in a period that is none of whole months."""
        for table in sorted(reports.facts(query.metrics, self.measuring)):
            finest, period = self.tables()[table].finest, query.period
            edges = (period.start, period.end)
            if finest and any(self.calendar.bucket_start(day, finest) != day for day in edges):
                yield f"{table} is known by {finest}: each {finest} counts whole where its first day is in the period."

    def sql(
        self, metrics: Sequence[str], *, by: Sequence[str] = (), grain: str | None = None, range_: str | None = None,
        as_of: dt.date | None = None, where: str | None = None, members: bool = False,
    ) -> str:  # fmt: skip
        """The SQL that `query` would run."""
        with self._told_where():
            return self.measuring.prepare(self._query(metrics, by, grain, range_, as_of, where, members))[1]

    def explain(
        self, metric: str, *, by: Sequence[str] = (), grain: str | None = None, range_: str | None = None,
        as_of: dt.date | None = None, where: str | None = None, compare: str | None = None, rows: int = 0,
    ) -> Explanation:  # fmt: skip
        """A number with what became of every row of its period, and up to `rows` of the rows that were used."""
        with self._told_where():
            query = self._query([metric], by, grain, range_, as_of, where, members=False)
        return explain(self.measuring, query, compare, rows)

    def _query(
        self, metrics: Sequence[str], by: Sequence[str], grain: str | None, range_: str | None,
        as_of: dt.date | None, where: str | None, members: bool,
    ) -> Query:  # fmt: skip
        names = tuple(dict.fromkeys(metrics))
        for name in names:
            self._named("metric", name, self.library.metrics)
        asked = tuple(dict.fromkeys(by))
        short = [a.rsplit(".", 1)[-1] for a in asked]
        pairs = tuple((s if short.count(s) == 1 else a.replace(".", "_"), a) for s, a in zip(short, asked, strict=True))
        tree = parse(where) if where and where.strip() else None
        day = as_of or self.last_day(reports.facts(names, self.measuring))
        period = self._period(DEFAULT_RANGE if range_ is None else range_, as_of, day)
        return Query(names, pairs, read_grain(grain) if grain else None, period, day, tree, members)

    def _period(self, range_: str, as_of: dt.date | None, day: dt.date) -> Period:
        """The period asked for. A day that was told is the last one that is over; else yesterday is."""
        period = window(range_, day, self.calendar, over=as_of or self.today - dt.timedelta(days=1))
        if as_of is None or period.start <= as_of:
            return period
        raise BadRange(f"The period {range_!r} starts after {as_of}, which was to be the last day that counts.")

    def last_day(self, tables: set[str]) -> dt.date:
        """The last day that counts, for what these tables tell: never today, which is not over."""
        yesterday = self.today - dt.timedelta(days=1)
        return Reach(self.freshness, self.tables(), self.calendar).last_day(tables, yesterday)

    @contextmanager
    def _told_where(self, wrong: tuple[type[UsageError], ...] = (BadExpression,)) -> Iterator[None]:
        """What is wrong in a definition that was asked for is told with its file and line, as `check` tells it."""
        try:
            yield
        except wrong as error:
            files = {problem.file for problem in self.problems if problem.message == str(error)}
            if files:
                raise DefinitionError([p for p in self.problems if p.file in files]) from None
            raise

    def _named(self, kind: str, name: str, known: Mapping[str, Any]) -> Any:
        if name in known:
            return known[name].declaration
        broken = self.library.left_out.get((kind, name))
        if broken is not None:
            raise DefinitionError([p for p in self.library.problems if p.file == broken])
        raise UnknownName(kind, name, known)

    # -- what can be done ------------------------------------------------------------------------------------------

    def load(self, sources: Sequence[str] = (), progress: Progress | None = None) -> LoadSummary:
        """Read the exports into the store. Raises StoreError where it cannot be written."""
        from opstally import ingest  # lazy: start-up

        self.close()
        store = self._file.writing()
        try:
            summary = ingest.load(store, self.library, self.project, self.folder, sources, progress)
            if self.engine_name != "postgres" or summary.exit_code:
                return summary
            return replace(summary, notes=(*summary.notes, self._publish(store)))
        finally:
            store.close()

    def _publish(self, store: Store) -> str:
        """Copy what was loaded to PostgreSQL, where the questions will be asked."""
        from opstally.engines.postgres import Postgres  # lazy: an optional package
        from opstally.publish import publish  # lazy: an optional package

        engine = self.engine
        assert isinstance(engine, Postgres)
        copied = publish(store.connection, self.tables(), engine)
        self.close()
        return f"{sum(copied.values()):,} rows of {len(copied)} tables are in PostgreSQL, schema {engine.schema}."

    def reconcile(self, rows: int | None = None, column: str | None = None) -> tuple[Reconciled, ...]:
        """Values that vendors computed beside ours, for every such column with values or the one that is named, with
        at most so many differing rows of each reason. Raises UnknownName for a column that no table has."""
        from opstally.checks.reconcile import reconcile  # lazy: start-up

        ground = checks.Ground(self.engine, self.measuring.schema, self.calendar, self.assumptions, self.today)
        return tuple(reconcile(ground, self.tables(), rows, column))

    def loads(self, load_id: int | None = None) -> Ledger:
        """The record of loads and refusals, or of one load. Raises StoreError where nothing has been loaded."""
        from opstally.ingest.ledger import ledger  # lazy: start-up

        with self._file.reading() as store:
            return ledger(store.connection, load_id)

    def quarantine(
        self, source: str | None = None, table: str | None = None, reason: str | None = None
    ) -> tuple[Aside, ...]:
        """The records that were put aside: of a source, of a table, with these words in what is wrong.

        Raises UnknownName for a source that is declared nowhere and has put nothing aside, and for such a table.
        """
        from opstally.ingest.aside import aside  # lazy: start-up

        with self._file.reading() as store:
            found = tuple(aside(store.connection, source, table, reason))
        if not found and source is not None and source not in {*self.library.sources, *self.tables()}:
            raise UnknownName("source", source, {*self.library.sources, *self.tables()})
        if not found and table is not None and table not in self.tables():
            raise UnknownName("table", table, self.tables())
        return found

    def for_mending(self, found: Sequence[Aside], out: Path) -> str:
        """Records as text for a file, in their export's columns. Raises UsageError for records of several sources."""
        from opstally.ingest.aside import columns_of, export  # lazy: start-up

        with self._file.reading() as store:
            return export(found, out, columns_of(store.connection, found[0].source) if found else ())

    def replay(self, path: Path, progress: Progress | None = None) -> Replayed:
        """Load mended records in place of those in quarantine. Raises LoadError where the file cannot be used."""
        from opstally.ingest.replay import replay  # lazy: start-up

        self.close()
        with self._file.writing() as store:
            return replay(store, self.library, self.project, self.folder, path, progress)

    def check(self, as_of: dt.date | None = None) -> checks.CheckResult:
        """What is wrong in the definitions and in the loaded data, which have to be fresh at a day: `as_of`, or else
        that of the newest row of all."""
        if self.engine_name == "duckdb" and not (self.folder / STORE_FILE).exists():
            return checks.CheckResult(self.problems, ())  # nothing is loaded yet
        ground = checks.Ground(self.engine, self.measuring.schema, self.calendar, self.assumptions, self.today)
        return checks.check(self.problems, ground, self.tables(), as_of)
