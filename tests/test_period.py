"""Periods, calendars and windows: hand-computed cases, and what must hold for any day in any zone."""

from __future__ import annotations

import itertools
import zoneinfo
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opstally.errors import BadRange
from opstally.period import (
    GRAINS,
    WEEKDAYS,
    Bucket,
    Calendar,
    Period,
    compared,
    default_grain,
    read_day,
    read_grain,
    window,
)

SUNDAY = date(2026, 11, 22)
UTC_CALENDAR = Calendar()
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Africa/Cairo",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/St_Johns",
]

days = st.dates(date(1990, 1, 1), date(2040, 12, 31))
grains = st.sampled_from(GRAINS)
calendars = st.builds(Calendar, st.sampled_from(ZONES), st.sampled_from(WEEKDAYS), st.integers(1, 12))
instants = st.datetimes(datetime(1990, 1, 2), datetime(2040, 12, 30)).map(lambda t: t.replace(microsecond=0))


@st.composite
def periods(draw: st.DrawFn) -> Period:
    start = draw(days)
    return Period(start, start + timedelta(days=draw(st.integers(1, 900))))


def p(text: str) -> Period:
    start, end = text.split("..")
    return Period(date.fromisoformat(start), date.fromisoformat(end))


class TestPeriod:
    def test_is_half_open(self) -> None:
        period = p("2026-08-03..2026-10-26")
        assert period.days == 84
        assert period.contains(date(2026, 8, 3))
        assert period.contains(date(2026, 10, 25))
        assert not period.contains(date(2026, 10, 26))
        assert period.last_day == date(2026, 10, 25)
        assert str(period) == "2026-08-03..2026-10-26"

    @pytest.mark.parametrize("text", ["2026-08-03..2026-08-03", "2026-08-03..2026-08-02"])
    def test_without_a_day_is_refused(self, text: str) -> None:
        with pytest.raises(BadRange, match="its end is not included, so the earliest end is 2026-08-04"):
            p(text)


class TestCalendar:
    @pytest.mark.parametrize(
        ("grain", "start", "after"),
        [
            ("day", "2026-11-22", "2026-11-23"),
            ("week", "2026-11-16", "2026-11-23"),
            ("month", "2026-11-01", "2026-12-01"),
            ("quarter", "2026-10-01", "2027-01-01"),
            ("year", "2026-01-01", "2027-01-01"),
        ],
    )
    def test_buckets_of_a_plain_calendar(self, grain, start, after) -> None:
        assert UTC_CALENDAR.bucket_start(SUNDAY, grain) == date.fromisoformat(start)
        assert UTC_CALENDAR.next_bucket(SUNDAY, grain) == date.fromisoformat(after)

    def test_weeks_start_on_the_projects_day(self) -> None:
        assert Calendar(week_start="sunday").bucket_start(SUNDAY, "week") == SUNDAY
        assert Calendar(week_start="saturday").bucket_start(SUNDAY, "week") == date(2026, 11, 21)

    def test_fiscal_quarters_and_years_start_in_the_projects_month(self) -> None:
        april, february = Calendar(fiscal_year_start=4), Calendar(fiscal_year_start=2)
        assert april.bucket_start(date(2026, 3, 31), "year") == date(2025, 4, 1)
        assert april.bucket_start(date(2026, 4, 1), "year") == date(2026, 4, 1)
        assert february.bucket_start(date(2026, 1, 31), "quarter") == date(2025, 11, 1)
        assert february.next_bucket(date(2026, 1, 31), "quarter") == date(2026, 2, 1)

    def test_buckets_are_clipped_to_the_period_and_say_so(self) -> None:
        assert UTC_CALENDAR.buckets(p("2026-09-15..2026-11-01"), "month") == (
            Bucket(date(2026, 9, 1), date(2026, 9, 15), date(2026, 10, 1), complete=False),
            Bucket(date(2026, 10, 1), date(2026, 10, 1), date(2026, 11, 1), complete=True),
        )

    @given(calendars, periods(), grains)
    def test_buckets_tile_the_period(self, calendar, period, grain) -> None:
        buckets = calendar.buckets(period, grain)
        assert buckets[0].start == period.start
        assert buckets[-1].end == period.end
        assert all(one.end == other.start for one, other in itertools.pairwise(buckets))
        for bucket in buckets:
            assert bucket.start < bucket.end
            assert calendar.bucket_start(bucket.start, grain) == bucket.label
            assert calendar.bucket_start(bucket.end - timedelta(days=1), grain) == bucket.label
            whole = bucket.start == bucket.label and bucket.end == calendar.next_bucket(bucket.label, grain)
            assert bucket.complete == whole

    @given(calendars, days, grains)
    def test_a_bucket_contains_its_day_and_is_as_long_as_its_name(self, calendar, day, grain) -> None:
        start, after = calendar.bucket_start(day, grain), calendar.next_bucket(day, grain)
        assert start <= day < after
        lengths = {"day": {1}, "week": {7}, "month": {28, 29, 30, 31}, "quarter": {89, 90, 91, 92}, "year": {365, 366}}
        assert (after - start).days in lengths[grain]
        assert calendar.bucket_start(after, grain) == after
        if grain == "week":
            assert WEEKDAYS[start.weekday()] == calendar.week_start
        if grain == "year":
            assert (start.month, start.day) == (calendar.fiscal_year_start, 1)

    @pytest.mark.parametrize(
        ("calendar", "message"),
        [
            (dict(timezone="Europe/Berln"), "There is no time zone 'Europe/Berln'. Did you mean 'Europe/Berlin'"),
            (dict(timezone="../etc/passwd"), "There is no time zone"),
            (dict(timezone="Europe"), "There is no time zone 'Europe'"),
            (dict(timezone=""), "There is no time zone ''"),
            (dict(timezone="a\0b"), "There is no time zone"),
            (dict(week_start="sonday"), "There is no weekday 'sonday'. Did you mean 'sunday' or 'monday'"),
            (dict(fiscal_year_start=13), "not 13"),
        ],
    )
    def test_refuses_what_is_not_there(self, calendar, message) -> None:
        with pytest.raises(BadRange) as refused:
            Calendar(**calendar)
        assert message in str(refused.value)


