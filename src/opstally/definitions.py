"""Checks that declarations fit each other: every name, type, unit and reference, all problems together."""

from __future__ import annotations

import datetime as dt
import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ParamSpec, cast

from opstally.errors import BadExpression, BadRange, OpstallyError, Problem, UnknownName, did_you_mean
from opstally.expression import Call, Expr, Literal, Typed, check, parse
from opstally.expression import Column as Path
from opstally.expression.tree import walk
from opstally.library import Declared, Library
from opstally.model.metric import Metric
from opstally.model.report import Chart, Report, Section, Transform
from opstally.model.source import Field_, Source, Target
from opstally.model.table import Column, DataTest, Derived, Reconciliation, Reference, Table
from opstally.model.unit import ColumnType
from opstally.period import Calendar, window
from opstally.planner.lower import Context
from opstally.planner.metric import Metrics
from opstally.planner.plan import plan
from opstally.planner.query import Query
from opstally.planner.schema import Schema, no_column

P = ParamSpec("P")
Steps = tuple[str | int, ...]
Found = Iterator[tuple[Steps, str]]

_SOME_DAY = dt.date(2026, 6, 30)
_SOME_WINDOW = "4 weeks"
"""Reports are planned as of it, only to see whether they can be."""


def link(library: Library) -> tuple[Schema, Metrics]:
    """The library's tables and metrics, each linked on first use."""
    schema = Schema({name: d.declaration for name, d in library.tables.items()})
    return schema, Metrics({name: d.declaration for name, d in library.metrics.items()}, schema)


def problems(library: Library, assumptions: Mapping[str, float], calendar: Calendar) -> tuple[Problem, ...]:
    """Everything wrong in the declarations: what the files say by themselves, and how they fit together."""
    schema, metrics = link(library)
    fit = _Fit(schema, metrics, assumptions, calendar)
    found = list(library.problems)
    for table in library.tables.values():
        found += _told(table, fit.table(table.declaration))
    for metric in library.metrics.values():
        found += _told(metric, fit.metric(metric.declaration))
    for report in library.reports.values():
        found += _told(report, fit.report(report.declaration))
    for source in library.sources.values():
        found += _told(source, fit.source(source.declaration))
    return tuple(sorted(_at_their_source(found, library)))


def _at_their_source(found: Sequence[Problem], library: Library) -> list[Problem]:
    """Without the echoes: what is wrong in a table is wrong in the metrics of it, and what is wrong in a metric in the
    metrics and reports made of it, word for word, and is mended once. Where a packaged file says the same as a
    project's, it is the project's that broke it."""
    made_of_others = {d.file: 1 for d in library.metrics.values()} | {d.file: 2 for d in library.reports.values()}
    told: dict[str, list[Problem]] = {}
    for problem in found:
        told.setdefault(problem.message, []).append(problem)
    kept: list[Problem] = []
    for same in told.values():
        nearest = min(made_of_others.get(p.file, 0) for p in same)
        nearer = [p for p in same if made_of_others.get(p.file, 0) == nearest]
        kept += [p for p in nearer if not p.file.startswith("catalog/")] or nearer
    return kept


def _told(declared: Declared[Any], found: Found) -> list[Problem]:
    return [declared.problem(steps, message) for steps, message in found]


def _try(steps: Steps, action: Callable[P, object], *args: P.args, **named: P.kwargs) -> Found:
    try:
        action(*args, **named)
    except OpstallyError as problem:
        yield steps, str(problem)


