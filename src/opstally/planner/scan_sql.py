"""A scan as SQL: the rows in the period, one row per entity, aggregates by group, as named CTEs."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from opstally.engines.engine import Engine
from opstally.engines.spell import spell
from opstally.expression import Call, Column, Expr, Literal, parse
from opstally.expression.tree import NULL, TRUE, columns, rewrite, show, walk
from opstally.expression.vocabulary import AGGREGATES
from opstally.model.table import Derived, Table
from opstally.period import Grain
from opstally.planner.choices import without_texts
from opstally.planner.lower import Context, clipped, lower
from opstally.planner.occurring import keep
from opstally.planner.quantiles import BOUNDS, Search
from opstally.planner.rollup import Subtotals
from opstally.planner.rows import Rows
from opstally.planner.scan import Scan
from opstally.planner.schema import Schema
from opstally.planner.text import Cte, select
from opstally.planner.truth import chosen

_BY_KEY = {"last": "last_by_key", "first": "first_by_key"}
_AGGREGATES = AGGREGATES | {*_BY_KEY.values(), "quantiles"}

_SELDOM = 2
"""Leaves that ask for a choice between texts, up to which the text is not made in every row."""


def scan_ctes(
    scan: Scan, schema: Schema, engine: Engine, context: Context, subtotals: Subtotals | None = None
) -> list[Cte]:
    """The steps of a scan; the last one, called `scan.name`, has one row for each group that has rows.

    Where there are `subtotals`, they are added up, and the rows are not read.
    """
    return _ScanWriter(scan, schema, engine, context, subtotals).ctes()


def row_ctes(
    scan: Scan,
    asked: Mapping[str, Expr],
    after: Mapping[str, Expr],
    schema: Schema,
    engine: Engine,
    context: Context,
) -> list[Cte]:
    """The steps of a scan before grouping: the rows of the period with the columns `asked` for, by name.

    `after` are expressions over those rows, in a step of their own, so that a computed column is spelled only once.
    """
    return _ScanWriter(scan, schema, engine, context).rows(asked, after)


@dataclass
class _ScanWriter:
    scan: Scan
    schema: Schema
    engine: Engine
    context: Context
    subtotals: Subtotals | None = None

    def ctes(self) -> list[Cte]:
        derived = self.schema.tables[self.scan.key.table].derived
        if derived is None and self.subtotals is not None:
            return [self._added_up(self.subtotals)]
        before = self._entities(derived) if derived else []
        entities = before[-1].name if before else None
        rows = self._rows(entities)
        unions, outputs = self._leaves(rows)
        span = self._span(rows) if unions else ("", "")
        steps = [*before, *rows.ctes(f"{self.scan.name}_rows")]
        if unions:
            steps.append(self._covered(steps[-1].name, unions, span))
        groups = [self.engine.identifier(g) for g in self.scan.groups()]
        name = f"{self.scan.name}_near" if self._search.ends() else self.scan.name
        steps.append(Cte(name, select([*((g, g) for g in groups), *outputs], steps[-1].name, group=groups)))
        return [*steps, *self._bounds(name, entities)] if self._search.ends() else steps

    def _bounds(self, groups: str, entities: str | None) -> list[Cte]:
        """The steps that look again at the rows near the quantiles of each group, and add the bounds to the groups."""
        rows = self._rows(entities)
        self._give_values(rows)
        steps = rows.ctes(f"{self.scan.name}_values")
        return [*steps, *self._search.steps(self.scan.name, groups, steps[-1].name)]

    def _give_values(self, rows: Rows) -> None:
        for name, value in self._search.values().items():
            rows.outputs[name] = self.engine.cast(rows.sql(value), "number")

    @cached_property
    def _search(self) -> Search:
        table = self.schema.tables[self.scan.key.table]
        stored = table.derived.source if table.derived else table.table
        return Search(self.scan.leaves, self.scan.groups(), self.engine, stored in self.context.large)

    def rows(self, asked: Mapping[str, Expr], after: Mapping[str, Expr]) -> list[Cte]:
        derived = self.schema.tables[self.scan.key.table].derived
        named = [c for expr in (*asked.values(), *after.values()) for c in columns(expr)]
        before = self._entities(derived, named) if derived else []
        rows = self._rows(before[-1].name if before else None)
        for name, expr in asked.items():
            if isinstance(expr, Column):
                rows.add(name, expr)
            else:
                rows.outputs[name] = rows.sql(expr)
        fates = [
            (rows.outer(lower(expr, self.context, rows.typed, rows.basis)), self.engine.identifier(name))
            for name, expr in after.items()
        ]
        steps = [*before, *rows.ctes(f"{self.scan.name}_rows")]
        return [*steps, Cte(f"{self.scan.name}_fates", select([("*", "*"), *fates], steps[-1].name))]

    # -- the rows --------------------------------------------------------------------------------------------------

    def _rows(self, entities: str | None) -> Rows:
        rows = Rows(self.scan.key.table, self.schema, self.engine, self.context, self.scan.key.basis, source=entities)
        if entities is None:
            keep(rows, self.scan.key.basis)
        elif self.scan.grain:
            rows.bucket = f"t.{self.engine.identifier(self.scan.grain)}"
            rows.give_label()
        for name, column in self.scan.dims:
            rows.add(name, column)
        if self.scan.where is not None:
            rows.where(self.scan.where)
        return rows

    # -- one row per entity ----------------------------------------------------------------------------------------

    def _entities(self, derived: Derived, more: Sequence[Column] = ()) -> list[Cte]:
        """The steps that make a derived table: the source's rows in the period, then one row per bucket and entity."""
        table = self.scan.key.table
        if self.subtotals is not None:
            return [self._entities_added_up(self.subtotals, derived)]
        rows = Rows(derived.source, self.schema, self.engine, self.context, self.scan.key.basis)
        keep(rows, self.scan.key.basis)
        for name in derived.per:
            rows.add(name, Column((name,)))
        if derived.where is not None:
            rows.where(parse(derived.where))
        outputs = []
        bounds: dict[str, None] = {}
        for name in self.scan.entity_columns(self.schema, more):
            told = _without_ties(parse(derived.columns[name].value), derived, self.schema.tables[derived.source])
            value = rows.named(lower(told, self.context, rows.typed, rows.basis))
            bounds |= dict.fromkeys(self.engine.identifier(c.name) for c in _outside_aggregates(value))
            outputs.append((rows.spelled(value), self.engine.identifier(name)))
        keys = [self.engine.identifier(k) for k in [*([self.scan.grain] if self.scan.grain else []), *derived.per]]
        steps = rows.ctes(f"{self.scan.name}_source")
        group = select([*((k, k) for k in keys), *outputs], steps[-1].name, group=[*keys, *bounds])
        return [*steps, Cte(f"{self.scan.name}_{table}", group)]

    # -- from subtotals ------------------------------------------------------------------------------------------------

    def _added_up(self, subtotals: Subtotals) -> Cte:
        identifier = self.engine.identifier
        grain = [(g, g) for g in ([identifier(self.scan.grain)] if self.scan.grain else [])]
        dims = [(subtotals.column(column), identifier(name)) for name, column in self.scan.dims]
        outputs = [(subtotals.value(call), identifier(name)) for name, call in self.scan.leaves.items()]
        group = [sql for sql, _ in (*grain, *dims)]
        return Cte(self.scan.name, select([*grain, *dims, *outputs], subtotals.name, group=group))

    def _entities_added_up(self, subtotals: Subtotals, derived: Derived) -> Cte:
        identifier = self.engine.identifier
        grain = [identifier(self.scan.grain)] if self.scan.grain else []
        keys = [*((g, g) for g in grain), *((subtotals.column(Column((k,))), identifier(k)) for k in derived.per)]
        names = self.scan.entity_columns(self.schema)
        outputs = [(subtotals.value(parse(derived.columns[name].value)), identifier(name)) for name in names]
        group = select([*keys, *outputs], subtotals.name, group=[sql for sql, _ in keys])
        return Cte(f"{self.scan.name}_{self.scan.key.table}", group)

    # -- the aggregates --------------------------------------------------------------------------------------------

    def _leaves(self, rows: Rows) -> tuple[dict[str, Expr], list[tuple[str, str]]]:
        """Unions of spans, as name of the seconds that a row adds → condition over the rows; and (SQL, name) of all."""
        unions: dict[str, Expr] = {}
        outputs: list[tuple[str, str]] = []
        for name, call in self.scan.leaves.items():
            if call.name == "union_minutes":
                seconds = rows.free(f"{name}_seconds")
                condition = call.args[0] if call.args else TRUE
                unions[seconds] = rows.named(lower(condition, self.context, rows.typed, rows.basis))
                total = Call("coalesce", (Call("sum", (Column((seconds,)),)), Literal(0.0)))
                outputs.append((rows.spelled(Call("/", (total, Literal(60.0)))), self.engine.identifier(name)))
            elif call.name in BOUNDS:
                if not self._search.is_large:
                    outputs.append((rows.spelled(self._search.in_order(call)), self.engine.identifier(name)))
            else:
                told = self._of_group(call) or self._together(call) or call
                told = without_texts(told, self._chooses_by)
                lowered = lower(told, self.context, rows.typed, rows.basis)
                outputs.append((rows.outer(lowered), self.engine.identifier(name)))
        if not self._search.is_large:
            self._give_values(rows)
        for name, expr in self._search.ends().items():
            lowered = lower(rewrite(expr, self._together), self.context, rows.typed, rows.basis)
            outputs.append((rows.outer(lowered), self.engine.identifier(name)))
        return unions, outputs

    def _together(self, node: Expr) -> Expr | None:
        """A quantile as one of all those of the same values, which are then put in order only once."""
        match node:
            case Call("quantile", (x, p)):
                inside = sorted(self._shares[x], key=show)
                return node if len(inside) == 1 else Call("quantiles", (x, Literal(inside.index(p) + 1), *inside))
        return None

    @cached_property
    def _shares(self) -> dict[Expr, set[Expr]]:
        """Values of which quantiles are asked → for which shares."""
        found: dict[Expr, set[Expr]] = {}
        for expr in (*self.scan.leaves.values(), *self._search.ends().values()):
            for node in walk(expr):
                match node:
                    case Call("quantile", (x, p)):
                        found.setdefault(x, set()).add(p)
        return found

    def _chooses_by(self, column: Expr) -> Expr:
        """What a column is computed from, if that costs less in each leaf than the column once in every row."""
        if self._asking[column] > _SELDOM or column in [column for _, column in self.scan.dims]:
            return column
        return self.schema.expand(self.scan.key.table, column)

    @cached_property
    def _asking(self) -> Counter[Expr]:
        """In how many leaves each column stands."""
        return Counter(column for call in self.scan.leaves.values() for column in columns(call))

    def _of_group(self, leaf: Call) -> Expr | None:
        """The least or largest of what the rows are grouped by: what it is in the group, if any row of it counts."""
        match leaf:
            case Call("min" | "max", (x,)):
                condition, value = chosen(x)
                if value in [column for _, column in self.scan.dims]:
                    some = Call(">", (Call("count_if", (condition,)), Literal(0))) if condition else TRUE
                    return _if(some, value)
        return None

    def _span(self, rows: Rows) -> tuple[str, str]:
        """The names under which the rows give out the part of their span that lies in the bucket."""
        start, end = clipped(self.scan.key.basis, self.context, rows.typed)
        names = rows.free("span_start"), rows.free("span_end")
        rows.outputs |= {names[0]: rows.sql(start), names[1]: rows.sql(end)}
        return names

    def _covered(self, source: str, unions: Mapping[str, Expr], span: tuple[str, str]) -> Cte:
        """Each row's part of the union: its end less the later of its start and of all that came before it."""
        groups = ", ".join(self.engine.identifier(g) for g in self.scan.groups())
        partition = f"PARTITION BY {groups} " if groups else ""
        outputs = [("*", "*")]
        for name, condition in unions.items():
            start, end = (self._spell(_if(condition, Column((n,)))) for n in span)
            earlier = (
                f"max({end}) OVER ({partition}ORDER BY {start}, {end} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
            )
            own = self.engine.say("seconds_between", self.engine.say("greatest", start, earlier), end)
            # 0 where others cover the row already, and where the row does not count, which has no ends.
            seconds = self.engine.say("greatest", own, self.engine.literal(0.0))
            outputs.append((seconds, self.engine.identifier(name)))
        return Cte(f"{self.scan.name}_united", select(outputs, source))

    def _spell(self, expr: Expr) -> str:
        return spell(expr, self.engine, lambda c: self.engine.identifier(c.path[-1]))


