"""Periods, grains, complete windows, comparison periods, time zones, week and fiscal starts."""

from __future__ import annotations

import math
import re
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal, get_args

from opstally.errors import BadRange, did_you_mean

Grain = Literal["day", "week", "month", "quarter", "year"]
GRAINS: Final[tuple[Grain, ...]] = get_args(Grain)

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)

EARLIEST: Final = date(1800, 1, 1)
LATEST: Final = date(2200, 1, 1)
"""Days outside [EARLIEST, LATEST] are taken for typing errors."""

FORMS: Final = (
    "a number of complete periods ('13 weeks', '13w', '30 days', '6 months', '2 quarters', '1 year'), "
    "two days of which the second is not included ('2026-08-03..2026-10-26'), "
    "one period ('2026', '2026-Q3', '2026-10', '2026-W41'), 'today', or the running one ('this week', 'this month')"
)
"""What `window` accepts, in words, for help texts and errors."""

_DAY: Final = timedelta(days=1)
_MONTHS: Final[dict[Grain, int]] = {"month": 1, "quarter": 3, "year": 12}
_LETTERS: Final[dict[str, Grain]] = {grain[0]: grain for grain in GRAINS}
_MOST: Final = 10_000


@dataclass(frozen=True, order=True)
class Period:
    """Local days from `start` up to, and not including, `end`. Its text `A..B` means the same: B is not in it."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise BadRange(
                f"The period {self.start}..{self.end} has no day in it: its end is not included, "
                f"so the earliest end is {self.start + _DAY}."
            )

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def last_day(self) -> date:
        """The last day that is in it."""
        return self.end - _DAY

    def contains(self, day: date) -> bool:
        return self.start <= day < self.end

    def __str__(self) -> str:
        return f"{self.start}..{self.end}"


@dataclass(frozen=True)
class Bucket:
    """One day, week, … of a period, clipped to it.

    `label` is the first day of the whole bucket, also where `start` is later; `complete` says that nothing was clipped.
    """

    label: date
    start: date
    end: date
    complete: bool


@dataclass(frozen=True)
class Calendar:
    """How a project counts days (time zone), weeks (first weekday), and quarters and years (first month).

    A fiscal year is named after the calendar year in which it ends: with an April start, 2026 is April 2025 to March
    2026.
    """

    timezone: str = "UTC"
    week_start: Weekday = "monday"
    fiscal_year_start: int = 1

    def __post_init__(self) -> None:
        _zone(self.timezone)
        if self.week_start not in WEEKDAYS:
            raise BadRange(f"There is no weekday {self.week_start!r}.{did_you_mean(self.week_start, WEEKDAYS)}")
        if not 1 <= self.fiscal_year_start <= 12:
            raise BadRange(f"A fiscal year starts in a month from 1 to 12, not {self.fiscal_year_start}.")

    def bucket_start(self, day: date, grain: Grain) -> date:
        """The first day of the week, month, … that `day` is in."""
        if grain == "day":
            return day
        if grain == "week":
            return day - timedelta(days=(day.weekday() - WEEKDAYS.index(self.week_start)) % 7)
        months = _MONTHS[grain]
        return _add_months(day.replace(day=1), -((day.month - self.fiscal_year_start) % months))

    def next_bucket(self, day: date, grain: Grain) -> date:
        """The first day after the week, month, … that `day` is in."""
        return _step(self.bucket_start(day, grain), grain, 1)

    def buckets(self, period: Period, grain: Grain) -> tuple[Bucket, ...]:
        """The buckets that tile `period`, first and last clipped to it."""
        found: list[Bucket] = []
        label = self.bucket_start(period.start, grain)
        while label < period.end:
            after = _step(label, grain, 1)
            start, end = max(label, period.start), min(after, period.end)
            found.append(Bucket(label, start, end, complete=(start, end) == (label, after)))
            label = after
        return tuple(found)

    def instant(self, day: date) -> datetime:
        """The UTC instant, naive, at which the local day starts.

        Where clocks skip midnight it is the first instant that exists, so a day that a place skipped altogether is
        empty; where midnight comes twice it is the first.
        """
        zone = _zone(self.timezone)
        midnight = datetime.combine(day, time())
        before, after = (_offset_of_wall(midnight.replace(fold=fold), zone) for fold in (0, 1))
        if before >= after:
            return midnight - before
        return _first_change(midnight - after, midnight - before, zone)

    def instants(self, period: Period) -> tuple[datetime, datetime]:
        """The UTC instants, naive, between which the period lies; the second is not included."""
        return self.instant(period.start), self.instant(period.end)

    def offsets(self, start: datetime, end: datetime) -> list[tuple[datetime, int]]:
        """Every UTC offset in force in [start, end), as (UTC instant from which, seconds east of UTC).

        The first one's instant is `start`. Instants are naive UTC; changes are exact to the second.
        """
        zone = _zone(self.timezone)
        found = [(start, _offset(start, zone))]
        at = start
        # Nowhere have clocks changed and changed back within one day, so daily steps see every change.
        while at < end:
            upto = min(at + _DAY, end)
            if _offset(upto, zone) != found[-1][1]:
                changed = _first_change(at, upto, zone)
                if changed < end:
                    found.append((changed, _offset(changed, zone)))
            at = upto
        return [(instant, int(offset.total_seconds())) for instant, offset in found]

    def local_day(self, instant: datetime) -> date:
        """The local day in which a naive UTC instant lies: the one with instant(day) <= instant < instant(day + 1)."""
        day = (instant + _offset(instant, _zone(self.timezone))).date()
        # Clocks put back across midnight show a day again that has already ended.
        return day + _DAY if instant >= self.instant(day + _DAY) else day


def window(text: str, as_of: date, calendar: Calendar, *, over: date | None = None) -> Period:
    """Read a period. Counted and running ones end with or before `as_of`, the last day that counts.

    The last N complete weeks, months, … are those that have ended by the end of `as_of`. One that is named by its days,
    month, … is whole; but where it is still running at the end of `over`, the newest day that is known to be over, it
    ends with `as_of` too, so that half a quarter is not compared with a whole one.

    Raises:
        BadRange: the text is none of `FORMS`, or names a day that does not exist.
    """
    words = " ".join(text.lower().split())
    period = _counted(words, as_of, calendar) or _running(words, as_of, calendar) or _named(words, calendar)
    if period is None:
        raise BadRange(f"The period {text!r} cannot be read. Give {FORMS}.")
    period = _within_limits(period, text)
    running = over is not None and period.start <= over < period.last_day
    return Period(period.start, min(period.end, as_of + _DAY)) if running and period.contains(as_of) else period


def compared(
    period: Period, how: Literal["previous", "year"], calendar: Calendar, grain_hint: Grain | None = None
) -> Period:
    """The period to compare with.

    previous: as long, and ending where this one starts; whole months go back by months, all else by days.
    year: whole weeks go back 52 weeks, so that weekdays line up; all else to the same dates of the year before.
    A period that is both whole weeks and whole months counts as months, unless `grain_hint` is day or week.
    """
    months = _whole_months(period)
    if months and period.days % 7 == 0 and calendar.bucket_start(period.start, "week") == period.start:
        months = 0 if grain_hint in ("day", "week") else months
    if how == "previous":
        back = _add_months(period.start, -months) if months else period.start - timedelta(days=period.days)
        return _within_limits(Period(back, period.start), str(period))
    if not months and period.days % 7 == 0:
        year = timedelta(weeks=52)
        return Period(period.start - year, period.end - year)
    return Period(_year_before(period.start, leap_day=(2, 28)), _year_before(period.end, leap_day=(3, 1)))


def default_grain(period: Period) -> Grain:
    """Days below 13 weeks, weeks up to two years, then months."""
    if period.days < 13 * 7:
        return "day"
    return "week" if period.days <= 2 * 366 else "month"


def read_day(text: str) -> date:
    """A day written YYYY-MM-DD.

    Raises:
        BadRange: it is written otherwise, or is not in the calendar.
    """
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip(), re.ASCII):
        try:
            day = date.fromisoformat(text.strip())
        except ValueError:
            raise BadRange(f"There is no day {text.strip()} in the calendar.") from None
        if EARLIEST <= day <= LATEST:
            return day
        raise BadRange(f"The day {day} lies outside {EARLIEST} to {LATEST}.")
    raise BadRange(f"The day {text!r} cannot be read. Write it as year-month-day, such as 2026-10-26.")


def read_grain(text: str) -> Grain:
    """A grain by its name.

    Raises:
        BadRange: it is none of `GRAINS`.
    """
    for grain in GRAINS:
        if text.strip().lower() == grain:
            return grain
    raise BadRange(f"There is no grain {text!r}.{did_you_mean(text, GRAINS)}")


def _counted(words: str, as_of: date, calendar: Calendar) -> Period | None:
    """The last N complete days, weeks, …"""
    match = re.fullmatch(r"(\d+) ?(?:([dwmqy])|(day|week|month|quarter|year)s?)", words, re.ASCII)
    if match is None:
        return None
    digits = match[1].lstrip("0")
    if not digits or len(digits) > len(str(_MOST)) or int(digits) > _MOST:
        raise BadRange(f"A window counts from 1 to {_MOST} complete periods, not {match[1][:20]}.")
    grain = _LETTERS[match[2] or match[3][0]]
    end = calendar.bucket_start(as_of + _DAY, grain)
    try:
        return Period(_step(end, grain, -int(digits)), end)
    except (OverflowError, ValueError):
        raise BadRange(f"The window {words!r} reaches back before {EARLIEST}.") from None


def _running(words: str, as_of: date, calendar: Calendar) -> Period | None:
    """Today, or the week, month, … that `as_of` is in, as far as it has come."""
    for grain in GRAINS:
        if words == ("today" if grain == "day" else f"this {grain}"):
            return Period(calendar.bucket_start(as_of, grain), as_of + _DAY)
    return None


def _named(words: str, calendar: Calendar) -> Period | None:
    """Two days, or one year, quarter, month or ISO week."""
    if ".." in words:
        start, _, end = words.partition("..")
        return Period(read_day(start), read_day(end))
    match = re.fullmatch(r"(\d{4})(?:-(?:(\d{2})|q(\d)|w(\d{1,2})))?", words, re.ASCII)
    if match is None or not EARLIEST.year < int(match[1]) < LATEST.year:
        return None
    year, month, quarter, week = (int(number) if number else None for number in match.groups())
    assert year is not None
    if week is not None:
        return _iso_week(year, week, calendar)
    if month is not None:
        return _whole(date(year, month, 1), "month", calendar) if 1 <= month <= 12 else None
    first = date(year if calendar.fiscal_year_start == 1 else year - 1, calendar.fiscal_year_start, 1)
    if quarter is None:
        return _whole(first, "year", calendar)
    return _whole(_add_months(first, 3 * (quarter - 1)), "quarter", calendar) if 1 <= quarter <= 4 else None


def _iso_week(year: int, week: int, calendar: Calendar) -> Period:
    """The project's week with the Thursday of the ISO week; the ISO week itself where weeks start on Monday."""
    try:
        thursday = date.fromisocalendar(year, week, 4)
    except ValueError:
        raise BadRange(f"The year {year} has no week {week}.") from None
    return _whole(calendar.bucket_start(thursday, "week"), "week", calendar)


