"""Monitoring checks → `outages`: when a service was down, by all of its checks together."""

from __future__ import annotations

from opstally.derive.step import Given, Made, empty, remake

TABLE = "infrastructure_monitoring"
USES = (TABLE, "outages")
MAKES = ("outages",)

_RATES = f"""
CREATE OR REPLACE TEMP TABLE check_rates AS
-- The usual interval of a check is the median over its days of the day's mean interval; a check a day, or fewer: a day.
SELECT service_name, check_id, (least({{stale_after}} * median(us), {{stale_after}} * 8.64e10))::BIGINT AS holds_us
FROM (
    SELECT service_name, check_id,
        CASE WHEN count(*) > 1 THEN (epoch_us(max(check_timestamp)) - epoch_us(min(check_timestamp))) / (count(*) - 1)
            ELSE 8.64e10 END AS us
    FROM {TABLE} WHERE status != 'unknown'
    GROUP BY service_name, check_id, CAST(check_timestamp AS DATE)
) GROUP BY service_name, check_id
"""

_DAYS = f"""
CREATE OR REPLACE TEMP TABLE days_around_outages AS
-- Only these days are looked at closely: far more rows tell of good days than of bad ones.
WITH around AS (
    SELECT service_name, ceil(max(holds_us) / 8.64e10)::BIGINT AS days FROM check_rates GROUP BY service_name
)
SELECT DISTINCT d.service_name, d.day + CAST(unnest(range(-a.days, a.days + 1)) AS INTEGER) AS day
FROM (SELECT DISTINCT service_name, CAST(check_timestamp AS DATE) AS day FROM {TABLE} WHERE status = 'down') d
JOIN around a ON d.service_name = a.service_name
"""

_RESULTS = f"""
CREATE OR REPLACE TEMP TABLE results_around_outages AS
WITH results AS (
    SELECT c.service_name, c.check_id, c.check_timestamp AS "at", (c.status != 'maintenance')::INTEGER AS fresh,
        (c.status = 'down')::INTEGER AS down, r.holds_us
    FROM {TABLE} c
    JOIN days_around_outages d ON c.service_name = d.service_name AND CAST(c.check_timestamp AS DATE) = d.day
    JOIN check_rates r ON c.service_name = r.service_name AND c.check_id = r.check_id
    WHERE c.status != 'unknown'
),
confirmed AS ({{confirmed}}),
held AS (
    SELECT service_name, check_id, "at", fresh, down,
        least(lead("at") OVER later, "at" + to_microseconds(holds_us)) AS until, lead("at") OVER later AS next_at
    FROM confirmed WINDOW later AS (PARTITION BY service_name, check_id ORDER BY "at")
),
beside AS (
    SELECT *, lag(until) OVER later IS NOT DISTINCT FROM "at" AS goes_on,
        lag(fresh) OVER later AS fresh_before, lag(down) OVER later AS down_before
    FROM held WINDOW later AS (PARTITION BY service_name, check_id ORDER BY "at")
)
-- A result that goes on as the one before it needs no second look, unless it is to be counted.
SELECT service_name, check_id, "at", until, fresh, down, next_at IS DISTINCT FROM until AS ends,
    fresh - CASE WHEN goes_on THEN fresh_before ELSE 0 END AS fresh_more,
    down - CASE WHEN goes_on THEN down_before ELSE 0 END AS down_more
FROM beside WHERE down = 1 OR ends OR fresh_more != 0 OR down_more != 0
"""

_AS_THEY_ARE = "FROM results"

_IN_A_ROW = """
    SELECT * REPLACE ((down = 1 AND sum(down) OVER one_run >= {confirm})::INTEGER AS down) FROM (
        -- Sums, because a window's FILTER takes forty times as long.
        SELECT *, sum(1 - down) OVER (PARTITION BY service_name, check_id ORDER BY "at") AS run FROM results
    ) WINDOW one_run AS (PARTITION BY service_name, check_id, run)
"""

_OUTAGES = f"""
CREATE OR REPLACE TEMP TABLE outages_found AS
WITH marks AS (
    SELECT service_name, "at", 1 AS results, fresh_more AS fresh, down_more AS down FROM results_around_outages
    UNION ALL
    SELECT service_name, until, 0, -fresh, -down FROM results_around_outages WHERE ends
),
instants AS (
    SELECT service_name, "at", sum(results) AS results, sum(fresh) AS fresh, sum(down) AS down
    FROM marks GROUP BY service_name, "at"
),
levels AS (
    SELECT service_name, "at", results, sum(fresh) OVER upto AS fresh, sum(down) OVER upto AS down
    FROM instants WINDOW upto AS (PARTITION BY service_name ORDER BY "at")
),
judged AS (SELECT service_name, "at", results, down > 0 AND down >= {{down_share}} * fresh AS is_out FROM levels),
turns AS (
    SELECT * FROM judged QUALIFY lag(is_out) OVER (PARTITION BY service_name ORDER BY "at") IS DISTINCT FROM is_out
),
spans AS (
    SELECT service_name, is_out, "at" AS started_at, lead("at") OVER later AS ended_at,
        lead(results) OVER later AS results
    FROM turns WINDOW later AS (PARTITION BY service_name ORDER BY "at")
)
SELECT service_name, started_at, CASE WHEN results > 0 OR ended_at <= newest THEN ended_at END AS ended_at,
    CASE WHEN results > 0 THEN 'recovery' WHEN ended_at <= newest THEN 'silence' END AS ended_by
FROM spans, (SELECT max(check_timestamp) AS newest FROM {TABLE} WHERE status != 'unknown')
WHERE is_out
"""

_COUNTED = """
SELECT o.service_name, o.started_at, o.ended_at,
    (epoch_us(o.ended_at) - epoch_us(o.started_at)) / 6e7 AS duration_minutes,
    c.down_checks, c.checks_involved, o.ended_by
FROM outages_found o
JOIN (
    SELECT o.service_name, o.started_at, count(*) AS down_checks, count(DISTINCT r.check_id) AS checks_involved
    FROM results_around_outages r
    ASOF JOIN outages_found o ON r.service_name = o.service_name AND r."at" >= o.started_at
    WHERE r.down = 1 AND (r."at" < o.ended_at) IS NOT FALSE
    GROUP BY o.service_name, o.started_at
) c ON o.service_name = c.service_name AND o.started_at = c.started_at
ORDER BY o.service_name, o.started_at
"""


def make(given: Given) -> tuple[Made, ...]:
    """See the table's description for what counts as an outage."""
    if not given.holds(TABLE):
        empty(given, "outages")
        return ()
    rule = given.project.histories.outages
    given.run(_RATES.format(stale_after=float(rule.stale_after)))
    given.run(_DAYS)
    in_a_row = _IN_A_ROW.format(confirm=int(rule.confirm))
    given.run(_RESULTS.format(confirmed=in_a_row if rule.confirm > 1 else _AS_THEY_ARE))
    given.run(_OUTAGES.format(down_share=float(rule.down_share)))
    rows = remake(given, "outages", _COUNTED)
    return (Made("outages", None, rows, (TABLE,)),)
