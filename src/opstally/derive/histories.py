"""Ticket events → what the tickets themselves do not tell: first answer, assignments, reopenings, resolving, pauses."""

from __future__ import annotations

from opstally.derive.statuses import DONE, MADE_FROM, OPEN
from opstally.derive.step import Given, Made, empty, fill, remake
from opstally.quoting import text

STEP = "ticket_history"
TABLE = "support_tickets"
TOLD = "ticket_histories"
USES = (*MADE_FROM, "ticket_statuses", "agents", TOLD)
MAKES = (TABLE, TOLD)

_TURNS = f"""
    -- What became of a ticket by its changes of status.
    SELECT ticket_id, arg_max(after, step) AS last_status,
        count(*) FILTER (WHERE before IN {DONE} AND after IN {OPEN}) AS reopenings,
        max("at") FILTER (WHERE before IN {DONE} AND after IN {OPEN}) AS reopened_at,
        min("at") FILTER (WHERE after IN {DONE} AND (before IN {DONE}) IS NOT TRUE) AS first_resolved_at,
        max("at") FILTER (WHERE after IN {DONE} AND (before IN {DONE}) IS NOT TRUE) AS resolved_at,
        max("at") FILTER (WHERE after = 'closed' AND before IS DISTINCT FROM 'closed') AS closed_at
    FROM status_changes GROUP BY ticket_id
"""

_ASSIGNED = """
    SELECT ticket_id, min("at") AS assigned_at, count(*) AS assignments
    FROM (
        SELECT e.ticket_id, e."at", e.new_value
        FROM ticket_events e JOIN field_words f ON e.field = f.name AND f.meaning = 'assignee'
        QUALIFY lag(e.new_value) OVER (PARTITION BY e.ticket_id ORDER BY e."at", length(e.event_id), e.event_id)
            IS DISTINCT FROM e.new_value
    ) WHERE new_value IS NOT NULL GROUP BY ticket_id
"""

_WHO = "coalesce(e.actor_type, CASE WHEN e.actor IN (SELECT agent_id FROM agents) THEN 'human' END)"
"""Who made a change: as the history says or, where it has only the number of a person, whether that is an agent's."""

_PERSON, _BOT = (f"FILTER (WHERE {_WHO} = '{who}')" for who in ("human", "bot"))

_REPLIED = f"""
    -- A reply: public, by a colleague who did not ask himself, after the ticket was there (what came with it, asks).
    SELECT e.ticket_id, min(e."at") {_PERSON} AS first_response_at, max(e."at") {_PERSON} AS last_response_at,
        count(*) {_PERSON} AS agent_touches, min(e."at") {_BOT} AS first_bot_reply_at
    FROM ticket_events e
    JOIN field_words f ON e.field = f.name AND f.meaning IN ('reply', 'comment')
    JOIN support_tickets t ON e.ticket_id = t.ticket_id
    WHERE coalesce(e.is_public, f.meaning = 'reply') AND e."at" > t.created_at
        AND (e.actor = t.requester) IS NOT TRUE
    GROUP BY e.ticket_id
"""

_REPLIES_ARE_TOLD = f"""
SELECT count(*) FROM (
    SELECT 1 FROM ticket_events e JOIN field_words f ON e.field = f.name AND f.meaning IN ('reply', 'comment')
    WHERE {_WHO} IS NOT NULL AND (e.is_public IS NOT NULL OR f.meaning = 'reply') LIMIT 1
)
"""


def make(given: Given) -> tuple[Made, ...]:
    """Needs what `statuses.make` leaves. Columns that the export filled itself are left alone, open tickets open."""
    if not given.holds("ticket_events") or not given.holds(TABLE):
        empty(given, TOLD)
        return ()
    told = bool(given.count(_REPLIES_ARE_TOLD))
    counts = fill(given, STEP, TABLE, _values(given.project.histories.pauses, told))
    rows = remake(given, TOLD, _told(told))
    return (*(Made(TABLE, column, n, MADE_FROM) for column, n in counts.items()), Made(TOLD, None, rows, MADE_FROM))


