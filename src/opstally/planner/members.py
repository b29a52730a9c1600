"""Members of a dimension that no fact names, so that a service without checks is a row saying so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opstally.errors import BadExpression
from opstally.expression import Call, Column, Expr
from opstally.expression.tree import all_of, columns, rewrite, walk
from opstally.planner.schema import Identity, Schema


@dataclass(frozen=True)
class Members:
    """Where all members stand: a dimension table (None: only the buckets of time), its columns, and what limits it."""

    table: str | None
    columns: tuple[Column, ...]
    where: Expr | None


def members_of(
    schema: Schema, identities: Sequence[Identity], where: Expr | None, facts: Sequence[str], grain: bool
) -> Members | None:
    """The members of the dimensions asked for; None where no one table lists them.

    They are listed where all dimensions are columns of one table other than a fact: combinations of columns of
    several tables would be invented.
    """
    if not identities:
        return Members(None, (), None) if grain else None
    tables = {table for table, _ in identities}
    if len(tables) != 1:
        return None
    table = tables.pop()
    sources = {derived.source for fact in facts if (derived := schema.tables[fact].derived) is not None}
    if table in facts or table in sources or schema.tables[table].derived is not None:
        return None
    names = tuple(Column((name,)) for _, name in identities)
    own = _own(schema, table, where, facts)
    if any(_is_of_the_period(schema.expand(table, e)) for e in (*names, own) if e is not None):
        return None  # a member has no bucket to be looked at in
    return Members(table, names, own)


def _is_of_the_period(expr: Expr) -> bool:
    return any(isinstance(n, Call) and n.name in ("period_start", "period_end", "period_days") for n in walk(expr))


def _own(schema: Schema, table: str, where: Expr | None, facts: Sequence[str]) -> Expr | None:
    """The part of the filter that is about the members themselves."""
    if where is None:
        return None
    if isinstance(where, Call) and where.name == "and":
        return all_of(*(_own(schema, table, part, facts) for part in where.args))
    try:
        identities = {c: schema.identity(facts[0], c) for c in columns(where)}
    except BadExpression:
        return None
    if any(home != table for home, _ in identities.values()):
        return None
    return rewrite(where, lambda n: Column((identities[n][1],)) if isinstance(n, Column) else None)
