"""Periods that were complete before a load, and that the load changed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from opstally.engines.duckdb import DuckDB
from opstally.model.table import Table
from opstally.period import WEEKDAYS, Calendar, Grain
from opstally.quoting import quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

GRAINS: Final[tuple[Grain, ...]] = ("week", "month")


@dataclass(frozen=True)
class Restated:
    """Rows that came into, changed in, or left a period which had ended before the newest row that was there."""

    table: str
    grain: str
    period: dt.date
    """Its first day."""
    added: int
    changed: int
    removed: int


class Restating:
    """Collects what a load does to one table."""

    def __init__(self, connection: DuckDBPyConnection, table: Table, calendar: Calendar) -> None:
        self.connection, self.table, self.calendar = connection, table, calendar
        self.engine = DuckDB(connection)
        self.newest: dt.date | None = None
        if table.at is not None:
            at, rows = quoted(table.at), f"main.{quoted(table.table)}"
            # The engine knows the newest time without reading; of those shortly before it, one may have a later day.
            near = f"{at} >= (SELECT max({at}) FROM {rows}) - INTERVAL 2 DAY"
            [(self.newest,)] = connection.execute(f"SELECT max({self._day(at)}) FROM {rows} WHERE {near}").fetchall()
        connection.execute("CREATE OR REPLACE TEMP TABLE touched (day DATE, how VARCHAR)")

    def rows(self, how: str, query: str) -> None:
        """Note rows: `query` gives their time, under the name of the table's time column."""
        if self.newest is not None:
            day = self._day(quoted(self.table.at or ""))
            self.connection.execute(f"INSERT INTO touched SELECT {day}, '{how}' FROM ({query}) WHERE {day} IS NOT NULL")

    def found(self) -> tuple[Restated, ...]:
        """By grain and period."""
        if self.newest is None:
            return ()
        found = []
        for grain in GRAINS:
            start = self._bucket("day", grain)
            last = self._bucket(f"DATE '{self.newest.isoformat()}'", grain)
            rows = self.connection.execute(
                f"SELECT {start} AS period, count(*) FILTER (WHERE how = 'added'), "
                "count(*) FILTER (WHERE how = 'changed'), count(*) FILTER (WHERE how = 'removed') "
                f"FROM touched WHERE {start} < {last} GROUP BY period ORDER BY period"
            ).fetchall()
            found += [Restated(self.table.table, grain, *row) for row in rows]
        return tuple(found)

    def _bucket(self, day: str, grain: Grain) -> str:
        return self.engine.bucket(day, grain, WEEKDAYS.index(self.calendar.week_start), 1)

    def _day(self, at: str) -> str:
        column = self.table.columns[self.table.at or ""]
        if column.type == "date":
            return at
        return f"CAST({self.engine.say('local_time', at, self.engine.literal(self.calendar.timezone))} AS DATE)"


def keep(connection: DuckDBPyConnection, found: tuple[Restated, ...], source: str, load_id: int) -> None:
    """Put them on record."""
    for one in found:
        connection.execute(
            "INSERT INTO opstally.restated VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [load_id, source, one.table, one.grain, one.period, one.added, one.changed, one.removed],
        )
