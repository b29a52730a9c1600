"""One pass for several scans: a fact and the per-entity tables made from it, added up from the same subtotals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from opstally.engines.engine import Engine
from opstally.expression import Call, Column, Expr, Typed, check
from opstally.expression.tree import NULL, TRUE, all_of, columns, rewrite, walk
from opstally.expression.vocabulary import AGGREGATES
from opstally.period import Grain
from opstally.planner.lower import Context, lower
from opstally.planner.metric import Basis, leaves
from opstally.planner.occurring import keep
from opstally.planner.rows import Rows
from opstally.planner.schema import Schema
from opstally.planner.text import Cte, select
from opstally.planner.truth import apart, chosen, counting, known, parts, texts_of

_SUBTOTAL = "+"
"""The path of a subtotal starts with it, so that no declared column can be meant."""
_COUNTS = frozenset({"count", "count_if"})
_ADDED_UP = _COUNTS | {"sum", "avg", "min", "max"}
"""Aggregates that follow from those of parts of the rows."""
_OF_THE_BUCKET = frozenset({"period_start", "period_end", "period_days"})
_MOST_PARTS = 50
"""Parts into which columns of few values may cut an entity's rows."""


@dataclass(frozen=True)
class Reading:
    """What a scan asks of the rows of a stored table: aggregates of them, by groups."""

    table: str
    basis: Basis
    where: Expr | None
    grain: Grain | None
    groups: tuple[Column, ...]
    aggregates: tuple[Expr, ...]
    per_entity: bool


def subtotals(
    readings: Sequence[Reading], schema: Schema, engine: Engine, context: Context
) -> dict[Reading, Subtotals]:
    """Those of the readings that are added up from one pass over the same rows, each with the subtotals of that pass.

    A per-entity table needs its rows grouped by entity anyway: what else is asked of the same rows, and not more
    finely, is added up from that.
    """
    alike: dict[tuple[str, Basis, Expr | None], list[Reading]] = {}
    for reading in readings:
        alike.setdefault((reading.table, reading.basis, reading.where), []).append(reading)
    found: dict[Reading, Subtotals] = {}
    for group in alike.values():
        if len(group) == 1:
            continue
        keys, fitting = _keys([reading for reading in group if _adds_up(reading, schema)], schema)
        if keys is not None and len(fitting) > 1:
            rows = _rows(group[0], schema, engine, context)
            found |= dict.fromkeys(fitting, Subtotals(_name(group[0].table, found, schema), rows, keys))
    return found


def _adds_up(reading: Reading, schema: Schema) -> bool:
    exprs = [schema.expand(reading.table, expr) for expr in (*reading.aggregates, *reading.groups)]
    words = {node.name for expr in exprs for node in walk(expr) if isinstance(node, Call)}
    of_the_bucket = words & _OF_THE_BUCKET if reading.grain else frozenset()
    return reading.basis.kind == "event" and not of_the_bucket and words & AGGREGATES <= _ADDED_UP


def _name(table: str, found: Mapping[Reading, Subtotals], schema: Schema) -> str:
    """A name for the steps of a pass that no other one and no table has."""
    taken = {one.name for one in found.values()}
    name, number = f"{table}_subtotals", 2
    while name in taken or any(other.startswith(name) for other in schema.tables):
        name, number = f"{table}_subtotals_{number}", number + 1
    return name


def _rows(reading: Reading, schema: Schema, engine: Engine, context: Context) -> Rows:
    rows = Rows(reading.table, schema, engine, context, reading.basis)
    keep(rows, reading.basis)
    if reading.where is not None:
        rows.where(reading.where)
    return rows


