"""Queries in the shape of reports, and what columns mean to each other."""

from __future__ import annotations

import datetime as dt

import pytest

from opstally.period import Grain, Period
from opstally.render.document import base_of, comparison, grain_of, is_partial, of_query, query_title, together
from opstally.result import Column, Result

COLUMNS = (
    Column("team", "Team", "text", is_dimension=True),
    Column("a", "Tickets created", "integer", "count", "a"),
    Column("b", "CSAT", "number", "score", "b"),
    Column("b_change", "CSAT, change", "number", "score", "b"),
    Column("b_before", "CSAT, before", "number", "score", "b"),
    Column("days_before", "Days before", "number", "days", "days_before"),
)


def test_titles_name_metrics_and_dimensions() -> None:
    assert query_title(COLUMNS) == "Tickets created, CSAT, Days before, by team"


def test_comparisons_are_known_by_their_metric() -> None:
    assert [comparison(c, COLUMNS) for c in COLUMNS] == [None, None, None, "change", "before", None]
    assert base_of(COLUMNS[3], COLUMNS) == (2, 4)
    assert base_of(COLUMNS[4], COLUMNS) is None
    assert together(COLUMNS) == [0, 1, 2, 4, 3, 5]


@pytest.mark.parametrize(
    ("name", "grain"), [("week", "week"), ("metric_day", "day"), ("weekly", None), ("month", "month")]
)
def test_grains_are_told_by_names(name: str, grain: Grain | None) -> None:
    assert grain_of(Column(name, "", "date", is_dimension=True)) == grain


@pytest.mark.parametrize(
    ("start", "grain", "partial"),
    [
        ("2026-08-01", "month", False),
        ("2026-10-01", "month", True),
        ("2026-07-31", "day", True),
        ("2026-10-14", "day", False),
        ("2026-10-12", "week", True),
        ("2026-07-01", "quarter", True),
        ("2026-08-01", "quarter", True),
        ("2026-08-01", "year", True),
    ],
)
def test_partial_buckets(start: str, grain: Grain, partial: bool) -> None:
    period = Period(dt.date(2026, 8, 1), dt.date(2026, 10, 15))
    assert is_partial(dt.date.fromisoformat(start), grain, period) is partial


def test_a_query_over_time_has_a_chart(weekly: Result, services: Result) -> None:
    chart = of_query(weekly).sections[0].chart
    assert (chart.kind, chart.x, chart.y) == ("line", "week", "created")  # type: ignore[attr-defined]
    assert of_query(services).sections[0].chart is None