class TestInstants:
    @pytest.mark.parametrize(
        ("zone", "day", "instant"),
        [
            ("UTC", "2026-11-22", "2026-11-22T00:00"),
            ("Asia/Kathmandu", "2026-11-22", "2026-11-21T18:15"),
            # Clocks went from 00:00 to 01:00: the day began at 01:00 local, -02:00.
            ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00"),
            ("Africa/Cairo", "2023-04-28", "2023-04-27T22:00"),
            # Clocks went from 00:00 back to 23:00: the day before had 25 hours.
            ("Africa/Cairo", "2023-10-27", "2023-10-26T22:00"),
            # Clocks went from 01:00 back to 00:00: midnight came twice, the first counts.
            ("America/Havana", "2025-11-02", "2025-11-02T04:00"),
            # Clocks went from 23:30 to 00:30: the day began in the middle of its first hour.
            ("America/Toronto", "1919-03-31", "1919-03-31T04:30"),
            # The day that Samoa skipped is empty.
            ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00"),
            ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00"),
        ],
    )
    def test_where_days_start(self, zone, day, instant) -> None:
        assert Calendar(zone).instant(date.fromisoformat(day)) == datetime.fromisoformat(instant)

    @pytest.mark.parametrize(
        ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 11, 22), 24)]
    )
    def test_days_have_the_hours_that_they_have(self, day, hours) -> None:
        start, end = Calendar("Europe/Berlin").instants(Period(day, day + timedelta(days=1)))
        assert end - start == timedelta(hours=hours)

    @given(calendars, days)
    @example(Calendar("Pacific/Apia"), date(2011, 12, 30))
    def test_are_monotone_and_a_day_is_0_or_21_to_27_hours(self, calendar, day) -> None:
        length = calendar.instant(day + timedelta(days=1)) - calendar.instant(day)
        assert length == timedelta() or timedelta(hours=21) <= length <= timedelta(hours=27)

    @given(calendars, instants)
    @example(Calendar("America/St_Johns"), datetime(2010, 11, 7, 2, 45))
    @example(Calendar("Pacific/Apia"), datetime(2011, 12, 30, 10))
    def test_local_day_is_the_day_whose_instants_contain_it(self, calendar, instant) -> None:
        day = calendar.local_day(instant)
        assert calendar.instant(day) <= instant < calendar.instant(day + timedelta(days=1))

    @given(calendars, days)
    def test_the_first_second_of_a_day_is_of_that_day(self, calendar, day) -> None:
        instant = calendar.instant(day)
        local = instant.replace(tzinfo=UTC).astimezone(zoneinfo.ZoneInfo(calendar.timezone))
        skipped = calendar.instant(day + timedelta(days=1)) == instant
        assert local.date() == (day + timedelta(days=1) if skipped else day)


