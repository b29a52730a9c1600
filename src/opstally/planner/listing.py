"""The very rows behind a number: what became of each row of the period, and why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from opstally.engines.engine import Engine
from opstally.expression import Call, Column, Expr
from opstally.expression.tree import columns
from opstally.planner.fates import fate
from opstally.planner.lower import Context
from opstally.planner.metric import USED, Linked
from opstally.planner.plan import Plan
from opstally.planner.scan import Scan, ScanKey
from opstally.planner.scan_sql import row_ctes
from opstally.planner.schema import Schema, names_a_span
from opstally.planner.text import script, select


@dataclass(frozen=True)
class Listing:
    """SQL of the rows of one metric's period by fate, and of the rows that it used."""

    counts: str
    rows: str
    columns: tuple[str, ...]


def listing(made: Plan, part: Linked, schema: Schema, engine: Engine, context: Context, limit: int) -> Listing:
    """The listing of a metric over a table, in the period and under the filter of its plan, without groups.

    The rows show their key, their time, the dimensions asked for and every column that the definition names, ordered by
    key, so that the number can be computed again from them.
    """
    planned = made.scans[ScanKey.of(part)]
    scan = Scan(planned.key, planned.name, (), None, None)
    shown = _shown(part, planned, schema)
    told = _unlike("fate", shown)
    steps = row_ctes(scan, shown, {told: fate(part, planned.where)}, schema, engine, context)
    source, names, name = steps[-1].name, [engine.identifier(n) for n in shown], engine.identifier(told)
    counts = script(steps, select([(name, name), ("count(*)", "row_count")], source, group=[name]))
    keep = [f"{name} = {engine.literal(USED)}"]
    listed = select([(n, n) for n in names], source, keep, order=_order(part, schema, engine))
    return Listing(counts, f"{script(steps, listed)}\nLIMIT {limit}", tuple(shown))


def _order(part: Linked, schema: Schema, engine: Engine) -> list[str]:
    table = str(part.table)
    names = {name: schema.typed(table, Column((name,))).type for name in _key(part, schema)}
    quoted = {engine.identifier(name): type_ for name, type_ in names.items()}
    return [(engine.say("collate", sql) if type_ == "text" else sql) + " NULLS LAST" for sql, type_ in quoted.items()]


def _key(part: Linked, schema: Schema) -> list[str]:
    table = schema.tables[part.table or ""]
    return list(table.derived.per if table.derived else table.key)


def _shown(part: Linked, planned: Scan, schema: Schema) -> dict[str, Expr]:
    assert part.basis is not None
    derived = schema.tables[planned.key.table].derived is not None
    times = () if derived else (part.basis.start, part.basis.end)
    exprs = [part.expr, part.where, part.settled, *(e for _, e in part.excludes)]
    named = [c for e in exprs if e is not None for c in columns(e)]
    wanted: dict[str, Expr] = {name: Column((name,)) for name in (*_key(part, schema), *times) if name}
    for name, column in [*planned.dims, *(("_".join(c.path), c) for c in named)]:
        if column not in wanted.values():
            wanted[_unlike(name, wanted)] = column
    if names_a_span(part.expr):
        wanted[_unlike("overlap_minutes", wanted)] = Call("overlap_minutes")
    return wanted


def _unlike(wanted: str, taken: Collection[str]) -> str:
    """The name, or one like it that is not taken."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name
