"""What a table's own tests ask of its rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from opstally.checks.finding import Finding, shown
from opstally.checks.ground import Ground
from opstally.engines.engine import Engine
from opstally.engines.spell import spell
from opstally.errors import BadExpression
from opstally.expression import Column, parse
from opstally.expression.tree import columns
from opstally.model.table import DataTest, Table
from opstally.planner.lower import Context, lower


def expected(ground: Ground, table: Table, test: DataTest, day: dt.date) -> Iterator[Finding]:
    """Rows that are not as expected. Raises BadExpression for a test that names columns of other tables."""
    engine = ground.engine
    expr = parse(test.expect or "")
    named = [c.name for c in columns(expr)]

    def place(column: Column) -> str:
        if len(column.path) > 1:
            raise BadExpression(f"A test of {table.table} names columns of its own only, not {'.'.join(column.path)}")
        return engine.identifier(column.name)

    context = Context(None, day, ground.calendar, ground.assumptions)
    lowered = lower(ground.schema.expand(table.table, expr), context, lambda c: ground.schema.typed(table.table, c))
    broken = f"NOT ({spell(lowered, engine, place)})"
    source = engine.table(table.table)
    [(count,)] = engine.run(f"SELECT count(*) FROM {source} WHERE {broken}")
    if count:
        key = ", ".join(engine.identifier(name) for name in table.key)
        [first] = engine.run(f"SELECT {key} FROM {source} WHERE {broken} ORDER BY {key} LIMIT 1")
        about = ", ".join(dict.fromkeys(named))
        yield Finding(test.severity, table.table, about, test.message, int(str(count)), shown(list(first)))


def unique(engine: Engine, table: Table, test: DataTest) -> Iterator[Finding]:
    """Values that should stand in one row only, and do not."""
    names = [engine.identifier(name) for name in test.unique]
    known = " AND ".join(f"{name} IS NOT NULL" for name in names)
    listed = ", ".join(names)
    same = (
        f"SELECT {listed}, count(*) AS copies FROM {engine.table(table.table)} WHERE {known} "
        f"GROUP BY {listed} HAVING count(*) > 1"
    )
    found = engine.run(f"SELECT {listed} FROM ({same}) AS doubled ORDER BY {listed} LIMIT 1")
    if found:
        [(count,)] = engine.run(f"SELECT count(*) FROM ({same}) AS doubled")
        reason = test.message or "stands in more than one row"
        yield Finding(
            test.severity, table.table, ", ".join(test.unique), reason, int(str(count)), shown(list(found[0]))
        )