class TestOffsets:
    def test_are_exact(self) -> None:
        start, end = datetime(2026, 1, 1, 5, 5, 5, 7), datetime(2027, 1, 1)
        assert Calendar("Europe/Berlin").offsets(start, end) == [
            (start, 3600),
            (datetime(2026, 3, 29, 1), 7200),
            (datetime(2026, 10, 25, 1), 3600),
        ]

    def test_samoa_skips_a_day(self) -> None:
        offsets = Calendar("Pacific/Apia").offsets(datetime(2011, 12, 1), datetime(2012, 1, 1))
        assert offsets == [(datetime(2011, 12, 1), -36000), (datetime(2011, 12, 30, 10), 50400)]

    def test_a_zone_without_changes_has_one(self) -> None:
        assert Calendar("Asia/Kathmandu").offsets(datetime(2000, 1, 1), datetime(2030, 1, 1)) == [
            (datetime(2000, 1, 1), 20700)
        ]

    def test_a_change_at_the_end_is_not_in_the_range(self) -> None:
        changes = datetime(2026, 3, 29, 1)
        berlin = Calendar("Europe/Berlin")
        assert len(berlin.offsets(datetime(2026, 3, 1), changes)) == 1
        assert len(berlin.offsets(datetime(2026, 3, 1), changes + timedelta(seconds=1))) == 2

    @given(calendars, instants, st.integers(0, 900 * 86400), st.floats(0, 1))
    def test_hold_at_every_instant(self, calendar, start, seconds, part) -> None:
        offsets = calendar.offsets(start, start + timedelta(seconds=seconds))
        instant = start + timedelta(seconds=int(seconds * part * 0.999999))
        aware = instant.replace(tzinfo=UTC).astimezone(zoneinfo.ZoneInfo(calendar.timezone))
        told = [offset for since, offset in offsets if since <= instant][-1]
        assert timedelta(seconds=told) == aware.utcoffset()
        assert all(one[1] != other[1] for one, other in itertools.pairwise(offsets))


