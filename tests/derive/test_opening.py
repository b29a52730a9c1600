"""Opening hours in UTC: by hand where clocks change, and against a look at every single minute."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.derive.clocks import MINUTE, is_open

from opstally.derive.opening import Span, holidays, open_spans
from opstally.errors import UsageError
from opstally.model.calendar import BusinessCalendar, ScheduleChange
from opstally.period import WEEKDAYS

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Kathmandu", "Africa/Cairo",
    "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns", "Africa/Casablanca",
)  # fmt: skip


def daily(*hours: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(WEEKDAYS, hours)


def spans(calendar: BusinessCalendar, start: str, end: str) -> list[str]:
    found = open_spans(calendar, "UTC", dt.datetime.fromisoformat(start), dt.datetime.fromisoformat(end))
    return [f"{opens:%d %H:%M}-{closes:%d %H:%M}" for opens, closes in found]


def hours(found: list[Span]) -> float:
    return sum((closes - opens).total_seconds() for opens, closes in found) / 3600


def test_hours_are_on_the_wall_clock_of_the_zone() -> None:
    calendar = BusinessCalendar(hours={"monday": ("09:00-12:00", "13:00-17:30")}, timezone="Europe/Berlin")
    assert spans(calendar, "2026-03-01", "2026-03-08") == ["02 08:00-02 11:00", "02 12:00-02 16:30"]
    assert spans(calendar, "2026-07-05", "2026-07-12") == ["06 07:00-06 10:00", "06 11:00-06 15:30"]


def test_hours_that_clocks_skip_do_not_count() -> None:
    """On 29 March 2026 Berlin goes from 02:00 to 03:00 at 01:00 UTC: 01:30 to 03:30 takes one hour."""
    calendar = BusinessCalendar(hours={"sunday": ("01:30-03:30",)}, timezone="Europe/Berlin")
    assert spans(calendar, "2026-03-28", "2026-03-30") == ["29 00:30-29 01:30"]
    inside = BusinessCalendar(hours={"sunday": ("02:15-02:45",)}, timezone="Europe/Berlin")
    assert spans(inside, "2026-03-28", "2026-03-30") == []


def test_hours_that_clocks_show_twice_count_twice() -> None:
    """On 25 October 2026 Berlin shows 02:00 to 03:00 twice, at 00:00 and at 01:00 UTC."""
    calendar = BusinessCalendar(hours={"sunday": ("01:30-03:30",)}, timezone="Europe/Berlin")
    assert spans(calendar, "2026-10-24", "2026-10-26") == ["24 23:30-25 02:30"]
    inside = BusinessCalendar(hours={"sunday": ("02:15-02:45",)}, timezone="Europe/Berlin")
    assert spans(inside, "2026-10-24", "2026-10-26") == ["25 00:15-25 00:45", "25 01:15-25 01:45"]


def test_days_of_23_and_25_hours() -> None:
    calendar = BusinessCalendar(hours=daily("00:00-24:00"), timezone="America/New_York")
    sunday = BusinessCalendar(hours={"sunday": ("00:00-24:00",)}, timezone="America/New_York")
    year = dt.datetime(2026, 1, 1), dt.datetime(2027, 1, 1)
    assert open_spans(calendar, "UTC", *year) == [year]
    assert hours(open_spans(sunday, "UTC", dt.datetime(2026, 3, 7), dt.datetime(2026, 3, 10))) == 23
    assert hours(open_spans(sunday, "UTC", dt.datetime(2026, 10, 31), dt.datetime(2026, 11, 3))) == 25


def test_hours_after_midnight_belong_to_the_day_on_which_they_begin() -> None:
    calendar = BusinessCalendar(hours={"friday": ("22:00-06:00",)})
    assert spans(calendar, "2026-03-01", "2026-03-15") == ["06 22:00-07 06:00", "13 22:00-14 06:00"]


def test_a_holiday_closes_its_day_and_what_would_begin_on_it() -> None:
    calendar = BusinessCalendar(hours=daily("22:00-06:00"), holidays=(dt.date(2026, 3, 10),))
    assert spans(calendar, "2026-03-09T12:00", "2026-03-12T12:00") == ["09 22:00-10 00:00", "11 22:00-12 06:00"]


def test_a_change_of_schedule_holds_from_its_day() -> None:
    change = ScheduleChange(valid_from=dt.date(2026, 3, 4), hours=daily("10:00-11:00"), timezone="Asia/Tokyo")
    calendar = BusinessCalendar(hours=daily("10:00-12:00"), changes=(change,))
    assert spans(calendar, "2026-03-02", "2026-03-06") == [
        "02 10:00-02 12:00", "03 10:00-03 12:00", "04 01:00-04 02:00", "05 01:00-05 02:00",
    ]  # fmt: skip


def test_touching_hours_are_one_span() -> None:
    calendar = BusinessCalendar(hours={"monday": ("13:00-24:00",), "tuesday": ("00:00-08:00", "08:00-10:00")})
    assert spans(calendar, "2026-03-01", "2026-03-08") == ["02 13:00-03 10:00"]


def test_spans_are_clipped_to_what_was_asked() -> None:
    calendar = BusinessCalendar(hours=daily("08:00-18:00"))
    assert spans(calendar, "2026-03-02T09:30", "2026-03-02T17:00") == ["02 09:30-02 17:00"]


def test_public_holidays() -> None:
    pytest.importorskip("holidays", reason="the optional package holidays is not installed")
    calendar = BusinessCalendar(
        hours=daily("09:00-17:00"), holidays_of=("de/by", "US"), holidays=(dt.date(2026, 3, 3),)
    )
    found = holidays(calendar, range(2026, 2027))
    assert {dt.date(2026, 1, 6), dt.date(2026, 7, 4), dt.date(2026, 12, 25), dt.date(2026, 3, 3)} <= found
    assert dt.date(2026, 3, 4) not in found


@pytest.mark.parametrize(("place", "said"), [("XX", "there is no country 'XX'"), ("DE/QQ", "DE has no part 'QQ'")])
def test_places_that_nobody_knows_are_refused(place: str, said: str) -> None:
    pytest.importorskip("holidays", reason="the optional package holidays is not installed")
    with pytest.raises(UsageError, match=said):
        holidays(BusinessCalendar(hours=daily("09:00-17:00"), holidays_of=(place,)), range(2026, 2027))


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def weeks(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    week = {}
    for name in draw(st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True)):
        ends = sorted(draw(st.lists(st.integers(0, 95), min_size=2, max_size=6, unique=True)))
        listed = [f"{_clock(15 * a)}-{_clock(15 * b)}" for a, b in zip(ends[::2], ends[1::2], strict=False)]
        if draw(st.booleans()):
            listed[-1] = f"{listed[-1].partition('-')[0]}-{_clock(15 * draw(st.integers(0, ends[0])))}"
        start, end = listed[-1].split("-")
        week[name] = tuple(listed if start != end else listed[:-1])
    return week if any(week.values()) else {"monday": ("09:00-17:00",)}


@st.composite
def calendars(draw: st.DrawFn) -> BusinessCalendar:
    days = st.dates(dt.date(2026, 3, 20), dt.date(2026, 4, 10))
    changes = draw(
        st.lists(st.tuples(days, weeks(), st.sampled_from(ZONES) | st.none()), max_size=2, unique_by=lambda c: c[0])
    )
    return BusinessCalendar(
        hours=draw(weeks()),
        timezone=draw(st.sampled_from(ZONES)),
        holidays=tuple(draw(st.lists(days, max_size=3))),
        changes=tuple(ScheduleChange(valid_from=d, hours=w, timezone=z) for d, w, z in changes),
    )


@given(calendars(), st.sampled_from([dt.datetime(2026, 3, 26), dt.datetime(2026, 4, 2), dt.datetime(2011, 12, 28)]))
@settings(max_examples=60)
def test_every_minute_is_open_exactly_when_its_wall_clock_says_so(
    calendar: BusinessCalendar, start: dt.datetime
) -> None:
    end = start + dt.timedelta(days=5)
    found = open_spans(calendar, "UTC", start, end)
    assert found == sorted(found)
    assert all(earlier[1] < later[0] for earlier, later in pairwise(found))
    instants = [start + i * 15 * MINUTE for i in range(5 * 96)]
    opened = [i for i in instants if any(opens <= i < closes for opens, closes in found)]
    assert opened == [i for i in instants if is_open(calendar, "UTC", i)]
