"""The rows of one table with what is looked up through its references: one SELECT, without multiplying a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from opstally.engines.engine import Engine
from opstally.engines.spell import spell
from opstally.expression import Call, Column, Expr, Typed
from opstally.expression.tree import rewrite
from opstally.planner.lower import BUCKET_TYPES, Context, lower, with_overlap
from opstally.planner.metric import Basis
from opstally.planner.schema import BUCKET, Schema, names_a_span
from opstally.planner.text import STEPS, Cte, select

_STEPS = {"day": "1 day", "week": "7 days", "month": "1 month", "quarter": "3 months", "year": "1 year"}

_ALIASES = frozenset({"t", "b", "d"})
"""Of the table, the buckets and the last dates; a role of such a name is called otherwise."""


@dataclass
class Rows:
    """A SELECT being put together. `outputs` are name → SQL; columns asked for by outer steps are added on demand."""

    table: str
    schema: Schema
    engine: Engine
    context: Context
    basis: Basis
    source: str | None = None
    """The CTE that stands for a derived table."""
    outputs: dict[str, str] = field(default_factory=dict)
    conditions: list[str] = field(default_factory=list)
    bucket: str | None = None
    """SQL of the label of the row's bucket."""
    _newest: str | None = None
    """SQL that ranks an entity's rows, newest first: only the first counts."""
    _last: str | None = None
    """The column whose last date in each bucket counts."""
    _before: list[str] = field(default_factory=list)
    """The conditions that hold before one of these two is looked for."""
    _ranked: dict[str, str] = field(default_factory=dict)
    """Column of the buckets → its name beside the table's own columns, once the newest rows are picked."""
    _labels: str | None = None
    """SQL that gives the label of each bucket in which a row is."""
    _joins: dict[tuple[str, ...], str] = field(default_factory=dict)
    _joins_before: list[str] = field(default_factory=list)
    """What the conditions and labels before needed."""
    _bucket_join: str | None = None
    _names: dict[Column, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def typed(self, column: Column) -> Typed:
        """The type of a column of the table, or of the `buckets`."""
        if column.path[0] == BUCKET:
            return Typed(BUCKET_TYPES[column], constant=True)
        return self.schema.typed(self.table, column)

    # -- row by row ------------------------------------------------------------------------------------------------

    def sql(self, expr: Expr) -> str:
        """A row-level expression, spelled where the table stands as `t`."""
        return spell(self._lowered(expr), self.engine, self._place)

    def condition(self, expr: Expr) -> str:
        """A condition as one of several that are joined by AND."""
        lowered = self._lowered(expr)
        text = spell(lowered, self.engine, self._place)
        return f"({text})" if isinstance(lowered, Call) and lowered.name == "or" else text

    def where(self, *exprs: Expr) -> None:
        """Keep only rows that meet the conditions."""
        self.conditions += [self.condition(expr) for expr in exprs]

    def _lowered(self, expr: Expr) -> Expr:
        expanded = self.schema.expand(self.table, expr)
        if names_a_span(expanded):  # whose ends may be computed themselves
            expanded = self.schema.expand(self.table, with_overlap(expanded, self.context, self.typed, self.basis))
        return lower(expanded, self.context, self.typed, self.basis)

    def _place(self, column: Column) -> str:
        *roles, name = column.path
        if roles != [BUCKET]:
            return f"{self._alias(tuple(roles))}.{self.engine.identifier(name)}"
        if name in self._ranked:
            return f"t.{self._ranked[name]}"
        self._needs_bucket()
        return f"b.{name}"

    def _alias(self, roles: tuple[str, ...]) -> str:
        if not roles:
            return "t"
        name = "__".join(roles)
        alias = self.engine.identifier(f"{name}_" if name in _ALIASES else name)
        if roles not in self._joins:
            self._alias(roles[:-1])  # what it hangs on comes first
            self._joins[roles] = self._join(roles, alias)
        return alias

    def _join(self, roles: tuple[str, ...], alias: str) -> str:
        _, reference = self.schema.reference(self.table, roles)
        identifier = self.engine.identifier

        def ours(name: str) -> str:
            return self.sql(Column((*roles[:-1], name)))

        on = [f"{ours(our)} = {alias}.{identifier(their)}" for our, their in reference.pairs]
        target = self._stored(reference.table)
        if reference.valid_from and reference.at:
            since, at = identifier(reference.valid_from), ours(reference.at)
            until = self._unlike_columns(reference.table, "valid_until")
            keys = ", ".join(identifier(their) for _, their in reference.pairs)
            target = f"(SELECT *, lead({since}) OVER (PARTITION BY {keys} ORDER BY {since}) AS {until} FROM {target})"
            on += [f"{at} >= {alias}.{since}", f"({alias}.{until} IS NULL OR {at} < {alias}.{until})"]
        return f"LEFT JOIN {target} AS {alias} ON {' AND '.join(on)}"

    def _stored(self, table: str) -> str:
        return self.engine.table(table, qualified=table in STEPS)

    def _unlike_columns(self, table: str, wanted: str) -> str:
        """The name, or one like it that no column of the table has."""
        while wanted in self.schema.tables[table].columns:
            wanted += "_"
        return self.engine.identifier(wanted)

    # -- buckets ---------------------------------------------------------------------------------------------------

    def bucket_join(self, condition: str) -> None:
        """Put each row in every bucket for which the condition, over `t` and `b`, is true."""
        assert self.context.bucketed
        self._bucket_join = f"JOIN buckets AS b ON {condition}"
        self.bucket = f"b.{self._grain}"

    def spread(self, first: str, last: str) -> None:
        """Put each row that meets the conditions so far in every bucket from the label `first` to the day `last`."""
        assert self.context.grain is not None
        self._labels = self.engine.say("dates_every", first, last, f"INTERVAL '{_STEPS[self.context.grain]}'")
        self._before, self.conditions = self.conditions, []
        self._joins_before, self._joins = [*self._joins.values()], {}
        self.bucket = f"t.{self._unlike_columns(self.table, self.context.grain)}"

    def give_label(self) -> None:
        """Give out the label of the row's bucket, called like the grain."""
        assert self.bucket is not None
        self.outputs[str(self.context.grain)] = self.bucket

    @property
    def _grain(self) -> str:
        assert self.context.grain is not None
        return self.engine.identifier(self.context.grain)

    def _needs_bucket(self) -> None:
        if self._bucket_join is None and self.bucket is not None:
            self._bucket_join = f"JOIN buckets AS b ON b.{self._grain} = {self.bucket}"

    # -- for the steps after this one ------------------------------------------------------------------------------

    def add(self, name: str, column: Column) -> None:
        """Give a column out under a name of its own."""
        self.outputs[name] = self.sql(column)
        self._names.setdefault(self._key(column), name)

    def free(self, wanted: str) -> str:
        """The name, or one like it that no other output has; nothing else gets it from now on."""
        name, number = wanted, 2
        while name in self.outputs or name in self._taken:
            name, number = f"{wanted}_{number}", number + 1
        self._taken.add(name)
        return name

    def named(self, expr: Expr) -> Expr:
        """The expression over output names; what it needs is given out."""
        return rewrite(expr, lambda n: Column((self._output(n),)) if isinstance(n, Column) else None)

    def _output(self, column: Column) -> str:
        key = self._key(column)
        if key not in self._names:
            name = self.free(f"bucket_{key.path[-1]}" if key.path[0] == BUCKET else "_".join(key.path))
            self.outputs[name] = self.sql(column)
            self._names[key] = name
        return self._names[key]

    def _key(self, column: Column) -> Column:
        return column if column.path[0] == BUCKET else self.schema.resolve(self.table, column).column

    def outer(self, expr: Expr) -> str:
        """An aggregate, spelled for the step after this one."""
        return self.spelled(self.named(expr))

    def spelled(self, expr: Expr) -> str:
        """An expression that is already over output names."""
        return spell(expr, self.engine, lambda c: self.engine.identifier(c.path[-1]))

    # -- the steps -------------------------------------------------------------------------------------------------

    def ctes(self, name: str) -> list[Cte]:
        """The steps, the last of them called `name`."""
        table = f"{self.source or self._stored(self.table)} AS t"
        bucket = [self._bucket_join] if self._bucket_join else []
        if self._labels is not None:
            labels = (self._labels, self._unlike_columns(self.table, str(self.context.grain)))
            spread = select([("t.*", "*"), labels], table, self._before, joins=self._joins_before)
            steps = [Cte(f"{name}_spread", spread)]
            return [*steps, Cte(name, self._select(f"{steps[0].name} AS t", [*self._joins.values(), *bucket]))]
        if self._newest is not None:
            ranked = Cte(f"{name}_ranked", self._ranking(table, bucket))
            return [ranked, Cte(name, self._select(f"{ranked.name} AS t", [*self._joins.values()]))]
        if self._last is not None:
            dates = Cte(f"{name}_dates", self._last_dates(table, self._last))
            at = f"t.{self.engine.identifier(self._last)}"
            on = f"{at} = d.last_at" + (f" AND {self.bucket} = d.bucket" if self.bucket else "")
            joins = [f"JOIN {dates.name} AS d ON {on}", *self._joins.values(), *bucket]
            return [dates, Cte(name, self._select(table, joins))]
        return [Cte(name, self._select(table, [*self._joins.values(), *bucket]))]

    def _select(self, source: str, joins: Sequence[str]) -> str:
        outputs = [(sql, self.engine.identifier(n)) for n, sql in self.outputs.items()] or [("1", "one")]
        return select(outputs, source, self.conditions, joins=joins)

    def pick_newest(self, per: tuple[str, ...], time: str, ties: tuple[str, ...]) -> None:
        """Keep only each entity's newest row, among those that meet the conditions so far.

        Later conditions look at the picked rows, so that a filter cannot bring an older state back.
        """
        partition = [*([self.bucket] if self.bucket else []), *(self.sql(Column((p,))) for p in per)]
        order = [f"{self.sql(Column((time,)))} DESC NULLS LAST", *(f"{self._ordered(k)} DESC" for k in ties)]
        self._newest = f"row_number() OVER (PARTITION BY {', '.join(partition)} ORDER BY {', '.join(order)})"
        self._before, self.conditions = self.conditions, [f"t.{self._unlike_columns(self.table, 'newest')} = 1"]
        if self.bucket:
            names = [self._grain, *(c.path[-1] for c in BUCKET_TYPES)]
            self._ranked = {name: self._unlike_columns(self.table, f"bucket_{name}") for name in names}
            self.bucket = f"t.{self._ranked[self._grain]}"

    def _ordered(self, name: str) -> str:
        sql = self.sql(Column((name,)))
        return self.engine.say("collate", sql) if self.typed(Column((name,))).type == "text" else sql

    def _ranking(self, table: str, joins: Sequence[str]) -> str:
        assert self._newest is not None
        buckets = [(f"b.{name}", shown) for name, shown in self._ranked.items()]
        rank = (self._newest, self._unlike_columns(self.table, "newest"))
        return select([("t.*", "*"), *buckets, rank], table, self._before, joins=joins)

    def pick_last(self, column: str) -> None:
        """Keep only the rows of the last date of each bucket on which, by the conditions so far, there are any."""
        self._last, self._before = column, list(self.conditions)

    def _last_dates(self, table: str, column: str) -> str:
        label = [(self.bucket, "bucket")] if self.bucket else []
        newest = (f"max(t.{self.engine.identifier(column)})", "last_at")
        return select([*label, newest], table, self._before, [sql for sql, _ in label])