class TestWindow:
    @pytest.mark.parametrize(
        ("text", "period"),
        [
            ("13 weeks", "2026-08-24..2026-11-23"),
            ("13w", "2026-08-24..2026-11-23"),
            (" 13  WEEKS ", "2026-08-24..2026-11-23"),
            ("1 week", "2026-11-16..2026-11-23"),
            ("30 days", "2026-10-24..2026-11-23"),
            ("30d", "2026-10-24..2026-11-23"),
            ("6 months", "2026-05-01..2026-11-01"),
            ("6m", "2026-05-01..2026-11-01"),
            ("1 month", "2026-10-01..2026-11-01"),
            ("2 quarters", "2026-04-01..2026-10-01"),
            ("1 year", "2025-01-01..2026-01-01"),
            ("1y", "2025-01-01..2026-01-01"),
            ("2026-08-03..2026-10-26", "2026-08-03..2026-10-26"),
            ("2026-08-03 .. 2026-10-26", "2026-08-03..2026-10-26"),
            ("2026-10", "2026-10-01..2026-11-01"),
            ("2026-12", "2026-12-01..2027-01-01"),
            ("2026-Q3", "2026-07-01..2026-10-01"),
            ("2026-q4", "2026-10-01..2027-01-01"),
            ("2026", "2026-01-01..2027-01-01"),
            ("2026-W41", "2026-10-05..2026-10-12"),
            ("2026-W53", "2026-12-28..2027-01-04"),
            ("today", "2026-11-22..2026-11-23"),
            ("this week", "2026-11-16..2026-11-23"),
            ("this month", "2026-11-01..2026-11-23"),
            ("this quarter", "2026-10-01..2026-11-23"),
            ("this year", "2026-01-01..2026-11-23"),
        ],
    )
    def test_forms(self, text, period) -> None:
        assert window(text, SUNDAY, UTC_CALENDAR) == p(period)

    def test_as_of_itself_counts(self) -> None:
        assert window("1 week", SUNDAY - timedelta(days=1), UTC_CALENDAR) == p("2026-11-09..2026-11-16")
        assert window("1 month", date(2026, 11, 30), UTC_CALENDAR) == p("2026-11-01..2026-12-01")
        assert window("1 month", date(2026, 11, 29), UTC_CALENDAR) == p("2026-10-01..2026-11-01")

    @pytest.mark.parametrize(
        ("text", "over", "period"),
        [
            ("2026-Q4", SUNDAY, "2026-10-01..2026-11-23"),
            ("2026-10-05..2027-01-01", SUNDAY, "2026-10-05..2026-11-23"),
            ("2026-10", SUNDAY, "2026-10-01..2026-11-01"),
            ("2026-11-01..2026-11-23", SUNDAY, "2026-11-01..2026-11-23"),
            ("2026-12", SUNDAY, "2026-12-01..2027-01-01"),  # nothing of it is over: what is planned can be asked for
            # Data that end early, and a quarter that is over: it is whole, and the data say how far they go.
            ("2026-Q4", date(2027, 1, 5), "2026-10-01..2027-01-01"),
            ("2026-Q4", date(2026, 12, 31), "2026-10-01..2027-01-01"),
        ],
    )
    def test_a_named_period_that_is_not_over_ends_with_the_last_day_that_counts(self, text, over, period) -> None:
        assert window(text, SUNDAY, UTC_CALENDAR, over=over) == p(period)

    def test_a_named_period_that_is_not_over_and_starts_after_the_last_day_that_counts_is_whole(self) -> None:
        """As with data that end long before it."""
        assert window("2026-12", SUNDAY, UTC_CALENDAR, over=date(2026, 12, 9)) == p("2026-12-01..2027-01-01")

    def test_a_fiscal_year_is_named_after_the_year_in_which_it_ends(self) -> None:
        april = Calendar(fiscal_year_start=4)
        assert window("2026", SUNDAY, april) == p("2025-04-01..2026-04-01")
        assert window("2026-Q1", SUNDAY, april) == p("2025-04-01..2025-07-01")
        assert window("2026-Q4", SUNDAY, april) == p("2026-01-01..2026-04-01")
        assert window("1 year", SUNDAY, april) == p("2025-04-01..2026-04-01")

    def test_an_iso_week_is_the_projects_week_with_its_thursday(self) -> None:
        assert window("2026-W41", SUNDAY, Calendar(week_start="sunday")) == p("2026-10-04..2026-10-11")

    @given(calendars, days, st.sampled_from(["day", "week", "month", "quarter", "year"]), st.integers(1, 30))
    def test_counts_whole_periods_that_have_ended(self, calendar, as_of, grain, count) -> None:
        period = window(f"{count} {grain}s", as_of, calendar)
        buckets = calendar.buckets(period, grain)
        assert len(buckets) == count
        assert all(bucket.complete for bucket in buckets)
        assert period.end <= as_of + timedelta(days=1) < calendar.next_bucket(period.end, grain)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("0 weeks", "counts from 1 to 10000 complete periods, not 0"),
            ("10001 days", "not 10001"),
            ("9" * 500 + "d", "counts from 1 to 10000"),
            ("10000 months", "reaches outside 1800-01-01 to 2200-01-01"),
            ("10000 years", "reaches back before 1800-01-01"),
            ("2026-13", "The period '2026-13' cannot be read. Give a number of complete periods ('13 weeks'"),
            ("2026-Q5", "cannot be read"),
            ("2026-W54", "The year 2026 has no week 54"),
            ("2025-W53", "The year 2025 has no week 53"),
            ("2026-W00", "The year 2026 has no week 0"),
            ("2026-02-30..2026-03-01", "There is no day 2026-02-30 in the calendar"),
            ("2026-03-01..2026-02-01", "its end is not included"),
            ("2026-3-1..2026-4-1", "The day '2026-3-1' cannot be read. Write it as year-month-day"),
            ("2026-03-01..", "The day '' cannot be read"),
            ("0026-01-01..2026-01-01", "outside 1800-01-01 to 2200-01-01"),
            ("0026", "cannot be read"),
            ("١٣ weeks", "cannot be read"),
            ("-13 weeks", "cannot be read"),
            ("13 fortnights", "cannot be read"),
            ("", "cannot be read"),
        ],
    )
    def test_refuses_the_rest(self, text, message) -> None:
        with pytest.raises(BadRange) as refused:
            window(text, SUNDAY, UTC_CALENDAR)
        assert message in str(refused.value)

    @given(st.text(max_size=25))
    def test_reads_or_refuses_any_text(self, text) -> None:
        try:
            assert window(text, SUNDAY, UTC_CALENDAR).days > 0
        except BadRange as refused:
            assert str(refused)