def _without_ties(expr: Expr, derived: Derived, source: Table) -> Expr:
    """`last` and `first` by their cheaper words where the key of the source leaves no two rows of an entity alike."""

    def change(node: Expr) -> Expr | None:
        match node:
            case Call("last" | "first" as word, (x, Column((by,)))) if {*source.key} <= {*derived.per, by}:
                return Call(_BY_KEY[word], (x, Column((by,))))
        return None

    return rewrite(expr, change)


def _if(condition: Expr, value: Expr) -> Expr:
    return value if condition == TRUE else Call("case", (condition, value, NULL))


def _outside_aggregates(expr: Expr) -> list[Column]:
    """Columns of an aggregate expression that stand beside its aggregates: the bounds of the bucket."""
    match expr:
        case Column():
            return [expr]
        case Call(name, args) if name not in _AGGREGATES:
            return [c for arg in args for c in _outside_aggregates(arg)]
    return []


def bucket_cte(context: Context, grain: Grain, engine: Engine) -> Cte:
    """The buckets of the period: label (named like the grain), bounds as instants and as days, and length in days."""
    assert context.period is not None
    calendar = context.calendar
    rows = []
    for bucket in calendar.buckets(context.period, grain):
        days = (bucket.end - bucket.start).days
        instants = calendar.instant(bucket.start), calendar.instant(bucket.end)
        values: list[dt.date | float] = [bucket.label, *instants, bucket.start, bucket.end, float(days)]
        rows.append("(" + ", ".join(engine.literal(v) for v in values) + ")")
    names = f"{engine.identifier(grain)}, start_at, end_at, first_day, after_day, days"
    return Cte(f"buckets({names})", "VALUES\n" + ",\n".join(f"  {row}" for row in rows))
