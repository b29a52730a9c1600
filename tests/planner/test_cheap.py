"""Queries do not ask what they know: each test is about the text of the SQL; that the numbers stay right is the
oracle's to say."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from pydantic import TypeAdapter
from tests.planner.company import JANUARY, Company, metric, table

from opstally.model.table import Computed
from opstally.planner.query import Query

D, T = dt.date, dt.datetime
CHOICE = "case when skipped then 'left out' when score is null then 'unknown' when score > 3 then 'good' else 'bad' end"
FACT = table(
    "f", "id text, day date, since timestamp, until timestamp, score number, skipped boolean, kind text", "id",
    at="day", computed={"verdict": {"value": CHOICE}},
)  # fmt: skip
ROWS = {
    "f": [
        ("a", D(2026, 1, 5), T(2026, 1, 5), T(2026, 1, 20), 1.0, False, "x"),
        ("b", D(2026, 1, 6), T(2025, 1, 6), None, 5.0, None, "x"),
        ("c", D(2026, 1, 7), T(2024, 1, 6), T(2025, 12, 1), None, False, "y"),
        ("d", D(2026, 1, 8), T(2026, 1, 6), T(2026, 1, 6), 2.0, True, "y"),
    ]
}


def asked(*metrics: dict[str, str], grain: str | None = None) -> tuple[list[tuple[object, ...]], str]:
    """The rows and the SQL."""
    made = [metric(f"m{i}", "f", **one) for i, one in enumerate(metrics)]
    query = Query(tuple(m.metric for m in made), (), grain, JANUARY, JANUARY.last_day)
    result = Company([FACT], made, ROWS).measuring().measure(query)
    return list(result.rows), result.receipt.sql[0]


def test_quantiles_of_the_same_values_are_taken_together() -> None:
    rows, sql = asked({"value": "quantile(score, 0.5)"}, {"value": "quantile(score, 0.9)"}, {"value": "median(score)"})
    assert rows == [(2.0, pytest.approx(4.4), 2.0)]
    assert sql.count("quantile_cont(CAST(score AS DOUBLE), [0.5e0, 0.9e0])") == sql.count("quantile_cont(") == 2


def test_the_last_reason_of_a_choice_is_what_is_left() -> None:
    reasons = {"agreed": "verdict = 'left out'", "no score": "verdict = 'unknown'"}
    told = metric("m", "f", "count_if(verdict in ('good', 'bad'))", excludes=reasons)
    query = Query(("m",), (), None, JANUARY, JANUARY.last_day)
    result = Company([FACT], [told], ROWS).measuring().measure(query)
    [use] = result.receipt.uses
    assert (use.period_rows, use.used, use.excluded) == (4, 2, {"agreed": 1, "no score": 1})
    assert "unknown')" not in result.receipt.sql[0].replace("'unknown' WHEN", "")


def test_no_text_of_a_choice_is_made_to_be_compared() -> None:
    rows, sql = asked({"value": "count_if(verdict = 'good') / count_if(verdict in ('good', 'bad'))", "unit": "percent"})
    assert rows == [(50.0,)]
    assert "'good'" not in sql
    rows, sql = asked({"value": "avg(case when verdict != 'unknown' then 1.0 else 0.0 end)"})
    assert rows == [(0.75,)]
    assert "'good'" not in sql


def test_a_choice_that_many_ask_for_is_made_once() -> None:
    texts = ("good", "bad", "left out", "unknown")
    rows, sql = asked(*({"value": f"count_if(verdict = '{text}')"} for text in texts))
    assert rows == [(1, 1, 1, 1)]
    assert sql.count("ELSE 'bad' END") == 1


def test_what_is_left_of_a_choice_inside_a_scope_is_not_counted_again() -> None:
    reasons = {"not scored": "verdict in ('left out', 'unknown')"}
    told = metric("m", "f", "count_if(verdict in ('good', 'bad'))", where="kind != 'z'", excludes=reasons)
    query = Query(("m",), (), None, JANUARY, JANUARY.last_day)
    result = Company([FACT], [told], ROWS).measuring().measure(query)
    [use] = result.receipt.uses
    assert (use.period_rows, use.used, use.excluded) == (4, 2, {"not scored": 2})
    assert "not_scored" not in result.receipt.sql[0]


def test_keys_and_times_are_known() -> None:
    rows, sql = asked(
        {"value": "count_distinct(id)"}, {"value": "count_distinct(days_between(date_of(period_start()), day))"}
    )
    assert rows == [(4, 4)]
    assert "IS NOT NULL" not in sql


def test_rows_of_no_bucket_are_not_compared_with_each() -> None:
    spans = {"value": "count()", "at": {"during": ["since", "until"]}}
    rows, sql = asked(spans, grain="week")
    assert [row[-1] for row in rows] == [1, 3, 2, 2, 1]
    assert "WHERE t.since < TIMESTAMP '2026-02-01 00:00:00'" in sql
    open_ = {"value": "count()", "at": {"open_at_end": ["since", "until"]}}
    rows, sql = asked(open_, grain="week")
    assert [row[-1] for row in rows] == [1, 2, 2, 1, 1]
    assert "t.until >= TIMESTAMP '2026-01-05 00:00:00'" in sql


def test_what_rows_are_grouped_by_is_not_compared() -> None:
    least = metric("m0", "f", "min(kind)", "text")
    most = metric("m1", "f", "max(kind)", "text", where="score > 3")
    query = Query(("m0", "m1"), (("kind", "kind"),), None, JANUARY, JANUARY.last_day)
    result = Company([FACT], [least, most], ROWS).measuring().measure(query)
    assert result.rows == (("x", "x", "x"), ("y", "y", None))
    assert "min(" not in result.receipt.sql[0]
    assert "max(" not in result.receipt.sql[0]


def test_the_last_reason_is_what_is_left_of_those_that_earlier_ones_passed_over() -> None:
    counted = "not coalesce(skipped, false) and"
    share = f"count_if({counted} score > 1) / count_if({counted} (score > 1) is not null)"
    told = metric("m", "f", share, "ratio", excludes={"agreed": "skipped", "no score": "(score > 1) is null"})
    query = Query(("m",), (), None, JANUARY, JANUARY.last_day)
    result = Company([FACT], [told], ROWS).measuring().measure(query)
    [use] = result.receipt.uses
    assert (use.period_rows, use.used, use.excluded) == (4, 2, {"agreed": 1, "no score": 1})
    assert "CASE" not in result.receipt.sql[0]


def test_the_last_reason_is_what_is_left_where_the_value_is_computed_from_what_is_missing() -> None:
    cost = {
        "effort": {"value": "case when not coalesce(skipped, false) then score end"},
        "cost": {"value": "effort * 3"},
    }
    fact = replace(FACT, computed=TypeAdapter(dict[str, Computed]).validate_python(cost))
    told = metric("m", "f", "sum(cost)", "ratio", excludes={"agreed": "skipped", "no score": "effort is null"})
    query = Query(("m",), (), None, JANUARY, JANUARY.last_day)
    result = Company([fact], [told], ROWS).measuring().measure(query)
    assert result.rows == ((18.0,),)
    [use] = result.receipt.uses
    assert (use.period_rows, use.used, use.excluded) == (4, 2, {"agreed": 1, "no score": 1})
    assert "effort" not in result.receipt.sql[0]


def test_the_same_rows_told_in_another_order_are_counted_once() -> None:
    low, known = "score < 2 and kind = 'x'", "skipped and kind = 'y'"
    rows, sql = asked(
        {"value": f"count_if({low} or {known})"},
        {"value": "count_if((kind = 'y' and skipped) or (kind = 'x' and score < 2))"},
    )
    assert rows == [(2, 2)]
    assert sql.count("FILTER") == 1
