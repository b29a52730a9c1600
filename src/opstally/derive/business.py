"""Business time of tickets: minutes within opening hours, less pauses, and the instants at which promises run out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from opstally.derive.opening import Span, open_spans
from opstally.derive.statuses import DONE
from opstally.derive.step import Given, Made, fill
from opstally.model.calendar import BusinessCalendar, CalendarRule
from opstally.model.project import Project
from opstally.quoting import text

STEP = "ticket_business_time"
TABLE = "support_tickets"
MADE_FROM = (TABLE, "ticket_statuses", "opstally.yml")
USES = (TABLE, "ticket_statuses", "customers")
MAKES = (TABLE,)

_EPOCH = dt.datetime(1970, 1, 1)
_DAY = dt.timedelta(days=1)
_FARTHEST = dt.timedelta(days=20 * 366)
"""After the newest row: a promise that a calendar does not reach by then has no end."""


def make(given: Given) -> tuple[Made, ...]:
    """Needs what `statuses.make` and `histories.make` leave. Without calendars there is nothing to do.

    Raises UsageError for holidays that nobody can tell; see `opening.open_spans`.
    """
    if not given.project.calendars or not given.holds(TABLE):
        return ()
    given.run(_clocked(given.project))
    given.run(_PAUSES.format(names=", ".join(map(text, given.project.histories.pauses)) or "NULL"))
    clocks = _clocks(given)
    width = max((len(day.opens) for clock in clocks for day in clock.days), default=0)
    _write_days(given, clocks, width)
    given.run(_readings(width))
    _write_spans(given, clocks)
    counts = fill(given, STEP, TABLE, _VALUES)
    return tuple(Made(TABLE, column, rows, MADE_FROM) for column, rows in counts.items())


# -- which calendar ----------------------------------------------------------------------------------------------------


def _clocked(project: Project) -> str:
    """SQL of the tickets that a calendar applies to, with the instants to be read on it."""
    rules = project.calendar_for or tuple(CalendarRule(calendar=name) for name in project.calendars)
    branches = " ".join(f"WHEN {_fits(rule)} THEN {text(rule.calendar)}" for rule in rules)
    return f"""
CREATE OR REPLACE TEMP TABLE clocked AS
SELECT t.ticket_id, CASE {branches} END AS calendar, t.created_at, t.first_response_at,
    CASE WHEN t.status IN {DONE} THEN t.resolved_at END AS resolved_at, t.status IN {DONE} AS is_done,
    round(t.sla_target_minutes * 6e7)::BIGINT AS response_target,
    round(t.resolution_target_minutes * 6e7)::BIGINT AS resolution_target
FROM {TABLE} t LEFT JOIN customers c ON t.customer_id = c.customer_id
WHERE t.status != 'deleted' AND calendar IS NOT NULL
"""


def _fits(rule: CalendarRule) -> str:
    alias = {"service_tier": "c"}
    tests = [
        f"lower(trim({alias.get(column, 't')}.{column})) IN ({', '.join(map(text, values))})"
        for column, values in rule.conditions.items()
    ]
    return " AND ".join(tests) or "true"


_PAUSES = """
CREATE OR REPLACE TEMP TABLE ticket_pauses AS
SELECT k.ticket_id, k.calendar, greatest(s.from_at, k.created_at) AS from_at, least(s.to_at, k.resolved_at) AS to_at
FROM ticket_statuses s JOIN clocked k ON s.ticket_id = k.ticket_id
WHERE s.status IN ({names}) AND s.from_history AND (s.to_at > k.created_at) IS NOT FALSE
    AND (s.from_at < k.resolved_at) IS NOT FALSE AND (k.resolved_at IS NOT NULL OR NOT k.is_done)
