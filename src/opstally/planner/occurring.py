"""Which rows belong to the period, and to which bucket of it: one function for each kind of time basis."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

from opstally.expression import Call, Column, Expr, Literal
from opstally.period import WEEKDAYS, Calendar, Period
from opstally.planner.lower import Context, bounds
from opstally.planner.metric import Basis
from opstally.planner.rows import Rows


def keep(rows: Rows, basis: Basis) -> None:
    """Keep the rows of the period, giving out for each the label of its bucket, or of each of its buckets."""
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
    if rows.context.grain:
        rows.give_label()


def _event(rows: Rows, basis: Basis) -> None:
    at = Column((basis.start,))
    low, high = _ends(rows, basis)
    rows.where(Call(">=", (at, Literal(low))), Call("<", (at, Literal(high))))
    if rows.context.grain:
        rows.bucket = _label(rows, basis, at)


def _overlapping(rows: Rows, basis: Basis) -> None:
    start, end = Column((basis.start,)), Column((basis.end,))
    low, high = map(Literal, _ends(rows, basis))
    # A span of no length belongs to the bucket in which it starts.
    late = Call("or", (Call(">", (end, low)), Call(">=", (start, low))))
    rows.where(Call("<", (start, high)), Call("or", (Call("is_null", (end,)), late)))
    if rows.context.grain:
        first = _label(rows, basis, Call("greatest", (start, low)))
        until = Call("least", (Call("coalesce", (end, high)), high))
        last = _day_before(rows, basis, until)
        rows.spread(first, rows.engine.say("greatest", rows.sql(last), first))


def _open(rows: Rows, basis: Basis) -> None:
    start, end = Column((basis.start,)), Column((basis.end,))
    low, high = _ends(rows, basis)
    context, period = rows.context, _period(rows.context)
    first_end = context.calendar.buckets(period, context.grain)[0].end if context.grain else period.end
    still = Call("or", (Call("is_null", (end,)), Call(">=", (end, Literal(_moment(rows, basis, first_end))))))
    rows.where(Call("<", (start, Literal(high))), still)
    if context.grain:
        # It is open at the end of every bucket before the one in which it ends.
        closed = rows.sql(Call("<", (end, Literal(high))))
        last = rows.engine.literal(period.end - dt.timedelta(days=1))
        before = rows.engine.say("add_days_to_date", _label(rows, basis, end), "-1")
        first = _label(rows, basis, Call("greatest", (start, Literal(low))))
        rows.spread(first, rows.engine.say("case", closed, before, last))


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


def _period(context: Context) -> Period:
    assert context.period is not None
    return context.period


def _dates(rows: Rows, basis: Basis) -> bool:
    """Whether the column knows days, not instants."""
    return rows.typed(Column((basis.start,))).type == "date"


def _moment(rows: Rows, basis: Basis, day: dt.date) -> dt.date:
    """A day as the column knows time: as a day, or as the instant at which it starts."""
    return day if _dates(rows, basis) else rows.context.calendar.instant(day)


def _ends(rows: Rows, basis: Basis) -> tuple[dt.date, dt.date]:
    """Where the period starts and ends, as the column knows time."""
    period = _period(rows.context)
    return _moment(rows, basis, period.start), _moment(rows, basis, period.end)


def _day(rows: Rows, basis: Basis, moment: Expr) -> Expr:
    """The local day of a moment of the period."""
    return moment if _dates(rows, basis) else _local_day(moment, rows.context)


def _day_before(rows: Rows, basis: Basis, end: Expr) -> Expr:
    """The last local day of a span of the period with this end, which is not included."""
    return Call("add_days", (end, Literal(-1))) if _dates(rows, basis) else _local_day(end, rows.context, before=True)


def _label(rows: Rows, basis: Basis, moment: Expr) -> str:
    """SQL of the first day of the bucket in which a moment of the period lies."""
    context = rows.context
    assert context.grain is not None
    week, fiscal_start = WEEKDAYS.index(context.calendar.week_start), context.calendar.fiscal_year_start
    return rows.engine.bucket(rows.sql(_day(rows, basis, moment)), context.grain, week, fiscal_start)


# -- local days --------------------------------------------------------------------------------------------------------


def _local_day(at: Expr, context: Context, *, before: bool = False) -> Expr:
    """The local day of an instant, or of the last `before` it, by the offsets in force in the period.

    Exact, and the same on every engine.
    """
    offsets = _day_offsets(context.calendar, _period(context))
    sign = "<=" if before else "<"
    until = [(Call(sign, (at, Literal(since))), Literal(s)) for (_, s), (since, _) in pairwise(offsets)]
    last: Expr = Literal(offsets[-1][1])
    shift = Call("case", (*(arg for change in until for arg in change), last)) if until else last
    local = at if shift == Literal(0) else Call("shift_seconds", (at, shift))
    return Call("day", (Call("just_before", (local,)) if before else local,))


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
