"""Samples of resources in percent → their daily figures in `infrastructure_metrics`."""

from __future__ import annotations

from opstally.derive.step import Given, Made, add_made, local_day

TABLE = "infrastructure_metrics"
MADE_FROM = ("resource_samples",)
USES = (TABLE, *MADE_FROM)
MAKES = (TABLE,)
STEP = "resource_days"

_DAYS = """
WITH measured AS (
    SELECT s.resource_id, {day} AS metric_date, s.measure, max(s.resource_type) AS resource_type,
        avg(s.value) AS mean, max(s.value) AS peak
    FROM resource_samples s WHERE lower(trim(s.unit)) = 'percent' AND s.value >= 0 GROUP BY ALL
)
-- A resource is as full as the fullest of what it has: memory that is used up is not made good by an idle CPU.
SELECT m.resource_id, m.metric_date, max(m.resource_type) AS resource_type, max(m.mean) AS utilization_percent,
    max(m.peak) AS peak_utilization
FROM measured m
ANTI JOIN infrastructure_metrics given ON m.resource_id = given.resource_id AND m.metric_date = given.metric_date
GROUP BY m.resource_id, m.metric_date ORDER BY m.resource_id, m.metric_date
"""


def make(given: Given) -> tuple[Made, ...]:
    """Days of resources that no export brought as days itself."""
    if not given.holds("resource_samples"):
        return ()
    rows = add_made(given, STEP, TABLE, ("resource_id", "metric_date"), _DAYS.format(day=local_day(given, "s.at")))
    return (Made(TABLE, None, rows, MADE_FROM),)
