"""The help desk's exports: each month the tickets that changed, as they stood at its end, and the log of changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce

import numpy as np

from opstally.demo.company import SERVICE_NAMES, TEAMS, Company
from opstally.demo.dirt import plan, soil, spoiled
from opstally.demo.exports import Exports, label, numbered, whole, worded, written
from opstally.demo.frame import DAY, NOT_A_TIME, Array, Frame, concat, length, take
from opstally.demo.season import Month, on_clock
from opstally.demo.support import CATEGORIES, CHANNELS, PARTS

SOURCE, LOG_SOURCE = "helpdesk", "helpdesk_log"
CLOCK = "Europe/Berlin"
FORMAT = "%d.%m.%Y %H:%M:%S"
CLOSES_AFTER = 4 * DAY
STATUSES = ("New", "Open", "Pending", "On hold", "Solved", "Closed", "Deleted")
NEW, OPEN, SOLVED, CLOSED, DELETED = 0, 1, 4, 5, 6
TIMES = ("created", "assigned", "replied", "resolved", "reopened", "updated")
RATES = {
    "exact_duplicate": 0.002,
    "bad_date": 0.00015,
    "unknown_value": 0.0002,
    "negative_duration": 0.00015,
    "not_a_number": 0.0001,
    "missing_key": 0.00005,
}
"""Share of the rows of each file that get a copy with this fault."""


@dataclass
class Desk:
    """What the help desk remembers from month to month."""

    tickets: int = 0
    carried: list[Frame] = field(default_factory=list)
    """Tickets that will change after the last export, with how they were exported."""


def as_seen(tickets: Frame, now: np.datetime64) -> Frame:
    """The tickets as the desk shows them at an instant: nothing that happens later."""
    bot_or_human = {name: _until(tickets[name], now) for name in ("assigned", "replied", "reopened")}
    reopened = ~np.isnat(bot_or_human["reopened"])
    resolved = _until(np.where(reopened, tickets["again"], tickets["resolved"]), now)
    resolved = np.where(tickets["junk"], NOT_A_TIME, resolved)
    closed = _until(resolved + CLOSES_AFTER, now)
    is_resolved, is_replied = ~np.isnat(resolved), ~np.isnat(bot_or_human["replied"])
    is_rated = is_resolved & (tickets["rated"] <= now)
    shown = tickets | bot_or_human | {
        "resolved": resolved,
        "has_reopened": reopened,
        "status": _status(tickets, bot_or_human, is_resolved, ~np.isnat(closed)),
        "score": np.where(is_rated, tickets["score"], np.nan),
        "asked": tickets["asked"] & is_resolved,
        "touches": np.where(is_replied, tickets["touches"], 0),
        "handled": np.where(is_resolved, tickets["handled"], np.nan),
        "escalated": tickets["escalated"] & is_replied,
    }  # fmt: skip
    seen = [
        tickets["created"],
        *bot_or_human.values(),
        resolved,
        closed,
        np.where(is_rated, tickets["rated"], NOT_A_TIME),
    ]
    return shown | {"updated": reduce(np.fmax, seen)}


def _until(times: Array, now: np.datetime64) -> Array:
    return np.where(times <= now, times, NOT_A_TIME)


def _status(tickets: Frame, times: Frame, is_resolved: Array, is_closed: Array) -> Array:
    waiting = np.where(np.isnat(times["replied"]) | ~np.isnat(times["reopened"]), OPEN, OPEN + tickets["waits"])
    waiting = np.where(np.isnat(times["assigned"]), NEW, waiting)
    status = np.where(is_closed, CLOSED, np.where(is_resolved, SOLVED, waiting))
    return np.where(tickets["junk"], DELETED, status)


def number(desk: Desk, tickets: Frame) -> Frame:
    """The month's new tickets with their numbers."""
    first = 100_001 + desk.tickets
    desk.tickets += length(tickets)
    return tickets | {"number": first + np.arange(length(tickets))}


def export_month(company: Company, exports: Exports, desk: Desk, month: Month, created: Frame) -> None:
    """What changed in a month, as it stood at its end; earlier exports hold older versions of some."""
    end = np.datetime64(month.start, "s") + month.days * DAY
    rows = concat([*desk.carried, created | {"exported": np.full(length(created), NOT_A_TIME)}])
    seen = as_seen(rows, end)
    changed = ~(seen["updated"] <= seen["exported"])
    rows["exported"] = np.where(changed, seen["updated"], rows["exported"])
    desk.carried = [take(rows, as_seen(rows, company.span.end)["updated"] > end)]
    exports.truth.count(SOURCE, "support_tickets", {"late_update": int((changed & ~np.isnat(seen["exported"])).sum())})
    _write(company, exports, month, take(seen, changed), last=end == company.span.end)


def _write(company: Company, exports: Exports, month: Month, seen: Frame, last: bool) -> None:
    rng = company.random("helpdesk dirt", month.label)
    rows = soil(rng, seen, plan(rng, length(seen), RATES, at_least=int(last)))
    ragged = int(rng.binomial(length(rows), 0.0001)) + 2 * last
    local = rows | {name: on_clock(rows[name], CLOCK) for name in TIMES}
    exports.csv(
        f"data/helpdesk/tickets-{month.label}.csv",
        SOURCE,
        "support_tickets",
        local,
        _COLUMNS,
        delimiter=";",
        ragged=ragged,
    )


