"""Tables with one row per entity over the asked period: first made, then counted."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.planner.company import JANUARY, Company, derived, metric, table

from opstally.errors import BadExpression, NoData
from opstally.planner.query import Query

D = dt.date
FIRST, SECOND = D(2026, 1, 5), D(2026, 1, 12)
OWNERS = table("owners", "owner text, team text", "owner")
USE = table(
    "use", "resource text, day date, percent number, owner text", "resource day", at="day",
    references={"owned": {"table": "owners", "on": "owner"}},
)  # fmt: skip
ROWS = {
    "owners": [("ann", "red"), ("bob", "blue")],
    "use": [
        ("r1", D(2026, 1, 5), 10.0, "ann"), ("r1", D(2026, 1, 6), 20.0, "ann"), ("r1", D(2026, 1, 12), 90.0, "bob"),
        ("r2", D(2026, 1, 5), 80.0, "bob"), ("r2", D(2026, 1, 7), None, None), ("r3", D(2025, 1, 5), 1.0, "ann"),
    ],
}  # fmt: skip
COLUMNS = {
    "mean": "avg(percent)", "days": "count()", "owner": "last(owner, day)", "team": "last(owned.team, day)",
    "measured": "count(percent) / period_days()",
}  # fmt: skip
PERIODS = derived(
    "resource_periods", "use", "resource", COLUMNS,
    computed={
        "band": {"value": "case when mean < 50 then 'low' when mean is not null then 'high' else 'unknown' end"},
        "ended": {"value": "date_of(period_end())"},
    },
    references={"owned": {"table": "owners", "on": "owner"}},
)  # fmt: skip


def company(*metrics: Any, tables: Any = (OWNERS, USE, PERIODS)) -> Company:
    return Company(tables, metrics, ROWS)


RESOURCES = metric("n", "resource_periods", "count()")


def test_each_entity_is_classified_over_the_whole_period() -> None:
    """By the day r1 would be low twice and high once; over January its mean of 40 is low."""
    assert company(RESOURCES).ask("n", by="band") == [("high", 1), ("low", 1)]
    assert company(RESOURCES).ask("n", by="band", grain="week") == [
        (FIRST, "high", 1),
        (FIRST, "low", 1),
        (SECOND, "high", 1),
    ]


def test_the_newest_value_is_a_dimension_like_the_source_s_own() -> None:
    days = metric("days_n", "use", "count()")
    assert company(RESOURCES).ask("n", by="owner") == [("bob", 2)]
    assert company(days, RESOURCES).ask("days_n", "n", by="owner") == [("ann", 2, 0), ("bob", 2, 2), (None, 1, 0)]


def test_a_reference_of_the_entity_and_of_its_source() -> None:
    assert company(RESOURCES).ask("n", by="owned.team") == [("blue", 2)]
    assert company(RESOURCES).ask("n", by="team") == [("blue", 2)]


def test_words_about_the_bucket_stand_in_each_step() -> None:
    share = metric("share", "resource_periods", "sum(measured)", "ratio")
    assert company(share).ask("share") == [(pytest.approx(4 / 31),)]
    assert company(share).ask("share", grain="week") == [(FIRST, pytest.approx(3 / 7)), (SECOND, pytest.approx(1 / 7))]
    assert company(RESOURCES).ask("n", grain="week", by="ended") == [(FIRST, SECOND, 2), (SECOND, D(2026, 1, 19), 1)]


def test_a_filter_is_about_the_entities() -> None:
    assert company(RESOURCES).ask("n", where="days > 2") == [(1,)]
    assert company(RESOURCES).ask("n", where="owned.team = 'blue' and band = 'high'") == [(1,)]


def test_which_rows_of_the_source_count() -> None:
    known = derived(
        "known", "use", "resource", {"mean": "avg(percent)"}, where="owner = 'ann' or owner = 'bob'", at="day"
    )
    assert company(metric("n", "known", "sum(mean)"), tables=(OWNERS, USE, known)).ask("n") == [(40.0 + 80.0,)]


def test_only_what_is_asked_for_is_made() -> None:
    sql = company(RESOURCES).result("n").receipt.sql[0]
    assert "avg(" not in sql
    assert "owners" not in sql


def test_the_tables_that_it_is_made_from_are_needed() -> None:
    """owners is read for the team of the newest row, though the metric itself names no owner."""
    measured = company(metric("n", "resource_periods", "count_distinct(team)")).measuring()
    measured.freshness = {name: fresh for name, fresh in measured.freshness.items() if name != "owners"}
    query = Query(("n",), (), None, JANUARY, JANUARY.last_day)
    with pytest.raises(NoData, match="needs table owners"):
        measured.measure(query)


def test_the_receipt_counts_entities() -> None:
    low = metric("low", "resource_periods", "count_if(mean < 50)", excludes={"not measured": "mean is null"})
    [use] = company(low).result("low").receipt.uses
    assert (use.table, use.time_basis, use.period_rows, use.used) == ("resource_periods", "day", 2, 1)


def test_what_an_entity_s_column_can_be_is_what_its_rows_can_be() -> None:
    level = {"level": {"value": "case when percent > 50 then 'high' else 'low' end"}}
    use = table("use", "resource text, day date, percent number, owner text", "resource day", at="day", computed=level)
    made = derived("resource_periods", "use", "resource", {"newest": "last(level, day)", "most": "max(level)"})
    for column in ("newest", "most"):
        asked = company(metric("n", "resource_periods", f"count_if({column} = 'hihg')"), tables=(OWNERS, use, made))
        with pytest.raises(BadExpression, match=rf"{column} is never 'hihg'\. Did you mean 'high'"):
            asked.ask("n")


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"x": "percent"}, "resource_periods.x is one value per entity and needs an aggregate"),
        ({"x": "sum(nothing)"}, "use has no column 'nothing'"),
        ({"x": "union_minutes()"}, "cannot measure spans"),
        ({"x": "sum(overlap_minutes())"}, "cannot measure spans"),
        ({"x": "sum(percent) + percent"}, "mixes a value per row with an aggregate"),
    ],
)
def test_a_column_of_an_entity_is_an_aggregate_of_its_rows(columns: dict[str, str], sentence: str) -> None:
    made = derived("resource_periods", "use", "resource", columns)
    with pytest.raises(BadExpression, match=sentence):
        company(metric("n", "resource_periods", "max(x)"), tables=(OWNERS, USE, made)).ask("n")


def test_its_time_is_that_of_the_source() -> None:
    with pytest.raises(BadExpression, match="resource_periods is derived: its own `at` decides the period"):
        company(metric("n", "resource_periods", "count()", at="day")).ask("n")
    timeless = table("use", "resource text, percent number", "resource")
    made = derived("resource_periods", "use", "resource", {"mean": "avg(percent)"})
    with pytest.raises(BadExpression, match="needs `at` in its `derived`: use has no default time column"):
        Company([timeless, made], [RESOURCES]).ask("n")
