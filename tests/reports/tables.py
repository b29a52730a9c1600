"""Canonical tables in a DuckDB of a test's own, filled with plain rows, and the reports over them."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import duckdb

from opstally import definitions, library, reports
from opstally.engines.duckdb import DuckDB
from opstally.engines.engine import Engine
from opstally.engines.postgres import Postgres
from opstally.measure import Measuring
from opstally.model.project import Assumptions
from opstally.model.table import Table
from opstally.period import Calendar, window
from opstally.publish import publish
from opstally.result import Freshness, ReportResult

LIBRARY = library.load()
SCHEMA, METRICS = definitions.link(LIBRARY)
STORED: dict[str, Table] = {name: table for name, table in SCHEMA.tables.items() if table.columns}
REPORTS = {name: declared.declaration for name, declared in LIBRARY.reports.items()}

Row = dict[str, Any]

SERVER: list[str] = []
"""The PostgreSQL server on which the tests run now; on DuckDB where there is none."""

OPENED: list[Postgres] = []


def empty() -> duckdb.DuckDBPyConnection:
    """Every canonical table, without rows."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET disabled_optimizers = 'window_self_join'")
    for name, table in STORED.items():
        columns = ", ".join(f'"{c}" {DuckDB.types[d.type]}' for c, d in table.columns.items())
        connection.execute(f"CREATE TABLE {name} ({columns})")
    return connection


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Row]) -> None:
    """Add rows; a column that a row does not name is empty, one that the table does not have is a mistake."""
    rows = list(rows)
    unknown = {name for row in rows for name in row} - set(STORED[table].columns)
    if unknown:
        raise KeyError(f"{table} has no columns {sorted(unknown)}")
    types = ", ".join(f"\"{c}\": '{DuckDB.types[d.type]}'" for c, d in STORED[table].columns.items())
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        file.writelines(json.dumps(row, default=_text) + "\n" for row in rows)
        file.flush()
        read = f"read_json('{file.name}', format = 'newline_delimited', columns = {{{types}}})"
        if rows:
            connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM {read}")


def filled(**tables: Iterable[Row]) -> duckdb.DuckDBPyConnection:
    """Tables with the rows given; every other table empty."""
    connection = empty()
    for name, rows in tables.items():
        insert(connection, name, rows)
    return connection


def over(connection: duckdb.DuckDBPyConnection) -> Engine:
    """The engine of this run, holding the rows of the connection."""
    if not SERVER:
        return DuckDB(connection)
    engine = Postgres.connect(SERVER[0], f"reports_{uuid.uuid4().hex}")
    OPENED.append(engine)
    holding = {n: t for n, t in STORED.items() if connection.execute(f"SELECT count(*) FROM {n}").fetchall() != [(0,)]}
    publish(connection, holding, engine)
    return engine


def measuring(engine: Engine, calendar: Calendar | None = None, **assumptions: float) -> Measuring:
    """The packaged definitions over an engine that holds canonical tables."""
    there = {name: Freshness(name, 0, None, None) for name in engine.tables() if name in STORED}
    settings = asdict(Assumptions(**assumptions))
    return Measuring(SCHEMA, METRICS, engine, calendar or Calendar(), settings, {}, there)


def report(
    source: Measuring | duckdb.DuckDBPyConnection, slug: str, as_of: dt.date, range_: str | None = None
) -> ReportResult:
    """A packaged report as of a day."""
    asked = source if isinstance(source, Measuring) else measuring(over(source))
    return reports.run(REPORTS[slug], asked, as_of, window(range_, as_of, asked.calendar) if range_ else None)


def records(found: ReportResult, section: int = 0) -> list[Row]:
    """The rows of a section."""
    result = found.sections[section].result
    assert result is not None, f"{found.report} needs {found.sections[section].needs}"
    return [dict(record) for record in result.records()]


def keyed(rows: Iterable[Mapping[str, Any]], *names: str) -> dict[Any, Mapping[str, Any]]:
    """Rows by the columns named; one name stands bare."""
    return {row[names[0]] if len(names) == 1 else tuple(row[n] for n in names): row for row in rows}


def _text(value: object) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(f"{value!r} is no value of a table")
