"""When a growing utilisation reaches its limits: weeks to 80 % and 90 %, and what to do."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from opstally.methods.section import Record, count, grouped, number
from opstally.methods.trend import Trend, trend
from opstally.result import Column, Value

LIMITS = (80.0, 90.0)
SIGNIFICANT = 0.05
NO_EXHAUSTION = "No exhaustion in sight"


@dataclass(frozen=True)
class Exhaustion:
    """When one series reaches each of the limits.

    `weeks` follows the limits: 0 where the series is there already, None where it is not on its way.
    `growth`, `low`, `high` are percentage points per week with a 95 % interval.
    """

    current: float | None
    growth: float | None
    low: float | None
    high: float | None
    p_value: float | None
    n: int
    weeks: tuple[float | None, ...]
    recommendation: str
    state: Literal["ok", "weak", "refused"]
    reason: str


def exhaustion(series: Sequence[float | None], soon_weeks: float, limits: Sequence[float] = LIMITS) -> Exhaustion:
    """Weeks until a weekly utilisation (percent, oldest first) reaches each limit if it goes on as it did.

    The growth is the slope of the least-squares line over the weeks (see `opstally.methods.trend`, with its guards);
    the starting point is the last week's own value, not the line's: weeks = (limit − current) / growth.

    Guards: a growth that is not above zero, or not significantly so (p ≥ 0.05), gives no weeks; a limit already
    reached gives 0 whatever the growth; a refused trend gives no weeks but for limits already reached; without a
    value for the last week nothing is said. A straight line is a fair picture of weeks ahead, not of years.

    >>> exhaustion([50.0, 52.0, 54.0, 56.0, 58.0, 60.0, 62.0, 64.0], soon_weeks=8).weeks
    (8.0, 13.0)
    """
    current = series[-1] if series else None
    line = trend(series)
    growing = line.slope is not None and line.slope > 0 and line.p_value is not None and line.p_value < SIGNIFICANT
    weeks = tuple(_weeks(current, limit, line.slope if growing else None) for limit in limits)
    if current is None:
        line = replace(line, state="refused", reason="the last week has no value")
    return Exhaustion(
        current=current,
        growth=line.slope,
        low=line.low,
        high=line.high,
        p_value=line.p_value,
        n=line.n,
        weeks=weeks,
        recommendation=_recommendation(weeks, limits, soon_weeks, line),
        state=line.state,
        reason=line.reason,
    )


def _weeks(current: float | None, limit: float, pace: float | None) -> float | None:
    if current is None:
        return None
    if current >= limit:
        return 0.0
    return None if pace is None else (limit - current) / pace


def _recommendation(weeks: Sequence[float | None], limits: Sequence[float], soon_weeks: float, line: Trend) -> str:
    reached = [limit for limit, left in zip(limits, weeks, strict=True) if left == 0]
    if reached:
        return f"Above {max(reached):g} % now: add capacity"
    if line.state == "refused":
        return f"Cannot say: {line.reason}"
    first = weeks[0]
    if first is None:
        return NO_EXHAUSTION
    advice = "add capacity now" if first <= soon_weeks else "plan capacity"
    return f"{limits[0]:g} % in {_in_words(first)}: {advice}"


def _in_words(weeks: float) -> str:
    whole = math.ceil(weeks)
    return "1 week" if whole == 1 else f"{whole} weeks"


# -- as a step of a report ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Names:
    """Which columns of the section hold what."""

    week: str
    utilization: str
    peak: str
    resources: str
    days: str | None


def apply(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Value]],
    *,
    soon_weeks: float,
    week: str = "week",
    utilization: str = "avg_utilization",
    peak: str = "peak_utilization",
    resources: str = "resource_count",
    days: str | None = None,
) -> tuple[tuple[Column, ...], tuple[tuple[Value, ...], ...]]:
    """Rows per group and week → one row per group: use now, peak, growth, weeks to the limits, and what to do.

    The groups are the section's dimensions but for the week. Utilisation and resources are those of the last whole
    week, the peak is that of all weeks. Where `days` names a column that counts the days with figures, a week in which
    no group has seven of them is not whole, and such weeks at the edges are not used.
    """
    told = _Names(week, utilization, peak, resources, days)
    needed = [utilization, peak, resources, *([days] if days else [])]
    by, groups = grouped(columns, rows, week, needed)
    weeks = _whole_weeks([record for own in groups.values() for record in own], told)
    made = tuple((*key, *_row(own, weeks, told, soon_weeks)) for key, own in groups.items())
    given = {column.name: column for column in columns}
    return (*by, given[utilization], given[peak], given[resources], *_COLUMNS), made


def _whole_weeks(records: Sequence[Record], told: _Names) -> list[dt.date]:
    """Every week from the first to the last whole one, also those in which no group has a value."""
    known = {found for r in records if isinstance(found := r[told.week], dt.date) and _is_whole(r, told)}
    if not known:
        return []
    first, last = min(known), max(known)
    return [first + n * _WEEK for n in range((last - first) // _WEEK + 1)]


def _is_whole(record: Record, told: _Names) -> bool:
    return told.days is None or (count(record[told.days]) or 0) >= 7


def _row(own: Sequence[Record], weeks: Sequence[dt.date], told: _Names, soon_weeks: float) -> tuple[Value, ...]:
    by_week = {record[told.week]: record for record in own}
    series = [number(by_week[week][told.utilization]) if week in by_week else None for week in weeks]
    peaks = [peak for record in own if (peak := number(record[told.peak])) is not None]
    last = by_week.get(weeks[-1]) if weeks else None
    found = exhaustion(series, soon_weeks)
    return (
        found.current,
        max(peaks, default=None),
        last[told.resources] if last is not None else None,
        found.growth,
        *found.weeks,
        found.recommendation,
        found.low,
        found.high,
        found.p_value,
        found.n,
        found.state,
        found.reason,
    )


_WEEK = dt.timedelta(weeks=1)
_GROWTH = "percentage points per week"
_COLUMNS = (
    Column("utilization_growth_per_week", f"Growth, {_GROWTH}", "number", decimals=2),
    *(Column(f"weeks_to_{limit:g}_pct", f"Weeks to {limit:g} %", "number", decimals=1) for limit in LIMITS),
    Column("recommendation", "Recommendation", "text"),
    Column("growth_low", f"Growth at least, {_GROWTH}", "number", decimals=2),
    Column("growth_high", f"Growth at most, {_GROWTH}", "number", decimals=2),
    Column("growth_p_value", "p-value of the growth", "number", decimals=4),
    Column("weeks_measured", "Weeks measured", "integer", "count"),
    Column("trend_state", "Worth of the trend", "text"),
    Column("trend_reason", "Why", "text"),
)
