"""Whether as many rows came in the last whole week as come in others."""

from __future__ import annotations

import datetime as dt
import math
import statistics
from collections.abc import Iterator, Sequence
from typing import Final

from opstally.checks.finding import Finding
from opstally.checks.ground import Ground
from opstally.model.table import DataTest, Table

_WEEKS: Final = 26
_FEWEST: Final = 8
"""Weeks before the last one from which a usual number can be told."""

_NORMAL: Final = 1.4826
"""Median absolute deviation times this is the standard deviation of a normal distribution."""


def steady(ground: Ground, table: Table, test: DataTest, day: dt.date) -> Iterator[Finding]:
    """The last whole week against the median of up to 26 weeks before it, by robust z (Iglewicz and Hoaglin 1993)."""
    assert test.steady is not None
    after = ground.calendar.bucket_start(day + dt.timedelta(days=1), "week")
    last = after - dt.timedelta(days=7)
    counts = _counts(ground, table, after - dt.timedelta(days=7 * (_WEEKS + 1)), after)
    if not counts:
        return
    first = min(counts)
    weeks = [first + dt.timedelta(days=7 * n) for n in range((after - first).days // 7)]
    # The week in which the data start is seldom a whole one.
    before = [counts.get(week, 0) for week in weeks[1:] if week < last]
    if len(before) < _FEWEST:
        return
    now, usual = counts.get(last, 0), statistics.median(before)
    z = robust_z(now, before)
    if abs(z) > test.steady:
        reason = f"{now:,} rows in the week of {last}, {usual:,.0f} are usual (robust z {z:+.1f})"
        yield Finding(test.severity, table.table, table.at or "", test.message or reason, now, f"week of {last}")


def robust_z(value: float, others: Sequence[float]) -> float:
    """How many robust standard deviations a count lies from the median of others. Counts scatter by chance at least by
    the root of their mean, so that a series without any scatter does not make every change an alarm."""
    usual = statistics.median(others)
    scatter = _NORMAL * statistics.median(abs(other - usual) for other in others)
    return (value - usual) / max(scatter, math.sqrt(usual), 1.0)


def _counts(ground: Ground, table: Table, start: dt.date, end: dt.date) -> dict[dt.date, int]:
    engine, day = ground.engine, ground.day(table)
    low, high = engine.literal(start), engine.literal(end)
    rows = engine.run(
        f"SELECT {ground.week('day')}, count(*) FROM (SELECT {day} AS day FROM {engine.table(table.table)}) AS days "
        f"WHERE day >= {low} AND day < {high} GROUP BY 1"
    )
    return {week: int(str(n)) for week, n in rows if isinstance(week, dt.date)}
