"""The rows of one table with what is looked up through its references: one SELECT, without multiplying a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from opstally.engines.engine import Engine
from opstally.engines.spell import spell
from opstally.expression import Column, Expr, Typed
from opstally.expression.tree import rewrite
from opstally.planner.lower import BUCKET_TYPES, Context, lower
from opstally.planner.metric import Basis
from opstally.planner.schema import BUCKET, Schema
from opstally.planner.text import Cte, select


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
    newest: str | None = None
    """SQL that ranks an entity's rows, newest first: only the first counts."""
    last: str | None = None
    """Only the rows of the last date of each bucket count."""
    _before: list[str] = field(default_factory=list)
    _joins: dict[tuple[str, ...], str] = field(default_factory=dict)
    _bucket_join: str | None = None
    _names: dict[Column, str] = field(default_factory=dict)

    def typed(self, column: Column) -> Typed:
        """The type of a column of the table, or of the `buckets`."""
        if column.path[0] == BUCKET:
            return Typed(BUCKET_TYPES[column], constant=True)
        return self.schema.typed(self.table, column)

    def sql(self, expr: Expr) -> str:
        """A row-level expression, spelled where the table stands as `t`."""
        lowered = lower(self.schema.expand(self.table, expr), self.context, self.typed, self.basis)
        return spell(lowered, self.engine, self._place)

    def _place(self, column: Column) -> str:
        *roles, name = column.path
        if roles == [BUCKET]:
            self._needs_bucket()
            return f"t.{name}" if self.newest else f"b.{name}"
        return f"{self._alias(tuple(roles))}.{self.engine.identifier(name)}"

    def _alias(self, roles: tuple[str, ...]) -> str:
        if not roles:
            return "t"
        if roles not in self._joins:
            before = self._alias(roles[:-1])
            self._joins[roles] = ""  # keeps the order: what it hangs on comes first
            self._joins[roles] = self._join(roles, before)
        return self.engine.identifier("__".join(roles))

    def _join(self, roles: tuple[str, ...], before: str) -> str:
        table, reference = self.schema.reference(self.table, roles)
        identifier = self.engine.identifier
        alias = identifier("__".join(roles))
        on = [f"{before}.{identifier(ours)} = {alias}.{identifier(theirs)}" for ours, theirs in reference.pairs]
        target = self.engine.table(reference.table)
        if reference.valid_from and reference.at:
            since, at = identifier(reference.valid_from), f"{before}.{identifier(reference.at)}"
            keys = ", ".join(identifier(theirs) for _, theirs in reference.pairs)
            until = f"lead({since}) OVER (PARTITION BY {keys} ORDER BY {since}) AS valid_until"
            target = f"(SELECT *, {until} FROM {target})"
            on += [f"{at} >= {alias}.{since}", f"({alias}.valid_until IS NULL OR {at} < {alias}.valid_until)"]
        return f"LEFT JOIN {target} AS {alias} ON {' AND '.join(on)}"

    def bucket_join(self, condition: str) -> None:
        """Put each row in every bucket for which the condition, over `t` and `b`, is true."""
        assert self.context.bucketed
        self._bucket_join = f"JOIN buckets AS b ON {condition}"
        self.bucket = f"b.{self.engine.identifier(self._grain)}"

    @property
    def _grain(self) -> str:
        assert self.context.grain is not None
        return self.context.grain

    def _needs_bucket(self) -> None:
        if self._bucket_join is None and self.bucket is not None:
            self._bucket_join = f"JOIN buckets AS b ON b.{self.engine.identifier(self._grain)} = {self.bucket}"

    def add(self, name: str, column: Column) -> None:
        """Give a column out under a name of its own."""
        self.outputs[name] = self.sql(column)
        self._names.setdefault(self._key(column), name)

    def _key(self, column: Column) -> Column:
        if column.path[0] == BUCKET:
            return column
        return self.schema.resolve(self.table, column).column

    def named(self, expr: Expr) -> Expr:
        """The expression over output names; what it needs is given out."""
        return rewrite(expr, lambda n: Column((self._output(n),)) if isinstance(n, Column) else None)

    def _output(self, column: Column) -> str:
        key = self._key(column)
        if key not in self._names:
            wanted = f"bucket_{key.path[-1]}" if key.path[0] == BUCKET else "_".join(key.path)
            name, number = wanted, 2
            while name in self.outputs:
                name, number = f"{wanted}_{number}", number + 1
            self.outputs[name] = self.sql(column)
            self._names[key] = name
        return self._names[key]

    def outer(self, expr: Expr) -> str:
        """An aggregate, spelled for the step after this one."""
        return self.spelled(self.named(expr))

    def spelled(self, expr: Expr) -> str:
        """An expression that is already over output names."""
        return spell(expr, self.engine, lambda c: self.engine.identifier(c.path[-1]))

    def ctes(self, name: str) -> list[Cte]:
        """The steps, the last of them called `name`."""
        table = self.source or self.engine.table(self.table)
        joins = [*([self._bucket_join] if self._bucket_join else []), *self._joins.values()]
        if self.newest is not None:
            return self._newest_ctes(name, table, joins)
        if self.last is not None:
            return self._last_ctes(name, table, joins)
        return [Cte(name, self._select(f"{table} AS t", self.conditions, joins))]

    def _select(self, source: str, where: list[str], joins: list[str]) -> str:
        identifier: Callable[[str], str] = self.engine.identifier
        outputs = [(sql, identifier(n)) for n, sql in self.outputs.items()] or [("1", "one")]
        return select(outputs, source, where, joins=joins)

    def pick_newest(self, per: tuple[str, ...], time: str, ties: tuple[str, ...]) -> None:
        """Keep only each entity's newest row, among those that meet the conditions so far.

        Later conditions look at the picked rows, so that a filter cannot bring an older state back.
        """
        identifier = self.engine.identifier
        partition = ", ".join([*([self.bucket] if self.bucket else []), *(f"t.{identifier(p)}" for p in per)])
        order = ", ".join([f"t.{identifier(time)} DESC NULLS LAST", *(f"t.{identifier(k)} DESC" for k in ties)])
        self.newest = f"row_number() OVER (PARTITION BY {partition} ORDER BY {order})"
        self._before, self.conditions = self.conditions, ["t.newest = 1"]
        if self.bucket:
            self.bucket = f"t.{identifier(self._grain)}"

    def _newest_ctes(self, name: str, table: str, joins: list[str]) -> list[Cte]:
        assert self.newest is not None
        buckets = [("b.*", "*")] if self._bucket_join else []
        ranked = select([("t.*", "*"), *buckets, (self.newest, "newest")], f"{table} AS t", self._before,
                        joins=joins[: len(buckets)])  # fmt: skip
        return [
            Cte(f"{name}_ranked", ranked),
            Cte(name, self._select(f"{name}_ranked AS t", self.conditions, joins[len(buckets) :])),
        ]

    def _last_ctes(self, name: str, table: str, joins: list[str]) -> list[Cte]:
        assert self.last is not None
        at = f"t.{self.engine.identifier(self.last)}"
        label = [(self.bucket, "bucket")] if self.bucket else []
        dates = select([*label, (f"max({at})", "last_at")], f"{table} AS t", self.conditions[:2],
                       ["bucket"] if label else [])  # fmt: skip
        if label:
            dates = dates.replace("GROUP BY bucket", f"GROUP BY {self.bucket}")
        on = f"{at} = d.last_at" + (f" AND {self.bucket} = d.bucket" if label else "")
        return [
            Cte(f"{name}_dates", dates),
            Cte(name, self._select(f"{table} AS t", self.conditions, [f"JOIN {name}_dates AS d ON {on}", *joins])),
        ]
