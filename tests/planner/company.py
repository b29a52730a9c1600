"""Declarations with their rows, in a DuckDB of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
from pydantic import TypeAdapter
from tests.planner.oracle import Row

from opstally.engines.duckdb import DuckDB
from opstally.engines.engine import Engine
from opstally.expression import parse
from opstally.measure import Measuring
from opstally.model.metric import Metric
from opstally.model.table import Table
from opstally.period import Calendar, Grain, Period
from opstally.planner.metric import Metrics
from opstally.planner.query import Query
from opstally.planner.schema import Schema
from opstally.result import Freshness, Result


def filled(tables: Mapping[str, Table], rows: Mapping[str, Sequence[Row]]) -> DuckDB:
    """A DuckDB with the stored tables."""
    engine = DuckDB(duckdb.connect(config={"threads": 1}))
    for name, table in tables.items():
        if table.derived is None:
            _fill(engine, table, rows.get(name, ()))
    return engine


def _fill(engine: DuckDB, table: Table, rows: Sequence[Row]) -> None:
    name = engine.identifier(table.table)
    columns = ", ".join(f"{engine.identifier(c)} {engine.types[d.type]}" for c, d in table.columns.items())
    engine.connection.execute(f"CREATE TABLE {name} ({columns})")
    if rows:
        values = (", ".join(engine.literal(row.get(column)) for column in table.columns) for row in rows)
        engine.connection.execute(f"INSERT INTO {name} VALUES {', '.join(f'({v})' for v in values)}")


def measuring(
    tables: Mapping[str, Table],
    metrics: Mapping[str, Metric],
    engine: Engine,
    calendar: Calendar | None = None,
    settings: Mapping[str, float] | None = None,
    told: int = 0,
) -> Measuring:
    """The metrics over the tables, all of which count as loaded, also the empty ones, with `told` rows."""
    schema = Schema(tables)
    loaded = dt.datetime(2026, 1, 1)
    fresh = {name: Freshness(name, told, None, loaded) for name, t in tables.items() if t.derived is None}
    return Measuring(schema, Metrics(metrics, schema), engine, calendar or Calendar(), settings or {}, {}, fresh)


LARGE = 100_000_000
"""Rows of a table that are too many to put them all in order."""
_TABLE, _METRIC = TypeAdapter(Table), TypeAdapter(Metric)
JANUARY = Period(dt.date(2026, 1, 1), dt.date(2026, 2, 1))


def table(name: str, columns: str, key: str, **declared: Any) -> Table:
    """A stored table; `columns` as "id text, day date, plan text=customers.plan", where it is the same as another's."""
    common = {"table": name, "label": name, "description": name, "key": key.split()}
    return _TABLE.validate_python(common | {"columns": dict(map(_column, columns.split(",")))} | declared)


def _column(text: str) -> tuple[str, dict[str, str]]:
    name, told = text.split()
    type_, _, same = told.partition("=")
    return name, {"type": type_} | ({"same_as": same} if same else {})


def derived(name: str, source: str, per: str, columns: Mapping[str, str], **declared: Any) -> Table:
    """A derived table; `declared` may have what goes into its `derived` under at and where."""
    inside = {key: declared.pop(key) for key in ("at", "where") if key in declared}
    made = {"from": source, "per": per.split(), "columns": {n: {"value": v} for n, v in columns.items()}} | inside
    return _TABLE.validate_python({"table": name, "label": name, "description": name, "derived": made} | declared)


def metric(name: str, table: str | None, value: str, unit: str = "count", **declared: Any) -> Metric:
    """A metric."""
    common = {"label": name.capitalize(), "description": name, "domain": "support", "good": "up"}
    return _METRIC.validate_python(common | {"metric": name, "table": table, "value": value, "unit": unit} | declared)


@dataclass
class Company:
    """Tables and metrics, and rows as tuples in the order of the columns; what is asked is about January 2026."""

    tables: Sequence[Table]
    metrics: Sequence[Metric]
    rows: Mapping[str, Sequence[tuple[Any, ...]]] = field(default_factory=dict)
    calendar: Calendar = field(default_factory=Calendar)
    settings: Mapping[str, float] = field(default_factory=dict)
    told: int = 0

    def measuring(self) -> Measuring:
        tables = {t.table: t for t in self.tables}
        rows = {
            name: [dict(zip(tables[name].columns, row, strict=True)) for row in given]
            for name, given in self.rows.items()
        }
        return measuring(
            tables, {m.metric: m for m in self.metrics}, filled(tables, rows), self.calendar, self.settings, self.told
        )

    def result(
        self, *metrics: str, by: str = "", grain: Grain | None = None, where: str | None = None,
        period: Period = JANUARY, members: bool = False, compare: str | None = None, as_of: dt.date | None = None,
    ) -> Result:  # fmt: skip
        """The result; `by` has dimensions, "name=dimension" where one is to be called otherwise."""
        dims = tuple((name.split("=")[0].split(".")[-1], name.split("=")[-1]) for name in by.split())
        condition = parse(where) if where else None
        query = Query(metrics, dims, grain, period, as_of or period.last_day, condition, members)
        return self.measuring().measure(query, compare)

    def ask(self, *metrics: str, **asked: Any) -> list[tuple[Any, ...]]:
        """The rows of the result."""
        return list(self.result(*metrics, **asked).rows)