# -- what the subtotals are by ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Keys:
    """The columns that tell the parts of the rows apart: an entity's key, and others that cut its rows further."""

    table: str
    schema: Schema
    columns: frozenset[Column]
    cut: int = 1
    """Into how many parts, at most, the others cut the rows of an entity."""

    def decide(self, expr: Expr) -> bool:
        """Whether the expression has one value in all rows of a part."""
        match expr:
            case Column():
                found = self.schema.resolve(self.table, expr)
                if found.column in self.columns or (found.roles and self._decide_row(found.roles[0])):
                    return True
                expanded = self.schema.expand(self.table, expr)
                return not isinstance(expanded, Column) and self.decide(expanded)
            case Call(_, args):
                return all(map(self.decide, args))
        return True

    def _decide_row(self, role: str) -> bool:
        """Whether a reference leads to one row from all rows of a part."""
        _, reference = self.schema.reference(self.table, (role,))
        return all(self.decide(Column((our,))) for our in reference.ours)

    def by(self, *columns: Column) -> _Keys | None:
        """With the columns among them, where that does not cut the rows too finely."""
        keys = self
        for column in columns:
            if not keys.decide(column):
                values = _values(column, self.table, self.schema)
                if values is None or keys.cut * values > _MOST_PARTS:
                    return None
                found = self.schema.resolve(self.table, column).column
                keys = replace(keys, columns=keys.columns | {found}, cut=keys.cut * values)
        return keys


def _keys(group: Sequence[Reading], schema: Schema) -> tuple[_Keys | None, list[Reading]]:
    """The key of the finest entity, with columns of few values that others are grouped by or that conditions name;
    and the readings that are not finer."""
    entities = (one for one in group if one.per_entity and _recurs(one, schema))
    finest = max(entities, key=lambda one: len(one.groups), default=None)
    if finest is None:
        return None, []
    own = frozenset(schema.resolve(finest.table, column).column for column in finest.groups)
    keys, fitting = _Keys(finest.table, schema, own), list[Reading]()
    for reading in group:
        wider = keys.by(*reading.groups)
        if wider is not None:
            keys, fitting = wider, [*fitting, reading]
    for column in dict.fromkeys(column for reading in fitting for column in _compared(reading)):
        keys = keys.by(column) or keys
    return keys, fitting


def _recurs(reading: Reading, schema: Schema) -> bool:
    """Whether an entity has rows time and again, so that the subtotals are far fewer than the rows.

    One that takes part in the key of the rows, where time does not, has a few rows once: a case has its steps, and
    grouping them takes longer than reading them twice.
    """
    key = {Column((name,)) for name in schema.tables[reading.table].key}
    other = key - {*reading.groups}
    return other == key or not other.isdisjoint(columns(schema.expand(reading.table, Column((reading.basis.start,)))))


def _values(column: Column, table: str, schema: Schema) -> int | None:
    """How many values a column can have, none being one; None where they are not declared to be few."""
    found = schema.resolve(table, column)
    stored = schema.tables[found.table].columns.get(found.name)
    if schema.typed(table, column).type == "boolean":
        return 3
    choices = stored.allowed if stored is not None else texts_of(schema.expand(table, column))
    return None if choices is None else len(choices) + 1


def _compared(reading: Reading) -> list[Column]:
    """The columns in the conditions under which rows count."""
    calls = [call for expr in reading.aggregates for call in leaves(expr)]
    return [column for call in calls for column in columns(_condition(call))]


def _condition(call: Call) -> Expr:
    """The condition under which a row has a say in the aggregate, beside having a value."""
    match call:
        case Call("count_if", (condition,)):
            return condition
        case Call(_, (x,)):
            return chosen(x)[0] or TRUE
    return TRUE


