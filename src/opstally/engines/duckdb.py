"""DuckDB, the embedded default."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from opstally.engines.engine import Engine, Scalar, Spelling, plain
from opstally.engines.spell import case, divide
from opstally.errors import EngineError
from opstally.period import Grain

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def _ordered(args: Sequence[str], how: str) -> str:
    # Struct keys decide ties by the value itself, so that the answer does not depend on the order of rows.
    value, by = args
    known = f"{value} IS NOT NULL AND {by} IS NOT NULL"
    return f"{how}({value}, {{'by': {by}, 'value': {value}}}) FILTER (WHERE {known})"


SPELLING: dict[str, Spelling] = {
    **{sign: f"{{0}} {sign} {{1}}" for sign in ("+", "-", "*", "=", "!=", "<", "<=", ">", ">=")},
    "/": lambda a: divide(a, "DOUBLE"),
    "neg": "-{0}",
    "not": "NOT {0}",
    "in": lambda a: f"{a[0]} IN ({', '.join(a[1:])})",
    "is_null": "{0} IS NULL",
    "same": "{0} IS NOT DISTINCT FROM {1}",
    "case": case,
    "coalesce": lambda a: f"coalesce({', '.join(a)})",
    "least": lambda a: f"least({', '.join(a)})",
    "greatest": lambda a: f"greatest({', '.join(a)})",
    "abs": "abs({0})",
    "floor": "floor(CAST({0} AS DOUBLE))",
    "ceil": "ceil(CAST({0} AS DOUBLE))",
    "ln": "CASE WHEN {0} > 0 THEN ln({0}) END",
    "sqrt": "sqrt({0})",
    "lower": "lower({0})",
    "contains": "contains({0}, {1})",
    "starts_with": "starts_with({0}, {1})",
    "seconds_between": "((epoch_us({1}) - epoch_us({0})) / 1e6)",
    "minutes_between": "((epoch_us({1}) - epoch_us({0})) / 6e7)",
    "hours_between": "((epoch_us({1}) - epoch_us({0})) / 3.6e9)",
    "days_between": "((epoch_us({1}) - epoch_us({0})) / 8.64e10)",
    "add_days": "({0} + to_microseconds(CAST(({1}) * 8.64e10 AS BIGINT)))",
    "add_days_to_date": "({0} + CAST({1} AS INTEGER))",
    "add_minutes": "({0} + to_microseconds(CAST(({1}) * 6e7 AS BIGINT)))",
    "shift_seconds": "({0} + to_seconds({1}))",
    "just_before": "({0} - INTERVAL '1 microsecond')",
    "dates_every": "CAST(unnest(generate_series({0}, {1}, {2})) AS DATE)",
    "local_time": "timezone({1}, timezone('UTC', {0}))",
    "day": "CAST({0} AS DATE)",
    "hour_of": "hour({0})",
    "weekday_of": "isodow({0})",
    "collate": "{0}",
    "count_rows": "count(*)",
    "count": "count({0})",
    "count_if": "count(*) FILTER (WHERE {0})",
    "count_distinct": "count(DISTINCT {0})",
    "sum": "sum({0})",
    "total": "coalesce(CAST(sum({0}) AS BIGINT), 0)",  # of counts
    "avg": "avg(CAST({0} AS DOUBLE))",
    "min": "min({0})",
    "max": "max({0})",
    "quantile": "quantile_cont(CAST({0} AS DOUBLE), {1})",
    "quantiles": lambda a: f"quantile_cont(CAST({a[0]} AS DOUBLE), [{', '.join(a[2:])}])[{a[1]}]",
    "nth_least": "(list({0} ORDER BY {0}) FILTER (WHERE {1}))[CAST({2} AS BIGINT)]",
    "variance": "var_samp(CAST({0} AS DOUBLE))",
    "last": lambda a: _ordered(a, "arg_max"),
    "first": lambda a: _ordered(a, "arg_min"),
    "last_by_key": "arg_max({0}, {1})",  # passes over NULLs in both
    "first_by_key": "arg_min({0}, {1})",
}


class DuckDB(Engine):
    """A DuckDB connection over the canonical tables of its main schema."""

    name = "duckdb"
    schema = "main"
    spelling = SPELLING
    types = {
        "text": "VARCHAR",
        "integer": "BIGINT",
        "number": "DOUBLE",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
    }

    def __init__(self, connection: DuckDBPyConnection, holds: frozenset[str] | None = None) -> None:
        """`holds` are its tables, where that is known: listing them takes longer than many a query."""
        self.connection, self._holds = connection, holds
        # That optimizer returns wrong rows for x = max(x) over (…), in 1.5 and 2.0.
        connection.execute("SET disabled_optimizers = 'window_self_join'; SET TimeZone = 'UTC'")

    def version(self) -> str:
        import duckdb  # lazy: 0.15 s

        return f"DuckDB {duckdb.__version__}"

    def run(self, sql: str) -> list[tuple[object, ...]]:
        import duckdb  # lazy: 0.15 s

        try:
            rows = self.connection.execute(sql).fetchall()
        except duckdb.Error as problem:
            raise EngineError(f"DuckDB could not run the query: {str(problem).splitlines()[0]}") from problem
        return [tuple(plain(value) for value in row) for row in rows]

    def literal(self, value: Scalar) -> str:
        # With an exponent the constant is a double; without, DuckDB would compute in decimals.
        return f"{value!r}e0" if isinstance(value, float) and "e" not in repr(value) else super().literal(value)

    def there(self, among: Collection[str] | None = None) -> frozenset[str]:
        if self._holds is None:
            return super().there(among)
        return self._holds if among is None else self._holds & frozenset(among)

    def _every_table(self) -> str:
        return (
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' AND database_name = current_database() "
            "UNION ALL SELECT view_name FROM duckdb_views() "
            "WHERE schema_name = 'main' AND database_name = current_database() AND NOT internal"
        )

    def loaded(self) -> dict[str, dt.datetime]:
        if not self._keeps_books():
            return {}
        rows = self.run("SELECT table_name, max(finished_at) FROM opstally.loads GROUP BY table_name")
        return {str(table): when for table, when in rows if isinstance(when, dt.datetime)}

    def quarantined(self) -> list[tuple[str, str, str, int, str]]:
        if not self._keeps_books():
            return []
        rows = self.run(
            "SELECT table_name, coalesce(column_name, ''), coalesce(reason, ''), count(*), "
            "min_by(concat(file, ':', line, ' ', value), (load_id, file, line)) "
            "FROM opstally.quarantine GROUP BY ALL ORDER BY ALL"
        )
        return [(str(t), str(c), str(r), int(str(n)), str(first)) for t, c, r, n, first in rows]

    def refused(self) -> list[tuple[str, dt.datetime, str]]:
        if not self._keeps_books():
            return []
        rows = self.run(
            "SELECT r.source, max(r.refused_at), max_by(r.reason, r.refused_at) FROM opstally.refused AS r "
            "WHERE r.refused_at > coalesce((SELECT max(l.finished_at) FROM opstally.loads AS l "
            "WHERE l.source = r.source), TIMESTAMP '1970-01-01') GROUP BY r.source ORDER BY r.source"
        )
        return [(str(source), when, str(reason)) for source, when, reason in rows if isinstance(when, dt.datetime)]

    def restated(self) -> list[tuple[int, str, str, int, int, str]]:
        if not self._keeps_books():
            return []
        rows = self.run(
            "SELECT r.load_id, r.table_name, r.grain, count(*), sum(r.added + r.changed + r.removed), "
            "min_by(concat(r.grain, ' of ', r.period, ': ', concat_ws(', ', "
            "CASE WHEN r.added > 0 THEN concat(r.added, ' added') END, "
            "CASE WHEN r.changed > 0 THEN concat(r.changed, ' changed') END, "
            "CASE WHEN r.removed > 0 THEN concat(r.removed, ' removed') END)), r.period) "
            "FROM opstally.restated AS r WHERE r.load_id IN (SELECT max(load_id) FROM opstally.loads GROUP BY source) "
            "GROUP BY ALL ORDER BY ALL"
        )
        return [
            (int(str(load)), str(table), str(grain), int(str(periods)), int(str(n)), str(first))
            for load, table, grain, periods, n, first in rows
        ]

    def _keeps_books(self) -> bool:
        """Whether this is a store that Opstally loads, and not only a database with the canonical tables."""
        if self._holds is not None:
            return True
        return bool(self.run("SELECT 1 FROM duckdb_tables() WHERE schema_name = 'opstally' AND table_name = 'refused'"))

    def bucket(self, day: str, grain: Grain, week_start: int, fiscal_start: int) -> str:
        match grain:
            case "day":
                return day
            case "week" if week_start:
                return f"CAST(date_trunc('week', {day} - {week_start}) AS DATE) + {week_start}"
            case "quarter" | "year" if fiscal_start > 1:
                shift = f"INTERVAL {fiscal_start - 1} MONTH"
                return f"CAST(date_trunc('{grain}', {day} - {shift}) + {shift} AS DATE)"
            case _:
                return f"CAST(date_trunc('{grain}', {day}) AS DATE)"

    def close(self) -> None:
        self.connection.close()


ENGINE = DuckDB
