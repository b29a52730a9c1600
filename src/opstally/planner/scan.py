"""One scan of one fact: what is asked of its rows in the period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from opstally.expression import Call, Column, Expr, parse
from opstally.expression.tree import all_of, columns
from opstally.period import Grain
from opstally.planner.metric import Basis, Linked
from opstally.planner.rollup import Reading
from opstally.planner.schema import Schema


@dataclass(frozen=True)
class ScanKey:
    """What can be read in one pass: a table under one time basis."""

    table: str
    basis: Basis

    @classmethod
    def of(cls, part: Linked) -> ScanKey:
        """Of a metric over a table."""
        assert part.table is not None
        assert part.basis is not None
        return cls(part.table, part.basis)


@dataclass
class Scan:
    """The plan of one pass. `dims` are (output name, column of the table); `leaves` are name → aggregate."""

    key: ScanKey
    name: str
    dims: tuple[tuple[str, Column], ...]
    grain: Grain | None
    where: Expr | None
    leaves: dict[str, Call] = field(default_factory=dict)
    shorter: dict[Call, Call] = field(default_factory=dict, repr=False)
    """An aggregate that was asked for → the same of shorter conditions, which many metrics ask again."""

    def leaf(self, wanted: str, call: Call) -> str:
        """The name of the aggregate in this scan; the same aggregate is computed only once."""
        for name, known in self.leaves.items():
            if known == call:
                return name
        name, number = wanted, 2
        while name in self.leaves:
            name, number = f"{wanted}_{number}", number + 1
        self.leaves[name] = call
        return name

    def groups(self) -> list[str]:
        """The names of what the rows are grouped by."""
        return [*([self.grain] if self.grain else []), *(name for name, _ in self.dims)]

    def reading(self, schema: Schema) -> Reading:
        """What is asked of the rows of the stored table."""
        table, basis = self.key.table, self.key.basis
        derived = schema.tables[table].derived
        if derived is None:
            dims = tuple(column for _, column in self.dims)
            return Reading(table, basis, self.where, self.grain, dims, tuple(self.leaves.values()), False)
        keys = tuple(Column((name,)) for name in derived.per)
        made = tuple(parse(derived.columns[name].value) for name in self.entity_columns(schema))
        own = parse(derived.where) if derived.where else None
        # A filter by an entity's key takes all of its rows or none.
        where = all_of(own, self.where if self.where and {*columns(self.where)} <= {*keys} else None)
        return Reading(derived.source, basis, where, self.grain, keys, made, True)

    def entity_columns(self, schema: Schema, more: Sequence[Column] = ()) -> list[str]:
        """The derived columns that dimensions, filter and leaves name, directly or through computed columns."""
        table = schema.tables[self.key.table]
        asked = [c for _, c in self.dims] + [c for call in self.leaves.values() for c in columns(call)]
        wanted = [*asked, *more, *(columns(self.where) if self.where else [])]
        stored = {c.path[0] for w in wanted for c in columns(schema.expand(table.table, w))}
        for reference in [table.references[name] for name in sorted(stored) if name in table.references]:
            stored |= {c.path[0] for our in reference.ours for c in columns(schema.expand(table.table, Column((our,))))}
        return [name for name in (table.derived.columns if table.derived else ()) if name in stored]

    def tables(self, schema: Schema) -> set[str]:
        """The stored tables that are read."""
        table, basis = self.key.table, self.key.basis
        times = [Column((name,)) for name in (basis.start, basis.end, *basis.per) if name]
        named: list[Expr] = [*(c for _, c in self.dims), *self.leaves.values()]
        named += [self.where] if self.where is not None else []
        derived = schema.tables[table].derived
        if derived is None:
            return {table, *_looked_up(table, [*named, *times], schema)}
        made = [parse(text) for text in (*(c.value for c in derived.columns.values()), derived.where) if text]
        keys = [Column((name,)) for name in derived.per]
        source = _looked_up(derived.source, [*made, *keys, *times], schema)
        return {derived.source, *source, *_looked_up(table, named, schema)}


def _looked_up(table: str, exprs: Sequence[Expr], schema: Schema) -> set[str]:
    """The tables to which the expressions lead through references."""
    paths = {c.path[:-1] for expr in exprs for c in columns(schema.expand(table, expr)) if len(c.path) > 1}
    found = set()
    for roles in {path[:depth] for path in paths for depth in range(1, len(path) + 1)}:
        home, reference = schema.reference(table, roles)
        found |= {reference.table, *_looked_up(home, [Column((our,)) for our in reference.ours], schema)}
    return found