@dataclass(frozen=True)
class _Fit:
    """One kind of declaration a method; each gives (steps into the file, what is wrong there)."""

    schema: Schema
    metrics: Metrics
    assumptions: Mapping[str, float]
    calendar: Calendar

    # -- tables --------------------------------------------------------------------------------------------------------

    def table(self, table: Table) -> Found:
        yield from self._keys(table)
        if table.derived is not None:
            yield from self._derived(table, table.derived)
        for name, computed in table.computed.items():
            if name in table.columns:
                yield ("computed", name), f"{name} is a stored column already."
            yield from _try(("computed", name), self.schema.typed, table.table, Path((name,)))
            yield from self._settings(("computed", name), computed.value)
        for name, column in table.columns.items():
            yield from self._column(table, name, column)
        for i, rule in enumerate(table.checks):
            yield from _try(("checks", i), self._row_level, table.table, rule.expect, "boolean")
        for i, test in enumerate(table.tests):
            yield from self._test(table, ("tests", i), test)
        for name in table.made_from:
            if name not in self.schema.tables:
                yield ("made_from",), f"There is no table {name!r}.{did_you_mean(name, self.schema.tables)}"
        for role, reference in table.references.items():
            yield from self._reference(table, ("references", role), reference)

    def _keys(self, table: Table) -> Found:
        names = self.schema.names(table.table)
        stored = [("key", name) for name in table.key] + [("recency", table.recency), ("revision", table.revision)]
        for step, name in stored:
            if name and name not in table.columns:
                yield (step,), no_column(table.table, name, table.columns)
        if table.at and table.at not in names:
            yield ("at",), no_column(table.table, table.at, names)

    def _column(self, table: Table, name: str, column: Column) -> Found:
        steps: Steps = ("columns", name)
        if column.fill:
            yield from _try((*steps, "fill"), self._fill, table.table, column.fill, column)
        if column.reconciles is not None:
            yield from _try((*steps, "reconciles"), self._reconciles, table, column.reconciles)
        if column.same_as:
            other, _, theirs = column.same_as.partition(".")
            if other not in self.schema.tables or theirs not in self.schema.names(other):
                yield (*steps, "same_as"), f"There is no column {column.same_as!r}."
        if column.allowed and column.type != "text":
            yield (*steps, "allowed"), "Only a text column can have allowed values."

    def _fill(self, table: str, text: str, column: Column) -> None:
        _refuse_others(self._row_level(table, text, column.type).texts, column.allowed)

    def _test(self, table: Table, steps: Steps, test: DataTest) -> Found:
        if test.expect is not None:
            yield from _try(steps, self._row_level, table.table, test.expect, "boolean")
        for name in test.unique:
            if name not in table.columns:
                yield steps, no_column(table.table, name, table.columns)

    def _reconciles(self, table: Table, told: Reconciliation) -> None:
        """Every expression of a comparison with a vendor's value fits the tables that it names."""
        looked = {}
        for name, lookup in told.lookups.items():
            for other in (lookup.table, table.table):
                if other not in self.schema.tables or lookup.on not in self.schema.tables[other].columns:
                    raise BadExpression(f"{name}: there is no column {other}.{lookup.on}")
            if lookup.where:
                self._row_level(lookup.table, lookup.where, "boolean")
            found = self.schema.check(lookup.table, lookup.value)
            if not found.aggregated:
                raise BadExpression("A lookup's value is an aggregate, such as min(at)", lookup.value)
            looked[name] = Column(type=cast(ColumnType, found.type), allowed=found.texts)
        wider = replace(table, columns={**table.columns, **looked})
        beside = replace(self, schema=Schema({**self.schema.tables, table.table: wider}))
        beside.schema.check(table.table, told.ours)
        for condition in (*told.because.values(), *told.missing.values()):
            beside._row_level(table.table, condition, "boolean")

    def _reference(self, table: Table, steps: Steps, reference: Reference) -> Found:
        target = self.schema.tables.get(reference.table)
        if target is None:
            yield steps, f"There is no table {reference.table!r}.{did_you_mean(reference.table, self.schema.tables)}"
            return
        if target.derived is not None:
            yield (
                steps,
                f"{reference.table} is derived, one row an entity of the asked period: refer to a stored table.",
            )
            return
        versions = [(reference.at, reference.valid_from)] if reference.at and reference.valid_from else []
        for ours, theirs in (*reference.pairs, *versions):
            yield from self._pair(table.table, ours, target, theirs, steps)
        named = {theirs for _, theirs in (*reference.pairs, *versions)}
        if named <= set(target.columns) and named != set(target.key):
            yield (
                steps,
                (
                    f"It would multiply rows: {reference.table} is told apart by {', '.join(sorted(target.key))}, "
                    f"the reference names {', '.join(sorted(named))}."
                ),
            )

    def _pair(self, table: str, ours: str, target: Table, theirs: str, steps: Steps) -> Found:
        """Our column and theirs that a reference joins."""
        if theirs not in target.columns:
            yield steps, no_column(target.table, theirs, target.columns)
        elif ours not in self.schema.names(table):
            yield steps, no_column(table, ours, self.schema.names(table))
        else:
            yield from _try(steps, self._alike, table, ours, target.columns[theirs].type, f"{target.table}.{theirs}")

    def _alike(self, table: str, ours: str, type_: str, theirs: str) -> None:
        found = self.schema.typed(table, Path((ours,))).type
        if found != type_:
            raise BadExpression(f"{table}.{ours} is {found}, {theirs} is {type_}: they are never equal")

    def _derived(self, table: Table, derived: Derived) -> Found:
        source = self.schema.tables.get(derived.source)
        if source is None:
            yield (
                ("derived", "from"),
                f"There is no table {derived.source!r}.{did_you_mean(derived.source, self.schema.tables)}",
            )
            return
        if source.derived is not None:
            yield (
                ("derived", "from"),
                f"{derived.source} is derived itself: derive from the stored table that it comes from.",
            )
            return
        for name in derived.per:
            yield from _try(("derived", "per"), self.schema.typed, table.table, Path((name,)))
        for name, column in derived.columns.items():
            steps: Steps = ("derived", "columns", name)
            yield from _try(steps, self.schema.typed, table.table, Path((name,)))
            yield from self._settings(steps, column.value)
        if derived.where:
            yield from _try(("derived", "where"), self._row_level, derived.source, derived.where, "boolean")

    def _row_level(self, table: str, text: str, wanted: str) -> Typed:
        """Refuses what does not give a value of the wanted type for each row."""
        typed = self.schema.check(table, text)
        numeric = {"integer", "number"}
        if typed.aggregated or (typed.type != wanted and not {typed.type, wanted} <= numeric and typed.type != "null"):
            raise BadExpression(f"A {wanted} for each row is expected here, not {typed.type}", text)
        return typed

    def _settings(self, steps: Steps, text: str) -> Found:
        """The assumptions that an expression names itself, and not through other columns, exist."""
        try:
            expr: Expr = parse(text)
        except BadExpression:
            return  # told already
        for node in walk(expr):
            match node:
                case Call("setting", (Literal(str() as name),)) if name not in self.assumptions:
                    yield steps, f"There is no setting {name!r}.{did_you_mean(name, self.assumptions)}"

    # -- metrics -------------------------------------------------------------------------------------------------------

    def metric(self, metric: Metric) -> Found:
        conditions = [*self._conditions(metric)]
        yield from conditions
        told = {message for _, message in conditions}
        linked = _try(("value",), self.metrics.__getitem__, metric.metric)
        yield from ((steps, message) for steps, message in linked if message not in told)
        texts = [("value", metric.value), ("where", metric.where), ("settled", metric.settled)]
        for key, text in (*texts, *(("excludes", text) for text in metric.excludes.values())):
            if text:
                yield from self._settings((key,), text)
        for key, others in (("guardrails", metric.guardrails), ("leading", metric.leading)):
            for other in others:
                if other not in self.metrics.declared:
                    yield (key,), f"There is no metric {other!r}.{did_you_mean(other, self.metrics.declared)}"

    def _conditions(self, metric: Metric) -> Found:
        """What is wrong in the conditions on rows, each at its own line: linking would tell the first of them only."""
        if metric.table is None or metric.table not in self.schema.tables:
            return
        excluded = ((("excludes", reason), text) for reason, text in metric.excludes.items())
        told: list[tuple[Steps, str | None]] = [(("where",), metric.where), (("settled",), metric.settled), *excluded]
        for steps, text in told:
            if text:
                yield from _try(steps, self.schema.check, metric.table, text)

    # -- reports -------------------------------------------------------------------------------------------------------

    def report(self, report: Report) -> Found:
        for i, section in enumerate(report.sections):
            steps: Steps = ("sections", i)
            at = (*steps, "window") if section.window else ("window",)
            text = section.window or report.window
            yield from _try(at, window, text, _SOME_DAY, self.calendar)
            for name, metric in section.columns.items():
                if metric not in self.metrics.declared:
                    yield (*steps, "columns", name), str(UnknownName("metric", metric, self.metrics.declared))
            yield from _try(steps, self._section, section, text)
            if section.transform is not None:
                yield from self._transform((*steps, "transform"), section.transform)
            else:
                yield from self._shown(section, steps)

    def _section(self, section: Section, text: str) -> None:
        """What else is wrong in it: a window that cannot be read and metrics that there are not have been told."""
        try:
            period = window(text, _SOME_DAY, self.calendar)
        except BadRange:
            period = window(_SOME_WINDOW, _SOME_DAY, self.calendar)
        names = section.names
        for name in names:
            if names.count(name) > 1:
                raise BadExpression(f"Two columns of the section are called {name!r}")
        where = parse(section.where) if section.where else None
        wanted = tuple(name for name in dict.fromkeys(section.columns.values()) if name in self.metrics.declared)
        if not wanted:
            return
        query = Query(wanted, section.dimensions, section.grain, period, _SOME_DAY, where, section.members)
        context = Context(period, _SOME_DAY, self.calendar, self.assumptions, section.grain)
        plan(query, self.schema, self.metrics, context)

    def _transform(self, steps: Steps, transform: Transform) -> Found:
        if importlib.util.find_spec(f"opstally.methods.{transform.method}") is None:
            yield steps, f"There is no method {transform.method!r} in opstally/methods."
        for value in transform.options.values():
            name = value.removeprefix("setting:") if isinstance(value, str) and value.startswith("setting:") else None
            if name is not None and name not in self.assumptions:
                yield steps, f"There is no setting {name!r}.{did_you_mean(name, self.assumptions)}"

    def _shown(self, section: Section, steps: Steps) -> Found:
        names = section.names
        sort = tuple(name.lstrip("-") for name in section.sort)
        for key, listed in (("shown", section.shown), ("sort", sort), ("chart", _drawn(section.chart))):
            for name in listed:
                if name not in names:
                    yield (*steps, key), f"The section has no column {name!r}.{did_you_mean(name, names)}"

    # -- sources -------------------------------------------------------------------------------------------------------

    def source(self, source: Source) -> Found:
        for i, target in enumerate(source.targets):
            yield from self._target(("targets", i), target)

    def _target(self, steps: Steps, target: Target) -> Found:
        table = self.schema.tables.get(target.table)
        if table is None or table.derived is not None:
            stored = [n for n, t in self.schema.tables.items() if t.derived is None]
            yield (*steps, "table"), f"There is no stored table {target.table!r}.{did_you_mean(target.table, stored)}"
            return
        if table.made_from:
            sources = " and ".join(table.made_from)
            yield (*steps, "table"), f"{target.table} is made from {sources} after every load; no export can bring it."
        for name, field in target.columns.items():
            if name not in table.columns:
                yield (*steps, "columns", name), no_column(target.table, name, table.columns)
            if isinstance(field, Field_):
                allowed = table.columns[name].allowed if name in table.columns else None
                yield from self._given((*steps, "columns", name), field, allowed)
        if target.where:
            yield from _try((*steps, "where"), parse, target.where)

    def _given(self, steps: Steps, field: Field_, allowed: Sequence[str] | None) -> Found:
        """What a source makes is something that the column may hold; else each such row would go to quarantine."""
        if field.value is not None:
            yield from _try((*steps, "value"), _made, field.value, None if field.map or field.extract else allowed)
        for theirs, ours in field.map.items():
            yield from _try((*steps, "map", theirs), _refuse_others, [ours], allowed, str.lower)
        if field.otherwise is not None:
            yield from _try((*steps, "otherwise"), _refuse_others, [field.otherwise], allowed, str.lower)


def _made(value: str, allowed: Sequence[str] | None) -> None:
    """Refuses a source's value that cannot be parsed, or gives texts that are not allowed."""
    expr = parse(value)
    if allowed is not None:
        # What types an export's columns have is only known when it is read: they fit everything.
        _refuse_others(check(expr, lambda _: Typed("null")).texts, allowed, str.lower)


def _refuse_others(
    texts: Sequence[str] | None, allowed: Sequence[str] | None, spelled: Callable[[str], str] = str
) -> None:
    """Refuses texts that are not among those allowed in a column; None stands for any, of which rows will tell."""
    if texts is None or allowed is None:
        return
    known = set(map(spelled, allowed))
    others = [text for text in texts if spelled(text) not in known]
    if others:
        raise BadExpression(
            f"{others[0]!r} is none of the values that the column may hold.{did_you_mean(others[0], allowed)}"
        )


def _drawn(chart: Chart | None) -> tuple[str, ...]:
    """The columns that a chart names."""
    return () if chart is None else tuple(name for name in (chart.x, chart.y, chart.color) if name)
