"""Which rows belong to the period, and to which bucket of it: one function for each kind of time basis."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

from opstally.expression import Call, Column, Expr, Literal
from opstally.period import WEEKDAYS, Calendar, Period
from opstally.planner.lower import Context, bounds
from opstally.planner.metric import Basis
from opstally.planner.rows import Rows


def keep(rows: Rows, basis: Basis) -> None:
    """Keep the rows of the period, each with the label of its bucket, or of each of its buckets."""
    match basis.kind:
        case "event":
            _event(rows, basis)
        case "during":
            _overlapping(rows, basis)
        case "open_at_end":
            _open(rows, basis)
        case "latest":
            _newest(rows, basis)
        case "last":
            _event(rows, basis)
            rows.pick_last(basis.start)
        case "always":
            pass


def _event(rows: Rows, basis: Basis) -> None:
    at, context = Column((basis.start,)), rows.context
    calendar, period = context.calendar, _period(context)
    dates = _dates(rows, basis)
    low, high = (period.start, period.end) if dates else calendar.instants(period)
    rows.where(Call(">=", (at, Literal(low))), Call("<", (at, Literal(high))))
    if context.grain:
        day = rows.sql(at) if dates else rows.sql(_local_day(at, context))
        week = WEEKDAYS.index(calendar.week_start)
        rows.bucket = rows.engine.bucket(day, context.grain, week, calendar.fiscal_year_start)


def _overlapping(rows: Rows, basis: Basis) -> None:
    start, end = Column((basis.start,)), Column((basis.end,))

    def reaches(low: Expr, high: Expr) -> tuple[Expr, Expr]:
        # A span of no length belongs to the bucket in which it starts.
        late = Call("or", (Call(">", (end, low)), Call(">=", (start, low))))
        return Call("<", (start, high)), Call("or", (Call("is_null", (end,)), late))

    period = _period(rows.context)
    low, high = bounds(rows.context, _dates(rows, basis))
    _when(rows, reaches(low, high), reaches(_moment(rows, basis, period.start), _moment(rows, basis, period.end)))


def _open(rows: Rows, basis: Basis) -> None:
    start, end = Column((basis.start,)), Column((basis.end,))

    def still(first: Expr, last: Expr) -> tuple[Expr, Expr]:
        return Call("<", (start, last)), Call("or", (Call("is_null", (end,)), Call(">=", (end, first))))

    context, period = rows.context, _period(rows.context)
    _, high = bounds(context, _dates(rows, basis))
    first = context.calendar.buckets(period, context.grain)[0].end if context.grain else period.end
    _when(rows, still(high, high), still(_moment(rows, basis, first), _moment(rows, basis, period.end)))


def _newest(rows: Rows, basis: Basis) -> None:
    _, high = bounds(rows.context, _dates(rows, basis))
    time = Column((basis.start,))
    known = Call("or", (Call("<", (time, high)), Call("is_null", (time,))))
    if rows.context.grain:
        rows.bucket_join(rows.condition(known))
    else:
        rows.where(known)
    ties = tuple(k for k in rows.schema.tables[rows.table].key if k not in (*basis.per, basis.start))
    rows.pick_newest(basis.per, basis.start, ties)


def _when(rows: Rows, conditions: Sequence[Expr], in_any: Sequence[Expr]) -> None:
    """Rows that meet the conditions of a bucket; those that meet them in no bucket are not compared with each."""
    if rows.context.grain:
        rows.bucket_join(" AND ".join(rows.condition(c) for c in conditions))
        rows.where(*in_any)
    else:
        rows.where(*conditions)


def _period(context: Context) -> Period:
    assert context.period is not None
    return context.period


def _dates(rows: Rows, basis: Basis) -> bool:
    """Whether the column knows days, not instants."""
    return rows.typed(Column((basis.start,))).type == "date"


def _moment(rows: Rows, basis: Basis, day: dt.date) -> Expr:
    """A day as the column knows time: as a day, or as the instant at which it starts."""
    return Literal(day if _dates(rows, basis) else rows.context.calendar.instant(day))


# -- local days --------------------------------------------------------------------------------------------------------


def _local_day(at: Column, context: Context) -> Expr:
    """The local day of an instant, by the offsets in force in the period: exact, and the same on every engine."""
    offsets = _day_offsets(context.calendar, _period(context))
    until = [(Call("<", (at, Literal(since))), Literal(s)) for (_, s), (since, _) in pairwise(offsets)]
    last: Expr = Literal(offsets[-1][1])
    shift = Call("case", (*(arg for change in until for arg in change), last)) if until else last
    return Call("day", (at if shift == Literal(0) else Call("shift_seconds", (at, shift)),))


def _day_offsets(calendar: Calendar, period: Period) -> list[tuple[dt.datetime, int]]:
    """(UTC instant from which, seconds east of UTC) such that they give each instant of the period its local day."""
    found = []
    for since, seconds in calendar.offsets(*calendar.instants(period)):
        day = calendar.local_day(since)
        if day > (since + dt.timedelta(seconds=seconds)).date():
            # Clocks went back across midnight, into a day that had ended: they count from the second midnight on.
            since = dt.datetime.combine(day, dt.time()) - dt.timedelta(seconds=seconds)
        found.append((since, seconds))
    return found
