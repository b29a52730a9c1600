"""Rows of any stored table, made from its declaration: whatever a column may hold, or nothing where it may be empty."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

from tests.reports import company
from tests.reports.tables import STORED, Row

from opstally.model.table import Column, Table

SHARED = {
    "service_name": company.SERVICES,
    "customer_id": company.CUSTOMERS,
    "agent_id": [f"agent-{n}" for n in range(9)],
    "sla_id": list(company.PROMISES),
    "incident_id": [f"I{n}" for n in range(70)],
    "component_id": [f"K{n}" for n in range(40)],
    "project_id": [f"P{n}" for n in range(130)],
    "ticket_id": [f"T{n}" for n in range(1400)],
}
"""Columns whose values mean the same wherever they stand."""


def rows() -> dict[str, list[Row]]:
    """The company's tables, and rows of every other one."""
    chance = random.Random(7)
    made = company.rows()
    return {name: made.get(name) or list(_rows(table, chance)) for name, table in STORED.items()}


def _rows(table: Table, chance: random.Random, count: int = 150) -> Iterator[Row]:
    taken = set()
    for n in range(count):
        row = {name: _value(table, name, column, n, chance) for name, column in table.columns.items()}
        _order(row)
        key = tuple(row[name] for name in table.key)
        if key not in taken:
            taken.add(key)
            yield row


def _value(table: Table, name: str, column: Column, n: int, chance: random.Random) -> Any:
    if name not in table.key and not column.required and chance.random() < 0.15:
        return None
    if name in SHARED and table.key != (name,):
        return chance.choice(SHARED[name])
    if column.allowed:
        return chance.choice(column.allowed)
    day = chance.choice(company.DAYS)
    match column.type:
        case "text":
            if table.key == (name,):
                return SHARED[name][n] if n < len(SHARED.get(name, ())) else f"{name}-{n}"
            return f"{name}-{chance.randrange(3)}"
        case "boolean":
            return chance.choice([True, False])
        case "date":
            return day
        case "timestamp":
            return dt.datetime.combine(day, dt.time()) + dt.timedelta(seconds=chance.randrange(86_400))
        case "integer":
            return chance.randrange(0, 9)
    low, high = column.min or 0.0, column.max if column.max is not None else 100.0
    return round(chance.uniform(low, high), 2)


def _order(row: Row) -> None:
    """What starts does so before it ends: the moments of a row in the order of its columns, each kind by itself."""
    for kind in (dt.datetime, dt.date):
        names = [name for name, value in row.items() if type(value) is kind]
        for name, moment in zip(names, sorted(row[name] for name in names), strict=True):
            row[name] = moment