def _whole(start: date, grain: Grain, calendar: Calendar) -> Period:
    return Period(start, calendar.next_bucket(start, grain))


def _within_limits(period: Period, text: str) -> Period:
    if period.start >= EARLIEST and period.end <= LATEST:
        return period
    raise BadRange(f"The period {text!r} reaches outside {EARLIEST} to {LATEST}.")


def _whole_months(period: Period) -> int:
    """How many calendar months the period is, 0 where it is not whole ones."""
    if period.start.day != 1 or period.end.day != 1:
        return 0
    return (period.end.year - period.start.year) * 12 + period.end.month - period.start.month


def _year_before(day: date, leap_day: tuple[int, int]) -> date:
    month, of_month = leap_day if (day.month, day.day) == (2, 29) else (day.month, day.day)
    return date(day.year - 1, month, of_month)


def _step(start: date, grain: Grain, count: int) -> date:
    """From one bucket's start to that of the bucket `count` further."""
    if grain in _MONTHS:
        return _add_months(start, count * _MONTHS[grain])
    return start + count * (timedelta(weeks=1) if grain == "week" else _DAY)


def _add_months(first: date, count: int) -> date:
    """`first` is the first of a month."""
    years, month = divmod(first.month - 1 + count, 12)
    return date(first.year + years, month + 1, 1)


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        near = did_you_mean(name, zoneinfo.available_timezones())
        raise BadRange(f"There is no time zone {name!r}.{near or ' Give one such as Europe/Berlin or UTC.'}") from None


def _offset(instant: datetime, zone: zoneinfo.ZoneInfo) -> timedelta:
    """The UTC offset in force at a naive UTC instant."""
    return instant.replace(tzinfo=UTC).astimezone(zone).utcoffset() or timedelta()


def _offset_of_wall(wall: datetime, zone: zoneinfo.ZoneInfo) -> timedelta:
    """The UTC offset that makes a local time an instant; `fold` chooses where there are two, or none."""
    return wall.replace(tzinfo=zone).utcoffset() or timedelta()


def _first_change(start: datetime, end: datetime, zone: zoneinfo.ZoneInfo) -> datetime:
    """The first second in (start, end] with another offset than `start` has; there is exactly one change in it."""
    start = start.replace(microsecond=0)
    unchanged = _offset(start, zone)
    low, high = 0, math.ceil((end - start).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(start + timedelta(seconds=middle), zone) == unchanged:
            low = middle
        else:
            high = middle
    return start + timedelta(seconds=high)
