"""What must not change a number: rows of other times, services and tables; and parts that must add up to the whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

import duckdb
import pytest
from tests.reports import anything, tables
from tests.reports.tables import METRICS, SCHEMA, STORED, Row

from opstally.engines.duckdb import DuckDB
from opstally.errors import UsageError
from opstally.expression import Call, Column, Expr, Literal
from opstally.expression.tree import walk
from opstally.measure import Measuring
from opstally.model.project import Assumptions
from opstally.model.table import Table
from opstally.period import GRAINS, Calendar, Grain, Period
from opstally.planner.lower import Context
from opstally.planner.metric import Linked
from opstally.planner.plan import plan
from opstally.planner.query import Query
from opstally.planner.schema import Schema

PERIOD = Period(dt.date(2026, 3, 5), dt.date(2026, 8, 20))
"""Begins and ends in the middle of a week, month and quarter."""

AS_OF = dt.date(2026, 8, 25)
EVERY = sorted(METRICS.declared)
ALL_ROWS = anything.rows()


@pytest.fixture(scope="module")
def before(engine_kind: str) -> Iterator[Measuring]:
    """The numbers that must not change, on each engine."""
    assert engine_kind
    connection = tables.filled(**ALL_ROWS)
    yield tables.measuring(tables.over(connection))
    connection.close()


@pytest.fixture
def changed() -> Iterator[duckdb.DuckDBPyConnection]:
    """The same rows, to be added to."""
    connection = tables.filled(**ALL_ROWS)
    yield connection
    connection.close()


def ask(over: Measuring, metrics: Sequence[str], by: Sequence[str] = (), grain: Grain | None = None) -> dict[Any, Row]:
    """Group → metric → value."""
    query = Query(tuple(metrics), tuple((name, name) for name in by), grain, PERIOD, AS_OF, intervals=False)
    groups = [*([grain] if grain else []), *by]
    records = over.measure(query).records()
    return {tuple(r[g] for g in groups): {m: r[m] for m in metrics} for r in records}


def same(found: dict[Any, Row], wanted: dict[Any, Row]) -> None:
    """Every wanted group is there with the same values; groups that the added rows made are not looked at."""
    assert set(wanted) <= set(found)
    for group, values in wanted.items():
        wrong = {m: (found[group][m], v) for m, v in values.items() if not _close(found[group][m], v)}
        assert not wrong, f"{group}: (after, before) {wrong}"


def unchanged(before: Measuring, changed: duckdb.DuckDBPyConnection, names: Sequence[str], grain: Grain | None) -> None:
    """The metrics of each fact, asked for by themselves, have the values that they had."""
    after = tables.measuring(tables.over(changed))
    for metrics in by_fact(names):
        same(ask(after, metrics, (), grain), ask(before, metrics, (), grain))


def by_fact(names: Sequence[str]) -> list[list[str]]:
    """The metrics over each table, and those made of others."""
    facts = sorted({str(METRICS[name].table) for name in names})
    return [[name for name in names if str(METRICS[name].table) == fact] for fact in facts]


def _close(found: Any, wanted: Any) -> bool:
    # Doubles added in another order differ by rounding.
    close = pytest.approx(wanted, rel=1e-9, abs=1e-9) if isinstance(wanted, float) else wanted
    return bool(found == close)


def bases(name: str) -> set[str]:
    """The kinds of time basis that a metric rests on."""
    return {part.basis.kind for part in METRICS.parts(name) if part.basis is not None}


def known_by(name: str, grain: Grain | None) -> bool:
    """Whether the facts of a metric are known so finely."""
    finest = [SCHEMA.tables[table].finest for table in tables_of(name)]
    return grain is None or all(f is None or GRAINS.index(grain) >= GRAINS.index(f) for f in finest)


@cache
def tables_of(name: str) -> set[str]:
    """The stored tables that a metric reads."""
    context = Context(PERIOD, AS_OF, Calendar(), asdict(Assumptions()))
    return plan(Query((name,), (), None, PERIOD, AS_OF), SCHEMA, METRICS, context).tables


# -- rows that are none of its business --------------------------------------------------------------------------------


def copied(connection: duckdb.DuckDBPyConnection, table: Table, **other: str) -> None:
    """Add all rows of a table once more, with other values (SQL over the row) and keys of their own."""
    values = {name: f'"{name}"' for name in table.columns} | other
    if not set(other) & set(table.key):
        values[table.key[0]] = f"'copy of ' || {values[table.key[0]]}"
    shown = ", ".join(f'{sql} AS "{name}"' for name, sql in values.items())
    keys = ", ".join(f'"{name}"' for name in table.key)
    connection.execute(
        f"INSERT INTO {table.table} SELECT DISTINCT ON ({keys}) * FROM (SELECT {shown} FROM {table.table})"
    )


def moved(connection: duckdb.DuckDBPyConnection, years: int) -> None:
    """Add all rows of every table once more, so many years away; of the same entity where time is in the key."""
    for table in STORED.values():
        times = [name for name, column in table.columns.items() if column.type in ("date", "timestamp")]
        if times:
            sql = {n: f'CAST("{n}" + to_years({years}) AS {DuckDB.types[table.columns[n].type]})' for n in times}
            copied(connection, table, **sql)


@pytest.mark.parametrize("grain", [None, "month"])
def test_rows_of_later_years_change_nothing(
    grain: Grain | None, before: Measuring, changed: duckdb.DuckDBPyConnection
) -> None:
    over_time = [name for name in EVERY if "always" not in bases(name)]
    moved(changed, 5)
    unchanged(before, changed, over_time, grain)


@pytest.mark.parametrize("grain", [None, "week"])
def test_rows_of_earlier_years_change_nothing_that_is_not_a_state(
    grain: Grain | None, before: Measuring, changed: duckdb.DuckDBPyConnection
) -> None:
    """What is open or newest may well be old, so only metrics of events are asked."""
    of_events = [name for name in EVERY if bases(name) <= {"event", "last"} and known_by(name, grain)]
    moved(changed, -5)
    unchanged(before, changed, of_events, grain)


@pytest.mark.parametrize("dimension", ["service_name", "customer_id"])
def test_rows_of_another_member_change_no_other_member(
    dimension: str, before: Measuring, changed: duckdb.DuckDBPyConnection
) -> None:
    told = [name for name in EVERY if _can_be_split(before, name, dimension)]
    assert len(told) > 20
    for table in STORED.values():
        if dimension in table.columns:
            copied(changed, table, **{dimension: "'unrelated'"})
    after = tables.measuring(tables.over(changed))
    for name in told:
        same(ask(after, [name], [dimension]), ask(before, [name], [dimension]))


def _can_be_split(over: Measuring, name: str, dimension: str) -> bool:
    try:
        over.prepare(Query((name,), ((dimension, dimension),), None, PERIOD, AS_OF))
    except UsageError:
        return False
    return True


@pytest.mark.parametrize("part", range(3))
def test_rows_of_other_tables_change_nothing(part: int, before: Measuring, changed: duckdb.DuckDBPyConnection) -> None:
    """Every third table gets its rows once more; metrics that do not read these stay, asked for with those that do."""
    doubled = list(STORED)[part::3]
    untouched = [name for name in EVERY if not tables_of(name) & set(doubled)]
    assert len(untouched) > 60
    for name in doubled:
        if all(STORED[name].columns[key].type == "text" for key in STORED[name].key[:1]):
            copied(changed, STORED[name])
    found = ask(tables.measuring(tables.over(changed)), EVERY)
    [wanted] = ask(before, untouched).values()
    same(found, {(): wanted})


# -- a second fact -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grain", [None, "month"])
def test_metrics_of_all_facts_together_are_those_of_each_alone(grain: Grain | None, before: Measuring) -> None:
    over_time = [name for name in EVERY if "always" not in bases(name)]
    together = ask(before, over_time, (), grain)
    for metrics in by_fact(over_time):
        same(together, ask(before, metrics, (), grain))


@pytest.mark.parametrize("second", ["incident_count", "uptime", "incident_minutes"])
def test_a_second_fact_by_a_shared_dimension_changes_nothing(second: str, before: Measuring) -> None:
    """By service and month: the tickets of a service are not multiplied by its incidents or checks."""
    first = [n for n in EVERY if METRICS[n].table == "support_tickets" and bases(n) == {"event"}]
    alone = ask(before, first, ["service_name"], "month")
    same(ask(before, [*first, second], ["service_name"], "month"), alone)


# -- parts and wholes --------------------------------------------------------------------------------------------------


def is_additive(expr: Expr) -> bool:
    """Whether the values of groups may be added: counts and sums, and what is made of counts.

    The difference of two sums may not: where one of them has no rows it is unknown, and not the other one.
    """
    match expr:
        case Call("sum"):
            return True
        case Call("coalesce", (inner, Literal(0))):
            return is_additive(inner)
    return _is_count(expr)


def _is_count(expr: Expr) -> bool:
    match expr:
        case Call("count" | "count_if"):
            return True
        case Call("+" | "-", (left, right)):
            return _is_count(left) and _is_count(right)
        case Column():
            return _is_count(METRICS[expr.name].expr) if expr.name in METRICS.declared else False
    return False


def adds_over_time(part: Linked) -> bool:
    """Whether the buckets of time share out its rows, and no row is judged by its bucket."""
    words = {node.name for e in (part.expr, part.scope) if e for node in walk(e) if isinstance(node, Call)}
    if words & {"period_start", "period_end", "period_days"} or part.basis is None:
        return False
    derived = SCHEMA.tables[str(part.table)].derived is not None
    return (part.basis.kind == "event" and not derived) or (part.basis.kind == "during" and "overlap_minutes" in words)


ADDITIVE = [name for name in EVERY if is_additive(METRICS[name].expr)]
OVER_TIME = [name for name in ADDITIVE if all(adds_over_time(part) for part in METRICS.parts(name))]


def test_there_is_something_to_add() -> None:
    assert len(OVER_TIME) > 60
    assert len(ADDITIVE) > len(OVER_TIME)


@pytest.mark.parametrize("grain", GRAINS)
def test_buckets_of_any_grain_add_up_to_the_total(grain: Grain, before: Measuring) -> None:
    metrics = [name for name in OVER_TIME if known_by(name, grain)]
    add_up(ask(before, metrics, (), grain), ask(before, metrics)[()])


@pytest.mark.parametrize("table", sorted({str(METRICS[name].table) for name in ADDITIVE if METRICS[name].table}))
def test_members_of_any_dimension_add_up_to_the_total(table: str, before: Measuring) -> None:
    metrics = [name for name in ADDITIVE if METRICS[name].table == table]
    total = ask(before, metrics)[()]
    in_time = [name for name in metrics if name in OVER_TIME]
    for dimension in _dimensions(table, before.schema):
        add_up(ask(before, metrics, [dimension]), total)
        if in_time and "." not in dimension:
            add_up(ask(before, in_time, [dimension], "month"), {name: total[name] for name in in_time})


def _dimensions(table: str, schema: Schema) -> Iterator[str]:
    """Every text and flag of the table, and of those it refers to."""
    for name in schema.known(table):
        if schema.typed(table, Column(tuple(name.split(".")))).type in ("text", "boolean"):
            yield name


def add_up(parts: dict[Any, Row], total: Row) -> None:
    for name, whole in total.items():
        values = [part[name] for part in parts.values() if part[name] is not None]
        assert bool(values) or not whole, name
        assert sum(values) == pytest.approx(whole or 0, rel=1e-9, abs=1e-6), name
