"""How rows relate to a period: each time basis, worked out by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.planner.company import JANUARY, Company, metric, table

from opstally.errors import BadExpression, BadRange
from opstally.period import Calendar, Period

D, T = dt.date, dt.datetime
FIRST, SECOND, THIRD = D(2026, 1, 5), D(2026, 1, 12), D(2026, 1, 19)
WEEKS = Period(FIRST, D(2026, 1, 26))
BERLIN = Calendar("Europe/Berlin")
COLUMNS = "id text, at timestamp, till timestamp, day date, until date, who text, n integer"


def company(rows: list[tuple[Any, ...]], value: str, at: Any, unit: str = "count", **more: Any) -> Company:
    calendar = more.pop("calendar", Calendar())
    fact = table("f", COLUMNS, more.pop("key", "id"), at="at")
    return Company([fact], [metric("m", "f", value, unit, at=at, **more)], {"f": rows}, calendar)


def events(*instants: dt.datetime | None) -> list[tuple[Any, ...]]:
    return [(str(i), at, None, None, None, None, None) for i, at in enumerate(instants)]


def spans(*ends: tuple[dt.datetime | None, dt.datetime | None]) -> list[tuple[Any, ...]]:
    return [(str(i), start, end, None, None, None, None) for i, (start, end) in enumerate(ends)]


def days(*ends: tuple[dt.date | None, dt.date | None]) -> list[tuple[Any, ...]]:
    return [(str(i), None, None, start, end, None, None) for i, (start, end) in enumerate(ends)]


# -- event -------------------------------------------------------------------------------------------------------------


def test_an_event_on_a_border_belongs_to_the_bucket_that_starts() -> None:
    rows = events(
        T(2026, 1, 5), T(2026, 1, 11, 23, 59, 59, 999999), T(2026, 1, 12), T(2026, 1, 26), T(2026, 1, 4, 23), None
    )
    asked = company(rows, "count()", "at")
    assert asked.ask("m", period=WEEKS) == [(3,)]
    assert asked.ask("m", period=WEEKS, grain="week") == [(FIRST, 2), (SECOND, 1)]


def test_days_are_those_of_the_project_s_time_zone() -> None:
    """Midnight in Berlin is 23:00 UTC in winter; the clock goes forward on 29 March 2026."""
    rows = events(
        T(2026, 3, 27, 22, 59),
        T(2026, 3, 27, 23),
        T(2026, 3, 28, 22, 59),
        T(2026, 3, 28, 23),
        T(2026, 3, 29, 21, 59),
        T(2026, 3, 29, 22),
        T(2026, 3, 30, 21, 59),
        T(2026, 3, 30, 22),
    )
    asked = company(rows, "count()", "at", calendar=BERLIN)
    period = Period(D(2026, 3, 28), D(2026, 3, 31))
    assert asked.ask("m", period=period, grain="day") == [(D(2026, 3, 28), 2), (D(2026, 3, 29), 2), (D(2026, 3, 30), 2)]
    assert asked.ask("m", period=period) == [(6,)]


def test_a_clock_put_back_across_midnight_keeps_each_instant_in_one_day() -> None:
    """St. John's, 7 November 2010: at 00:01 the clock went back to 23:01 of the day that had ended."""
    calendar = Calendar("America/St_Johns")
    change = T(2010, 11, 7, 2, 31)
    rows = events(
        change - dt.timedelta(minutes=2), change, change + dt.timedelta(minutes=58), change + dt.timedelta(hours=1)
    )
    asked = company(rows, "count()", "at", calendar=calendar)
    whole = Period(D(2010, 11, 6), D(2010, 11, 8))
    assert asked.ask("m", period=whole, grain="day") == [(D(2010, 11, 6), 1), (D(2010, 11, 7), 3)]
    assert asked.ask("m", period=Period(D(2010, 11, 7), D(2010, 11, 8)), grain="day") == [(D(2010, 11, 7), 3)]


def test_a_century_of_changed_clocks_is_no_deep_expression() -> None:
    period = Period(D(1990, 1, 1), D(2190, 1, 1))
    asked = company(events(T(1999, 12, 31, 23), T(2150, 6, 30, 22)), "count()", "at", calendar=BERLIN)
    assert asked.ask("m", period=period, grain="month") == [(D(2000, 1, 1), 1), (D(2150, 7, 1), 1)]


def test_more_buckets_than_anybody_reads_are_refused() -> None:
    asked = company([], "count()", "at")
    with pytest.raises(BadRange, match="more than 5000 buckets of a day: ask for a coarser grain"):
        asked.ask("m", period=Period(D(1900, 1, 1), D(2100, 1, 1)), grain="day", members=True)


