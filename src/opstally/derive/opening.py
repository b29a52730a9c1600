"""When a business calendar is open: its hours as spans of UTC, exact over every change of clocks and of schedule."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from opstally.errors import UsageError, did_you_mean
from opstally.model.calendar import BusinessCalendar, Week, minutes_of
from opstally.period import WEEKDAYS, Calendar

Span = tuple[dt.datetime, dt.datetime]
"""[opens, closes), naive UTC or, where said, on the wall clock."""

_DAY = dt.timedelta(days=1)


def open_spans(calendar: BusinessCalendar, timezone: str, start: dt.datetime, end: dt.datetime) -> list[Span]:
    """The spans of UTC in [start, end) in which the calendar is open, in order and apart from each other.

    `timezone` holds where the calendar declares none. See `BusinessCalendar` for what counts where clocks change.
    Raises UsageError where `holidays_of` names a country that nobody knows, or its package is not installed.
    """
    found: list[Span] = []
    for schedule in _schedules(calendar, timezone):
        wall = list(_wall_spans(schedule, calendar, start, end))
        found += _in_utc(wall, Calendar(schedule.timezone), start, end)
    return _united(found)


@dataclass(frozen=True)
class _Schedule:
    """Hours that hold for local days from `first` up to, and not including, `after`."""

    first: dt.date
    after: dt.date
    timezone: str
    hours: Week


def _schedules(calendar: BusinessCalendar, timezone: str) -> Iterator[_Schedule]:
    zone = calendar.timezone or timezone
    first, hours = dt.date.min, calendar.hours
    for change in sorted(calendar.changes, key=lambda c: c.valid_from):
        yield _Schedule(first, change.valid_from, zone, hours)
        first, zone, hours = change.valid_from, change.timezone or calendar.timezone or timezone, change.hours
    yield _Schedule(first, dt.date.max, zone, hours)


def _wall_spans(
    schedule: _Schedule, calendar: BusinessCalendar, start: dt.datetime, end: dt.datetime
) -> Iterator[Span]:
    """The schedule's spans on the wall clock, without holidays, for the days that may reach into [start, end)."""
    # Local days differ from UTC's by one at most, and hours may go on into the next day.
    first, after = max(schedule.first, start.date() - 2 * _DAY), min(schedule.after, end.date() + 2 * _DAY)
    closed = holidays(calendar, range(first.year, after.year + 1)) if first < after else frozenset()
    week = [tuple(minutes_of(text) for text in schedule.hours.get(name, ())) for name in WEEKDAYS]
    day = first
    while day < after:
        if day not in closed:
            midnight = dt.datetime.combine(day, dt.time())
            for opens, closes in week[day.weekday()]:
                closes = min(closes, 24 * 60) if day + _DAY in closed else closes
                yield midnight + dt.timedelta(minutes=opens), midnight + dt.timedelta(minutes=closes)
        day += _DAY


def _in_utc(wall: Sequence[Span], calendar: Calendar, start: dt.datetime, end: dt.datetime) -> Iterator[Span]:
    """All instants of [start, end) at which the wall clock shows a time within one of the spans."""
    offsets = [(since, dt.timedelta(seconds=seconds)) for since, seconds in calendar.offsets(start, end)]
    since = [instant for instant, _ in offsets]
    for opens, closes in wall:
        # Two days on either side are more than any two offsets of a zone differ by.
        for index in range(max(bisect_right(since, opens - offsets[0][1] - 2 * _DAY) - 1, 0), len(offsets)):
            begins, offset = offsets[index]
            if begins > closes - offset + 2 * _DAY:
                break
            until = since[index + 1] if index + 1 < len(since) else end
            low, high = max(opens - offset, begins), min(closes - offset, until)
            if low < high:
                yield low, high


def _united(spans: Sequence[Span]) -> list[Span]:
    """Overlapping and touching spans made one."""
    found: list[Span] = []
    for opens, closes in sorted(spans):
        if found and opens <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], closes)
        else:
            found.append((opens, closes))
    return found


def holidays(calendar: BusinessCalendar, years: range) -> frozenset[dt.date]:
    """The local days on which the calendar is closed. Raises UsageError; see `open_spans`."""
    public = (day for place in calendar.holidays_of for day in _public_holidays(place, years))
    return frozenset([*calendar.holidays, *public])


@cache
def _public_holidays(place: str, years: range) -> tuple[dt.date, ...]:
    try:
        import holidays as public  # lazy: an optional package, and 0.2 s
    except ImportError:
        raise UsageError(
            f"The calendar's holidays_of: {place} needs the optional package: pip install 'opstally[holidays]', "
            "or list the days under holidays."
        ) from None
    country, _, part = place.strip().upper().partition("/")
    known = public.list_supported_countries(include_aliases=True)
    if country not in known:
        raise UsageError(f"holidays_of: there is no country {country!r}.{did_you_mean(country, known)}")
    parts = {name.upper(): name for name in known[country]}
    if part and part not in parts:
        raise UsageError(f"holidays_of: {country} has no part {part!r}.{did_you_mean(part, known[country])}")
    return tuple(public.country_holidays(country, subdiv=parts.get(part), years=years))
