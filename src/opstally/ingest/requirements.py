"""What a table asks of its rows: values for what the export does not give, and what must hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from opstally.engines.duckdb import DuckDB
from opstally.errors import BadExpression, LoadError
from opstally.expression import Typed
from opstally.expression.tree import columns as columns_of
from opstally.ingest.expressions import Meaning, parsed
from opstally.ingest.faults import Fault, absent, broken_rules, out_of_bounds
from opstally.model.table import Column, Table


@dataclass
class Value:
    """One column on its way: `given` is the SQL of the export's text, `value` the SQL of the typed value."""

    name: str
    column: Column
    given: str = "NULL"
    value: str = ""
    provided: bool = False
    faults: list[Fault] = field(default_factory=list)


def fill(table: Table, meaning: Meaning, columns: Sequence[Value]) -> dict[str, str]:
    """Values for what the export does not give, from what it gives. Changes `columns` to the filled values."""
    by_name = {c.name: c for c in columns}
    typed = {c.name: Typed(c.column.type, c.column.unit) for c in columns}
    given = {c.name: c.value for c in columns}
    filled: dict[str, str] = {}
    for at, made in enumerate(columns):
        if made.column.fill is None:
            continue
        expr = parsed(made.column.fill)
        try:
            sql, _ = meaning.sql(expr, lambda c: typed[c.name], lambda c: given[c.name])
        except (BadExpression, KeyError) as problem:
            raise LoadError(f"Table {table.table}: the fill of {made.name} cannot be used: {problem}") from None
        filled[f"f{at}"] = f"coalesce({given[made.name]}, CAST({sql} AS {DuckDB.types[made.column.type]}))"
        made.value = f"f{at}"
        named = [c.name for c in columns_of(expr)]
        made.provided = made.provided or (bool(named) and all(by_name[n].provided for n in named))
    return filled


def filling(table: Table, name: str, meaning: Meaning, row: Callable[[str], str]) -> str:
    """SQL of what a table fills a column with, over the SQL of the others by their names."""
    column = table.columns[name]
    types = {n: Typed(c.type, c.unit) for n, c in table.columns.items()}
    sql, _ = meaning.sql(parsed(column.fill or "null"), lambda c: types[c.name], lambda c: row(c.name))
    return f"CAST({sql} AS {DuckDB.types[column.type]})"


def faults(table: Table, meaning: Meaning, columns: Sequence[Value]) -> list[Fault]:
    """What can be wrong with a row, in the order in which it is told."""
    found: list[Fault] = []
    later: list[Fault] = []
    for made in columns:
        found += made.faults
        if made.name in table.key or made.column.required:
            found.append(absent(made.name, made.value, made.given))
        # What is wrong with a value computed from others is rather told by a check of those others.
        of = later if made.column.fill else found
        of += out_of_bounds(made.name, made.column, made.value, made.given)
    values = {c.name: c.value for c in columns}
    types = {c.name: Typed(c.column.type, c.column.unit) for c in columns}
    return [*found, *broken_rules(table, values, types, meaning), *later]
