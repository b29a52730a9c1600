"""What the oracles count with: plain Python over plain rows, nothing of the package under test."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, TypeVar

import duckdb

DAY = dt.timedelta(days=1)
ASSUMED = SimpleNamespace(
    hourly_cost=50.0, saving=0.3, on_time=30.0, idle=20.0, low=50.0, full=90.0, seen=7, reopen=7.0, exceeding=99.9,
    meeting=95.0, errors=(5.0, 1.0), slower=(20.0, 10.0), overdue=1.5, high=40.0, medium=20.0, major=60.0,
    process=30.0, soon=8.0, slo=99.9,
)  # fmt: skip
"""The assumptions of the module and of the specification, written down a second time."""

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
Row = dict[str, Any]


class Data:
    """The rows of a company's tables, as they are loaded."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._read: dict[str, list[SimpleNamespace]] = {}

    def __call__(self, table: str) -> list[SimpleNamespace]:
        if table not in self._read:
            found = self._connection.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in found.description or []]
            self._read[table] = [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in found.fetchall()]
        return self._read[table]


# -- time --------------------------------------------------------------------------------------------------------------


class Span:
    """Days from `start` up to, and not including, `end`, and the instants (UTC) at which they begin and end."""

    def __init__(self, start: dt.date, end: dt.date) -> None:
        self.start, self.end = start, end
        self.start_at, self.end_at = midnight(start), midnight(end)
        self.minutes = (self.end_at - self.start_at).total_seconds() / 60

    def has(self, moment: dt.date | dt.datetime | None) -> bool:
        if moment is None:
            return False
        day = moment.date() if isinstance(moment, dt.datetime) else moment
        return self.start <= day < self.end

    def days(self) -> list[Span]:
        return [Span(self.start + n * DAY, self.start + (n + 1) * DAY) for n in range((self.end - self.start).days)]

    def weeks(self) -> list[Span]:
        return [Span(day.start, day.start + 7 * DAY) for day in self.days() if day.start.weekday() == 0]

    def months(self) -> list[Span]:
        return [Span(day.start, next_month(day.start)) for day in self.days() if day.start.day == 1]


def last_days(as_of: dt.date, count: int) -> Span:
    return Span(as_of + DAY - count * DAY, as_of + DAY)


def last_weeks(as_of: dt.date, count: int) -> Span:
    """The last whole weeks, from Monday, that have ended with `as_of`."""
    end = as_of + DAY
    end -= end.weekday() * DAY
    return Span(end - count * 7 * DAY, end)


def last_months(as_of: dt.date, count: int) -> Span:
    end = (as_of + DAY).replace(day=1)
    start = end
    for _ in range(count):
        start = (start - DAY).replace(day=1)
    return Span(start, end)


def next_month(day: dt.date) -> dt.date:
    return (day.replace(day=28) + 4 * DAY).replace(day=1)


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time())


def monday(moment: dt.date) -> dt.date:
    day = moment.date() if isinstance(moment, dt.datetime) else moment
    return day - day.weekday() * DAY


def first_of_month(moment: dt.date) -> dt.date:
    return dt.date(moment.year, moment.month, 1)


def hours(start: dt.datetime | None, end: dt.datetime | None) -> float | None:
    return None if start is None or end is None else (end - start).total_seconds() / 3600


def minutes(start: dt.datetime, end: dt.datetime) -> float:
    return (end - start).total_seconds() / 60


def covered(spans: Iterable[tuple[dt.datetime, dt.datetime | None]], window: Span) -> float:
    """Minutes of the window in which at least one of the spans was going on; None as end is still going on."""
    clipped = sorted((max(a, window.start_at), min(b or window.end_at, window.end_at)) for a, b in spans)
    total, upto = 0.0, window.start_at
    for start, end in clipped:
        if end > max(start, upto):
            total += minutes(max(start, upto), end)
            upto = end
    return total


def reaches(start: dt.datetime | None, end: dt.datetime | None, window: Span) -> bool:
    """Whether a span lies at least partly in the window; one without length where it starts in it."""
    if start is None or start >= window.end_at:
        return False
    return end is None or end > window.start_at or start >= window.start_at


# -- numbers -----------------------------------------------------------------------------------------------------------


def known(values: Iterable[T | None]) -> list[T]:
    return [value for value in values if value is not None]


def count(rows: Iterable[T], condition: Callable[[T], Any]) -> int:
    """Rows for which the condition is true, not merely not known to be false."""
    return sum(1 for row in rows if condition(row) is True)


def mean(values: Iterable[float | None]) -> float | None:
    there = known(values)
    return math.fsum(there) / len(there) if there else None


def total(values: Iterable[float | None]) -> float | None:
    there = known(values)
    return math.fsum(there) if there else None


def ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def percent(part: float | None, whole: float | None) -> float | None:
    share = ratio(part, whole)
    return None if share is None else 100 * share


def quantile(values: Iterable[float | None], share: float) -> float | None:
    there = sorted(known(values))
    if not there:
        return None
    place = (len(there) - 1) * share
    below = there[math.floor(place)]
    return below + (there[math.ceil(place)] - below) * (place - math.floor(place))


def median(values: Iterable[float | None]) -> float | None:
    return quantile(values, 0.5)


def groups(rows: Iterable[T], key: Callable[[T], K]) -> Mapping[K, list[T]]:
    found: dict[K, list[T]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def ordered(rows: Iterable[Row], *keys: str) -> list[Row]:
    """Rows by the columns, descending after a minus; missing values last either way."""
    found = list(rows)
    for key in reversed(keys):
        name, down = key.lstrip("-"), key.startswith("-")
        there = sorted((r for r in found if r[name] is not None), key=lambda r, n=name: r[n], reverse=down)  # type: ignore[misc]
        found = there + [r for r in found if r[name] is None]
    return found


Sections = Sequence[Sequence[Row]]
Oracle = Callable[[Data, dt.date], Sections]
