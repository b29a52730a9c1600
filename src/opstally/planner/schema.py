"""Linked tables: what a name in an expression stands for, its type, and its meaning across tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from opstally.errors import BadExpression, did_you_mean
from opstally.expression import Call, Column, Expr, Typed, check, parse
from opstally.expression.tree import rewrite, walk
from opstally.expression.vocabulary import AGGREGATES
from opstally.model.table import Derived, Reference, Table

BUCKET = "#"
"""The path of a column of the `buckets` starts with it, so that no declared column can be meant."""

Identity = tuple[str, str]
"""(table, column) that a dimension is, wherever it is reached from."""


@dataclass(frozen=True)
class Field:
    """A resolved column: through which roles, in which table, under which name."""

    roles: tuple[str, ...]
    table: str
    name: str

    @property
    def column(self) -> Column:
        return Column((*self.roles, self.name))


@dataclass
class Schema:
    """All tables, with the expressions of computed and derived columns parsed on first use."""

    tables: Mapping[str, Table]
    _typed: dict[Identity, Typed] = field(default_factory=dict)
    _open: list[Identity] = field(default_factory=list)

    def names(self, table: str) -> list[str]:
        """All columns of one table: stored, per-entity and computed."""
        declared = self.tables[table]
        inner = [*declared.derived.per, *declared.derived.columns] if declared.derived else []
        return [*declared.columns, *inner, *declared.computed]

    def resolve(self, table: str, column: Column) -> Field:
        """What a path stands for, seen from `table`.

        A bare name is a column of the table or, where there is none, of the one role that has it; `role.name` goes
        through a reference, `table.name` through the one reference to that table.
        Raises BadExpression with the nearest names.
        """
        here, roles = table, []
        *path, name = column.path
        for step in path:
            role = self._role(here, step, column)
            roles.append(role)
            here = self.tables[here].references[role].table
        if name in self.names(here):
            return Field(tuple(roles), here, name)
        if not path:
            through = [r for r, ref in self.tables[table].references.items() if name in self.names(ref.table)]
            if len(through) == 1:
                return Field((through[0],), self.tables[table].references[through[0]].table, name)
            if through:
                choices = " or ".join(f"{role}.{name}" for role in through)
                raise BadExpression(f"{name!r} of {table} could be {choices}: say which", position=column.position)
        raise BadExpression(
            f"{here} has no column {name!r}.{did_you_mean(name, self.known(here))}", position=column.position
        )

    def known(self, table: str) -> list[str]:
        """Every name that can be written for `table`, one reference deep."""
        through = [f"{role}.{n}" for role, ref in self.tables[table].references.items() for n in self.names(ref.table)]
        return [*self.names(table), *through]

    def _role(self, table: str, step: str, column: Column) -> str:
        references = self.tables[table].references
        if step in references:
            return step
        towards = [role for role, ref in references.items() if ref.table == step]
        if len(towards) == 1:
            return towards[0]
        if towards:
            raise BadExpression(
                f"{table} refers to {step} as {' and as '.join(towards)}: say which", position=column.position
            )
        raise BadExpression(
            f"{table} has no reference {step!r}.{did_you_mean(step, references)}", position=column.position
        )

    def typed(self, table: str, column: Column) -> Typed:
        """The type and unit of a path seen from `table`."""
        found = self.resolve(table, column)
        return self._typed_field(found.table, found.name)

    def _typed_field(self, table: str, name: str) -> Typed:
        key = (table, name)
        if key not in self._typed:
            if key in self._open:
                raise BadExpression(f"{table}.{name} is computed from itself")
            self._open.append(key)
            try:
                self._typed[key] = self._compute_type(table, name)
            finally:
                self._open.pop()
        return self._typed[key]

    def _compute_type(self, table: str, name: str) -> Typed:
        declared = self.tables[table]
        if name in declared.columns:
            return Typed(declared.columns[name].type, declared.columns[name].unit)
        if name in declared.computed:
            found = check(parse(declared.computed[name].value), lambda c: self.typed(table, c))
            if found.aggregated:
                raise BadExpression(f"{table}.{name} is computed row by row and cannot hold an aggregate")
            return replace(found, unit=declared.computed[name].unit or found.unit, constant=False)
        derived = declared.derived
        assert derived is not None
        if name in derived.per:
            return self.typed(derived.source, Column((name,)))
        declared_column = derived.columns[name]
        found = check(parse(declared_column.value), lambda c: self.typed(derived.source, c))
        if not found.aggregated and not found.constant:
            raise BadExpression(f"{table}.{name} is one value per entity and needs an aggregate")
        return replace(found, unit=declared_column.unit or found.unit, aggregated=False, constant=False)

    def expand(self, table: str, expr: Expr) -> Expr:
        """The expression with every path resolved, and computed columns replaced until only stored ones are left."""

        def change(node: Expr) -> Expr | None:
            if not isinstance(node, Column) or node.path[0] == BUCKET:
                return None
            found = self.resolve(table, node)
            self._typed_field(found.table, found.name)  # refuses a column computed from itself
            computed = self.tables[found.table].computed.get(found.name)
            if computed is None:
                return found.column
            inner = self.expand(found.table, parse(computed.value))
            return rewrite(inner, lambda n: Column((*found.roles, *n.path)) if isinstance(n, Column) else None)

        return rewrite(expr, change)

    def identity(self, table: str, column: Column) -> Identity:
        """The canonical column that a path means: a foreign key means the key it refers to."""
        found = self.resolve(table, column)
        declared = self.tables[found.table]
        stored = declared.columns.get(found.name)
        if stored is not None and stored.same_as:
            other, name = stored.same_as.split(".", 1)
            return (other, name)
        for reference in declared.references.values():
            if reference.valid_from is None and len(reference.pairs) == 1 and reference.pairs[0][0] == found.name:
                return (reference.table, reference.pairs[0][1])
        if declared.derived is not None:
            origin = _origin(declared.derived, found.name)
            if origin is not None:
                return self.identity(declared.derived.source, origin)
        return (found.table, found.name)

    def find(self, table: str, identity: Identity) -> Column | None:
        """How `table` names the dimension: its own column, or that of the one role that has it; None where it has none."""
        own = [n for n in self.names(table) if self.identity(table, Column((n,))) == identity]
        if own:
            return Column((own[0],))
        through = [
            Column((role, identity[1]))
            for role, ref in self.tables[table].references.items()
            if ref.table == identity[0] and identity[1] in self.names(ref.table)
        ]
        return through[0] if len(through) == 1 else None

    def reference(self, table: str, roles: tuple[str, ...]) -> tuple[str, Reference]:
        """The table in which the last of the roles stands, and its reference."""
        here = table
        for role in roles[:-1]:
            here = self.tables[here].references[role].table
        return here, self.tables[here].references[roles[-1]]


def _origin(derived: Derived, name: str) -> Column | None:
    """The source's column whose values a derived column holds: a key, or one picked with `last` or `first`."""
    if name in derived.per:
        return Column((name,))
    match parse(derived.columns[name].value) if name in derived.columns else None:
        case Call("last" | "first", (Column() as picked, _)):
            return picked
    return None


def has_aggregate(expr: Expr) -> bool:
    """Whether an aggregate stands anywhere in the expression."""
    return any(isinstance(node, Call) and node.name in AGGREGATES for node in walk(expr))
