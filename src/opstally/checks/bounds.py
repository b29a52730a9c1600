"""Values that no column's declaration allows. A load keeps them out; a view over a company's own tables may not."""

from __future__ import annotations

from collections.abc import Iterator

from opstally.checks.finding import Finding, shown
from opstally.engines.engine import Engine
from opstally.model.table import Column, Table


def bounds(engine: Engine, table: Table) -> Iterator[Finding]:
    """Missing required values, numbers out of their range, texts that are not allowed: one pass over the table."""
    tests = [(name, *test) for name, column in table.columns.items() for test in _tests(engine, table, name, column)]
    if not tests:
        return
    told = ", ".join(f"count(*) FILTER (WHERE {broken})" for _, broken, _ in tests)
    [counts] = engine.run(f"SELECT {told} FROM {engine.table(table.table)}")
    for (name, broken, reason), count in zip(tests, counts, strict=True):
        if count:
            yield Finding("error", table.table, name, reason, int(str(count)), _first(engine, table, broken))


def _tests(engine: Engine, table: Table, name: str, column: Column) -> Iterator[tuple[str, str]]:
    value = engine.identifier(name)
    if column.required or name in table.key:
        yield f"{value} IS NULL", "is missing"
    if column.min is not None:
        yield f"{value} < {engine.literal(column.min)}", f"is below {column.min:g}, the least possible"
    if column.max is not None:
        yield f"{value} > {engine.literal(column.max)}", f"is above {column.max:g}, the most possible"
    if column.allowed:
        allowed = ", ".join(engine.literal(text) for text in column.allowed)
        yield f"{value} NOT IN ({allowed})", f"is not one of {', '.join(column.allowed)}"


def _first(engine: Engine, table: Table, broken: str) -> str:
    key = ", ".join(engine.identifier(name) for name in table.key)
    [row] = engine.run(f"SELECT {key} FROM {engine.table(table.table)} WHERE {broken} ORDER BY {key} LIMIT 1")
    return shown(list(row))
