"""PostgreSQL: the canonical tables loaded there, or views of the same names over the company's own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from opstally.engines.engine import Engine
from opstally.engines.spell import case, divide
from opstally.errors import EngineError
from opstally.period import Grain

if TYPE_CHECKING:
    import psycopg


def _ordered(args: Sequence[str], direction: str) -> str:
    value, by = args
    known = f"{value} IS NOT NULL AND {by} IS NOT NULL"
    return f"(array_agg({value} ORDER BY {by} {direction}, {value} {direction}) FILTER (WHERE {known}))[1]"


def _elapsed(seconds: str) -> str:
    # From the two epochs, as doubles of exact microseconds: subtracting timestamps gives intervals, which know days.
    return (
        "CAST(extract(epoch FROM CAST({1} AS TIMESTAMP)) - extract(epoch FROM CAST({0} AS TIMESTAMP)) AS DOUBLE PRECISION)"
        f" / {seconds}"
    )


SPELLING = {
    **{sign: f"{{0}} {sign} {{1}}" for sign in ("+", "-", "*", "=", "!=", "<", "<=", ">", ">=")},
    "/": lambda a: divide(a, "DOUBLE PRECISION"),
    "neg": "-{0}",
    "not": "NOT {0}",
    "in": lambda a: f"{a[0]} IN ({', '.join(a[1:])})",
    "is_null": "{0} IS NULL",
    "case": case,
    "coalesce": lambda a: f"coalesce({', '.join(a)})",
    "least": lambda a: f"least({', '.join(a)})",
    "greatest": lambda a: f"greatest({', '.join(a)})",
    "abs": "abs({0})",
    "floor": "floor(CAST({0} AS DOUBLE PRECISION))",
    "ceil": "ceil(CAST({0} AS DOUBLE PRECISION))",
    "ln": "CASE WHEN {0} > 0 THEN ln(CAST({0} AS DOUBLE PRECISION)) END",
    "lower": "lower({0})",
    "contains": "strpos({0}, {1}) > 0",
    "starts_with": "starts_with({0}, {1})",
    "seconds_between": _elapsed("1.0"),
    "minutes_between": _elapsed("60.0"),
    "hours_between": _elapsed("3600.0"),
    "days_between": _elapsed("86400.0"),
    "add_days": "{0} + ({1}) * INTERVAL '86400 seconds'",
    "add_days_to_date": "{0} + CAST({1} AS INTEGER)",
    "add_minutes": "{0} + ({1}) * INTERVAL '60 seconds'",
    "shift_seconds": "{0} + ({1}) * INTERVAL '1 second'",
    "local_time": "({0} AT TIME ZONE 'UTC') AT TIME ZONE {1}",
    "day": "CAST({0} AS DATE)",
    "hour_of": "CAST(extract(hour FROM {0}) AS BIGINT)",
    "weekday_of": "CAST(extract(isodow FROM {0}) AS BIGINT)",
    "collate": '{0} COLLATE "C"',
    "count_rows": "count(*)",
    "count": "count({0})",
    "count_if": "count(*) FILTER (WHERE {0})",
    "count_distinct": "count(DISTINCT {0})",
    "sum": "sum({0})",
    "avg": "avg(CAST({0} AS DOUBLE PRECISION))",
    "min": "min({0})",
    "max": "max({0})",
    "quantile": "percentile_cont({1}) WITHIN GROUP (ORDER BY CAST({0} AS DOUBLE PRECISION))",
    "variance": "var_samp(CAST({0} AS DOUBLE PRECISION))",
    "last": lambda a: _ordered(a, "DESC"),
    "first": lambda a: _ordered(a, "ASC"),
}


class Postgres(Engine):
    """A PostgreSQL connection; `schema` holds the canonical tables or views."""

    name = "postgres"
    spelling = SPELLING  # type: ignore[assignment]  # lambdas take any sequence of texts
    types = {
        "text": "TEXT",
        "integer": "BIGINT",
        "number": "DOUBLE PRECISION",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
    }

    def __init__(self, connection: psycopg.Connection[Any], schema: str = "public") -> None:
        self.connection, self.schema = connection, schema

    @classmethod
    def connect(cls, conninfo: str, schema: str = "public") -> Postgres:
        """Connect read-only in UTC. `$NAME` in the connection string is read from the environment.

        Raises EngineError where the driver is missing or the server does not answer.
        """
        try:
            import psycopg  # lazy: an optional package
        except ImportError:
            raise EngineError("The postgres engine needs its driver: pip install 'opstally[postgres]'") from None
        expanded = os.path.expandvars(conninfo)
        if "$" in expanded:
            raise EngineError(f"The connection {conninfo!r} names an environment variable that is not set.")
        try:
            connection = psycopg.connect(expanded, autocommit=True)
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SELECT set_config('search_path', %s, false)", (schema,))
        except psycopg.Error as problem:
            raise EngineError(f"PostgreSQL cannot be reached: {str(problem).strip().splitlines()[0]}") from None
        return cls(connection, schema)

    def version(self) -> str:
        number = self.connection.info.server_version
        return f"PostgreSQL {number // 10000}.{number % 10000}"

    def run(self, sql: str) -> list[tuple[object, ...]]:
        import psycopg  # lazy: an optional package

        try:
            rows = self.connection.execute(sql.encode()).fetchall()
        except psycopg.Error as problem:
            raise EngineError(f"PostgreSQL could not run the query: {str(problem).strip().splitlines()[0]}") from problem
        return [tuple(_plain(value) for value in row) for row in rows]

    def tables(self) -> frozenset[str]:
        names = self.run(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            f"WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND n.nspname = {self.literal(self.schema)}"
        )
        holds = [str(n) for (n,) in names if self.run(f"SELECT EXISTS (SELECT 1 FROM {self.identifier(str(n))})")[0][0]]
        return frozenset(holds)

    def bucket(self, day: str, grain: Grain, week_start: int, fiscal_start: int) -> str:
        match grain:
            case "day":
                return day
            case "week" if week_start:
                return f"CAST(date_trunc('week', CAST({day} - {week_start} AS TIMESTAMP)) AS DATE) + {week_start}"
            case "quarter" | "year" if fiscal_start > 1:
                shift = f"INTERVAL '{fiscal_start - 1} months'"
                return f"CAST(date_trunc('{grain}', CAST({day} AS TIMESTAMP) - {shift}) + {shift} AS DATE)"
            case _:
                return f"CAST(date_trunc('{grain}', CAST({day} AS TIMESTAMP)) AS DATE)"

    def close(self) -> None:
        self.connection.close()


def _plain(value: object) -> object:
    """Numerics (sums of integers) as Python's own numbers."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


ENGINE = Postgres
