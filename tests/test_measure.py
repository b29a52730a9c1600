"""Results: their receipts add up, their intervals are over their own rows, and comparisons lose no group."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.planner.company import JANUARY, Company, derived, metric, table

from opstally.errors import NoData, UnknownName
from opstally.methods import interval
from opstally.period import Calendar, Period
from opstally.planner.query import Query
from opstally.result import Use

D = dt.date
FACT = table("f", "id text, day date, kind text, n integer, ok boolean, done boolean", "id", at="day")
ROWS = [
    ("1", D(2026, 1, 5), "a", 1, True, True), ("2", D(2026, 1, 6), "a", 3, False, True),
    ("3", D(2026, 1, 7), "b", 5, None, True), ("4", D(2026, 1, 8), "b", None, True, True),
    ("5", D(2026, 1, 9), None, 9, True, False), ("6", D(2025, 12, 9), "a", 7, True, True),
    ("7", D(2025, 12, 10), "c", 2, True, True),
]  # fmt: skip


def company(*metrics: Any) -> Company:
    return Company([FACT], metrics, {"f": ROWS}, settings={"limit": 2.0, "other": 1.0})


# -- receipts ----------------------------------------------------------------------------------------------------------


def use(value: str, asked: dict[str, Any] | None = None, unit: str = "count", **more: Any) -> Use:
    [found] = company(metric("m", "f", value, unit, **more)).result("m", **(asked or {})).receipt.uses
    assert found.period_rows == found.used + sum(found.excluded.values())
    return found


def test_a_count_of_all_uses_all() -> None:
    assert use("count()") == Use("m", "f", "day", 5, 5, {})


def test_rows_without_a_value_are_excluded() -> None:
    assert use("avg(n)") == Use("m", "f", "day", 5, 4, {"no value": 1})


def test_each_row_has_the_first_reason_against_it() -> None:
    found = use("avg(n)", where="kind is not null", settled="done", excludes={"odd": "n = 5", "not ok": "not ok"})
    assert found == Use("m", "f", "day", 5, 3, {"not what the metric is about": 1, "no value": 1})
    found = use("avg_if(n, ok)", settled="done", excludes={"unknown": "ok is null", "not ok": "not ok"})
    assert found.excluded == {"not settled yet": 1, "unknown": 1, "not ok": 1, "no value": 1}


def test_reasons_of_one_name_are_added() -> None:
    found = use("avg_if(n, ok)", settled="done", excludes={"no value": "ok is null", "not settled yet": "not ok"})
    assert found.excluded == {"no value": 2, "not settled yet": 2}


def test_the_filter_and_the_groups_decide_which_rows_are_counted() -> None:
    assert use("avg(n)", {"where": "kind = 'b'"}).period_rows == 2
    assert use("avg(n)", {"by": "kind"}) == use("avg(n)", {"grain": "day"}) == use("avg(n)")


def test_a_metric_of_metrics_has_a_use_of_each_part() -> None:
    parts = [metric("a", "f", "sum(n)"), metric("b", "f", "count_if(ok)")]
    asked = company(*parts, metric("m", None, "a / b", "ratio")).result("m", "a")
    assert {u.metric: (u.period_rows, u.used) for u in asked.receipt.uses} == {"a": (5, 4), "b": (5, 3)}


def test_the_receipt_says_what_was_asked_and_assumed() -> None:
    told = (
        company(metric("m", "f", "count_if(n > setting('limit'))"))
        .result("m", where="kind is not null and n > 0")
        .receipt
    )
    assert told.assumptions == {"limit": 2.0}
    assert told.filters == ("not kind is null and n > 0",)
    assert (told.period, told.timezone, told.as_of) == (JANUARY, "UTC", D(2026, 1, 31))
    assert told.engine.startswith("DuckDB 1.")
    assert [d.metric for d in told.definitions] == ["m"]
    assert [f.table for f in told.freshness] == ["f"]
    assert "2.0e0" in told.sql[0]


def test_a_table_that_is_not_there_is_named() -> None:
    measured = company(metric("m", "f", "count()")).measuring()
    measured.freshness = {}
    with pytest.raises(NoData, match="m has no data: needs table f"):
        measured.measure(Query(("m",), (), None, JANUARY, JANUARY.last_day))


# -- intervals ---------------------------------------------------------------------------------------------------------


def test_a_share_has_wilson_s_interval_over_its_denominator() -> None:
    share = metric("m", "f", "count_if(ok) / count_if(ok is not null)", "percent")
    [found] = company(share).result("m").intervals
    low, high = interval.proportion(3, 4) or (0, 0)
    assert (found["m"].n, found["m"].low, found["m"].high) == (4, 100 * low, 100 * high)
    assert found["m"].method == "Wilson"


def test_a_part_that_is_not_of_the_whole_has_no_interval() -> None:
    """Five of three is no share, and 3 is what the rate is over, not the 5 rows that either condition holds for."""
    [found] = company(metric("m", "f", "count_if(done or not done) / count_if(ok)", "ratio")).result("m").intervals
    assert (found["m"].n, found["m"].low) == (3, None)


def test_a_mean_has_student_s_interval_over_its_values() -> None:
    [found] = company(metric("m", "f", "avg(n)", where="kind is not null")).result("m").intervals
    assert (found["m"].n, found["m"].method) == (3, "Student")
    assert found["m"].low == pytest.approx(3 - 4.302653 * 2 / 3**0.5)


def test_few_rows_are_weak() -> None:
    rows = company(metric("m", "f", "avg(n)", min_n=2)).result("m", by="kind")
    states = {row[0]: found["m"].state for row, found in zip(rows.rows, rows.intervals, strict=True)}
    assert states == {"a": "ok", "b": "weak", None: "weak"}


def test_a_count_has_no_interval_and_a_text_neither() -> None:
    [found] = company(metric("m", "f", "count()"), metric("t", "f", "max(kind)", "text")).result("m", "t").intervals
    assert found == {}


# -- comparison --------------------------------------------------------------------------------------------------------

COUNT, MEAN = metric("n", "f", "count()"), metric("mean", "f", "avg(n)")


def test_what_was_before_stands_beside_and_what_vanished_is_still_a_row() -> None:
    """c had a row in December only; b and the unknown kind have some in January only."""
    asked = company(COUNT, MEAN).result("n", "mean", by="kind", compare="previous")
    assert [c.name for c in asked.columns] == [
        "kind",
        "n",
        "n_before",
        "n_change",
        "mean",
        "mean_before",
        "mean_change",
    ]
    assert list(asked.rows) == [
        ("a", 2, 1, 1, 2.0, 7.0, -5.0),
        ("b", 2, 0, 2, 5.0, None, None),
        ("c", 0, 1, -1, None, 2.0, None),
        (None, 1, 0, 1, 9.0, None, None),
    ]
    assert [sorted(found) for found in asked.intervals] == [["mean"], ["mean"], [], ["mean"]]
    assert asked.receipt.compared == Period(D(2025, 12, 1), D(2026, 1, 1))
    assert len(asked.receipt.sql) == 2


def test_what_vanished_counts_nothing_also_in_a_metric_of_counts() -> None:
    twice = metric("twice", None, "n + n * 2")
    share = metric("share", "f", "count_if(ok) / count()", "percent")
    asked = company(COUNT, MEAN, twice, share).result(
        "twice", "share", by="kind", compare="previous", where="kind = 'c'"
    )
    assert list(asked.rows) == [("c", 0, 3, -3, None, 100.0, None)]


def test_buckets_are_compared_by_their_place_in_the_period() -> None:
    days = Period(D(2026, 1, 6), D(2026, 1, 9))
    rows = [
        ("1", D(2026, 1, 6), "a", 1, True, True),
        ("2", D(2026, 1, 3), "a", 5, True, True),
        ("3", D(2026, 1, 5), "b", 2, True, True),
    ]
    asked = Company([FACT], [COUNT], {"f": rows}).result("n", grain="day", period=days, compare="previous")
    assert list(asked.rows) == [(D(2026, 1, 6), 1, 1, 0), (D(2026, 1, 8), 0, 1, -1)]


def test_a_year_before() -> None:
    rows = [("1", D(2026, 1, 6), "a", 1, True, True), ("2", D(2025, 1, 3), "a", 5, True, True)]
    assert Company([FACT], [MEAN], {"f": rows}).ask("mean", compare="year") == [(1.0, 5.0, -4.0)]


def test_four_weeks_that_are_a_month_go_back_by_weeks_where_weeks_are_shown() -> None:
    """February 2027 starts on a Monday and has 28 days."""
    period, calendar = Period(D(2027, 2, 1), D(2027, 3, 1)), Calendar()
    asked = Company([FACT], [COUNT], {"f": ROWS}, calendar)
    weeks = asked.result("n", period=period, grain="week", compare="previous", as_of=D(2027, 2, 28))
    months = asked.result("n", period=period, grain="month", compare="previous", as_of=D(2027, 2, 28))
    assert weeks.receipt.compared == Period(D(2027, 1, 4), D(2027, 2, 1))
    assert months.receipt.compared == Period(D(2027, 1, 1), D(2027, 2, 1))


def test_an_unknown_comparison_is_named() -> None:
    with pytest.raises(UnknownName, match=r"There is no comparison 'last'\. There are: previous, year"):
        company(COUNT).ask("n", compare="last")


def test_entities_are_compared_as_they_were_over_each_period() -> None:
    entities = derived("e", "f", "kind", {"rows": "count()"})
    asked = Company([FACT, entities], [metric("big", "e", "count_if(rows > 1)")], {"f": ROWS})
    assert asked.ask("big", compare="previous") == [(2, 0, 2)]