class TestCompared:
    @pytest.mark.parametrize(
        ("period", "previous", "year"),
        [
            ("2026-04-01..2026-10-01", "2025-10-01..2026-04-01", "2025-04-01..2025-10-01"),
            ("2026-03-01..2026-04-01", "2026-02-01..2026-03-01", "2025-03-01..2025-04-01"),
            ("2026-08-24..2026-11-23", "2026-05-25..2026-08-24", "2025-08-25..2025-11-24"),
            ("2026-10-24..2026-11-23", "2026-09-24..2026-10-24", "2025-10-24..2025-11-23"),
            ("2024-02-01..2024-03-01", "2024-01-01..2024-02-01", "2023-02-01..2023-03-01"),
            ("2025-02-01..2025-03-01", "2025-01-01..2025-02-01", "2024-02-01..2024-03-01"),
            ("2024-02-29..2024-03-01", "2024-02-28..2024-02-29", "2023-02-28..2023-03-01"),
            ("2024-02-20..2024-02-29", "2024-02-11..2024-02-20", "2023-02-20..2023-03-01"),
        ],
    )
    def test_previous_and_year(self, period, previous, year) -> None:
        assert compared(p(period), "previous", UTC_CALENDAR) == p(previous)
        assert compared(p(period), "year", UTC_CALENDAR) == p(year)

    def test_whole_weeks_that_are_a_whole_month_follow_the_grain(self) -> None:
        february = p("2021-02-01..2021-03-01")
        assert compared(february, "previous", UTC_CALENDAR) == p("2021-01-01..2021-02-01")
        assert compared(february, "previous", UTC_CALENDAR, "week") == p("2021-01-04..2021-02-01")
        assert compared(february, "year", UTC_CALENDAR, "week") == p("2020-02-03..2020-03-02")

    @given(periods())
    def test_previous_ends_where_the_period_starts(self, period) -> None:
        assert compared(period, "previous", UTC_CALENDAR).end == period.start

    @given(periods(), st.sampled_from(WEEKDAYS))
    def test_whole_weeks_keep_their_weekdays(self, period, week_start) -> None:
        weeks = Period(period.start, period.start + timedelta(days=7 * (1 + period.days // 7)))
        for how in ("previous", "year"):
            before = compared(weeks, how, Calendar(week_start=week_start), "week")
            if weeks.start.day != 1 or weeks.end.day != 1:
                assert before.start.weekday() == weeks.start.weekday()
                assert before.days == weeks.days


def test_default_grain_is_weekly_from_13_weeks_and_monthly_after_two_years() -> None:
    start = date(2024, 1, 1)
    lengths = [1, 90, 91, 732, 733]
    grains = [default_grain(Period(start, start + timedelta(days=days))) for days in lengths]
    assert grains == ["day", "day", "week", "week", "month"]


def test_read_grain() -> None:
    assert read_grain(" Week ") == "week"
    with pytest.raises(BadRange, match="There is no grain 'weak'. Did you mean 'week'"):
        read_grain("weak")


def test_read_day() -> None:
    assert read_day("2026-10-26") == date(2026, 10, 26)
    with pytest.raises(BadRange, match="There is no day 2026-13-01"):
        read_day("2026-13-01")
