"""Random questions about a company, as the planner and as the oracle see them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st
from tests.planner.expressions import KINDS, LITERALS, Draw, expression
from tests.planner.oracle import Asked
from tests.planner.worlds import World, worlds

from opstally.expression import Column, Expr, parse
from opstally.expression.tree import rewrite
from opstally.model.table import Table
from opstally.period import GRAINS, Grain, Period
from opstally.planner.query import Query

Meaning = tuple[str, str]
"""(table, column) that a path stands for."""


@dataclass(frozen=True)
class Question:
    """A query as the planner and as the oracle see it. `member_table` lists the members, where they are wanted."""

    query: Query
    asked: Asked
    member_table: str | None = None
    member_columns: tuple[str, ...] = ()


@st.composite
def worlds_with_questions(draw: Draw) -> tuple[World, list[Question]]:
    """A company and two questions about it."""
    world = draw(worlds())
    return world, [draw(question(world)) for _ in range(2)]


@st.composite
def question(draw: Draw, world: World, metrics: list[str] | None = None) -> Question:
    """A question about the metrics, or about any of the company's."""
    names = metrics or draw(st.lists(st.sampled_from(sorted(world.metrics)), min_size=1, max_size=3, unique=True))
    parts = world.oracle._parts(names)
    facts = list(dict.fromkeys(str(world.metrics[p].table) for p in parts))
    timeless = any(world.metrics[p].at == "always" for p in parts)
    grain: Grain | None = None if timeless else draw(st.sampled_from([None, *GRAINS]))
    start = world.as_of + dt.timedelta(days=draw(st.integers(-33, -18)))
    period = Period(start, start + dt.timedelta(days=draw(st.integers(1, 30))))
    shared = _shared(world, facts)
    asked = draw(st.lists(st.sampled_from(sorted(shared)), max_size=2, unique=True)) if shared else []
    by = tuple((f"by_{i}", name) for i, name in enumerate(asked))
    where = draw(st.one_of(st.none(), _filter(shared))) if shared else None
    members = where is None and draw(st.booleans())
    query = Query(tuple(names), by, grain, period, world.as_of, parse(where) if where else None, members)
    filters = {f: _as_in(parse(where), shared, f) for f in facts} if where else {}
    wanted = Asked(tuple(names), tuple(shared[name] for name in asked), grain, period, filters)
    member_table, columns = _members(world, facts, asked, shared) if members else (None, ())
    return Question(query, wanted, member_table, columns)


def _as_in(where: Expr, shared: Mapping[str, Mapping[str, Column]], fact: str) -> Expr:
    return rewrite(where, lambda n: shared[n.name][fact] if isinstance(n, Column) else None)


@st.composite
def _filter(draw: Draw, shared: Mapping[str, Mapping[str, Column]]) -> str:
    scope: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for name in sorted(shared):
        scope[_kind_of(name)].append(name)
    return str(draw(expression("boolean", {kind: names or LITERALS[kind] for kind, names in scope.items()}, 2)))


def _kind_of(path: str) -> str:
    name = path.split(".")[-1]
    if name in ("good", "ok", "vip", "busy"):
        return "boolean"
    if name in ("points", "size", "score", "worth", "n"):
        return "number"
    return "date" if name in ("day", "local_day", "next_day") else "text"


# -- dimensions that facts share --------------------------------------------------------------------------------------


def _shared(world: World, facts: list[str]) -> dict[str, dict[str, Column]]:
    """Dimensions of the first fact, as written there, with their path in each fact; only those that all have."""
    found = {}
    for path in _paths(world.tables[facts[0]]):
        wanted = meaning(world.tables, facts[0], path)
        paths = {fact: _path_in(world.tables, fact, path, wanted) for fact in facts}
        known = {fact: Column(p) for fact, p in paths.items() if p is not None}
        if len(known) == len(facts):
            found[".".join(path)] = known
    return found


def _paths(table: Table) -> list[tuple[str, ...]]:
    """The dimensions of a fact that are tried."""
    if table.derived is not None:
        made = [name for name in ("band", "busy", "n") if name in {*table.derived.columns, *table.computed}]
        own = [(name,) for name in (*table.derived.per, *made)]
        return [*own, *(_of_customers("customer") if "customer" in table.references else [])]
    paths: list[tuple[str, ...]] = [
        (name,)
        for name in (
            "kind",
            "ok",
            "size",
            "day",
            "label",
            "points",
            "good",
            "local_day",
            "plan",
            "customer_id",
            "payer_id",
        )
    ]
    for role, reference in table.references.items():
        if reference.table == "customers":
            paths += _of_customers(role)
    if "payer" not in table.references:
        paths.append(("score",))
    return paths


def _of_customers(role: str) -> list[tuple[str, ...]]:
    names = ("customer_id", "plan", "tier", "score", "worth", "vip")
    return [*((role, name) for name in names), (role, "region", "zone")]


def meaning(tables: Mapping[str, Table], table: str, path: tuple[str, ...]) -> Meaning:
    """(table, column) that a path stands for."""
    declared = tables[table]
    if len(path) > 1:
        return meaning(tables, declared.references[path[0]].table, path[1:])
    [name] = path
    if name in ("customer_id", "payer_id") and table not in ("customers", "prices"):
        known = name == "customer_id" or "payer" in declared.references
        return ("customers", "customer_id") if known else (_origin(declared), name)
    if name == "score" and table != "customers":
        return ("customers", "score")
    if name == "plan" and name in declared.columns and declared.columns[name].same_as:
        return ("customers", "plan")
    if declared.derived is not None and name in declared.derived.per:
        return meaning(tables, declared.derived.source, path)
    return (table, name)


def _origin(table: Table) -> str:
    return table.derived.source if table.derived is not None else table.table


def _path_in(tables: Mapping[str, Table], fact: str, path: tuple[str, ...], wanted: Meaning) -> tuple[str, ...] | None:
    """The path as it is, where it means the same here; else the only one that does."""
    known = _paths(tables[fact])
    if path in known and meaning(tables, fact, path) == wanted:
        return path
    for length in (1, 2, 3):
        alike = [p for p in known if len(p) == length and meaning(tables, fact, p) == wanted]
        if alike:
            return alike[0] if len(alike) == 1 else None
    return None


def _members(
    world: World, facts: list[str], asked: list[str], shared: Mapping[str, Mapping[str, Column]]
) -> tuple[str | None, tuple[str, ...]]:
    """Who lists the members: the one dimension table that all dimensions are of. "" for the buckets of time alone."""
    meanings = [meaning(world.tables, facts[0], shared[name][facts[0]].path) for name in asked]
    if not meanings:
        return "", ()
    tables = {table for table, _ in meanings}
    if len(tables) > 1 or not tables <= {"customers", "regions"}:
        return None, ()
    return tables.pop(), tuple(name for _, name in meanings)
