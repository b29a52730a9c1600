"""An independent reading of business calendars: every minute of UTC looked at by itself."""

from __future__ import annotations

import datetime as dt
from functools import cache
from itertools import accumulate
from typing import NamedTuple
from zoneinfo import ZoneInfo

from opstally.model.calendar import BusinessCalendar, Week

NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)


def is_open(calendar: BusinessCalendar, timezone: str, instant: dt.datetime) -> bool:
    """Whether the calendar is open at a naive instant of UTC."""
    return any(
        _at(instant, zone).minute_of_day in minutes_open(calendar, hours, first, after, _at(instant, zone).day)
        for first, after, zone, hours in _versions(calendar, timezone)
    )


def _versions(calendar: BusinessCalendar, timezone: str) -> list[tuple[dt.date, dt.date, str, Week]]:
    """(first day, day after the last, zone, hours)"""
    found = [(dt.date.min, calendar.timezone or timezone, calendar.hours)]
    found += [(c.valid_from, c.timezone or calendar.timezone or timezone, c.hours) for c in calendar.changes]
    found.sort(key=lambda version: version[0])
    after = [first for first, _, _ in found[1:]] + [dt.date.max]
    return [(first, until, zone, hours) for (first, zone, hours), until in zip(found, after, strict=True)]


class Wall(NamedTuple):
    """What a clock on the wall shows."""

    day: dt.date
    minute_of_day: int


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _at(instant: dt.datetime, zone: str) -> Wall:
    wall = instant.replace(tzinfo=dt.UTC).astimezone(_zone(zone))
    return Wall(wall.date(), wall.hour * 60 + wall.minute)


def minutes_open(calendar: BusinessCalendar, hours: Week, first: dt.date, after: dt.date, day: dt.date) -> set[int]:
    """The minutes of the wall clock of a day that lie in hours which begin on it, or went on from the day before."""
    found: set[int] = set()
    for begun in (day, day - DAY):
        if begun in calendar.holidays or day in calendar.holidays or not first <= begun < after:
            continue
        for text in hours.get(NAMES[begun.weekday()], ()):  # type: ignore[call-overload]
            start, end = (int(part[:2]) * 60 + int(part[3:]) for part in text.split("-"))
            if begun == day:
                found.update(range(start, end if end > start else 1440))
            elif end <= start:
                found.update(range(end))
    return found


class Minutes:
    """The minutes of [start, end), each open or not, and how many open ones lie before each. Whole minutes of UTC."""

    def __init__(self, calendar: BusinessCalendar, timezone: str, start: dt.datetime, end: dt.datetime) -> None:
        self.start = start
        self.open = [False] * ((end - start) // MINUTE)
        for first, after, zone, hours in _versions(calendar, timezone):
            known: dict[dt.date, set[int]] = {}
            for i, (day, minute) in enumerate(_walls(zone, start, end)):
                if day not in known:
                    known[day] = minutes_open(calendar, hours, first, after, day)
                if minute in known[day]:
                    self.open[i] = True
        self.before = [0, *accumulate(self.open)]

    def until(self, instant: dt.datetime) -> int:
        """Business microseconds from the start to an instant."""
        whole, rest = divmod(instant - self.start, MINUTE)
        within = rest // dt.timedelta(microseconds=1) if rest and self.open[whole] else 0
        return self.before[whole] * 60_000_000 + within

    def between(self, start: dt.datetime, end: dt.datetime) -> int:
        return self.until(end) - self.until(start)


@cache
def _walls(zone: str, start: dt.datetime, end: dt.datetime) -> list[Wall]:
    """What the clocks of a zone show at each minute of UTC."""
    return [_at(start + i * MINUTE, zone) for i in range((end - start) // MINUTE)]
