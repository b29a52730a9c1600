"""Process events → steps in `process_executions`: what was done when, how long it took, how long the case waited."""

from __future__ import annotations

from opstally.derive.step import Given, Made, add_made, local_day
from opstally.derive.words import few, translate

TABLE = "process_executions"
MADE_FROM = ("process_events",)
USES = (TABLE, *MADE_FROM)
MAKES = (TABLE,)
STEP = "process_steps"

_LINES = """
CREATE OR REPLACE TEMP TABLE process_lines AS
SELECT e.execution_id, e.process_name, e.step_name, e."at", e.started_at, w.meaning AS kind,
    coalesce(e.instance, '') AS instance, e.resource, e.is_automated, e.error_occurred, row_number() OVER (
        -- Where neither times nor the log's order tell, a start comes before an end.
        PARTITION BY e.execution_id ORDER BY e."at", e.event_sequence,
        list_position(['start', 'suspend', 'resume', 'abort', 'end'], w.meaning), length(e.event_id), e.event_id
    ) AS place
FROM process_events e JOIN lifecycle_words w ON e.lifecycle = w.name
ANTI JOIN process_executions given ON e.execution_id = given.execution_id
"""

_STEPS = """
CREATE OR REPLACE TEMP TABLE process_steps AS
WITH counted AS (
    -- More ends than starts so far: those ends have no start, and may not take that of a later go.
    SELECT *, sum(CASE kind WHEN 'start' THEN 1 ELSE -1 END) OVER upto AS height
    FROM process_lines WHERE kind = 'start' OR (kind IN ('end', 'abort') AND started_at IS NULL)
    WINDOW upto AS (PARTITION BY execution_id, step_name, instance ORDER BY place)
),
judged AS (
    SELECT *, kind != 'start' AND height < least(0, coalesce(min(height) OVER earlier, 0)) AS is_orphan
    FROM counted
    WINDOW earlier AS (
        PARTITION BY execution_id, step_name, instance ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
),
numbered AS (
    SELECT *, row_number() OVER (PARTITION BY execution_id, step_name, instance, kind = 'start' ORDER BY place) AS go
    FROM judged WHERE NOT is_orphan
),
starts AS (SELECT * FROM numbered WHERE kind = 'start'),
ends AS (SELECT * FROM numbered WHERE kind != 'start'),
steps AS (
    SELECT s.execution_id, s.process_name, s.step_name, s.instance, s.place,
        s."at" AS started_at, e."at" AS completed_at, coalesce(e.resource, s.resource) AS resource,
        coalesce(e.is_automated, s.is_automated) AS is_automated,
        CASE WHEN e.kind = 'abort' THEN true ELSE coalesce(e.error_occurred, s.error_occurred) END AS error_occurred
    FROM starts s LEFT JOIN ends e
        ON s.execution_id = e.execution_id AND s.step_name = e.step_name AND s.instance = e.instance AND s.go = e.go
    UNION ALL
    SELECT execution_id, process_name, step_name, instance, place, NULL, "at", resource, is_automated,
        CASE WHEN kind = 'abort' THEN true ELSE error_occurred END
    FROM judged WHERE is_orphan
    UNION ALL
    SELECT execution_id, process_name, step_name, instance, place, started_at, "at", resource, is_automated,
        CASE WHEN kind = 'abort' THEN true ELSE error_occurred END
    FROM process_lines WHERE kind IN ('end', 'abort') AND started_at IS NOT NULL
)
SELECT *, coalesce(started_at, completed_at) AS begun_at FROM steps
"""

_SUSPENDED = """
CREATE OR REPLACE TEMP TABLE process_suspensions AS
WITH turns AS (
    SELECT execution_id, step_name, instance, kind, "at" AS from_at, lead("at") OVER later AS to_at
    FROM process_lines WHERE kind != 'none'
    WINDOW later AS (PARTITION BY execution_id, step_name, instance ORDER BY place)
)
SELECT execution_id, step_name, instance, from_at, to_at FROM turns WHERE kind = 'suspend' AND to_at IS NOT NULL
"""

_TIMED = """
WITH placed AS (
    SELECT *, row_number() OVER (PARTITION BY execution_id ORDER BY begun_at, place) AS step_sequence,
        -- Steps that take no time, or of which only the end is known: those before it at the same instant.
        row_number() OVER (PARTITION BY execution_id, completed_at, completed_at = begun_at ORDER BY place) AS at_once,
        lead(true) OVER (PARTITION BY execution_id, step_name ORDER BY begun_at, place) AS again
    FROM process_steps
),
ends AS (
    SELECT execution_id, completed_at, bool_or(completed_at > begun_at) AS is_of_longer_one
    FROM process_steps WHERE completed_at IS NOT NULL GROUP BY execution_id, completed_at
),
waited AS (
    SELECT p.*, upto.completed_at AS done_upto, before.completed_at AS done_before,
        p.at_once > 1 OR (upto.completed_at = p.begun_at AND upto.is_of_longer_one) AS is_next_at_once
    FROM placed p
    ASOF LEFT JOIN ends upto ON p.execution_id = upto.execution_id AND p.begun_at >= upto.completed_at
    ASOF LEFT JOIN ends before ON p.execution_id = before.execution_id AND p.begun_at > before.completed_at
),
suspended AS (
    SELECT p.execution_id, p.step_sequence,
        sum(epoch_us(least(s.to_at, p.completed_at)) - epoch_us(s.from_at)) AS us
    FROM placed p JOIN process_suspensions s ON p.execution_id = s.execution_id AND p.step_name = s.step_name
        AND p.instance = s.instance AND s.from_at >= p.started_at AND s.from_at < p.completed_at
    GROUP BY p.execution_id, p.step_sequence
)
SELECT w.execution_id, w.step_sequence, w.process_name, w.step_name, w.started_at, w.completed_at,
    (epoch_us(w.completed_at) - epoch_us(w.started_at) - coalesce(s.us, 0)) / 6e7 AS step_duration_minutes,
    CASE WHEN w.completed_at IS DISTINCT FROM w.begun_at THEN (epoch_us(w.begun_at) - epoch_us(w.done_upto)) / 6e7
         WHEN w.is_next_at_once THEN 0
         ELSE (epoch_us(w.begun_at) - epoch_us(w.done_before)) / 6e7 END AS wait_time_minutes,
    w.error_occurred, coalesce(w.again, false) AS rework_required, {day} AS execution_date, w.resource, w.is_automated
FROM waited w LEFT JOIN suspended s ON w.execution_id = s.execution_id AND w.step_sequence = s.step_sequence
ORDER BY w.execution_id, w.step_sequence
"""


def make(given: Given) -> tuple[Made, ...]:
    """Steps of the cases that no export brought as steps itself."""
    if not given.holds("process_events"):
        return ()
    unknown = translate(given, "lifecycle_words", "lifecycles", {}, "SELECT DISTINCT lifecycle FROM process_events")
    given.run(_LINES)
    given.run(_STEPS)
    given.run(_SUSPENDED)
    timed = _TIMED.format(day=local_day(given, "w.begun_at"))
    rows = add_made(given, STEP, TABLE, ("execution_id", "step_sequence"), timed)
    skipped = f"Events with these lifecycles are not understood and left out: {few(unknown)}."
    return (Made(TABLE, None, rows, MADE_FROM, (skipped,) if unknown else ()),)
