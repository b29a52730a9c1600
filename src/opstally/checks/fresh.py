"""Whether the newest row of a table is new enough."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from opstally.checks.finding import Finding
from opstally.checks.ground import Ground
from opstally.model.table import DataTest, Table


def reference_day(ground: Ground, tables: Sequence[Table]) -> dt.date:
    """The day of the newest row in any table that should be fresh; not after today, as plans lie ahead."""
    wanted = [table for table in tables if any(test.fresh_days is not None for test in table.tests)]
    days = [day for table in wanted if (day := newest(ground, table)) is not None]
    return min(max(days, default=ground.today), ground.today)


def newest(ground: Ground, table: Table) -> dt.date | None:
    """The local day of a table's newest row."""
    assert table.at is not None
    source, at = ground.engine.table(table.table), ground.engine.identifier(table.at)
    [(day,)] = ground.engine.run(f"SELECT {ground.day(table)} FROM (SELECT max({at}) AS {at} FROM {source}) AS newest")
    return day if isinstance(day, dt.date) else None


def fresh(ground: Ground, table: Table, test: DataTest, day: dt.date) -> Iterator[Finding]:
    """A table whose newest row is too old."""
    assert test.fresh_days is not None
    last = newest(ground, table)
    if last is not None and (day - last).days > test.fresh_days:
        reason = f"no rows for {(day - last).days} days before {day}, at most {test.fresh_days:g} are usual"
        yield Finding(
            test.severity, table.table, table.at or "", test.message or reason, (day - last).days, f"newest {last}"
        )