def _told(replies_are_told: bool) -> str:
    """What the histories tell, whether or not the export told it too."""
    return f"""
WITH turns AS ({_TURNS}), replied AS ({_REPLIED})
SELECT t.ticket_id, t.created_at, r.first_response_at AS first_reply_at, r.last_response_at AS last_reply_at,
    r.first_bot_reply_at, {"coalesce(r.agent_touches, 0)" if replies_are_told else "NULL::BIGINT"} AS replies,
    {_after("u.first_resolved_at")} AS first_resolved_at, {_after("u.resolved_at")} AS last_resolved_at,
    {_after("u.closed_at")} AS closed_at
FROM support_tickets t
SEMI JOIN ticket_events e ON t.ticket_id = e.ticket_id
LEFT JOIN turns u ON t.ticket_id = u.ticket_id
LEFT JOIN replied r ON t.ticket_id = r.ticket_id
WHERE t.status != 'deleted' ORDER BY t.ticket_id
"""


def _after(instant: str) -> str:
    """Not before the ticket was there, whatever two clocks say; NULL stays NULL, which greatest() would not do."""
    return f"CASE WHEN {instant} < t.created_at THEN t.created_at ELSE {instant} END"


def _values(pauses: tuple[str, ...], replies_are_told: bool) -> str:
    names = ", ".join(text(status) for status in pauses) or "NULL"
    return f"""
WITH turns AS ({_TURNS}), assigned AS ({_ASSIGNED}), replied AS ({_REPLIED}),
known AS (
    SELECT t.ticket_id, t.created_at, {_after("a.assigned_at")} AS assigned_at, a.assignments,
        coalesce(t.first_response_at, r.first_response_at) AS first_response_at,
        {"coalesce(r.agent_touches, 0)" if replies_are_told else "NULL::BIGINT"} AS agent_touches,
        u.reopenings, u.reopenings > 0 AS reopened, {_after("u.reopened_at")} AS reopened_at, u.last_status,
        -- A ticket that is open by its own word, or by its history, has not been resolved yet.
        coalesce(t.resolved_at, CASE WHEN t.status IN {DONE} AND u.last_status IN {DONE}
            THEN {_after("u.resolved_at")} END) AS resolved_at,
        t.status
    FROM support_tickets t
    SEMI JOIN ticket_events e ON t.ticket_id = e.ticket_id
    LEFT JOIN turns u ON t.ticket_id = u.ticket_id
    LEFT JOIN assigned a ON t.ticket_id = a.ticket_id
    LEFT JOIN replied r ON t.ticket_id = r.ticket_id
    WHERE t.status != 'deleted'
),
paused AS (
    SELECT s.ticket_id,
        sum(greatest(epoch_us(least(s.to_at, k.resolved_at)) - epoch_us(greatest(s.from_at, k.created_at)), 0)) AS us
    FROM ticket_statuses s JOIN known k ON s.ticket_id = k.ticket_id
    WHERE s.status IN ({names}) AND k.resolved_at IS NOT NULL AND k.status IN {DONE} GROUP BY s.ticket_id
)
SELECT k.ticket_id, k.assigned_at, k.assignments, k.first_response_at,
    (epoch_us(k.first_response_at) - epoch_us(k.created_at)) / 6e7 AS first_response_minutes,
    k.agent_touches, k.reopenings, k.reopened, k.reopened_at, k.resolved_at,
    CASE WHEN k.status IN {DONE} THEN (epoch_us(k.resolved_at) - epoch_us(k.created_at)) / 3.6e9 END
        AS resolution_hours,
    CASE WHEN k.status IN {DONE} AND k.resolved_at IS NOT NULL AND k.last_status IS NOT NULL
        THEN coalesce(p.us, 0) / 6e7 END AS paused_minutes
FROM known k LEFT JOIN paused p ON k.ticket_id = p.ticket_id
"""