@pytest.mark.parametrize(
    ("calendar", "grain", "labels"),
    [
        (Calendar(week_start="sunday"), "week", [D(2026, 1, 4), D(2026, 1, 11)]),
        (Calendar(week_start="saturday"), "week", [D(2026, 1, 3), D(2026, 1, 10)]),
        (Calendar(fiscal_year_start=2), "quarter", [D(2025, 11, 1)]),
        (Calendar(fiscal_year_start=4), "year", [D(2025, 4, 1)]),
        (Calendar(), "quarter", [D(2026, 1, 1)]),
    ],
)
def test_buckets_start_where_the_calendar_says(calendar: Calendar, grain: Any, labels: list[dt.date]) -> None:
    asked = company(
        events(T(2026, 1, 9), T(2026, 1, 10)) if len(labels) == 1 else events(T(2026, 1, 9), T(2026, 1, 11)),
        "count()",
        "at",
        calendar=calendar,
    )
    assert [label for label, _ in asked.ask("m", grain=grain)] == labels


def test_empty_facts_have_a_total_and_no_groups() -> None:
    asked = company([], "count()", "at")
    assert asked.ask("m") == [(0,)]
    assert asked.ask("m", grain="week") == []
    assert asked.ask("m", by="who") == []
    assert [n for _, n in asked.ask("m", grain="week", period=WEEKS, members=True)] == [0, 0, 0]


# -- during ------------------------------------------------------------------------------------------------------------

SPANS = spans(
    (T(2026, 1, 1), T(2026, 1, 6)),  # straddles the start: 1 day inside
    (T(2026, 1, 11), T(2026, 1, 13)),  # over a border: a day in each of two weeks
    (T(2026, 1, 25), None),  # still going on: 1 day inside
    (T(2026, 1, 8), T(2026, 1, 8)),  # of no length, inside
    (T(2026, 1, 12), T(2026, 1, 12)),  # of no length, on a border
    (T(2026, 1, 4), T(2026, 1, 5)),  # ends where the period starts
    (T(2026, 1, 26), None),  # starts where it ends
    (None, T(2026, 1, 8)),
)


def test_spans_count_in_every_bucket_that_they_overlap() -> None:
    asked = company(SPANS, "count()", {"during": ["at", "till"]})
    assert asked.ask("m", period=WEEKS) == [(5,)]
    assert asked.ask("m", period=WEEKS, grain="week") == [(FIRST, 3), (SECOND, 2), (THIRD, 1)]


def test_overlap_is_clipped_to_the_bucket() -> None:
    asked = company(SPANS, "sum(overlap_minutes())", {"during": ["at", "till"]}, "minutes")
    assert asked.ask("m", period=WEEKS) == [(4 * 1440.0,)]
    assert asked.ask("m", period=WEEKS, grain="week") == [(FIRST, 2 * 1440.0), (SECOND, 1440.0), (THIRD, 1440.0)]


def test_spans_of_days_end_before_their_end() -> None:
    rows = days(
        (D(2026, 1, 5), D(2026, 1, 7)),
        (D(2026, 1, 6), D(2026, 1, 6)),
        (D(2026, 1, 11), D(2026, 1, 12)),
        (D(2026, 1, 18), None),
    )
    asked = company(rows, "sum(overlap_minutes())", {"during": ["day", "until"]}, "minutes")
    assert asked.ask("m", period=WEEKS, grain="week") == [(FIRST, 3 * 1440.0), (SECOND, 1440.0), (THIRD, 7 * 1440.0)]


def test_the_days_of_a_span_are_local_ones_where_the_clock_changes() -> None:
    """Midnight in Berlin is 23:00 UTC up to 29 March 2026, and 22:00 UTC after it."""
    rows = spans(
        (T(2026, 3, 27, 23), T(2026, 3, 28, 23)),  # the 28th, whole
        (T(2026, 3, 28, 22, 59), T(2026, 3, 29, 22)),  # the last minute of the 28th, and the 29th, of 23 hours
        (T(2026, 3, 29, 22), T(2026, 3, 29, 22)),  # of no length, at the midnight in which the 30th starts
        (T(2026, 3, 29, 21, 59, 59, 999999), None),  # from the last microsecond of the 29th on
    )
    period = Period(D(2026, 3, 28), D(2026, 4, 1))
    during = company(rows, "count()", {"during": ["at", "till"]}, calendar=BERLIN)
    expected = [(D(2026, 3, 28), 2), (D(2026, 3, 29), 2), (D(2026, 3, 30), 2), (D(2026, 3, 31), 1)]
    assert during.ask("m", grain="day", period=period) == expected
    still = company(rows, "count()", {"open_at_end": ["at", "till"]}, calendar=BERLIN)
    expected = [(D(2026, 3, 28), 2), (D(2026, 3, 29), 2), (D(2026, 3, 30), 1), (D(2026, 3, 31), 1)]
    assert still.ask("m", grain="day", period=period) == expected


