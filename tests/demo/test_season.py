"""Days, seasons and clocks."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from opstally.demo.season import Span, on_clock, two_years, workload


@pytest.mark.parametrize(
    ("until", "start"),
    [
        (date(2026, 10, 31), date(2024, 11, 1)),
        (date(2026, 11, 22), date(2024, 11, 23)),
        (date(2024, 2, 29), date(2022, 3, 1)),
        (date(2026, 2, 28), date(2024, 3, 1)),
        (date(2026, 3, 29), date(2024, 3, 28)),
    ],
)
def test_two_years_end_with_the_day(until: date, start: date) -> None:
    assert two_years(until).start == start


def test_months_tile_the_span() -> None:
    span = Span(date(2025, 1, 23), date(2025, 4, 2))
    months = [(month.label, month.first, month.after) for month in span.months()]
    assert months == [("2025-01", 0, 9), ("2025-02", 9, 37), ("2025-03", 37, 68), ("2025-04", 68, 70)]


def test_the_workload_has_weekdays_holidays_and_a_winter() -> None:
    span = two_years(date(2026, 10, 31))
    load = dict(zip(span.days.astype(object), workload(span), strict=True))
    assert load[date(2026, 1, 12)] == pytest.approx(1.28 / (6.06 / 7) * 1.12, rel=0.001)
    assert load[date(2026, 1, 12)] / load[date(2026, 1, 18)] == pytest.approx(1.28 / 0.16, rel=0.01)
    assert load[date(2026, 7, 13)] / load[date(2026, 1, 12)] == pytest.approx(0.88 / 1.12, rel=0.01)
    assert load[date(2026, 5, 1)] / load[date(2026, 4, 24)] == pytest.approx(0.35, rel=0.05)


def times(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="datetime64[s]")


def test_summer_and_winter_in_berlin() -> None:
    """Winter is UTC+1, summer UTC+2; the change of 2026-03-29 is at 01:00 UTC."""
    utc = times("2026-01-15T12:00:00", "2026-03-29T00:59:59", "2026-03-29T01:00:00", "2026-07-15T12:00:00", "NaT")
    local = times("2026-01-15T13:00:00", "2026-03-29T01:59:59", "2026-03-29T03:00:00", "2026-07-15T14:00:00", "NaT")
    np.testing.assert_array_equal(on_clock(utc, "Europe/Berlin"), local)


def test_what_happens_in_the_hour_that_comes_twice_is_written_at_its_end() -> None:
    """On 2026-10-25 Berlin has 02:00 to 03:00 at 00:00 UTC and again at 01:00 UTC."""
    utc = times("2026-10-25T00:30:00", "2026-10-25T01:00:00", "2026-10-25T01:59:59", "2026-10-25T02:00:00")
    local = times("2026-10-25T02:30:00", "2026-10-25T03:00:00", "2026-10-25T03:00:00", "2026-10-25T03:00:00")
    np.testing.assert_array_equal(on_clock(utc, "Europe/Berlin"), local)
