"""Samples of resources in percent → their daily figures in `infrastructure_metrics`."""

from __future__ import annotations

from opstally.derive.step import Given, Made, add
from opstally.engines.duckdb import DuckDB
from opstally.engines.spell import spell
from opstally.expression import Call, Column, Literal

TABLE = "infrastructure_metrics"
MADE_FROM = ("resource_samples",)
USES = (TABLE, *MADE_FROM)
MAKES = (TABLE,)
_MADE = "opstally.made_resource_days"

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
    given.run("CREATE SCHEMA IF NOT EXISTS opstally")
    given.run(f"CREATE OR REPLACE TEMP TABLE days_made AS {_DAYS.format(day=_local_day(given))}")
    given.run(f"CREATE OR REPLACE TABLE {_MADE} AS SELECT resource_id, metric_date FROM days_made")
    add(given, TABLE, "SELECT * FROM days_made")
    return (Made(TABLE, None, given.count("SELECT count(*) FROM days_made"), MADE_FROM),)


def unmake(given: Given) -> None:
    """Take out the days that `make` put in."""
    if given.exists("opstally", "made_resource_days"):
        same = "t.resource_id = m.resource_id AND t.metric_date = m.metric_date"
        given.run(f"DELETE FROM {given.stored(TABLE)} AS t USING {_MADE} m WHERE {same}")
        given.run(f"DROP TABLE {_MADE}")


def _local_day(given: Given) -> str:
    """The day of a sample in the project's time zone, as the word date_of means it."""
    local = Call("local_time", (Column(("at",)), Literal(given.project.timezone)))
    at = Column(("at",)) if given.project.timezone == "UTC" else local
    return spell(Call("day", (at,)), DuckDB(given.connection), lambda column: f's."{column.name}"')
