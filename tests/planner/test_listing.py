"""The rows behind a number: every row of the period has one fate, and those that are used give the number again."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import given
from tests.planner.company import JANUARY, Company, derived, filled, measuring, metric, table
from tests.planner.oracle import Asked, Placed
from tests.planner.questions import Question, worlds_with_questions
from tests.planner.test_against_oracle import near, unhurried
from tests.planner.worlds import SETTINGS, World

from opstally.expression import Call, Column, Expr, parse
from opstally.expression.tree import rewrite
from opstally.measure import Measuring
from opstally.planner.listing import listing
from opstally.planner.metric import USED
from opstally.planner.query import Query

D = dt.date
OWNERS = table("owners", "owner text, team text", "owner")
FACT = table(
    "f", "id text, day date, kind text, owner text, n integer", "id", at="day",
    references={"by": {"table": "owners", "on": "owner"}}, computed={"twice": {"value": "n * 2"}},
)  # fmt: skip
ROWS = {
    "owners": [("ann", "red"), ("bob", "blue")],
    "f": [
        ("b", D(2026, 1, 5), "x", "ann", 1), ("a", D(2026, 1, 6), "x", "bob", 2), ("C", D(2026, 1, 7), "y", "ann", 4),
        ("d", D(2026, 1, 8), "x", "zed", None), ("e", D(2025, 1, 8), "x", "ann", 8),
    ],
}  # fmt: skip


def listed(measured: Measuring, query: Query, limit: int = 1000) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Rows by fate, and the rows that were used, of a query's only metric over a table."""
    made, _, _ = measured.prepare(query)
    [part] = measured.metrics.parts(query.metrics[0])
    found = listing(made, part, measured.schema, measured.engine, made.context, limit)
    fates = {str(fate): int(str(count)) for fate, count in measured.engine.run(found.counts)}
    return fates, [dict(zip(found.columns, row, strict=True)) for row in measured.engine.run(found.rows)]


def ask(
    company: Company, where: str | None = None, by: str = "", limit: int = 1000
) -> tuple[dict[str, int], list[dict[str, Any]]]:
    dims = tuple((name.split("=")[0], name.split("=")[-1]) for name in by.split())
    query = Query(("m",), dims, None, JANUARY, JANUARY.last_day, parse(where) if where else None)
    return listed(company.measuring(), query, limit)


def test_every_row_of_the_period_has_one_fate() -> None:
    mean = metric("m", "f", "avg(twice)", where="kind = 'x'", excludes={"nobody": "by.team is null"})
    fates, rows = ask(Company([OWNERS, FACT], [mean], ROWS), where="n is null or n < 10")
    assert fates == {"used": 2, "not what the metric is about": 1, "nobody": 1}
    assert rows == [
        {"id": "a", "day": D(2026, 1, 6), "twice": 4, "kind": "x", "by_team": "blue"},
        {"id": "b", "day": D(2026, 1, 5), "twice": 2, "kind": "x", "by_team": "red"},
    ]


def test_rows_outside_the_filter_have_their_fate_too() -> None:
    fates, rows = ask(Company([OWNERS, FACT], [metric("m", "f", "count()")], ROWS), where="kind = 'x' or kind = 'z'")
    assert fates == {"used": 3, "outside the filter": 1}
    assert [row["id"] for row in rows] == ["a", "b", "d"]


def test_rows_come_in_order_of_their_key_and_no_more_than_asked_for() -> None:
    """By code point: C before a."""
    fates, rows = ask(Company([OWNERS, FACT], [metric("m", "f", "count()")], ROWS), limit=3)
    assert fates == {"used": 4}
    assert [row["id"] for row in rows] == ["C", "a", "b"]


def test_dimensions_are_shown_and_take_no_other_column_s_name() -> None:
    company = Company([OWNERS, FACT], [metric("m", "f", "count_if(kind = 'x')")], ROWS)
    _, rows = ask(company, by="kind=by.team day=kind")
    assert rows[0] == {"id": "a", "day": D(2026, 1, 6), "kind": "blue", "day_2": "x"}


def test_a_column_may_be_called_fate() -> None:
    fact = table("f", "id text, day date, fate text", "id", at="day")
    company = Company(
        [fact], [metric("m", "f", "count(fate)")], {"f": [("1", D(2026, 1, 5), "x"), ("2", D(2026, 1, 5), None)]}
    )
    assert ask(company) == ({"used": 1, "not counted": 1}, [{"id": "1", "day": D(2026, 1, 5), "fate": "x"}])


def test_entities_are_listed_as_they_were_over_the_period() -> None:
    entities = derived("e", "f", "owner", {"rows": "count()", "most": "max(n)"})
    company = Company([OWNERS, FACT, entities], [metric("m", "e", "sum(most)", where="rows > 0")], ROWS)
    fates, rows = ask(company)
    assert fates == {"used": 2, "no value": 1}
    assert rows == [{"owner": "ann", "most": 4, "rows": 2}, {"owner": "bob", "most": 2, "rows": 1}]


@unhurried
@given(worlds_with_questions())
def test_the_listed_rows_give_the_number_again(made: tuple[World, list[Question]]) -> None:
    world, questions = made
    engine = filled(world.tables, world.rows)
    measured = measuring(world.tables, world.metrics, engine, world.calendar, SETTINGS)
    try:
        for question in questions:
            reproduces(world, question, measured)
    finally:
        engine.close()


def reproduces(world: World, question: Question, measured: Measuring) -> None:
    [name, *_] = world.oracle._parts(question.query.metrics)
    declared, period = world.metrics[name], question.query.period
    query = Query((name,), (), None, period, world.as_of)
    fates, rows = listed(measured, query)
    counted = world.oracle.counted(name, Asked((name,), (), None, period))
    assert fates == {k: n for k, n in {USED: counted.used, **counted.excluded}.items() if n}
    assert len(rows) == counted.used
    [moment] = world.oracle.moments(period, None)
    expr = rewrite(parse(declared.value), _as_listed)
    value = world.oracle._aggregate(str(declared.table), expr, [Placed(row, moment) for row in rows], moment, declared)
    value = 100.0 * value if name in world.shares and value is not None else value
    [[number]] = measured.measure(query).rows
    assert number == near(value)


def _as_listed(node: Expr) -> Expr | None:
    """A column, or word about the span, as the column of the listing that has it."""
    if isinstance(node, Column):
        return Column(("_".join(node.path),))
    return Column(("overlap_minutes",)) if isinstance(node, Call) and node.name == "overlap_minutes" else None
