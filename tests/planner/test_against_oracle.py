"""Random companies and questions: the planner's SQL on DuckDB against plain Python over the same rows."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.planner.company import LARGE, filled, measuring
from tests.planner.oracle import Group, Moment, Placed, Row, Value
from tests.planner.questions import Question, worlds_with_questions
from tests.planner.read_once import worlds_read_once
from tests.planner.words import bounds
from tests.planner.worlds import SETTINGS, World

from opstally.expression import Call, Column, Literal, parse
from opstally.measure import Measuring
from opstally.result import Result

unhurried = settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@unhurried
@given(worlds_with_questions(), st.sampled_from([0, LARGE]))
def test_every_number_is_the_oracle_s(made: tuple[World, list[Question]], told: int) -> None:
    world, questions = made
    engine = filled(world.tables, world.rows)
    measured = measuring(world.tables, world.metrics, engine, world.calendar, SETTINGS, told)
    try:
        for question in questions:
            compare(world, question, measured)
    finally:
        engine.close()


def test_what_is_added_up_from_one_pass_is_the_oracle_s() -> None:
    once = 0

    @settings(unhurried, max_examples=150)
    @given(worlds_read_once())
    def asked_together(made: tuple[World, list[Question]]) -> None:
        nonlocal once
        world, questions = made
        engine = filled(world.tables, world.rows)
        measured = measuring(world.tables, world.metrics, engine, world.calendar, SETTINGS)
        try:
            for question in questions:
                compare(world, question, measured)
                once += "tickets_subtotals" in measured.prepare(question.query)[1]
        finally:
            engine.close()

    asked_together()
    assert once > 50


def compare(world: World, question: Question, measured: Measuring) -> None:
    """The result of a question is the oracle's, and its receipt adds up."""
    result = measured.measure(question.query)
    expected = world.oracle.answer(question.asked, members(world, question))
    names = question.query.metrics
    found = {tuple(row[: -len(names)]): dict(zip(names, row[-len(names) :], strict=True)) for row in result.rows}
    sql = result.receipt.sql[0]
    assert len(found) == len(result.rows), sql
    assert set(found) == set(expected), sql
    for group, values in expected.items():
        for name, value in values.items():
            assert found[group][name] == near(value), f"{name} of {group}:\n{sql}"
    bounds_are_values(world, question, result)
    receipt_adds_up(world, question, result)


def bounds_are_values(world: World, question: Question, result: Result) -> None:
    """Each quantile is bounded by the values in order that the binomial says."""
    for name in question.query.metrics:
        match parse(world.metrics[name].value):
            case Call("quantile", (_, Literal(float() as share))):
                by_group = world.oracle.quantiles(name, question.asked)
                for row, told in zip(result.rows, result.intervals, strict=True):
                    values = by_group.get(tuple(row[: -len(question.query.metrics)]), [])
                    lows, highs = bounds(values, share)
                    found = told[name]
                    assert any(found.low == near(low) for low in lows), result.receipt.sql[0]
                    assert any(found.high == near(high) for high in highs), result.receipt.sql[0]


def near(value: Value) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value


def members(world: World, question: Question) -> Iterable[Group]:
    """The groups that are there even without facts."""
    labels = [(m.label,) for m in world.oracle.moments(question.asked.period, question.asked.grain)]
    labels = labels if question.asked.grain else [()]
    if question.member_table is None:
        return []
    if question.member_table == "":
        return labels if question.asked.grain else []
    oracle, table = world.oracle, question.member_table
    [moment, *_] = oracle.moments(question.asked.period, None)
    rows = [_values(world, table, row, question.member_columns, moment) for row in world.rows[table]]
    return [label + row for label, row in product(labels, rows)]


def _values(world: World, table: str, row: Row, columns: tuple[str, ...], moment: Moment) -> Group:

    return tuple(world.oracle.value(table, Placed(row, moment), Column((c,))) for c in columns)


def receipt_adds_up(world: World, question: Question, result: Result) -> None:
    uses = {use.metric: use for use in result.receipt.uses}
    assert set(uses) == set(world.oracle._parts(question.query.metrics))
    for name, use in uses.items():
        counted = world.oracle.counted(name, question.asked)
        assert (use.period_rows, use.used, use.excluded) == (counted.period_rows, counted.used, counted.excluded), name
        assert use.period_rows == use.used + sum(use.excluded.values())
