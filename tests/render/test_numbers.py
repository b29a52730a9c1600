"""Numbers, dates and periods as readers see them."""

from __future__ import annotations

import datetime as dt

import pytest

from opstally.period import Period
from opstally.render.numbers import show, show_bounds, show_change, show_moment, show_number, show_period
from opstally.result import Column, Interval, Value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Größe 👨‍👩‍👧 naïve\u00a0x", "Größe 👨‍👩‍👧 naïve\u00a0x"),
        ("two\r\nlines\tand a tab", "two  lines and a tab"),
        ("\x1b]0;title\x07\x1b[31mred", "␛]0;title␇␛[31mred"),
        ("\x9b31mred \u202eorder\u2069", "\ufffd31mred \ufffdorder\ufffd"),
        ("\x00\x7f", "␀␡"),
    ],
)
def test_texts_tell_a_terminal_nothing(value: str, text: str) -> None:
    assert show(value, Column("team", "Team", "text")) == text


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (0, "count", None, "0"),
        (9_999, "count", None, "9,999"),
        (9_999.96, "count", 1, "10.0k"),
        (12_345, "count", None, "12.3k"),
        (300_200, "count", None, "300.2k"),
        (999_949, "count", None, "999.9k"),
        (999_950, "count", None, "1.0M"),
        (4_200_000_000, "count", None, "4.2B"),
        (-1_500, "count", None, "-1,500"),
        (12.34, "count", None, "12.3"),
        (70.6, "percent", None, "70.6%"),
        (99.97, "percent", None, "99.97%"),
        (99.99951, "percent", None, "99.9995%"),
        (100.0, "percent", None, "100.0%"),
        (0.02, "percent", None, "0.02%"),
        (0, "percent", None, "0.0%"),
        (99.9961, "percent", 3, "99.996%"),
        (26.04, "hours", None, "26.0 h"),
        (34.0, "minutes", None, "34.0 min"),
        (12.25, "days", 0, "12 d"),
        (182.4, "milliseconds", None, "182 ms"),
        (4.061, "score", None, "4.06"),
        (48_212.5, "currency", None, "$48.2k"),
        (812.4, "currency", None, "$812"),
        (4.5, "currency", None, "$4.50"),
        (-4.5, "currency", None, "-$4.50"),
        (50.0, "currency", None, "$50"),
        (3 * 2**30, "bytes", None, "3.0 GiB"),
        (12, "bytes", None, "12 B"),
        (-0.04, "hours", None, "0.0 h"),
        (float("nan"), "count", None, "–"),
        (float("inf"), "hours", None, "–"),
    ],
)
def test_numbers(value: float, unit: str, decimals: int | None, text: str) -> None:
    assert show_number(value, unit, decimals) == text


@pytest.mark.parametrize(("currency", "text"), [("EUR", "€12.3k"), ("JPY", "¥12.3k"), ("CHF", "CHF 12.3k")])
def test_other_currencies(currency: str, text: str) -> None:
    assert show_number(12_345, "currency", None, currency) == text


@pytest.mark.parametrize(
    ("value", "type_", "name", "text"),
    [
        (None, "number", "x", "–"),
        (0.0, "number", "x", "0"),
        (True, "boolean", "x", "yes"),
        (False, "boolean", "x", "no"),
        ("Bug report", "text", "x", "Bug report"),
        (dt.date(2026, 8, 3), "date", "week", "03 Aug 2026"),
        (dt.date(2026, 8, 1), "date", "month", "Aug 2026"),
        (dt.datetime(2026, 8, 3, 14, 5), "timestamp", "x", "03 Aug 2026 14:05"),
    ],
)
def test_values(value: Value, type_: str, name: str, text: str) -> None:
    assert show(value, Column(name, name, type_)) == text


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ("2026-08-01", "2026-10-31", "01 Aug – 30 Oct 2026"),
        ("2025-10-06", "2026-11-02", "06 Oct 2025 – 01 Nov 2026"),
        ("2026-08-01", "2026-08-02", "01 Aug 2026"),
    ],
)
def test_periods_show_their_last_day(start: str, end: str, text: str) -> None:
    assert show_period(Period(dt.date.fromisoformat(start), dt.date.fromisoformat(end))) == text


def test_early_years_keep_four_digits() -> None:
    assert show_moment(dt.date(987, 1, 2)) == "02 Jan 0987"


@pytest.mark.parametrize(
    ("change", "before", "unit", "text"),
    [
        (-2.5, 73.1, "percent", "2.5 pt"),
        (0.04, 99.9, "percent", "0.04 pt"),
        (16_400, 283_800, "count", "5.8%"),
        (2.0, 0, "count", "2"),
        (2.0, None, "hours", "2.0 h"),
        (-1.0, -4.0, "currency", "25.0%"),
    ],
)
def test_changes(change: float, before: float | None, unit: str, text: str) -> None:
    assert show_change(change, before, unit) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(1.5, 2.0, "1.5 h – 2.0 h"), (1.5, None, "1.5 h or more"), (None, 2.0, "2.0 h or less"), (None, None, "")],
)
def test_bounds(low: float | None, high: float | None, text: str) -> None:
    assert show_bounds(Interval(9, low, high), Column("hours", "Hours", "number", "hours")) == text
