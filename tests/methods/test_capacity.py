"""Weeks to a limit: hand-computed values, guards, and the rows of a report."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from opstally.errors import UnknownName
from opstally.methods.capacity import NO_EXHAUSTION, apply, exhaustion
from opstally.result import Column, Value

RISING = [50.0 + 0.5 * week for week in range(26)]  # 62.5 in the last week


def test_weeks_start_from_the_last_week_not_from_the_mean_of_all() -> None:
    """(80 − 62.5) / 0.5; from the six-month mean, as the module has it, it would be 47.5 weeks."""
    found = exhaustion(RISING, soon_weeks=8)
    assert found.current == 62.5
    assert found.growth == pytest.approx(0.5)
    assert found.weeks == pytest.approx((35.0, 55.0))
    assert found.recommendation == "80 % in 35 weeks: plan capacity"


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (76.0, "80 % in 8 weeks: add capacity now"),
        (79.9, "80 % in 1 week: add capacity now"),
        (75.9, "80 % in 9 weeks: plan capacity"),
    ],
)
def test_soon_is_told_apart_from_later(last: float, words: str) -> None:
    assert exhaustion([last - 0.5 * week for week in reversed(range(26))], soon_weeks=8).recommendation == words


def test_what_is_above_a_limit_already_has_no_weeks_left() -> None:
    above_80 = exhaustion([82.5 + 0.1 * week for week in range(26)], soon_weeks=8)  # 85 in the last week
    assert above_80.weeks == pytest.approx((0.0, 50.0))
    assert above_80.recommendation == "Above 80 % now: add capacity"
    falling = exhaustion([120.0 - week for week in range(26)], soon_weeks=8)  # 95 and falling is above 90 all the same
    assert falling.weeks == (0.0, 0.0)
    assert falling.recommendation == "Above 90 % now: add capacity"


def test_without_growth_there_is_no_date() -> None:
    level, falling = exhaustion([60.0] * 26, soon_weeks=8), exhaustion(RISING[::-1], soon_weeks=8)
    for found in (level, falling):
        assert found.weeks == (None, None)
        assert found.recommendation == NO_EXHAUSTION


def test_growth_that_may_be_chance_gives_no_date() -> None:
    """Slope 0.8 with p = 0.104 (see the trend's own test, shifted up by 60)."""
    found = exhaustion([61.0, 63.0, 62.0, 65.0, 64.0], soon_weeks=8)
    assert found.growth == pytest.approx(0.8)
    assert found.p_value == pytest.approx(0.104088, abs=1e-6)
    assert found.weeks == (None, None)
    assert found.recommendation == NO_EXHAUSTION


def test_what_cannot_be_said_is_said_so() -> None:
    short, silent = exhaustion([50.0, 60.0], soon_weeks=8), exhaustion([*RISING, None], soon_weeks=8)
    assert (short.state, short.weeks) == ("refused", (None, None))
    assert short.recommendation == "Cannot say: 2 of at least 4 points"
    assert (silent.state, silent.weeks) == ("refused", (None, None))
    assert silent.recommendation == "Cannot say: the last week has no value"
    assert exhaustion([], soon_weeks=8).state == "refused"
    assert exhaustion([50.0, 85.0], soon_weeks=8).recommendation == "Above 80 % now: add capacity"


def test_noise_seldom_predicts_exhaustion_and_growth_seldom_is_missed() -> None:
    """Level use gets a date in about 2.5 % of series (the rising half of 5 %), use that grows by 0.5 a week mostly."""
    noise = np.random.default_rng(21).normal(0, 3, (600, 26))
    level = [exhaustion(list(60 + row), 8).weeks[0] for row in noise]
    rising = [exhaustion(list(50 + 0.5 * np.arange(26) + row), 8).weeks[0] for row in noise]
    assert sum(weeks is not None for weeks in level) <= 30
    assert sum(weeks is not None for weeks in rising) >= 590
    assert np.median([weeks for weeks in rising if weeks is not None]) == pytest.approx(35, abs=2)


# -- as a step of a report ---------------------------------------------------------------------------------------------

COLUMNS = (
    Column("week", "Week", "date", is_dimension=True),
    Column("resource_type", "Resource type", "text", is_dimension=True),
    Column("avg_utilization", "Mean use", "number", "percent"),
    Column("peak_utilization", "Peak use", "number", "percent"),
    Column("resource_count", "Resources", "integer", "count"),
    Column("days", "Days", "integer", "count"),
)


def week(number: int, kind: str, use: float | None, peak: float | None = 70.0, days: int = 7) -> tuple[Value, ...]:
    return (dt.date(2026, 1, 5) + dt.timedelta(weeks=number), kind, use, peak, 3 + number, days)


def told(rows: list[tuple[Value, ...]], **options: Any) -> dict[Value, dict[str, Value]]:
    columns, made = apply(COLUMNS, rows, soon_weeks=8.0, **options)
    records = [dict(zip((c.name for c in columns), row, strict=True)) for row in made]
    return {record["resource_type"]: record for record in records}


def test_a_row_for_each_group() -> None:
    rows = [week(n, "compute", use, peak=99.0 if n == 3 else 70.0) for n, use in enumerate(RISING)]
    rows += [week(n, "storage", 40.0) for n in range(26)]
    found = told(rows)
    assert found["compute"] | {"recommendation": ""} == {
        "resource_type": "compute",
        "avg_utilization": 62.5,
        "peak_utilization": 99.0,
        "resource_count": 28,
        "utilization_growth_per_week": pytest.approx(0.5),
        "weeks_to_80_pct": pytest.approx(35.0),
        "weeks_to_90_pct": pytest.approx(55.0),
        "recommendation": "",
        "growth_low": pytest.approx(0.5),
        "growth_high": pytest.approx(0.5),
        "growth_p_value": 0.0,
        "weeks_measured": 26,
        "trend_state": "ok",
        "trend_reason": "",
    }
    assert found["storage"]["recommendation"] == NO_EXHAUSTION


def test_the_order_of_rows_does_not_matter_and_missing_weeks_are_gaps() -> None:
    rows = [week(n, "compute", use) for n, use in enumerate(RISING) if n not in (4, 5, 6)]
    found = told(rows[::-1])["compute"]
    assert found["utilization_growth_per_week"] == pytest.approx(0.5)
    assert found["weeks_measured"] == 23


def test_a_group_without_a_figure_in_the_last_week_is_not_predicted() -> None:
    rows = [week(n, "compute", use) for n, use in enumerate(RISING)] + [week(n, "old", 60.0 + n) for n in range(20)]
    found = told(rows)["old"]
    assert (found["avg_utilization"], found["resource_count"], found["weeks_to_80_pct"]) == (None, None, None)
    assert found["recommendation"] == "Cannot say: the last week has no value"


def test_partial_weeks_at_the_edges_are_not_used_but_their_peak_is() -> None:
    rows = [week(n, "compute", use) for n, use in enumerate(RISING)]
    rows += [week(-1, "compute", 5.0, days=3), week(26, "compute", 99.0, peak=101.0, days=2)]
    found = told(rows, days="days")["compute"]
    assert (found["avg_utilization"], found["resource_count"], found["peak_utilization"]) == (62.5, 28, 101.0)
    assert found["utilization_growth_per_week"] == pytest.approx(0.5)
    assert found["weeks_measured"] == 26


def test_no_rows_give_no_rows() -> None:
    assert told([]) == {}
    assert told([week(0, "compute", 50.0, days=2)], days="days")["compute"]["weeks_to_80_pct"] is None


def test_a_section_without_a_needed_column_is_told() -> None:
    with pytest.raises(UnknownName, match=r"no column 'use'"):
        apply(COLUMNS, [], soon_weeks=8.0, utilization="use")
