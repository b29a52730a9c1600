"""Checks that declarations fit each other: every name, type, unit and reference, all problems together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from opstally.errors import BadExpression, OpstallyError, Problem, did_you_mean
from opstally.expression import Column, check, parse
from opstally.expression.tree import columns
from opstally.library import Declared, Library
from opstally.model.report import Report, Section
from opstally.model.source import Field_, Source
from opstally.model.table import Column as Column_
from opstally.model.table import Reconciliation, Table
from opstally.model.unit import ColumnType
from opstally.period import Calendar, window
from opstally.planner.lower import Context
from opstally.planner.metric import Metrics
from opstally.planner.plan import plan
from opstally.planner.query import Query
from opstally.planner.schema import Schema

Steps = tuple[str | int, ...]
Found = Iterator[tuple[Steps, str]]


def link(library: Library) -> tuple[Schema, Metrics]:
    """The library's tables and metrics, each linked on first use."""
    schema = Schema({name: d.declaration for name, d in library.tables.items()})
    return schema, Metrics({name: d.declaration for name, d in library.metrics.items()}, schema)


def problems(library: Library, assumptions: Mapping[str, float], calendar: Calendar) -> tuple[Problem, ...]:
    """Everything wrong in the declarations: what the files say by themselves, and how they fit together."""
    schema, metrics = link(library)
    found = list(library.problems)
    for table in library.tables.values():
        found += _told(table, _table(table.declaration, schema))
    for metric in library.metrics.values():
        found += _told(metric, _metric(metric.declaration.metric, metrics))
    for report in library.reports.values():
        found += _told(report, _report(report.declaration, schema, metrics, assumptions, calendar))
    for source in library.sources.values():
        found += _told(source, _source(source.declaration, schema))
    return tuple(sorted(found))


def _told(declared: Declared[Any], found: Found) -> list[Problem]:
    return [declared.problem(steps, message) for steps, message in found]


def _try(steps: Steps, action: Callable[[], object]) -> Found:
    try:
        action()
    except OpstallyError as problem:
        yield steps, str(problem)


# -- tables ------------------------------------------------------------------------------------------------------------


def _table(table: Table, schema: Schema) -> Found:
    name = table.table
    if table.derived is not None:
        yield from _derived(table, schema)
    for key in [*table.key, *([table.recency] if table.recency else []), *([table.at] if table.at else [])]:
        if key not in schema.names(name):
            yield ("key",), f"{name} has no column {key!r}.{did_you_mean(key, schema.names(name))}"
    for column in table.computed:
        yield from _try(("computed", column), lambda c=column: schema.typed(name, Column((c,))))  # type: ignore[misc]
    for column, declared in table.columns.items():
        if declared.fill:
            yield from _try(("columns", column, "fill"), lambda d=declared: _condition(schema, name, d.fill, d.type))  # type: ignore[misc]
        if declared.reconciles is not None:
            told = declared.reconciles
            yield from _try(("columns", column, "reconciles"), lambda t=told: _reconciles(schema, table, t))  # type: ignore[misc]
        if declared.same_as:
            other, _, theirs = declared.same_as.partition(".")
            if other not in schema.tables or theirs not in schema.names(other):
                yield ("columns", column, "same_as"), f"There is no column {declared.same_as!r}."
        if declared.allowed and declared.type != "text":
            yield ("columns", column, "allowed"), "Only a text column can have allowed values."
    for i, rule in enumerate(table.checks):
        yield from _try(("checks", i), lambda r=rule: _condition(schema, name, r.expect, "boolean"))  # type: ignore[misc]
    for i, test in enumerate(table.tests):
        if test.expect is not None:
            yield from _try(("tests", i), lambda t=test: _condition(schema, name, t.expect, "boolean"))  # type: ignore[misc]
        for column in test.unique:
            if column not in table.columns:
                yield ("tests", i), f"{name} has no column {column!r}.{did_you_mean(column, table.columns)}"
    for source in table.made_from:
        if source not in schema.tables:
            yield ("made_from",), f"There is no table {source!r}.{did_you_mean(source, schema.tables)}"
    yield from _references(table, schema)


def _reconciles(schema: Schema, table: Table, told: Reconciliation) -> None:
    """Every expression of a comparison with a vendor's value fits the tables that it names."""
    looked = {}
    for name, lookup in told.lookups.items():
        for other in (lookup.table, table.table):
            if other not in schema.tables or lookup.on not in schema.tables[other].columns:
                raise BadExpression(f"{name}: there is no column {other}.{lookup.on}")
        if lookup.where:
            _condition(schema, lookup.table, lookup.where, "boolean")
        found = check(parse(lookup.value), lambda c, at=lookup.table: schema.typed(at, c))  # type: ignore[misc]
        if not found.aggregated:
            raise BadExpression("A lookup's value is an aggregate, such as min(at)", lookup.value)
        looked[name] = Column_(type=cast(ColumnType, found.type))
    wider = Schema({**schema.tables, table.table: replace(table, columns={**table.columns, **looked})})
    for text in (told.ours, *told.because.values()):
        check(parse(text), lambda c: wider.typed(table.table, c))
    for condition in told.because.values():
        _condition(wider, table.table, condition, "boolean")


