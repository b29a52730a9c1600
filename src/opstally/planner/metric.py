"""Linked metrics: parsed, typed, and split into aggregate leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal as OneOf

from opstally.errors import BadExpression, UnknownName, did_you_mean
from opstally.expression import Call, Column, Expr, Literal, Typed, check, parse
from opstally.expression.tree import NULL, TRUE, all_of, any_of, columns, rewrite, show, walk
from opstally.expression.vocabulary import AGGREGATES
from opstally.model.metric import Metric, TimeBasis
from opstally.model.table import Table
from opstally.planner.schema import Schema, has_aggregate, names_a_span

USED = "used"
"""What becomes of a row that counts; the others have a reason."""

BasisKind = OneOf["event", "during", "open_at_end", "latest", "last", "always"]


@dataclass(frozen=True)
class Basis:
    """How rows of a table relate to a period: see `opstally.model.metric.TimeBasis`."""

    kind: BasisKind
    start: str = ""
    end: str = ""
    per: tuple[str, ...] = ()

    def __str__(self) -> str:
        match self.kind:
            case "event":
                return self.start
            case "during":
                return f"{self.start} to {self.end}, overlapping the period"
            case "open_at_end":
                return f"{self.start} to {self.end}, open at the end of the period"
            case "latest":
                return f"latest {self.start} per {', '.join(self.per)} before the end of the period"
            case "last":
                return f"last {self.start} in the period"
            case "always":
                return "not over time"


@dataclass(frozen=True)
class Linked:
    """One metric, ready to plan. `expr` is over the columns of `table`, or, where that is None, over other metrics."""

    declaration: Metric
    expr: Expr
    typed: Typed
    basis: Basis | None
    where: Expr | None = None
    settled: Expr | None = None
    excludes: tuple[tuple[str, Expr], ...] = ()

    @property
    def name(self) -> str:
        return self.declaration.metric

    @property
    def table(self) -> str | None:
        return self.declaration.table

    @property
    def scale(self) -> int:
        """100 where the expression gives a share and the metric is in percent."""
        return 100 if self.declaration.unit == "percent" and self.typed.unit != "percent" else 1

    @cached_property
    def scope(self) -> Expr | None:
        """The rows that count at all: `where` and `settled`."""
        return all_of(self.where, self.settled)

    @property
    def counts(self) -> bool:
        """Whether the metric is nothing but a count of rows or of different values."""
        return isinstance(self.expr, Call) and self.expr.name in ("count", "count_if", "count_distinct")

    @property
    def proportion(self) -> tuple[Call, Call] | None:
        """(numerator, denominator) counts, where the metric is a share of the same rows."""
        match self.expr:
            case Call("/", (Call("count_if") as part, Call("count_if" | "count") as whole)) if self.table:
                return (part, whole) if whole.name == "count_if" or not whole.args else None
        return None

    @property
    def mean(self) -> Expr | None:
        """x, where the metric is avg(x)."""
        match self.expr:
            case Call("avg", (x,)):
                return x
        return None

    @property
    def quantile(self) -> tuple[Expr, float] | None:
        """(x, p), where the metric is quantile(x, p)."""
        match self.expr:
            case Call("quantile", (x, Literal(float() | int() as p))):
                return x, float(p)
        return None


@dataclass
class Metrics:
    """All metrics, linked on first use, so that a broken one does not stop the others."""

    declared: Mapping[str, Metric]
    schema: Schema
    _linked: dict[str, Linked] = field(default_factory=dict)
    _versions: dict[str, str] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> Linked:
        """The linked metric.

        Raises UnknownName, or BadExpression where the definition does not fit its table.
        """
        if name not in self._linked:
            if name not in self.declared:
                raise UnknownName("metric", name, self.declared)
            if name in self._open:
                raise BadExpression(f"{name} is made of itself: {' → '.join([*self._open, name])}")
            self._open.append(name)
            try:
                self._linked[name] = self._link(self.declared[name])
            finally:
                self._open.pop()
        return self._linked[name]

    def parts(self, name: str) -> list[Linked]:
        """The metrics over tables that a metric is made of (itself, if it is one)."""
        linked = self[name]
        if linked.table is not None:
            return [linked]
        return list({p.name: p for c in columns(linked.expr) for p in self.parts(c.name)}.values())

    def of_nothing(self, name: str) -> float | int | None:
        """The value of a metric where it has no rows."""
        linked = self[name]
        value = of_nothing(linked.expr, {c.name: self.of_nothing(c.name) for c in _named(linked)})
        return None if value is None else value * linked.scale

    def version(self, name: str) -> str:
        """Eight hex digits of all that decides the metric's value: its definition and what it names, to the tables."""
        if name not in self._versions:
            unit, told = self[name].declaration.unit, sorted(map(self._told, self.parts(name)))
            whole = repr((show(self._spelled_out(name)), unit, told))
            self._versions[name] = hashlib.sha256(whole.encode()).hexdigest()[:8]
        return self._versions[name]

    def _spelled_out(self, name: str) -> Expr:
        """The metric over those over tables."""
        linked = self[name]
        if linked.table is not None:
            return Column((name,))
        return rewrite(linked.expr, lambda n: self._spelled_out(n.name) if isinstance(n, Column) else None)

    def _told(self, part: Linked) -> str:
        assert part.table is not None
        schema, table = self.schema, self.schema.tables[part.table]
        exprs = [show(schema.expand(part.table, e)) for e in (part.expr, part.scope) if e is not None]
        if table.derived is not None:
            source, where = table.derived.source, table.derived.where
            inner = [*(c.value for c in table.derived.columns.values()), *([where] if where else [])]
            exprs += [table.derived.source, *table.derived.per, *(show(schema.expand(source, parse(t))) for t in inner)]
        return repr((part.name, part.table, part.declaration.unit, part.basis, exprs))

    def _link(self, metric: Metric) -> Linked:
        expr = parse(metric.value)
        if metric.table is None:
            return self._composed(metric, expr)
        if metric.table not in self.schema.tables:
            raise BadExpression(f"There is no table {metric.table!r}.{did_you_mean(metric.table, self.schema.tables)}")
        basis = self._basis(metric)
        typed = self._checked(metric.table, metric.value, basis)
        if not typed.aggregated:
            raise BadExpression("A metric is an aggregate, such as count() or avg(x)", metric.value)
        self._fits(metric, expr, typed)
        where, settled, *excluded = (
            self._condition(metric.table, text, basis)
            for text in (metric.where, metric.settled, *metric.excludes.values())
        )
        if USED in metric.excludes:
            raise BadExpression(f"A reason for leaving rows out cannot be called {USED!r}")
        named = zip(metric.excludes, excluded, strict=True)
        return Linked(metric, expr, typed, basis, where, settled, tuple((r, e) for r, e in named if e is not None))

    def _composed(self, metric: Metric, expr: Expr) -> Linked:
        if metric.where or metric.settled or metric.excludes or metric.at:
            raise BadExpression(
                "A metric made of metrics has no where, settled, excludes or at of its own: its parts have them"
            )
        if has_aggregate(expr):
            raise BadExpression("An aggregate needs a table: say which with `table:`", metric.value)

        def scope(column: Column) -> Typed:
            if column.name not in self.declared:
                near = did_you_mean(column.name, self.declared)
                raise BadExpression(f"There is no metric {column.name!r}.{near}", metric.value, column.position)
            part = self[column.name]
            return Typed(part.typed.type, part.declaration.unit, aggregated=True)

        if not columns(expr):
            raise BadExpression("A metric without a table is made of other metrics: name at least one", metric.value)
        try:
            typed = check(expr, scope)
        except BadExpression as problem:
            raise problem.within(metric.value) from None
        _refuse_spans(expr, metric.value)
        self._fits(metric, expr, typed)
        return Linked(metric, expr, typed, None)

    def _checked(self, table: str, text: str, basis: Basis) -> Typed:
        try:
            expr = parse(text)
            typed = check(expr, lambda c: self.schema.typed(table, c))
            if basis.kind != "during":
                _refuse_spans(self.schema.expand(table, expr), text)
        except BadExpression as problem:
            raise problem.within(text) from None
        return typed

    def _condition(self, table: str, text: str | None, basis: Basis) -> Expr | None:
        if text is None:
            return None
        typed = self._checked(table, text, basis)
        if typed.type != "boolean" or typed.aggregated:
            raise BadExpression("A condition on rows is expected here", text)
        return parse(text)

    def _fits(self, metric: Metric, expr: Expr, typed: Typed) -> None:
        """The declared unit goes with what the expression gives."""
        declared, found = metric.unit, typed.unit
        if typed.type not in ("integer", "number", "text"):
            raise BadExpression(f"A metric gives a number or a text, not {typed.type}", metric.value)
        if (declared == "text") != (typed.type == "text"):
            raise BadExpression(f"The metric gives {typed.type}, its unit is {declared}", metric.value)
        if declared == "percent":
            times = [n for n in walk(expr) if isinstance(n, Call) and n.name == "*" and _HUNDRED & set(n.args)]
            if times:
                raise BadExpression(
                    "Write the share: the unit percent multiplies it by 100", metric.value, times[0].position
                )
        if found in _FIXED and declared in _FIXED and found != declared and {found, declared} != {"percent", "ratio"}:
            raise BadExpression(f"The expression gives {found}, the metric's unit is {declared}", metric.value)

    def _basis(self, metric: Metric) -> Basis:
        table = self.schema.tables[metric.table or ""]
        if table.derived is not None:
            if metric.at is not None:
                raise BadExpression(f"{table.table} is derived: its own `at` decides the period")
            source = self.schema.tables[table.derived.source]
            at = table.derived.at or source.at
            if at is None:
                raise BadExpression(
                    f"{table.table} needs `at` in its `derived`: {source.table} has no default time column"
                )
            self._moment(source.table, at)
            return Basis("event", at)
        basis = _as_basis(metric.at if metric.at is not None else table.at)
        times = [name for name in (basis.start, basis.end) if name]
        kinds = [self._moment(table.table, name) for name in times]
        if len(set(kinds)) > 1:
            raise BadExpression(f"A time basis needs two dates or two timestamps, not {' and '.join(kinds)}")
        if basis.kind == "last" and kinds != ["date"]:
            raise BadExpression(
                f"`last` needs the date of a snapshot, and {basis.start} is an instant: "
                "`latest` with `per` takes the newest row of each entity"
            )
        if basis.kind in ("last", "latest"):
            for name in (*times, *basis.per):
                self._stored(table, name)
        return basis

    def _moment(self, table: str, name: str) -> str:
        typed = self.schema.typed(table, Column((name,)))
        if typed.type not in ("date", "timestamp"):
            raise BadExpression(f"{table}.{name} is {typed.type}: a time basis needs a date or a timestamp")
        return typed.type

    def _stored(self, table: Table, name: str) -> None:
        if name not in table.columns:
            near = did_you_mean(name, table.columns)
            raise BadExpression(f"The time basis needs a stored column of {table.table}, which {name!r} is not.{near}")