def test_spans_count_in_the_quarters_and_years_of_the_fiscal_year() -> None:
    rows = spans((T(2025, 12, 31), T(2026, 2, 1)), (T(2026, 1, 31, 23), T(2026, 2, 1, 1)), (T(2025, 6, 1), None))
    asked = company(rows, "count()", {"during": ["at", "till"]}, calendar=Calendar(fiscal_year_start=2))
    year = Period(D(2025, 11, 1), D(2026, 5, 1))
    assert asked.ask("m", grain="quarter", period=year) == [(D(2025, 11, 1), 3), (D(2026, 2, 1), 2)]
    assert asked.ask("m", grain="year", period=year) == [(D(2025, 2, 1), 3), (D(2026, 2, 1), 2)]


def test_a_span_that_ends_before_it_starts_has_no_length() -> None:
    """Taken as negative it would be subtracted from the others."""
    rows = spans((T(2026, 1, 6), T(2026, 1, 5)), (T(2026, 1, 7), T(2026, 1, 8)), (T(2026, 1, 13), T(2026, 1, 6)))
    assert company(rows, "sum(overlap_minutes())", {"during": ["at", "till"]}, "minutes").ask("m") == [(1440.0,)]
    assert company(rows, "union_minutes()", {"during": ["at", "till"]}, "minutes").ask("m") == [(1440.0,)]


def test_a_union_counts_each_minute_once() -> None:
    rows = spans(
        (T(2026, 1, 6, 10), T(2026, 1, 6, 12)),
        (T(2026, 1, 6, 11), T(2026, 1, 6, 11, 30)),
        (T(2026, 1, 6, 11, 45), T(2026, 1, 6, 13)),
        (T(2026, 1, 6, 10), T(2026, 1, 6, 12)),
        (T(2026, 1, 6, 15), T(2026, 1, 6, 15, 20)),
        (T(2026, 1, 11, 23), T(2026, 1, 12, 1)),
    )
    asked = company(rows, "union_minutes()", {"during": ["at", "till"]}, "minutes")
    assert asked.ask("m", period=WEEKS) == [(180.0 + 20 + 120,)]
    assert asked.ask("m", period=WEEKS, grain="week") == [(FIRST, 180.0 + 20 + 60), (SECOND, 60.0)]


def test_a_union_is_over_the_rows_that_count_in_each_group() -> None:
    rows = [
        (*span[:5], who, n)
        for span, who, n in zip(
            spans(
                (T(2026, 1, 6, 10), T(2026, 1, 6, 12)),
                (T(2026, 1, 6, 11), T(2026, 1, 6, 13)),
                (T(2026, 1, 6, 9), T(2026, 1, 6, 14)),
            ),
            ["a", "a", "b"],
            [1, 1, 0],
            strict=True,
        )
    ]
    asked = company(rows, "union_minutes()", {"during": ["at", "till"]}, "minutes", where="n = 1")
    assert asked.ask("m", by="who") == [("a", 180.0), ("b", 0.0)]
    assert asked.ask("m") == [(180.0,)]


# -- open at the end ---------------------------------------------------------------------------------------------------


def test_open_rows_have_started_and_not_ended_at_the_end() -> None:
    rows = spans(
        (T(2026, 1, 6), None),
        (T(2026, 1, 6), T(2026, 1, 12)),
        (T(2026, 1, 6), T(2026, 1, 11, 23, 59)),
        (T(2026, 1, 12), T(2026, 1, 12, 1)),
        (T(2025, 1, 1), T(2026, 1, 20)),
        (None, None),
    )
    asked = company(rows, "count()", {"open_at_end": ["at", "till"]})
    assert asked.ask("m", period=WEEKS, grain="week") == [(FIRST, 3), (SECOND, 2), (THIRD, 1)]
    assert asked.ask("m", period=WEEKS) == [(1,)]


def test_open_days() -> None:
    rows = days((D(2026, 1, 11), D(2026, 1, 12)), (D(2026, 1, 12), None), (D(2026, 1, 5), D(2026, 1, 11)))
    asked = company(rows, "count()", {"open_at_end": ["day", "until"]})
    assert asked.ask("m", period=WEEKS, grain="week") == [(FIRST, 1), (SECOND, 1), (THIRD, 1)]


# -- latest and last ---------------------------------------------------------------------------------------------------

