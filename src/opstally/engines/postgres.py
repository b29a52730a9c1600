"""PostgreSQL: the canonical tables loaded there, or views of the same names over the company's own."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from opstally.engines.engine import Engine, Scalar, Spelling, plain
from opstally.engines.spell import case, divide
from opstally.errors import EngineError
from opstally.period import Grain

if TYPE_CHECKING:
    import psycopg


def _ordered(args: Sequence[str], direction: str) -> str:
    # A constant has no type of its own there.
    value, by = (f"CAST({arg} AS TEXT)" if arg.startswith("'") else arg for arg in args)
    known = f"{value} IS NOT NULL AND {by} IS NOT NULL"
    return f"(array_agg({value} ORDER BY {by} {direction}, {value} {direction}) FILTER (WHERE {known}))[1]"


def _elapsed(microseconds: str) -> str:
    # Subtracting timestamps gives intervals, which know days; whole microseconds divided once give the same double as
    # on every other engine.
    instants = (f"extract(epoch FROM CAST({{{i}}} AS TIMESTAMP))" for i in (1, 0))
    return f"(CAST(({' - '.join(instants)}) * 1000000 AS DOUBLE PRECISION) / {microseconds})"


def _later(argument: str, microseconds: str) -> str:
    # The server would round each field of an interval by itself.
    return f"({{0}} + CAST(({argument}) * {microseconds} AS BIGINT) * INTERVAL '1 microsecond')"


SPELLING: dict[str, Spelling] = {
    **{sign: f"{{0}} {sign} {{1}}" for sign in ("+", "-", "*", "=", "!=", "<", "<=", ">", ">=")},
    "/": lambda a: divide(a, "DOUBLE PRECISION"),
    "neg": "-{0}",
    "not": "NOT {0}",
    "in": lambda a: f"{a[0]} IN ({', '.join(a[1:])})",
    "is_null": "{0} IS NULL",
    "same": "ARRAY[{0}] = ARRAY[{1}]",  # two NULLs are the same, as IS NOT DISTINCT FROM says, which is not hashed
    "case": case,
    "coalesce": lambda a: f"coalesce({', '.join(a)})",
    "least": lambda a: f"least({', '.join(a)})",
    "greatest": lambda a: f"greatest({', '.join(a)})",
    "abs": "abs({0})",
    "floor": "floor(CAST({0} AS DOUBLE PRECISION))",
    "ceil": "ceil(CAST({0} AS DOUBLE PRECISION))",
    "ln": "CASE WHEN {0} > 0 THEN ln(CAST({0} AS DOUBLE PRECISION)) END",
    "sqrt": "sqrt({0})",
    "lower": "lower({0})",
    "contains": "(strpos({0}, {1}) > 0)",
    "starts_with": "starts_with({0}, {1})",
    "seconds_between": _elapsed("1e6"),
    "minutes_between": _elapsed("6e7"),
    "hours_between": _elapsed("3.6e9"),
    "days_between": _elapsed("8.64e10"),
    "add_days": _later("{1}", "8.64e10::float8"),
    "add_days_to_date": "({0} + CAST({1} AS INTEGER))",
    "add_minutes": _later("{1}", "6e7::float8"),
    "shift_seconds": "({0} + ({1}) * INTERVAL '1 second')",
    "just_before": "({0} - INTERVAL '1 microsecond')",
    "dates_every": "CAST(generate_series(CAST({0} AS TIMESTAMP), CAST({1} AS TIMESTAMP), {2}) AS DATE)",
    "local_time": "(CAST({0} AS TIMESTAMP) AT TIME ZONE 'UTC' AT TIME ZONE {1})",
    "day": "CAST({0} AS DATE)",
    "hour_of": "CAST(extract(hour FROM {0}) AS BIGINT)",
    "weekday_of": "CAST(extract(isodow FROM {0}) AS BIGINT)",
    "collate": '{0} COLLATE "C"',
    "count_rows": "count(*)",
    "count": "count({0})",
    "count_if": "count(*) FILTER (WHERE {0})",
    "count_distinct": "count(DISTINCT {0})",
    "sum": "sum({0})",
    "total": "coalesce(CAST(sum({0}) AS BIGINT), 0)",  # of counts
    "avg": "avg(CAST({0} AS DOUBLE PRECISION))",
    "min": "min({0})",
    "max": "max({0})",
    "quantile": "percentile_cont({1}) WITHIN GROUP (ORDER BY CAST({0} AS DOUBLE PRECISION))",
    "quantiles": lambda a: (
        f"(percentile_cont(ARRAY[{', '.join(a[2:])}]) WITHIN GROUP (ORDER BY CAST({a[0]} AS DOUBLE PRECISION)))[{a[1]}]"
    ),
    "nth_least": "(array_agg({0} ORDER BY {0}) FILTER (WHERE {1}))[CAST({2} AS INTEGER)]",
    "variance": "var_samp(CAST({0} AS DOUBLE PRECISION))",
    "last": lambda a: _ordered(a, "DESC"),
    "first": lambda a: _ordered(a, "ASC"),
    "last_by_key": lambda a: _ordered(a, "DESC"),
    "first_by_key": lambda a: _ordered(a, "ASC"),
}


_UNICODE: dict[str, Spelling] = {
    "lower": 'lower({0} COLLATE "pg_c_utf8")',
    "collate": '{0} COLLATE "pg_c_utf8"',
}
"""Lower case by Unicode and order by code point, whatever the database's own rules are.

Servers before 17 have only "C", which orders alike and knows no letters but ASCII's. Both words use one collation, as
two cannot meet in one comparison.
"""


class Postgres(Engine):
    """A PostgreSQL connection; `schema` holds the canonical tables or views."""

    name = "postgres"
    spelling = SPELLING
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
        connection.autocommit, connection.read_only = True, True
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SELECT set_config('search_path', %s, false)", (self.identifier(schema),))
        self.spelling = SPELLING | (_UNICODE if connection.info.server_version >= 170000 else {})

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
        if re.search(r"\$(\w|\{)", expanded):
            raise EngineError(f"The connection {conninfo!r} names an environment variable that is not set.")
        try:
            return cls(psycopg.connect(expanded), schema)
        except psycopg.Error as problem:
            raise EngineError(f"PostgreSQL cannot be reached: {first_line(problem)}") from None

    def version(self) -> str:
        number = self.connection.info.server_version
        return f"PostgreSQL {number // 10000}.{number % 10000}"

    def run(self, sql: str) -> list[tuple[object, ...]]:
        import psycopg  # lazy: an optional package

        try:
            with self.connection.transaction():  # read-only, as the connection is
                rows = self.connection.execute(sql.encode()).fetchall()
        except psycopg.Error as problem:
            raise EngineError(f"PostgreSQL could not run the query: {first_line(problem)}") from problem
        return [tuple(plain(value) for value in row) for row in rows]

    def literal(self, value: Scalar) -> str:
        # Without its type the constant is a decimal, which compares and divides otherwise than a double.
        return f"{value!r}::float8" if isinstance(value, float) else super().literal(value)

    def _every_table(self) -> str:
        return (
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            f"WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND n.nspname = {self.literal(self.schema)}"
        )

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


def first_line(problem: Exception) -> str:
    """What the server says, in one line."""
    return (str(problem).strip() or type(problem).__name__).splitlines()[0]


ENGINE = Postgres
