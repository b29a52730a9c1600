"""The very rows behind a number: what became of each row of the period, and why."""

from __future__ import annotations

from dataclasses import dataclass

from opstally.engines.engine import Engine
from opstally.expression import Call, Column, Expr
from opstally.expression.tree import columns
from opstally.planner.lower import Context
from opstally.planner.metric import Linked, leaves
from opstally.planner.plan import USED, Plan, fate
from opstally.planner.scan import Scan, ScanKey, row_ctes
from opstally.planner.schema import Schema
from opstally.planner.text import script, select

FATE = "fate"


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
    assert part.table is not None and part.basis is not None
    planned = made.scans[ScanKey(part.table, part.basis)]
    scan = Scan(planned.key, planned.name, (), None, None)
    shown = _shown(part, planned, schema)
    steps = row_ctes(scan, shown, {FATE: fate(part, planned.where)}, schema, engine, context)
    source = steps[-1].name
    counts = script(steps, select([(FATE, FATE), ("count(*)", "row_count")], source, group=[FATE]))
    names = [engine.identifier(name) for name in shown]
    keep = [f"{FATE} = {engine.literal(USED)}"]
    listed = select([(n, n) for n in names], source, keep, order=names[: max(1, len(_key(part, schema)))])
    return Listing(counts, f"{script(steps, listed)}\nLIMIT {limit}", tuple(shown))


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
    wanted |= dict(planned.dims)
    for column in named:
        wanted.setdefault("_".join(column.path), column)
    calls = [n for call in leaves(part.expr) for n in call.args if isinstance(n, Call)]
    if any(c.name == "overlap_minutes" for c in calls) or "overlap_minutes" in part.declaration.value:
        wanted["overlap_minutes"] = Call("overlap_minutes")
    return wanted
