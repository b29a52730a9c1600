"""Linked tables: what a name in an expression stands for, its type, and its meaning across tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from opstally.errors import Ambiguous, BadExpression, did_you_mean
from opstally.expression import Call, Column, Expr, Literal, Typed, check, parse
from opstally.expression.parse import DEEPEST
from opstally.expression.tree import NULL, height, rewrite, walk
from opstally.expression.vocabulary import AGGREGATES
from opstally.model.table import Derived, Reference, Table

BUCKET = "#"
"""The path of a column of the `buckets` starts with it, so that no declared column can be meant."""

_FARTHEST = 3
"""References, one after the other, through which a dimension is looked for."""
_LONGEST = 25
"""Computed columns, each made from the next, so that no chain of them runs out of stack."""

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
    _expanded: dict[Identity, Expr] = field(default_factory=dict)
    _identities: dict[tuple[str, tuple[str, ...]], Identity] = field(default_factory=dict)

    def names(self, table: str) -> list[str]:
        """All columns of one table: stored, per-entity and computed."""
        if table not in self.tables:
            raise BadExpression(
                f"The table {table!r} is not declared, or its declaration has problems: 'opstally check' lists them"
            )
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
                raise Ambiguous(f"{name!r} of {table} could be {choices}: say which", position=column.position)
        raise BadExpression(no_column(here, name, self.known(here)), position=column.position)

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
            raise Ambiguous(
                f"{table} refers to {step} as {' and as '.join(towards)}: say which", position=column.position
            )
        raise BadExpression(
            f"{table} has no reference {step!r}.{did_you_mean(step, references)}", position=column.position
        )

    def check(self, table: str, text: str) -> Typed:
        """The type and unit of an expression over a table. Raises BadExpression with the text where it does not fit."""
        try:
            return check(parse(text), lambda c: self.typed(table, c))
        except BadExpression as problem:
            raise problem.within(text) from None

    def typed(self, table: str, column: Column) -> Typed:
        """The type and unit of a path seen from `table`."""
        found = self.resolve(table, column)
        return self._typed_field(found.table, found.name)

    def _typed_field(self, table: str, name: str) -> Typed:
        key = (table, name)
        if key not in self._typed:
            if key in self._open:
                raise BadExpression(f"{table}.{name} is computed from itself")
            if len(self._open) > _LONGEST:
                raise BadExpression(f"{table}.{name} is computed through too many other columns")
            self._open.append(key)
            try:
                self._typed[key] = self._compute_type(table, name)
            finally:
                self._open.pop()
        return self._typed[key]

    def _compute_type(self, table: str, name: str) -> Typed:
        declared = self.tables[table]
        if name in declared.columns:
            stored = declared.columns[name]
            return Typed(stored.type, stored.unit, texts=stored.allowed)
        if name in declared.computed:
            found = self.check(table, declared.computed[name].value)
            if found.aggregated:
                raise BadExpression(f"{table}.{name} is computed row by row and cannot hold an aggregate")
            return replace(found, unit=declared.computed[name].unit or found.unit, constant=False)
        derived = declared.derived
        assert derived is not None
        if name in derived.per:
            return self.typed(derived.source, Column((name,)))
        declared_column = derived.columns[name]
        found = self.check(derived.source, declared_column.value)
        if not found.aggregated and not found.constant:
            raise BadExpression(f"{table}.{name} is one value per entity and needs an aggregate")
        if names_a_span(self.expand(derived.source, parse(declared_column.value))):
            raise BadExpression(
                f"{table}.{name} cannot measure spans: rows of a derived table lie in the period as points"
            )
        return replace(found, unit=declared_column.unit or found.unit, aggregated=False, constant=False)

    def expand(self, table: str, expr: Expr) -> Expr:
        """The expression with every path resolved, and computed columns replaced until only stored ones are left."""

        def change(node: Expr) -> Expr | None:
            if not isinstance(node, Column) or node.path[0] == BUCKET:
                return None
            found = self.resolve(table, node)
            if found.name not in self.tables[found.table].computed:
                return found.column
            return self._through(table, found, self._computed(found.table, found.name))

        return rewrite(expr, change)

    def _through(self, table: str, found: Field, computed: Expr) -> Expr:
        """A computed column as seen through roles: NULL where they lead to no row, whatever it makes of NULLs."""
        seen = rewrite(computed, lambda n: Column((*found.roles, *n.path)) if isinstance(n, Column) else None)
        if not found.roles or _is_null_of_nulls(computed):
            return seen
        _, reference = self.reference(table, found.roles)
        key = Column((*found.roles, reference.pairs[0][1]))
        return Call("case", (Call("not", (Call("is_null", (key,)),)), seen, NULL))

    def _computed(self, table: str, name: str) -> Expr:
        key = (table, name)
        if key not in self._expanded:
            self._typed_field(table, name)  # refuses a column computed from itself
            found = self.expand(table, parse(self.tables[table].computed[name].value))
            if height(found) > 2 * DEEPEST:
                raise BadExpression(f"{table}.{name} is computed through too many other columns")
            self._expanded[key] = found
        return self._expanded[key]

    def identity(self, table: str, column: Column) -> Identity:
        """The canonical column that a path means: a foreign key means the key it refers to."""
        key = (table, column.path)
        if key not in self._identities:
            self._identities[key] = self._identify(self.resolve(table, column))
        return self._identities[key]

    def _identify(self, found: Field) -> Identity:
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
        """How `table` names the dimension: by its own column or, where it has none, through the fewest references.

        None where it has no such column. Raises Ambiguous where there are several: one of them would be a guess.
        """
        reached: list[tuple[tuple[str, ...], str]] = [((), table)]
        for _ in range(_FARTHEST + 1):
            found = [Column((*roles, n)) for roles, here in reached for n in self._named(here, identity)]
            if len(found) > 1:
                choices = " or ".join(c.name for c in found)
                raise Ambiguous(f"{'.'.join(identity)} of {table} could be {choices}: say which")
            if found:
                return found[0]
            reached = [
                ((*roles, role), reference.table)
                for roles, here in reached
                for role, reference in self.tables[here].references.items()
            ]
        return None

    def _named(self, table: str, identity: Identity) -> list[str]:
        return [n for n in self.names(table) if self.identity(table, Column((n,))) == identity]

    def reference(self, table: str, roles: tuple[str, ...]) -> tuple[str, Reference]:
        """The table in which the last of the roles stands, and its reference."""
        here = table
        for role in roles[:-1]:
            here = self.tables[here].references[role].table
        return here, self.tables[here].references[roles[-1]]


def no_column(table: str, name: str, known: Iterable[str]) -> str:
    """That a table has no such column, with the nearest names, or where to look."""
    near = did_you_mean(name, known) or f" 'opstally catalog tables {table}' lists them."
    return f"{table} has no column {name!r}.{near}"


def _origin(derived: Derived, name: str) -> Column | None:
    """The source's column whose values a derived column holds: a key, or one picked with `last` or `first`."""
    if name in derived.per:
        return Column((name,))
    match parse(derived.columns[name].value) if name in derived.columns else None:
        case Call("last" | "first", (Column() as picked, _)):
            return picked
    return None


def _is_null_of_nulls(expr: Expr) -> bool:
    """Whether the expression is certainly NULL where all its columns are."""
    match expr:
        case Column():
            return True
        case Literal(value):
            return value is None
        case Call("case", args):
            return all(map(_is_null_of_nulls, args[:-1:2])) and _is_null_of_nulls(args[-1])
        case Call("and" | "or" | "coalesce" | "least" | "greatest", args):
            return all(map(_is_null_of_nulls, args))
        case Call("in", (value, *_)):
            return _is_null_of_nulls(value)
        case Call("is_null"):
            return False
        case Call(_, args):
            return any(map(_is_null_of_nulls, args))


def names_a_span(expr: Expr) -> Call | None:
    """The word about spans that stands in the expression; it needs a `during` time basis."""
    for node in walk(expr):
        if isinstance(node, Call) and node.name in ("overlap_minutes", "union_minutes"):
            return node
    return None


def has_aggregate(expr: Expr) -> bool:
    """Whether an aggregate stands anywhere in the expression."""
    return any(isinstance(node, Call) and node.name in AGGREGATES for node in walk(expr))
