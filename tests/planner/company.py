"""Declarations with their rows, in a DuckDB of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import duckdb
from tests.planner.oracle import Row

from opstally.engines.duckdb import DuckDB
from opstally.engines.engine import Engine
from opstally.measure import Measuring
from opstally.model.metric import Metric
from opstally.model.table import Table
from opstally.period import Calendar
from opstally.planner.metric import Metrics
from opstally.planner.schema import Schema
from opstally.result import Freshness


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
) -> Measuring:
    """The metrics over the tables, all of which count as loaded, also the empty ones."""
    schema = Schema(tables)
    fresh = {name: Freshness(name, 0, None, dt.datetime(2026, 1, 1)) for name, t in tables.items() if t.derived is None}
    return Measuring(schema, Metrics(metrics, schema), engine, calendar or Calendar(), settings or {}, {}, fresh)
