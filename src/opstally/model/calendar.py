"""Business calendars: opening hours on wall clocks, holidays, changes of schedule, and which tickets use which one."""

from __future__ import annotations

import datetime as dt
import re
from itertools import pairwise
from typing import Annotated

from opstally.errors import BadRange
from opstally.model.declaration import Checked, Declaration, Name, OneOrMore
from opstally.period import Calendar, Weekday

DAY_MINUTES = 24 * 60


def minutes_of(hours: str) -> tuple[int, int]:
    """ "09:00-17:30" → (540, 1050), minutes after the midnight that begins the day.

    Hours that end before they begin go on after midnight: "22:00-06:00" → (1320, 1800).
    Raises ValueError with a sentence.
    """
    match = re.fullmatch(r"(\d\d):(\d\d)\s?[-–]\s?(\d\d):(\d\d)", hours.strip(), re.ASCII)
    if match is None:
        raise ValueError(f"{hours!r} are no hours; write them as 09:00-17:30")
    hour, minute, end_hour, end_minute = map(int, match.groups())
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    if max(minute, end_minute) > 59 or start >= DAY_MINUTES or end > DAY_MINUTES:
        raise ValueError(f"{hours!r} names a time that is on no clock; a day goes from 00:00 to 24:00")
    if start == end:
        raise ValueError(f"{hours!r} end where they begin; the whole day is 00:00-24:00")
    return start, end if end > start else end + DAY_MINUTES


def _readable(hours: str) -> str:
    minutes_of(hours)
    return hours


def _zone(name: str | None) -> str | None:
    try:
        Calendar(name or "UTC")
    except BadRange as error:
        raise ValueError(str(error).removesuffix(".")) from None
    return name


Hours = Annotated[str, Checked(_readable)]
"""Opening hours of one day on the wall clock, "09:00-17:30"; `minutes_of` reads them."""

Zone = Annotated[str | None, Checked(_zone)]

Week = dict[Weekday, tuple[Hours, ...]]
"""Weekday → hours; a day that is not named is closed."""


def _apart(week: Week) -> Week:
    if not any(week.values()):
        raise ValueError("no hours on any day; without a calendar there is no business time at all")
    for day, hours in week.items():
        spans = sorted(minutes_of(text) for text in hours)
        if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
            raise ValueError(f"the hours of {day} overlap: {', '.join(hours)}")
    return week


class ScheduleChange(Declaration):
    """Hours that hold from a day on, in place of those before."""

    valid_from: dt.date
    hours: Annotated[Week, Checked(_apart)]
    timezone: Zone = None
    """The calendar's unless told."""


class BusinessCalendar(Declaration):
    """When somebody works.

    An instant is business time when the wall clock of the calendar's zone then shows a time within the hours of its
    day. So hours that clocks skip do not count, and hours that clocks show twice count twice. Hours belong to the day
    on which they begin, also the part after midnight. A holiday is closed from its midnight to the next, and hours
    that would begin on it do not take place, also not their part after midnight.
    """

    hours: Annotated[Week, Checked(_apart)]
    timezone: Zone = None
    """The project's unless told."""
    holidays: tuple[dt.date, ...] = ()
    holidays_of: Annotated[tuple[str, ...], OneOrMore()] = ()
    """Public holidays of "country" or "country/subdivision" by their ISO codes: DE/BY, US, GB/SCT."""
    changes: tuple[ScheduleChange, ...] = ()

    def __post_init__(self) -> None:
        days = [change.valid_from for change in self.changes]
        if len(set(days)) < len(days):
            raise ValueError("two changes of schedule hold from the same day; keep one of them")


def _some(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("must not be empty")
    return values


_Values = Annotated[tuple[str, ...], OneOrMore(), Checked(_some)]


class CalendarRule(Declaration):
    """Which tickets use a calendar: those that fit all that is named here, compared without case."""

    calendar: Name
    team: _Values | None = None
    customer_id: _Values | None = None
    service_tier: _Values | None = None
    """Of the ticket's customer."""
    ticket_priority: _Values | None = None

    @property
    def conditions(self) -> dict[str, tuple[str, ...]]:
        """Column → the values that fit, lower-cased and trimmed."""
        named = {name: getattr(self, name) for name in ("team", "customer_id", "service_tier", "ticket_priority")}
        return {name: tuple(v.strip().lower() for v in values) for name, values in named.items() if values}