def _references(table: Table, schema: Schema) -> Found:
    for role, reference in table.references.items():
        steps: Steps = ("references", role)
        if reference.table not in schema.tables:
            yield steps, f"There is no table {reference.table!r}.{did_you_mean(reference.table, schema.tables)}"
            continue
        for ours, theirs in reference.pairs:
            if ours not in schema.names(table.table):
                yield steps, f"{table.table} has no column {ours!r}.{did_you_mean(ours, schema.names(table.table))}"
            if theirs not in schema.names(reference.table):
                yield (
                    steps,
                    f"{reference.table} has no column {theirs!r}.{did_you_mean(theirs, schema.names(reference.table))}",
                )
        target = schema.tables[reference.table]
        key = set(target.derived.per if target.derived else target.key)
        named = {theirs for _, theirs in reference.pairs} | ({reference.valid_from} if reference.valid_from else set())
        if key != named:
            yield (
                steps,
                (
                    f"It would multiply rows: {reference.table} is told apart by {', '.join(sorted(key))}, "
                    f"the reference names {', '.join(sorted(named))}."
                ),
            )


def _derived(table: Table, schema: Schema) -> Found:
    assert table.derived is not None
    source = table.derived.source
    if source not in schema.tables:
        yield ("derived", "from"), f"There is no table {source!r}.{did_you_mean(source, schema.tables)}"
        return
    if schema.tables[source].derived is not None:
        yield ("derived", "from"), f"{source} is derived itself: derive from the stored table that it comes from."
        return
    for column in [*table.derived.per, *table.derived.columns]:
        yield from _try(("derived",), lambda c=column: schema.typed(table.table, Column((c,))))  # type: ignore[misc]
    if table.derived.where:
        yield from _try(("derived", "where"), lambda: _condition(schema, source, table.derived.where, "boolean"))  # type: ignore[union-attr]


def _condition(schema: Schema, table: str, text: str | None, wanted: str) -> None:
    typed = check(parse(text or ""), lambda c: schema.typed(table, c))
    numeric = {"integer", "number"}
    if typed.aggregated or (typed.type != wanted and not {typed.type, wanted} <= numeric and typed.type != "null"):
        raise BadExpression(f"A {wanted} for each row is expected here, not {typed.type}", text or "")


# -- metrics, reports, sources -----------------------------------------------------------------------------------------


def _metric(name: str, metrics: Metrics) -> Found:
    declared = metrics.declared[name]
    yield from _try(("value",), lambda: metrics[name])
    for key, others in (("guardrails", declared.guardrails), ("leading", declared.leading)):
        for other in others:
            if other not in metrics.declared:
                yield (key,), f"There is no metric {other!r}.{did_you_mean(other, metrics.declared)}"


def _report(
    report: Report, schema: Schema, metrics: Metrics, assumptions: Mapping[str, float], calendar: Calendar
) -> Found:
    day = dt.date(2026, 6, 30)
    for i, section in enumerate(report.sections):
        steps: Steps = ("sections", i)
        text = section.window or report.window
        yield from _try((*steps, "window") if section.window else ("window",), lambda t=text: window(t, day, calendar))  # type: ignore[misc]
        yield from _try(steps, lambda s=section, t=text: _section(s, t, day, schema, metrics, assumptions, calendar))  # type: ignore[misc]
        if section.transform is None:
            yield from _shown(section, steps)


def _section(
    section: Section, text: str, day: dt.date, schema: Schema, metrics: Metrics,
    assumptions: Mapping[str, float], calendar: Calendar,
) -> None:  # fmt: skip
    period = window(text, day, calendar)
    where = parse(section.where) if section.where else None
    query = Query(
        tuple(dict.fromkeys(section.columns.values())),
        section.dimensions,
        section.grain,
        period,
        day,
        where,
        section.members,
    )
    plan(query, schema, metrics, Context(period, day, calendar, assumptions, section.grain))


def _shown(section: Section, steps: Steps) -> Found:
    names = section.names
    for key, listed in (("shown", section.shown), ("sort", tuple(s.lstrip("-") for s in section.sort))):
        for name in listed:
            if name not in names:
                yield (*steps, key), f"The section has no column {name!r}.{did_you_mean(name, names)}"


def _source(source: Source, schema: Schema) -> Found:
    for i, target in enumerate(source.targets):
        steps: Steps = ("targets", i)
        table = schema.tables.get(target.table)
        if table is None or table.derived is not None:
            stored = [n for n, t in schema.tables.items() if t.derived is None]
            yield (*steps, "table"), f"There is no stored table {target.table!r}.{did_you_mean(target.table, stored)}"
            continue
        if table.made_from:
            sources = " and ".join(table.made_from)
            yield (*steps, "table"), f"{target.table} is made from {sources} after every load; no export can bring it."
        for name, field in target.columns.items():
            if name not in table.columns:
                yield (
                    (*steps, "columns", name),
                    f"{target.table} has no column {name!r}.{did_you_mean(name, table.columns)}",
                )
            if isinstance(field, Field_) and field.value is not None:
                yield from _try((*steps, "columns", name, "value"), lambda f=field: columns(parse(f.value)))  # type: ignore[misc]
        if target.where:
            yield from _try((*steps, "where"), lambda t=target: columns(parse(t.where)))  # type: ignore[misc]
