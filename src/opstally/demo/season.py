"""The days that the company's data cover, its seasons, and the clocks of its tools."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

import numpy as np

from opstally.demo.frame import DAY, Array
from opstally.period import Calendar

WEEKDAYS = (1.28, 1.20, 1.14, 1.10, 0.98, 0.20, 0.16)
"""Work on Monday … Sunday, relative to the mean over working days and weekends."""
HOLIDAYS = ((1, 1), (5, 1), (10, 3), (12, 24), (12, 25), (12, 26), (12, 31))
HOLIDAY = 0.35
"""Work on a holiday, relative to the same weekday otherwise."""
YEARLY = 0.12
"""Half the swing between January, the busiest time, and July."""
HOURS = tuple(
    [0.25] * 5 + [0.5, 1.2, 3.0, 5.0, 5.6, 5.2, 4.4, 4.6, 5.0, 4.8, 4.2, 3.4, 2.6, 2.0, 1.6, 1.2, 0.8, 0.5, 0.35]
)
"""Work in each hour of a day, UTC: European mornings, with an American tail."""


@dataclass(frozen=True)
class Month:
    """A calendar month as far as it is covered: days `first` to before `after`, counted from the first day covered."""

    label: str
    start: date
    first: int
    after: int

    @property
    def days(self) -> int:
        return self.after - self.first


@dataclass(frozen=True)
class Span:
    """From `start` to the end of `until`; the extracts were made at that end."""

    start: date
    until: date

    @cached_property
    def days(self) -> Array:
        """Every day covered."""
        return np.arange(np.datetime64(self.start, "D"), np.datetime64(self.until, "D") + DAY)

    @property
    def begin(self) -> np.datetime64:
        return np.datetime64(self.start, "s")

    @property
    def end(self) -> np.datetime64:
        """The instant at which the extracts were made."""
        return np.datetime64(self.until + timedelta(days=1), "s")

    def instant(self, days_back: int, hour: int = 0, minute: int = 0) -> np.datetime64:
        """A time of day so many days before `until`."""
        return self.end - np.timedelta64((days_back + 1) * 86400 - hour * 3600 - minute * 60, "s")

    def months(self) -> Iterator[Month]:
        """The calendar months covered, first and last as far as they are."""
        start = self.start
        while start <= self.until:
            following = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
            after = min((following - self.start).days, len(self.days))
            yield Month(f"{start:%Y-%m}", start, (start - self.start).days, after)
            start = following


def two_years(until: date) -> Span:
    """The 24 months that end with `until`."""
    after = until + timedelta(days=1)
    day = min(after.day, 28)
    return Span(after.replace(year=after.year - 2, day=day), until)


def workload(span: Span) -> Array:
    """How much is going on each day, 1 on average over a year of plain weeks."""
    weekday = (span.days.astype(np.int64) + 3) % 7
    days_of_year = (span.days - span.days.astype("datetime64[Y]")).astype(np.int64)
    yearly = 1 + YEARLY * np.cos(2 * np.pi * (days_of_year - 15) / 365.25)
    month_day = [(day.month, day.day) for day in span.days.astype(object)]
    holiday = np.array([HOLIDAY if day in HOLIDAYS else 1.0 for day in month_day])
    return np.asarray(np.asarray(WEEKDAYS)[weekday] / np.mean(WEEKDAYS) * yearly * holiday)


def moments(rng: np.random.Generator, day: Array) -> Array:
    """An instant on each of the given days, by working hours."""
    reach = np.cumsum(HOURS)
    hour = np.searchsorted(reach, rng.random(len(day)) * reach[-1], side="right")
    second = hour * 3600 + rng.integers(0, 3600, len(day))
    return np.asarray(day.astype("datetime64[s]") + second.astype("timedelta64[s]"))


def on_clock(times: Array, timezone: str) -> Array:
    """UTC instants as the wall clock of a time zone shows them.

    A clock that is put back shows an hour twice, and an export without offsets cannot tell them apart. Nothing is
    recorded in the second such hour here: what happens in it is written at its end, so order and durations hold.
    """
    known = times[~np.isnat(times)]
    if not len(known):
        return times
    first, last = (datetime.fromisoformat(str(np.datetime64(t, "s"))) for t in (known.min(), known.max()))
    steps = Calendar(timezone).offsets(first, last + timedelta(seconds=1))
    starts = np.array([np.datetime64(instant, "s") for instant, _ in steps])
    offsets = np.array([offset for _, offset in steps])
    for at, change in zip(starts[1:], np.diff(offsets), strict=True):
        repeated = np.timedelta64(max(0, -int(change)), "s")
        times = np.where((times >= at) & (times < at + repeated), at + repeated, times)
    which = np.searchsorted(starts, np.where(np.isnat(times), starts[0], times), side="right") - 1
    return np.asarray(times + offsets[which].astype("timedelta64[s]"))
