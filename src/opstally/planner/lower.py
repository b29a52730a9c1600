"""Words about the period and the project → what engines can spell."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from opstally.errors import BadExpression, did_you_mean
from opstally.expression import Call, Column, Expr, Literal, check
from opstally.expression.check import Scope
from opstally.expression.tree import rewrite, walk
from opstally.expression.vocabulary import WORDS
from opstally.period import Calendar, Grain, Period
from opstally.planner.metric import Basis
from opstally.planner.schema import BUCKET

START, END, DAYS = Column((BUCKET, "start_at")), Column((BUCKET, "end_at")), Column((BUCKET, "days"))
FIRST_DAY, AFTER_DAY = Column((BUCKET, "first_day")), Column((BUCKET, "after_day"))
BUCKET_TYPES = {START: "timestamp", END: "timestamp", DAYS: "number", FIRST_DAY: "date", AFTER_DAY: "date"}
_CONTEXT = frozenset(name for name, word in WORDS.items() if word.kind == "context")
_ORDERING = frozenset(
    {"<", "<=", ">", ">=", "least", "greatest", "min", "max", "last", "first", "last_by_key", "first_by_key"}
)
"""Words whose meaning rests on an order: of texts, that of code points."""
_TYPED = _ORDERING | {"weekday_of", "add_days"}
"""Words that are lowered by the types of their arguments."""
_FOLDED: dict[str, Callable[[int, int], int]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


@dataclass(frozen=True)
class Context:
    """What the words about the period mean in one query."""

    period: Period | None
    as_of: dt.date
    calendar: Calendar
    assumptions: Mapping[str, float]
    grain: Grain | None = None
    large: frozenset[str] = frozenset()
    """The stored tables of whose rows not all are put in order at once."""
    spent: dict[str, float] = field(default_factory=dict, compare=False)
    """The assumptions used so far."""

    @property
    def bucketed(self) -> bool:
        """Whether rows fall in buckets of their own, so that a bucket's bounds are columns."""
        return self.grain is not None

    @property
    def as_of_end(self) -> dt.datetime:
        return self.calendar.instant(self.as_of + dt.timedelta(days=1))

    def bound(self, word: str) -> Expr:
        """The SQL-able meaning of period_start, period_end or period_days."""
        if self.bucketed:
            return {"period_start": START, "period_end": END, "period_days": DAYS}[word]
        if self.period is None:
            raise BadExpression(f"{word}() needs a metric over time")
        start, end = self.calendar.instants(self.period)
        match word:
            case "period_start":
                return Literal(start)
            case "period_end":
                return Literal(end)
        return Literal(float(self.period.days))

    def setting(self, name: str) -> Literal:
        if name not in self.assumptions:
            raise BadExpression(f"There is no setting {name!r}.{did_you_mean(name, self.assumptions)}")
        self.spent[name] = self.assumptions[name]
        return Literal(float(self.assumptions[name]))


def lower(expr: Expr, context: Context, typed: Scope, basis: Basis | None = None) -> Expr:
    """The expression in words that every engine spells; `typed` gives the types of its columns."""
    if not isinstance(expr, Call):
        return expr
    if expr.name in _CONTEXT:
        return _about_the_period(expr, context, typed, basis)
    args = tuple(lower(arg, context, typed, basis) for arg in expr.args)
    types = [_type(arg, typed) for arg in expr.args] if expr.name in _TYPED else []
    if expr.name in _ORDERING:
        args = tuple(Call("collate", (a,)) if t == "text" else a for a, t in zip(args, types, strict=True))
    match expr.name, args:
        case "date_of", _:
            return Call("day", (_local(args[0], context),))
        case "hour_of", _:
            return Call("hour_of", (_local(args[0], context),))
        case "weekday_of", _ if types[0] == "timestamp":
            return Call("weekday_of", (_local(args[0], context),))
        case "add_days", (day, count) if types[0] == "date":
            return Call("add_days_to_date", (day, count if types[1] == "integer" else Call("floor", (count,))))
        case "+" | "-" | "*" as sign, (Literal(int() as left), Literal(int() as right)):
            return Literal(_FOLDED[sign](left, right))  # engines would compute it in 32 bits
    return Call(expr.name, args)


def _about_the_period(word: Call, context: Context, typed: Scope, basis: Basis | None) -> Expr:
    match word:
        case Call("as_of"):
            return Literal(context.as_of_end)
        case Call("as_of_date"):
            return Literal(context.as_of)
        case Call("setting", (Literal(str() as name),)):
            return context.setting(name)
        case Call("overlap_minutes"):
            return lower(_overlap(word, basis, context, typed), context, typed)
    return context.bound(word.name)


def _type(expr: Expr, typed: Scope) -> str:
    return check(expr, typed).type


def _local(instant: Expr, context: Context) -> Expr:
    zone = context.calendar.timezone
    return instant if zone == "UTC" else Call("local_time", (instant, Literal(zone)))


def clipped(basis: Basis, context: Context, typed: Scope) -> tuple[Expr, Expr]:
    """The part of a row's span that lies inside its bucket, as (start, end)."""
    start, end = Column((basis.start,)), Column((basis.end,))
    low, high = bounds(context, dates=typed(start).type == "date")
    return Call("greatest", (start, low)), Call("least", (Call("coalesce", (end, high)), high))


def with_overlap(expr: Expr, context: Context, typed: Scope, basis: Basis | None) -> Expr:
    """The expression with overlap_minutes() written out over the ends of the row's span."""

    def change(node: Expr) -> Expr | None:
        is_overlap = isinstance(node, Call) and node.name == "overlap_minutes"
        return _overlap(node, basis, context, typed) if is_overlap else None

    return rewrite(expr, change)


def _overlap(word: Expr, basis: Basis | None, context: Context, typed: Scope) -> Expr:
    """Minutes of a row's span inside its bucket."""
    if basis is None or basis.kind != "during":
        message = "overlap_minutes() needs a time basis with `during: [start, end]`"
        raise BadExpression(message, position=word.position)
    start, end = clipped(basis, context, typed)
    minutes = Call("minutes_between", (start, end))
    if typed(Column((basis.start,))).type == "date":
        minutes = Call("*", (Call("days_between", (start, end)), Literal(1440.0)))
    return Call("greatest", (minutes, Literal(0.0)))  # a span that ends before it starts has none


def bounds(context: Context, dates: bool) -> tuple[Expr, Expr]:
    """The bucket's bounds, as days or as instants."""
    if context.bucketed:
        return (FIRST_DAY, AFTER_DAY) if dates else (START, END)
    assert context.period is not None
    low, high = (context.period.start, context.period.end) if dates else context.calendar.instants(context.period)
    return Literal(low), Literal(high)


def names_bucket(expr: Expr) -> bool:
    """Whether a lowered expression names the bounds of its bucket."""
    return any(isinstance(node, Column) and node.path[0] == BUCKET for node in walk(expr))