def _refuse_spans(expr: Expr, text: str) -> None:
    if word := names_a_span(expr):
        raise BadExpression(f"{word.name}() needs a time basis with `during: [start, end]`", text, word.position)


_HUNDRED = frozenset({Literal(100), Literal(100.0)})
_FIXED = frozenset({"milliseconds", "seconds", "minutes", "hours", "days", "currency", "percent", "bytes"})


def _as_basis(at: str | TimeBasis | None) -> Basis:
    match at:
        case None | "always":
            return Basis("always")
        case str():
            return Basis("event", at)
        case TimeBasis(during=(start, end)):
            return Basis("during", start, end)
        case TimeBasis(open_at_end=(start, end)):
            return Basis("open_at_end", start, end)
        case TimeBasis(latest=str(time), per=per):
            return Basis("latest", time, per=per)
        case TimeBasis(last=str(time)):
            return Basis("last", time)
    raise AssertionError(at)


def _named(linked: Linked) -> list[Column]:
    """The metrics that a metric is made of."""
    return columns(linked.expr) if linked.table is None else []


def of_nothing(expr: Expr, metrics: Mapping[str, float | int | None]) -> float | int | None:
    """What a metric's expression gives where there are no rows: counts are 0, all else is NULL."""
    match expr:
        case Column():
            return metrics.get(expr.name)
        case Literal(int() | float() as value) if not isinstance(value, bool):
            return value
        case Call("count" | "count_if" | "count_distinct"):
            return 0
        case Call("union_minutes"):
            return 0.0
        case Call("+" | "-" | "*" as sign, (left, right)):
            a, b = of_nothing(left, metrics), of_nothing(right, metrics)
            return None if a is None or b is None else {"+": a + b, "-": a - b, "*": a * b}[sign]
    return None