# -- the pass ----------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Subtotals:
    """The subtotals of one pass, put together while the scans say what they add up."""

    name: str
    rows: Rows
    keys: _Keys
    _groups: dict[str, None] = field(default_factory=dict)
    """Names of the columns by which the rows are grouped, in the order in which they were asked for."""
    _named: dict[Call, str] = field(default_factory=dict)
    """Aggregate of a part of the rows → its name."""

    def column(self, column: Column) -> str:
        """SQL of a column by which a scan groups."""
        return self._spelled(column)

    def value(self, expr: Expr) -> str:
        """SQL of an expression of aggregates over the rows, as one over the subtotals."""
        rows = self.rows
        whole = {Column((_SUBTOTAL, str(i))): call for i, call in enumerate(leaves(expr))}
        names = {call: column for column, call in whole.items()}
        outer = rewrite(expr, lambda n: names.get(n) if isinstance(n, Call) else None)
        lowered = lower(outer, rows.context, lambda column: check(whole[column], rows.typed), rows.basis)
        return self._spelled(rewrite(lowered, lambda n: self._total(whole[n]) if isinstance(n, Column) else None))

    def ctes(self) -> list[Cte]:
        """The steps of the pass; the last one, called `name`, has one row for each part that has rows."""
        identifier, rows = self.rows.engine.identifier, self.rows
        grain = [str(rows.context.grain)] if rows.context.grain else []
        made = [
            (rows.outer(lower(call, rows.context, rows.typed, rows.basis)), identifier(name))
            for call, name in self._named.items()
        ]
        keys = [identifier(name) for name in (*grain, *self._groups)]
        steps = rows.ctes(f"{self.name}_rows")
        return [*steps, Cte(self.name, select([*((k, k) for k in keys), *made], steps[-1].name, group=keys))]

    def _total(self, call: Call) -> Expr:
        """The aggregate over all rows, lowered."""
        return lower(self._of_parts(call), self.rows.context, self._typed, self.rows.basis)

    def _of_parts(self, call: Call) -> Expr:
        match call:
            case Call("count", ()):
                return self._count(TRUE)
            case Call("count", (x,)):
                when, value = chosen(x)
                return self._count(all_of(when, known(value)) or TRUE)
            case Call("count_if", (condition,)):
                return self._count(condition)
            case Call("avg", (x,)):
                when, value = chosen(x)
                values = self._among(all_of(when, known(value)) or TRUE)
                return Call("/", (self._of_parts(Call("sum", (x,))), Call("sum", (values,))))
            case Call(word, (x,)):
                when, value = chosen(x)
                of_part, of_row = self._split(when or TRUE)
                part = value if of_row == TRUE else Call("case", (of_row, value, NULL))
                return Call(word, (_chosen([(of_part, self._subtotal(Call(word, (part,))))]),))
        raise AssertionError(call)

    def _count(self, condition: Expr) -> Expr:
        return Call("total", (self._among(condition),))

    def _among(self, condition: Expr) -> Expr:
        """How many of a part's rows meet the condition; NULL where the part itself cannot."""
        ways = [self._split(way) for way in parts(condition, "or")]
        if self.keys.decide(condition) or not all(apart(one, other) for (one, _), (other, _) in combinations(ways, 2)):
            ways = [self._split(condition)]
        return _chosen([(of_part, self._subtotal(counting(of_row))) for of_part, of_row in ways])

    def _split(self, condition: Expr) -> tuple[Expr, Expr]:
        """What a condition asks of the parts, and what it asks of the rows in them."""
        asked = parts(condition)
        of_part = [one for one in asked if self.keys.decide(one)]
        return all_of(*of_part) or TRUE, all_of(*(one for one in asked if one not in of_part)) or TRUE

    def _subtotal(self, call: Call) -> Column:
        if call not in self._named:
            first = next(iter(columns(call)), None)
            wanted = f"{'_'.join(first.path)}_{call.name}" if first else "row_count"
            self._named[call] = self.rows.free(wanted)
        return Column((_SUBTOTAL, self._named[call]))

    def _typed(self, column: Column) -> Typed:
        if column.path[0] != _SUBTOTAL:
            return self.rows.typed(column)
        [call] = [call for call, name in self._named.items() if name == column.path[1]]
        found = check(call, self.rows.typed)
        return Typed(found.type, found.unit)

    def _spelled(self, expr: Expr) -> str:
        return self.rows.spelled(rewrite(expr, lambda n: self._name(n) if isinstance(n, Column) else None))

    def _name(self, column: Column) -> Expr:
        """A column as it is called beside the subtotals."""
        if column.path[0] == _SUBTOTAL:
            return Column((column.path[1],))
        found = self.rows.named(column)
        self._groups |= {found.path[-1]: None for found in columns(found)}
        return found


def _chosen(ways: Sequence[tuple[Expr, Column]]) -> Expr:
    """The subtotal of the way whose condition a part meets, of which no part meets two."""
    if ways[0][0] == TRUE:
        return ways[0][1]
    return Call("case", (*(arg for way in ways for arg in way), NULL))
