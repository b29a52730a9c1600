"""Words about the period and the project → what engines can spell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from opstally.errors import BadExpression, did_you_mean
from opstally.expression import Call, Column, Expr, Literal, Typed, check
from opstally.expression.tree import walk
from opstally.period import Calendar, Grain, Period
from opstally.planner.metric import Basis
from opstally.planner.schema import BUCKET

START, END, DAYS = Column((BUCKET, "start_at")), Column((BUCKET, "end_at")), Column((BUCKET, "days"))
FIRST_DAY, AFTER_DAY = Column((BUCKET, "first_day")), Column((BUCKET, "after_day"))
BUCKET_TYPES = {START: "timestamp", END: "timestamp", DAYS: "number", FIRST_DAY: "date", AFTER_DAY: "date"}
_TEXT_ORDERED = frozenset({"<", "<=", ">", ">=", "least", "greatest", "min", "max"})


@dataclass(frozen=True)
class Context:
    """What the words about the period mean in one query."""

    period: Period | None
    as_of: dt.date
    calendar: Calendar
    assumptions: Mapping[str, float]
    grain: Grain | None = None
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
        return Literal({"period_start": start, "period_end": end, "period_days": float(self.period.days)}[word])

    def setting(self, name: str) -> Literal:
        if name not in self.assumptions:
            raise BadExpression(f"There is no setting {name!r}.{did_you_mean(name, self.assumptions)}")
        self.spent[name] = self.assumptions[name]
        return Literal(float(self.assumptions[name]))


def lower(expr: Expr, context: Context, typed: Callable[[Column], Typed], basis: Basis | None = None) -> Expr:
    """The expression in words that every engine spells; `typed` gives the types of its columns."""
    if not isinstance(expr, Call):
        return expr
    match expr.name:
        case "as_of":
            return Literal(context.as_of_end)
        case "as_of_date":
            return Literal(context.as_of)
        case "period_start" | "period_end" | "period_days":
            return context.bound(expr.name)
        case "setting":
            name = expr.args[0]
            return context.setting(str(name.value) if isinstance(name, Literal) else "")
        case "overlap_minutes":
            assert basis is not None
            return overlap(basis, context, typed)
    args = tuple(lower(arg, context, typed, basis) for arg in expr.args)
    if expr.name in _TEXT_ORDERED and _type(expr.args[0], typed) == "text":
        args = tuple(Call("collate", (arg,)) for arg in args)
    match expr.name:
        case "date_of":
            return Call("day", (_local(args[0], context),))
        case "hour_of":
            return Call("hour_of", (_local(args[0], context),))
        case "weekday_of" if _type(expr.args[0], typed) == "timestamp":
            return Call("weekday_of", (_local(args[0], context),))
        case "add_days" if _type(expr.args[0], typed) == "date":
            return Call("add_days_to_date", args)
    return Call(expr.name, args)


def _type(expr: Expr, typed: Callable[[Column], Typed]) -> str:
    return check(expr, typed).type


def _local(instant: Expr, context: Context) -> Expr:
    zone = context.calendar.timezone
    return instant if zone == "UTC" else Call("local_time", (instant, Literal(zone)))


def clipped(basis: Basis, context: Context, typed: Callable[[Column], Typed]) -> tuple[Expr, Expr]:
    """The part of a row's span that lies inside its bucket, as (start, end)."""
    start, end = Column((basis.start,)), Column((basis.end,))
    low, high = bounds(context, dates=typed(start).type == "date")
    return Call("greatest", (start, low)), Call("least", (Call("coalesce", (end, high)), high))


def overlap(basis: Basis, context: Context, typed: Callable[[Column], Typed]) -> Expr:
    """Minutes of a row's span inside its bucket."""
    start, end = clipped(basis, context, typed)
    if typed(Column((basis.start,))).type == "date":
        return Call("*", (Call("days_between", (start, end)), Literal(1440.0)))
    return Call("minutes_between", (start, end))


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
