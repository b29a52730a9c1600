"""What checks stand on: the engine, the tables as they are linked, and the project's calendar and assumptions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from opstally.engines.engine import Engine
from opstally.model.table import Table
from opstally.period import WEEKDAYS, Calendar
from opstally.planner.schema import Schema


@dataclass(frozen=True)
class Ground:
    """`today` is the day it is where the project is."""

    engine: Engine
    schema: Schema
    calendar: Calendar
    assumptions: Mapping[str, float]
    today: dt.date

    def day(self, table: Table) -> str:
        """SQL of the local day of a row, by the table's default time column."""
        assert table.at is not None
        at = self.engine.identifier(table.at)
        if table.columns[table.at].type == "date":
            return at
        if self.calendar.timezone != "UTC":
            at = self.engine.say("local_time", at, self.engine.literal(self.calendar.timezone))
        return self.engine.cast(at, "date")

    def week(self, day: str) -> str:
        """SQL of the first day of the week in which a day lies."""
        return self.engine.bucket(day, "week", WEEKDAYS.index(self.calendar.week_start), 1)