"""


# -- the calendars, as tables ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _OpenDay:
    """A day of UTC: business microseconds before it, and when within it the calendar opens and closes."""

    day: int
    before: int
    opens: tuple[int, ...]
    closes: tuple[int, ...]


@dataclass
class _Clock:
    """One calendar over the time of its tickets, [start, end): what a clock shows that runs in opening hours only."""

    name: str
    calendar: BusinessCalendar
    timezone: str
    start: dt.datetime
    end: dt.datetime

    @cached_property
    def days(self) -> tuple[_OpenDay, ...]:
        return tuple(self._days())

    def _days(self) -> Iterator[_OpenDay]:
        spans, at, before = self._spans(self.end), 0, 0
        midnight = self.start
        while midnight < self.end:
            opens: list[int] = []
            closes: list[int] = []
            upto = midnight + _DAY
            while at < len(spans) and spans[at][0] < upto:
                opens.append(_microseconds(max(spans[at][0], midnight)))
                closes.append(_microseconds(min(spans[at][1], upto)))
                if spans[at][1] > upto:
                    break
                at += 1
            yield _OpenDay((midnight - _EPOCH).days, before, tuple(opens), tuple(closes))
            before += sum(closes) - sum(opens)
            midnight = upto

    def _spans(self, upto: dt.datetime) -> list[Span]:
        return open_spans(self.calendar, self.timezone, self.start, upto)

    def spans_for(self, reading: int) -> list[Span]:
        """Spans until the clock shows `reading` microseconds, if it ever does."""
        ahead = 64 * _DAY
        while True:
            spans = self._spans(self.end + ahead)
            if ahead >= _FARTHEST or sum(_length(span) for span in spans) >= reading:
                return spans
            ahead = min(4 * ahead, _FARTHEST)


def _clocks(given: Given) -> list[_Clock]:
    """A clock for every calendar that some ticket uses, over whole days of UTC."""
    used = given.run(
        'SELECT calendar, min("at"), max("at") FROM ('
        'SELECT calendar, unnest([created_at, first_response_at, resolved_at]) AS "at" FROM clocked '
        "UNION ALL SELECT calendar, unnest([from_at, to_at]) FROM ticket_pauses) GROUP BY calendar ORDER BY calendar"
    )
    clocks = []
    for name, first, last in used:
        assert isinstance(first, dt.datetime)
        assert isinstance(last, dt.datetime)
        start = dt.datetime.combine(first.date(), dt.time())
        end = dt.datetime.combine(last.date(), dt.time()) + _DAY
        project = given.project
        clocks.append(_Clock(str(name), project.calendars[str(name)], project.timezone, start, end))
    return clocks


def _write_days(given: Given, clocks: Sequence[_Clock], width: int) -> None:
    """`business_days`: a row for every day and calendar, its spans as columns o1, c1, o2, …; 0 where it has fewer."""
    places = [f"{end}{i + 1}" for i in range(width) for end in ("o", "c")]
    columns = ", ".join(["calendar VARCHAR", "day DATE", "before BIGINT", *(f"{place} BIGINT" for place in places)])
    given.run(f"CREATE OR REPLACE TEMP TABLE business_days ({columns})")
    for clock in clocks:
        rows = [(d.day, d.before, *_padded(d, width)) for d in clock.days]
        _insert(given, "business_days", clock.name, "DATE '1970-01-01' + CAST({} AS INTEGER)", rows)


def _write_spans(given: Given, clocks: Sequence[_Clock]) -> None:
    """`business_spans`: when each calendar opens, what its clock shows then, and for how long it runs."""
    given.run(
        "CREATE OR REPLACE TEMP TABLE business_spans (calendar VARCHAR, opens_at TIMESTAMP, before BIGINT, us BIGINT)"
    )
    due = given.run("SELECT calendar, max(greatest(response_due, resolution_due)) FROM readings GROUP BY calendar")
    farthest = {str(name): int(str(reading)) for name, reading in due if reading is not None}
    for clock in clocks:
        before, rows = 0, []
        for span in clock.spans_for(farthest[clock.name]) if clock.name in farthest else ():
            rows.append((_microseconds(span[0]), before, _length(span)))
            before += _length(span)
        if rows:
            _insert(given, "business_spans", clock.name, "make_timestamp({})", rows)


def _insert(given: Given, table: str, calendar: str, first: str, rows: Sequence[tuple[int, ...]]) -> None:
    """Rows of numbers under a calendar; `first` says how the first of them is read."""
    # As texts: a list of numbers as a parameter takes a hundred times as long.
    columns = [f"unnest(CAST(string_split(?, ',') AS BIGINT[])) AS n{i}" for i in range(len(rows[0]))]
    listed = ", ".join([first.format("n0"), *(f"n{i}" for i in range(1, len(rows[0])))])
    parameters = [",".join(map(str, column)) for column in zip(*rows, strict=True)]
    given.run(f"INSERT INTO {table} SELECT {text(calendar)}, {listed} FROM (SELECT {', '.join(columns)})", parameters)


def _padded(day: _OpenDay, width: int) -> tuple[int, ...]:
    pairs = [*zip(day.opens, day.closes, strict=True), *[(0, 0)] * (width - len(day.opens))]
    return tuple(end for pair in pairs for end in pair)


def _microseconds(instant: dt.datetime) -> int:
    return (instant - _EPOCH) // dt.timedelta(microseconds=1)


def _length(span: Span) -> int:
    return (span[1] - span[0]) // dt.timedelta(microseconds=1)


# -- reading the clocks ------------------------------------------------------------------------------------------------


def _readings(width: int) -> str:
    """SQL of `readings`: what its calendar's clock shows at each instant of a ticket, in business microseconds."""

    def shows(instant: str, day: str) -> str:
        parts = [f"greatest(least(epoch_us({instant}), {day}.c{i}) - {day}.o{i}, 0)" for i in range(1, width + 1)]
        return " + ".join([f"{day}.before", *parts])

    def on(day: str, instant: str) -> str:
        return f"LEFT JOIN business_days {day} ON {day}.calendar = k.calendar AND {day}.day = CAST({instant} AS DATE)"

    return f"""
CREATE OR REPLACE TEMP TABLE pause_readings AS
SELECT k.ticket_id, k.from_at, {shows("k.from_at", "f")} AS began, {shows("k.to_at", "u")} AS ended
FROM ticket_pauses k {on("f", "k.from_at")} {on("u", "k.to_at")};
CREATE OR REPLACE TEMP TABLE readings AS
WITH read AS (
    SELECT k.*, {shows("k.created_at", "c")} AS created, {shows("k.first_response_at", "r")} AS answered,
        {shows("k.resolved_at", "s")} AS resolved
    FROM clocked k {on("c", "k.created_at")} {on("r", "k.first_response_at")} {on("s", "k.resolved_at")}
),
reached AS (
    -- Business time worked off before each pause; only pauses that begin before the promise has run out put it off.
    SELECT p.ticket_id, p.ended - p.began AS us, t.resolution_target,
        p.began - t.created - coalesce(sum(p.ended - p.began) OVER earlier, 0) AS worked
    FROM pause_readings p JOIN read t ON p.ticket_id = t.ticket_id
    WINDOW earlier AS (PARTITION BY p.ticket_id ORDER BY p.from_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
paused AS (
    SELECT ticket_id, sum(us)::BIGINT AS us,
        coalesce(sum(us) FILTER (WHERE worked < resolution_target), 0)::BIGINT AS put_off,
        coalesce(bool_or(us IS NULL AND worked < resolution_target), false) AS is_stopped
    FROM reached GROUP BY ticket_id
)
SELECT t.ticket_id, t.calendar, t.created_at, t.answered - t.created AS to_answer,
    t.resolved - t.created - coalesce(p.us, 0) AS to_resolve,
    t.created + t.response_target AS response_due,
    CASE WHEN p.is_stopped IS NOT TRUE THEN t.created + t.resolution_target + coalesce(p.put_off, 0) END
        AS resolution_due
FROM read t LEFT JOIN paused p ON t.ticket_id = p.ticket_id
"""


def _instant(role: str) -> str:
    """SQL of the instant at which the clock shows a reading; never before the ticket was there, NULL when never."""
    instant = f"{role}.opens_at + to_microseconds({role}_due - {role}.before)"
    return (
        f"CASE WHEN {role}_due - {role}.before > {role}.us THEN NULL "
        f"WHEN {role}_due IS NOT NULL THEN greatest(r.created_at, coalesce({instant}, r.created_at)) END"
    )


_VALUES = f"""
SELECT r.ticket_id, r.calendar AS business_calendar, to_answer / 6e7 AS first_response_business_minutes,
    {_instant("response")} AS first_response_due_at,
    to_resolve / 6e7 AS resolution_business_minutes, {_instant("resolution")} AS resolution_due_at
FROM readings r
ASOF LEFT JOIN business_spans response ON r.calendar = response.calendar AND r.response_due > response.before
ASOF LEFT JOIN business_spans resolution ON r.calendar = resolution.calendar AND r.resolution_due > resolution.before
"""
