"""Ticket events → `ticket_statuses`: in which status each ticket was from when to when."""

from __future__ import annotations

from opstally.derive.step import Given, Made, empty, remake
from opstally.derive.words import UNKNOWN, few, translate

DONE = "('resolved', 'closed')"
OPEN = "('new', 'open', 'pending', 'hold')"
MADE_FROM = ("ticket_events", "support_tickets")
USES = (*MADE_FROM, "ticket_statuses")
MAKES = ("ticket_statuses",)

_CHANGES = f"""
CREATE OR REPLACE TEMP TABLE status_changes AS
WITH told AS (
    SELECT e.ticket_id, e."at", e.event_id, o.meaning AS old, n.meaning AS after, e.new_value AS source_status
    FROM ticket_events e
    JOIN field_words f ON e.field = f.name AND f.meaning = 'status'
    LEFT JOIN status_words o ON e.old_value = o.name
    JOIN status_words n ON e.new_value = n.name
),
at_once AS (SELECT ticket_id, "at", list(old) AS olds FROM told GROUP BY ALL HAVING count(*) > 1)
SELECT told.ticket_id, told."at", row_number() OVER in_order AS step, after, source_status,
    coalesce(nullif(old, '{UNKNOWN}'), lag(after) OVER in_order) AS before
FROM told LEFT JOIN at_once ON told.ticket_id = at_once.ticket_id AND told."at" = at_once."at"
-- Of changes at the same instant, one that another goes on from comes before it; else their identifiers count up.
WINDOW in_order AS (
    PARTITION BY told.ticket_id
    ORDER BY told."at", coalesce(list_contains(olds, after), false) DESC, length(event_id), event_id
)
"""

_HISTORIES = """
CREATE OR REPLACE TEMP TABLE status_histories AS
SELECT ticket_id, min("at") AS first_at, max("at") AS last_at, max(before) FILTER (WHERE step = 1) AS first_status,
    arg_max(after, step) AS last_status
FROM status_changes GROUP BY ticket_id
"""

_OWN = f"""
    CASE WHEN t.status IN {DONE} AND t.resolved_at > h.last_at THEN t.resolved_at
         WHEN t.updated_at > h.last_at THEN t.updated_at END
"""
"""When a ticket came into the state that it shows, where its history ends in another one before that."""

_POINTS = f"""
    SELECT h.ticket_id, least(t.created_at, h.first_at) AS "at", 0 AS step, coalesce(h.first_status, 'new') AS status,
        NULL AS source_status, true AS from_history
    FROM status_histories h LEFT JOIN support_tickets t ON h.ticket_id = t.ticket_id
    UNION ALL
    SELECT ticket_id, "at", step, after, source_status, true FROM status_changes
    UNION ALL
    SELECT h.ticket_id, {_OWN}, 1000000000, t.status, NULL, true
    FROM status_histories h JOIN support_tickets t ON h.ticket_id = t.ticket_id
    WHERE t.status IS DISTINCT FROM h.last_status AND {_OWN} IS NOT NULL
    UNION ALL
    SELECT ticket_id, created_at, 0, 'open', NULL, false
    FROM support_tickets t ANTI JOIN status_histories h ON t.ticket_id = h.ticket_id
    UNION ALL
    SELECT ticket_id, coalesce(resolved_at, updated_at, created_at), 1, status, NULL, false
    FROM support_tickets t ANTI JOIN status_histories h ON t.ticket_id = h.ticket_id
    WHERE status IN {DONE}
"""

_SPANS = f"""
WITH points AS ({_POINTS}),
lasting AS (
    SELECT p.* FROM points p
    ANTI JOIN (SELECT ticket_id FROM support_tickets WHERE status = 'deleted') d ON p.ticket_id = d.ticket_id
    QUALIFY lead(p."at") OVER (PARTITION BY p.ticket_id ORDER BY p."at", p.step) IS DISTINCT FROM p."at"
),
changed AS (
    SELECT * FROM lasting QUALIFY lag(status) OVER (PARTITION BY ticket_id ORDER BY "at") IS DISTINCT FROM status
)
SELECT ticket_id, "at" AS from_at, lead("at") OVER (PARTITION BY ticket_id ORDER BY "at") AS to_at,
    status, source_status, from_history
FROM changed ORDER BY ticket_id, from_at
"""

_CONTRADICTED = f"""
SELECT count(*) FROM status_histories h JOIN support_tickets t ON h.ticket_id = t.ticket_id
WHERE ((t.status IN {DONE} AND h.last_status IN {OPEN}) OR (t.status IN {OPEN} AND h.last_status IN {DONE}))
    AND {_OWN} IS NULL
"""


def make(given: Given) -> tuple[Made, ...]:
    """The table, and the temporary tables `status_changes` and `field_words` for those that come after."""
    if not given.holds("ticket_events"):
        empty(given, "ticket_statuses")
        return ()
    notes = prepare(given)
    given.run(_HISTORIES)
    rows = remake(given, "ticket_statuses", _SPANS)
    contradicted = given.count(_CONTRADICTED)
    if contradicted:
        notes.append(
            f"{contradicted} tickets show another state than their history ends with, at the same time or earlier; "
            "the history counts."
        )
    return (Made("ticket_statuses", None, rows, MADE_FROM, tuple(notes)),)


def prepare(given: Given) -> list[str]:
    """The temporary tables `field_words`, `status_words` and `status_changes`; gives what nobody has explained."""
    notes = []
    fields = translate(given, "field_words", "fields", {}, "SELECT DISTINCT field FROM ticket_events")
    known = given.count("SELECT count(*) FROM field_words WHERE meaning = 'status'")
    if fields and not known:
        notes.append(f"No field of ticket_events is known to be the status; there are: {few(fields)}.")
    names = (
        "SELECT DISTINCT unnest([e.old_value, e.new_value]) FROM ticket_events e "
        "JOIN field_words f ON e.field = f.name AND f.meaning = 'status'"
    )
    unknown = translate(given, "status_words", "statuses", given.project.histories.statuses, names)
    if unknown:
        notes.append(
            f"Unknown ticket statuses: {few(unknown)}. Say what they mean in opstally.yml, histories: statuses."
        )
    given.run(_CHANGES)
    return notes
