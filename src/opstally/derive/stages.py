"""Incident updates → `incident_stages`: in which stage each incident was when; and when incidents ended."""

from __future__ import annotations

from opstally.derive.step import Given, Made, empty, fill, remake
from opstally.derive.words import few, translate

STEP = "incident_stages"
TABLE = "incidents"
MADE_FROM = ("incident_updates", TABLE)
USES = (*MADE_FROM, "incident_stages")
MAKES = ("incident_stages", TABLE)

_POINTS = """
CREATE OR REPLACE TEMP TABLE stage_points AS
WITH hit AS (
    SELECT incident_id, service_name, started_at, resolved_at
    FROM incidents i SEMI JOIN incident_updates u
        ON u.incident_id = i.incident_id AND u.service_name IN ('*', i.service_name)
    UNION ALL
    -- What only updates know: the services that they name, or, where they name none, all together as '*'.
    SELECT DISTINCT u.incident_id, u.service_name, NULL::TIMESTAMP, NULL::TIMESTAMP
    FROM incident_updates u ANTI JOIN incidents i
        ON u.incident_id = i.incident_id AND (u.service_name = i.service_name OR u.service_name = '*')
    WHERE u.service_name != '*'
        OR u.incident_id NOT IN (SELECT incident_id FROM incident_updates WHERE service_name != '*')
),
said AS (
    -- An end that the export tells is the end: what is said later changes nothing.
    SELECT h.*, u."at", w.meaning AS stage, row_number() OVER (
        PARTITION BY h.incident_id, h.service_name ORDER BY u."at", -- at one instant they go on as incidents do
        list_position(['investigating', 'identified', 'monitoring', 'resolved'], w.meaning),
        length(u.update_id), u.update_id
    ) AS step
    FROM hit h
    JOIN incident_updates u ON h.incident_id = u.incident_id AND u.service_name IN ('*', h.service_name)
    JOIN stage_words w ON u.stage = w.name
    WHERE w.meaning != 'none' AND (u."at" < h.resolved_at) IS NOT FALSE
)
SELECT incident_id, service_name, "at", step, stage FROM said
UNION ALL
SELECT h.incident_id, h.service_name, h.started_at, 0, 'started'
FROM hit h ANTI JOIN said s
    ON h.incident_id = s.incident_id AND h.service_name = s.service_name AND s."at" <= h.started_at
WHERE h.started_at IS NOT NULL
UNION ALL
SELECT incident_id, service_name, resolved_at, 1000000000, 'resolved' FROM hit WHERE resolved_at IS NOT NULL
"""

_TURNS = """
CREATE OR REPLACE TEMP TABLE stage_turns AS
WITH lasting AS (
    SELECT * FROM stage_points
    QUALIFY lead("at") OVER (PARTITION BY incident_id, service_name ORDER BY "at", step) IS DISTINCT FROM "at"
),
changed AS (
    SELECT * FROM lasting
    QUALIFY lag(stage) OVER (PARTITION BY incident_id, service_name ORDER BY "at") IS DISTINCT FROM stage
)
SELECT incident_id, service_name, stage, "at" AS from_at, lead("at") OVER later AS to_at,
    lead(stage) OVER later AS next_stage
FROM changed WINDOW later AS (PARTITION BY incident_id, service_name ORDER BY "at")
"""

_STAGES = """
SELECT incident_id, service_name, from_at, to_at, stage FROM stage_turns WHERE stage != 'resolved'
ORDER BY incident_id, service_name, from_at
"""

_ENDS = """
WITH ended AS (
    SELECT incident_id, service_name, max(from_at) FILTER (WHERE stage = 'resolved' AND to_at IS NULL) AS resolved_at,
        -- Mitigated is what is watched to the end; a watch after which the search went on was none.
        arg_max(CASE WHEN stage = 'monitoring' THEN {'at': from_at} ELSE {'at': NULL} END, from_at)
            FILTER (WHERE stage != 'resolved').at AS mitigated_at
    FROM stage_turns GROUP BY incident_id, service_name
)
SELECT i.incident_id, i.service_name,
    CASE WHEN e.mitigated_at >= i.started_at THEN e.mitigated_at END AS mitigated_at,
    CASE WHEN e.resolved_at >= i.started_at THEN e.resolved_at END AS resolved_at,
    CASE WHEN i.resolved_at IS NULL AND e.resolved_at >= i.started_at
        THEN (epoch_us(e.resolved_at) - epoch_us(i.started_at)) / 6e7 END AS duration_minutes
FROM incidents i JOIN ended e ON i.incident_id = e.incident_id AND i.service_name = e.service_name
"""


def make(given: Given) -> tuple[Made, ...]:
    """The table, and the ends of incidents that the export itself does not tell."""
    if not given.holds("incident_updates"):
        empty(given, "incident_stages")
        return ()
    own = given.project.histories.stages
    unknown = translate(given, "stage_words", "stages", own, "SELECT DISTINCT stage FROM incident_updates")
    given.run(_POINTS)
    given.run(_TURNS)
    rows = remake(given, "incident_stages", _STAGES)
    counts = fill(given, STEP, TABLE, _ENDS)
    say = "Say what they mean in opstally.yml, under histories: stages."
    notes = (f"Unknown incident stages: {few(unknown)}. {say}",) if unknown else ()
    filled = (Made(TABLE, column, filled, MADE_FROM) for column, filled in counts.items())
    return (Made("incident_stages", None, rows, MADE_FROM, notes), *filled)