STATES = [
    ("1", T(2026, 1, 6), None, None, None, "a", 1),
    ("2", T(2026, 1, 14), None, None, None, "a", 10),
    ("3", None, None, None, None, "b", 100),
    ("4", T(2026, 1, 26), None, None, None, "b", 1000),
    ("5", T(2025, 6, 1), None, None, None, "c", 10000),
    ("6", T(2026, 1, 14), None, None, None, None, 5),
]


def test_the_newest_row_of_each_entity_before_the_end() -> None:
    asked = company(STATES, "sum(n)", {"latest": "at", "per": ["who"]})
    assert asked.ask("m", period=WEEKS) == [(10 + 100 + 10000 + 5,)]
    assert asked.ask("m", period=WEEKS, grain="week") == [(FIRST, 10101), (SECOND, 10115), (THIRD, 10115)]


def test_a_filter_does_not_bring_an_older_state_back() -> None:
    asked = company(STATES, "count()", {"latest": "at", "per": ["who"]}, where="n < 50")
    assert asked.ask("m", period=WEEKS, where="n = 1") == [(0,)]
    assert asked.ask("m", period=WEEKS, where="who = 'a'") == [(1,)]


def test_of_two_newest_rows_the_one_with_the_largest_key() -> None:
    """Texts by code point: a comes after B."""
    tied = [(key, T(2026, 1, 6), None, None, None, "x", n) for key, n in (("a", 1), ("B", 2))]
    assert company(tied, "sum(n)", {"latest": "at", "per": ["who"]}).ask("m") == [(1,)]


def test_the_rows_of_the_last_date_that_has_any() -> None:
    rows = [
        (str(i), None, None, day, None, who, n)
        for i, (day, who, n) in enumerate(
            [
                (D(2026, 1, 6), "a", 1),
                (D(2026, 1, 8), "a", 10),
                (D(2026, 1, 8), "b", 100),
                (D(2026, 1, 13), "b", 1000),
                (None, "a", 7),
            ]
        )
    ]
    asked = company(rows, "sum(n)", {"last": "day"})
    assert asked.ask("m") == [(1000,)]
    assert asked.ask("m", grain="week") == [(FIRST, 110), (SECOND, 1000)]
    assert asked.ask("m", by="who") == [("b", 1000)]
    assert asked.ask("m", where="who = 'a'") == [(None,)]


# -- not over time -----------------------------------------------------------------------------------------------------


def test_what_is_not_over_time_has_all_rows_and_no_grain() -> None:
    asked = company(events(T(1999, 1, 1), None), "count()", "always")
    assert asked.ask("m") == [(2,)]
    with pytest.raises(BadRange, match="m is not over time: ask for it without a grain"):
        asked.ask("m", grain="week")


# -- what cannot be a basis --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "sentence"),
    [
        ("who", r"f\.who is text: a time basis needs a date or a timestamp"),
        ("nothing", "f has no column 'nothing'"),
        ({"during": ["at", "until"]}, "A time basis needs two dates or two timestamps, not timestamp and date"),
        ({"last": "at"}, "`last` needs the date of a snapshot, and at is an instant"),
        ({"latest": "at", "per": ["whom"]}, "needs a stored column of f, which 'whom' is not. Did you mean 'who'"),
    ],
)
def test_a_time_basis_that_means_nothing_is_refused(at: Any, sentence: str) -> None:
    with pytest.raises(BadExpression, match=sentence):
        company([], "count()", at).ask("m")


@pytest.mark.parametrize("value", ["sum(overlap_minutes())", "union_minutes()", "count_if(overlap_minutes() > 5)"])
def test_spans_need_a_basis_with_spans(value: str) -> None:
    with pytest.raises(BadExpression, match=r"_minutes\(\) needs a time basis with `during: \[start, end\]`"):
        company([], value, "at", "count" if "if" in value else "minutes").ask("m")


@pytest.mark.parametrize("key", ["where", "settled", "excludes"])
def test_spans_in_conditions_need_it_too(key: str) -> None:
    condition: Any = {"short": "overlap_minutes() < 5"} if key == "excludes" else "overlap_minutes() < 5"
    with pytest.raises(BadExpression, match="needs a time basis with `during"):
        company([], "count()", "at", **{key: condition}).ask("m")


def test_spans_in_a_filter_need_it_too() -> None:
    assert (
        company(SPANS, "count()", {"during": ["at", "till"]}).ask("m", where="overlap_minutes() > 1440", period=JANUARY)
        != []
    )
    with pytest.raises(BadExpression, match="needs a time basis with `during"):
        company([], "count()", "at").ask("m", where="overlap_minutes() > 5")