def leaves(expr: Expr) -> list[Call]:
    """The aggregates in an expression, each once."""
    return list(dict.fromkeys(n for n in walk(expr) if isinstance(n, Call) and n.name in AGGREGATES))


def limited(leaf: Call, condition: Expr | None) -> Call:
    """The aggregate over only those rows for which the condition is true."""
    if condition is None:
        return leaf
    match leaf:
        case Call("count", ()):
            return Call("count_if", (condition,))
        case Call("count_if", (own,)):
            return Call("count_if", (Call("and", (condition, own)),))
        case Call("union_minutes"):
            return Call("union_minutes", (condition,))
        case Call(name, (first, *rest)):
            return Call(name, (Call("case", (condition, first, NULL)), *rest))
    raise AssertionError(leaf)


def contributes(leaf: Call) -> Expr | None:
    """The condition under which a row counts in the aggregate; None where every row does."""
    match leaf:
        case Call("count", ()) | Call("union_minutes", ()):
            return None
        case Call("count_if" | "union_minutes", (condition,)):
            return condition
        case Call("last" | "first", (x, by)):
            return all_of(_known(x), _known(by))
        case Call(_, (x, *_)):
            return _known(x)
    raise AssertionError(leaf)


def _known(x: Expr) -> Expr:
    match x:
        case Call("case", (condition, value, otherwise)) if otherwise == NULL:
            return all_of(condition, _known(value)) or TRUE
        case Literal(value):
            return Literal(value is not None)
    return Call("not", (Call("is_null", (x,)),))


def used(linked: Linked) -> Expr | None:
    """The rows that a metric over a table uses; None where it uses all of its period."""
    conditions = [contributes(leaf) for leaf in leaves(linked.expr)]
    present = [c for c in conditions if c is not None]
    some = any_of(*present) if present and len(present) == len(conditions) else None
    return all_of(linked.scope, some)