def _stamp(column: str) -> str:
    return written(column, FORMAT)


_AGENT = numbered("A-", "agent", 3)
_SUBJECT = (
    f"{label('part', PARTS)} || CASE WHEN number % 83 = 0 THEN ' – \"urgent\"; see below:' || chr(10) || 'thanks' "
    "WHEN number % 11 = 0 THEN ', second request' ELSE '' END"
)
_COLUMNS = {
    "Ticket No": spoiled("missing_key", numbered("T-", "number", 6), "''"),
    "Subject": _SUBJECT,
    "Organisation": numbered("C-", "customer"),
    "Status": spoiled("unknown_value", label("status", STATUSES), "'Snoozed'"),
    "Priority": label("priority", ("P4 Low", "P3 Normal", "P2 High", "P1 Urgent")),
    "Category": label("category", [category.name for category in CATEGORIES]),
    "Sub-category": label("part", PARTS),
    "Channel": label("channel", CHANNELS),
    "Product": label("service", SERVICE_NAMES),
    "Group": label("team", TEAMS),
    "Assignee No": _AGENT,
    "Created": spoiled("bad_date", _stamp("created"), "'31.02.2026 08:15:00'"),
    "Assigned": _stamp("assigned"),
    "First reply": _stamp("replied"),
    "Solved": spoiled("negative_duration", _stamp("resolved"), _stamp("created - INTERVAL 2 HOUR")),
    "Reopened": _stamp("reopened"),
    "Was reopened": worded("has_reopened", "Yes", "No"),
    "Escalated": worded("escalated", "Yes", "No"),
    "Replies": spoiled("not_a_number", whole("touches"), "'n/a'"),
    "Time spent (min)": "replace(handled::VARCHAR, '.', ',')",
    "Reply promised (h)": "replace((target / 60)::VARCHAR, '.', ',')",
    "Survey sent": worded("asked", "Yes", "No"),
    "Rating": label("coalesce(score, 0)::INTEGER - 1", ("Terrible", "Bad", "Okay", "Good", "Great")),
    "Answered by bot": worded("deflected", "Yes", "No"),
    "Updated": _stamp("updated"),
}

_FIELDS = ("status", "assignee", "comment")


def export_log(company: Company, exports: Exports, month: Month, created: Frame) -> None:
    """The changes of the month's new tickets, up to the extract."""
    rows = _events(take(created, ~created["junk"]), company.span.end)
    exports.csv(f"data/helpdesk/log-{month.label}.csv", LOG_SOURCE, "ticket_events", rows, {
        "Event": "'E-' || (ticket * 10 + step)",
        "Ticket": numbered("T-", "ticket", 6),
        "When": written('"at"'),
        "Actor": f"CASE actor_type WHEN 0 THEN {numbered('C-', 'customer')} WHEN 1 THEN 'routing' ELSE {_AGENT} END",
        "Actor kind": label("actor_type", ("End user", "Automation", "Agent")),
        "Field": label("field", _FIELDS),
        "From": label("old", ("new", "open", "resolved")),
        "To": f"CASE WHEN field = 1 THEN {_AGENT} ELSE {label('new', ('new', 'open', 'resolved', 'closed'))} END",
        "Visibility": worded("public", "public", "internal"),
    })  # fmt: skip


def _events(tickets: Frame, end: np.datetime64) -> Frame:
    """One frame of all events, in order of time."""
    final = np.where(np.isnat(tickets["reopened"]), tickets["resolved"], tickets["again"])
    answered = np.where(tickets["deflected"], 1, 2)
    steps = [
        _event(tickets, 1, tickets["created"], 0, field=0, old=-1, new=0, public=True),
        _event(tickets, 2, tickets["assigned"], 1, field=1, old=-1, new=-1, public=False),
        _event(tickets, 3, tickets["replied"], 2, field=2, old=-1, new=-1, public=True),
        _event(tickets, 4, tickets["resolved"], answered, field=0, old=1, new=2, public=True),
        _event(tickets, 5, tickets["reopened"], 0, field=0, old=2, new=1, public=True),
        _event(tickets, 6, tickets["again"], 2, field=0, old=1, new=2, public=True),
        _event(tickets, 7, final + CLOSES_AFTER, 1, field=0, old=2, new=3, public=False),
    ]
    events = concat(steps)
    events = take(events, events["at"] <= end)
    return take(events, np.lexsort((events["step"], events["ticket"], events["at"])))


def _event(
    tickets: Frame, step: int, at: Array, actor: Array | int, *, field: int, old: int, new: int, public: bool
) -> Frame:
    n = length(tickets)
    constant = {"step": step, "field": field, "old": old, "new": new, "public": public}
    columns = {name: np.full(n, value) for name, value in constant.items()}
    who = {"ticket": tickets["number"], "customer": tickets["customer"], "agent": tickets["agent"]}
    return columns | who | {"at": at, "actor_type": np.broadcast_to(actor, n).copy()}
