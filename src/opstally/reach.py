"""How far the loaded data reach: the last day that counts where none is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from opstally.freshness import Looked
from opstally.model.table import Table
from opstally.period import GRAINS, Calendar, Grain

_SILENT = dt.timedelta(days=35)
"""A month and a little: what is reported monthly is not silent."""


@dataclass(frozen=True)
class Reach:
    """What is known of the stored tables, and the calendar whose days count."""

    looked: Looked
    declared: Mapping[str, Table]
    calendar: Calendar

    def last_day(self, tables: set[str], yesterday: dt.date) -> dt.date:
        """The newest day of the tables, but not later than yesterday, the last day that is over.

        Tables in which something happens only now and then (go-lives, monthly costs) reach as far as the company's
        steady ones do; unless they have been silent for so long that they seem to have ended.
        """
        own = [newest for t in tables if t in self.looked and (newest := self.looked[t].newest) is not None]
        day = max(map(self._day, own), default=None)
        if day is None or day > yesterday:
            return yesterday
        steady = self.looked.newest(name for name, table in self.declared.items() if table.steady)
        near = [found for found in map(self._day, steady) if found - day <= _SILENT]
        last = max([day, *near]) if near else self._last_of_bucket(day, tables)
        return min(self._filled(last, [*own, *steady]), yesterday)

    def _last_of_bucket(self, day: dt.date, tables: set[str]) -> dt.date:
        """The last day of the month whose first one stands for all of it, where the tables are known by month."""
        finest: list[Grain] = [self.declared[table].finest or "day" for table in tables]
        return self.calendar.next_bucket(day, min(finest, key=GRAINS.index)) - dt.timedelta(days=1)

    def _filled(self, last: dt.date, newest: Iterable[dt.date]) -> dt.date:
        """Without the day that has only begun: where the project is, but not yet in UTC, as its newest instant tells.

        Exports that end with a day of UTC hold the first hours of the next day of places further east, and no more.
        """
        clocked = max((one for one in newest if isinstance(one, dt.datetime) and self._has_time(one)), default=None)
        if clocked is None or last != self.calendar.local_day(clocked):
            return last
        return min(last, clocked.date())

    def _has_time(self, instant: dt.datetime) -> bool:
        """Whether it is told to the clock: a day without a time is read as its start."""
        return instant != self.calendar.instant(self._day(instant))

    def _day(self, newest: dt.date) -> dt.date:
        return self.calendar.local_day(newest) if isinstance(newest, dt.datetime) else newest
