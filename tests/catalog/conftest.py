"""The packaged tables, empty, in a DuckDB of their own; and a way to ask the packaged metrics about them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import duckdb
import pytest

from opstally import library
from opstally.engines.duckdb import DuckDB
from opstally.measure import Measuring
from opstally.model.project import Assumptions
from opstally.period import Calendar, Grain, Period
from opstally.planner.lower import Context
from opstally.planner.metric import Metrics
from opstally.planner.plan import plan
from opstally.planner.query import Query
from opstally.planner.schema import Schema
from opstally.planner.sql import write
from opstally.result import Freshness

JUNE = Period(dt.date(2026, 6, 1), dt.date(2026, 7, 1))


class Company:
    """Packaged declarations over tables that a test fills. The period is June 2026 unless told otherwise."""

    def __init__(self) -> None:
        shelf = library.load()
        self.schema = Schema({name: d.declaration for name, d in shelf.tables.items()})
        self.metrics = Metrics({name: d.declaration for name, d in shelf.metrics.items()}, self.schema)
        self.engine = DuckDB(duckdb.connect(config={"threads": 1}))
        for name, table in self.schema.tables.items():
            columns = ", ".join(f'"{c}" {self.engine.types[d.type]}' for c, d in table.columns.items())
            if columns:
                self.engine.connection.execute(f"CREATE TABLE {name} ({columns})")

    def clear(self) -> None:
        for name, table in self.schema.tables.items():
            if table.columns:
                self.engine.connection.execute(f"DELETE FROM {name}")

    def add(self, table: str, *rows: dict[str, Any]) -> None:
        for row in rows:
            names, places = ", ".join(row), ", ".join("?" * len(row))
            self.engine.connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", list(row.values()))

    def fill(self, table: str, columns: str, *rows: tuple[Any, ...], **common: Any) -> None:
        """Rows as tuples under the columns named, with the same further values in each."""
        self.add(table, *(dict(zip(columns.split(), row, strict=True)) | common for row in rows))

    def fates(self, metric: str) -> tuple[int, dict[str, int]]:
        """How many rows the receipt says were used, and how many were left out for each reason."""
        fresh = {name: Freshness(name, 0, None, None) for name, t in self.schema.tables.items() if t.columns}
        measuring = Measuring(self.schema, self.metrics, self.engine, Calendar(), asdict(Assumptions()), {}, fresh)
        [use] = measuring.measure(Query((metric,), (), None, JUNE, JUNE.last_day)).receipt.uses
        return use.used, dict(use.excluded)

    def ask(
        self, *metrics: str, by: str = "", grain: Grain | None = None, period: Period = JUNE, members: bool = False
    ) -> dict[Any, Any]:
        """Group → value, or values where several metrics are asked for; groups of one dimension stand bare."""
        dims = tuple((name.split(".")[-1], name) for name in by.split())
        query = Query(metrics, dims, grain, period, period.last_day, members=members, intervals=False)
        context = Context(period, period.last_day, Calendar(), asdict(Assumptions()), grain)
        written = write(plan(query, self.schema, self.metrics, context), self.schema, self.engine)
        groups = [*([grain] if grain else []), *(name for name, _ in dims)]
        found = {}
        for row in self.engine.run(written.sql):
            told = dict(zip(written.columns, row, strict=True))
            key, values = tuple(told[g] for g in groups), tuple(told[m] for m in metrics)
            found[key[0] if len(key) == 1 else key] = values[0] if len(values) == 1 else values
        return found

    def one(self, *metrics: str, period: Period = JUNE) -> Any:
        """The value, or values, of the whole period."""
        [value] = self.ask(*metrics, period=period).values()
        return value


@pytest.fixture(scope="session")
def _shared() -> Iterator[Company]:
    made = Company()
    yield made
    made.engine.close()


@pytest.fixture
def company(_shared: Company) -> Company:
    """The packaged declarations over empty tables."""
    _shared.clear()
    return _shared
