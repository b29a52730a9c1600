"""Charts: what is drawn from which rows."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import Any

import pytest

from opstally.errors import UnknownName
from opstally.model.report import Chart
from opstally.period import Period
from opstally.render import charts
from opstally.result import Column, Result

LINE = Chart(kind="line", x="week", y="sla")


def drawn(chart: Chart, result: Result) -> dict[str, Any]:
    made: dict[str, Any] = charts.draw(chart, result).to_dict()
    return made


def data(made: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = made["datasets"][made["data"]["name"]]
    return found


def by_team(weekly: Result, teams: int) -> Result:
    team = Column("team", "Team", "text", is_dimension=True)
    rows = [(*row, f"team {at}") for row in weekly.rows for at in range(teams)]
    return replace(weekly, columns=(*weekly.columns, team), rows=tuple(rows))


def test_percentages_end_at_100_and_counts_start_at_0(weekly: Result) -> None:
    high = replace(weekly, rows=(*weekly.rows[:3], (dt.date(2026, 8, 24), 400, 99.5)))
    assert drawn(LINE, high)["layer"][0]["encoding"]["y"]["scale"]["domain"][1] == 100
    counts = drawn(replace_chart(LINE, y="created"), weekly)
    assert counts["layer"][0]["encoding"]["y"]["scale"]["domain"] == [0, 400]


def replace_chart(chart: Chart, **changes: Any) -> Chart:
    return replace(chart, **changes)


def test_the_last_whole_point_carries_its_value(weekly: Result) -> None:
    assert [row["__label"] for row in data(drawn(LINE, weekly)) if row["__last"]] == ["90.0%"]


def test_a_running_week_is_dashed(weekly: Result) -> None:
    receipt = replace(weekly.receipt, period=Period(dt.date(2026, 8, 3), dt.date(2026, 8, 27)))
    made = drawn(LINE, replace(weekly, receipt=receipt))
    assert [row["week"] for row in data(made) if row["__running"]] == ["2026-08-17", "2026-08-24"]
    assert [row["__label"] for row in data(made) if row["__last"]] == ["95.2%"]
    assert any(layer["mark"].get("strokeDash") for layer in made["layer"])


def test_more_than_four_lines_become_small_multiples(weekly: Result) -> None:
    chart = replace_chart(LINE, color="team")
    assert "facet" not in drawn(chart, by_team(weekly, 4))
    many = drawn(chart, by_team(weekly, 5))
    assert (many["facet"]["field"], many["columns"]) == ("team", 3)


@pytest.mark.parametrize("teams", [1, 5])
def test_a_line_does_not_go_on_over_weeks_that_have_no_row(weekly: Result, teams: int) -> None:
    """The last team has no row in the third of four weeks."""
    chart = replace_chart(LINE, color="team", y="created")
    full = by_team(weekly, teams)
    skipped = (dt.date(2026, 8, 17), f"team {teams - 1}")
    less = replace(full, rows=tuple(row for row in full.rows if (row[0], row[-1]) != skipped))
    made = drawn(chart, less)
    assert [(row["week"], row["team"]) for row in data(made) if row["created"] is None] == [("2026-08-17", skipped[1])]
    svg = charts.to_svg(charts.draw(chart, less))
    strokes = re.findall(r'aria-roledescription="line mark" d="([^"]*)"', svg)
    assert [stroke.count("M") for stroke in strokes] == [1] * (teams - 1) + [2]


def test_a_series_is_not_made_longer_than_it_is(weekly: Result) -> None:
    """Gaps are between rows: a team that began later has no line before that."""
    chart, late = replace_chart(LINE, color="team", y="created"), by_team(weekly, 2)
    began = replace(late, rows=tuple(row for row in late.rows if row[-1] == "team 0" or row[0] > weekly.rows[1][0]))
    assert len(data(drawn(chart, began))) == len(began.rows) == 6


def test_months_are_stepped_by_their_own_length(weekly: Result) -> None:
    month = Column("month", "Month", "date", is_dimension=True)
    rows = tuple((dt.date(2026, at, 1), at, float(at)) for at in (1, 2, 5))
    by_month = replace(weekly, columns=(month, *weekly.columns[1:]), rows=rows)
    made = data(drawn(replace_chart(LINE, x="month"), by_month))
    assert [row["month"] for row in made if row["sla"] is None] == ["2026-03-01", "2026-04-01"]


def test_a_bar_without_a_value_says_so(services: Result) -> None:
    made = drawn(Chart(kind="bar", x="service_name", y="hours"), services)
    assert [row["__label"] for row in data(made)] == ["12.0 h", "9.0 h", "no data"]


def test_the_value_of_a_bar_to_the_left_stands_beside_it_and_not_on_it(services: Result) -> None:
    spent = replace(services, rows=(("auth", 12.0, 10.0, 2.0), ("search", -9.0, 10.0, -19.0)))
    made = drawn(Chart(kind="bar", x="service_name", y="hours"), spent)
    assert made["layer"][1]["encoding"]["x"]["field"] == "__beside"
    assert [row["__beside"] for row in data(made)] == [12.0, 0]


@pytest.mark.parametrize(
    "chart",
    [
        Chart(kind="stacked_bar", x="week", y="created", color="team"),
        Chart(kind="heat", x="week", y="team", color="sla"),
        Chart(kind="bar", x="week", y="created"),
        Chart(kind="line", x="week", y="sla", color="team"),
    ],
)
def test_every_kind_becomes_a_picture(chart: Chart, weekly: Result) -> None:
    svg = charts.to_svg(charts.draw(chart, by_team(weekly, 3)))
    assert svg.startswith("<svg")
    assert svg.count("<path") > 3


def test_png(weekly: Result) -> None:
    assert charts.to_png(charts.draw(LINE, weekly)).startswith(b"\x89PNG")


def test_a_column_that_is_not_there(weekly: Result) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'created'"):
        charts.draw(replace_chart(LINE, y="creatd"), weekly)


def test_no_two_parts_of_a_bar_look_alike(weekly: Result) -> None:
    chart = Chart(kind="stacked_bar", x="week", y="created", color="team")
    encoding = drawn(chart, by_team(weekly, 9))["encoding"]
    looks = zip(encoding["color"]["scale"]["range"], encoding["opacity"]["scale"]["range"], strict=True)
    assert len(set(looks)) == 9
