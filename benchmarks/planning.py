"""Planning: from a question to its SQL text, beside a DuckDB query that does nothing, in one run.

python benchmarks/planning.py [--runs N]
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict

import duckdb

from opstally import definitions, library
from opstally.engines.duckdb import DuckDB
from opstally.model.project import Assumptions
from opstally.period import Calendar, Period
from opstally.planner.lower import Context
from opstally.planner.plan import plan
from opstally.planner.query import Query
from opstally.planner.sql import write

QUESTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "one metric": (("uptime",), ()),
    "one fact, nine metrics, by week and priority": (
        ("tickets_created", "resolution_rate", "csat", "first_response_sla", "escalation_rate",
         "resolution_hours_median", "resolution_hours_p90", "tickets_rated", "first_response_pending"),
        ("ticket_priority",),
    ),
    "five facts by service": (
        ("uptime", "p95_response_ms", "incident_count", "downtime_minutes", "tickets_created", "change_failure_rate"),
        ("service_name",),
    ),
}  # fmt: skip
PERIOD = Period(dt.date(2026, 8, 3), dt.date(2026, 10, 26))


def milliseconds(action: Callable[[], object], runs: int) -> list[float]:
    found = []
    for _ in range(runs + 1):
        begun = time.perf_counter()
        action()
        found.append(1000 * (time.perf_counter() - begun))
    return found[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    runs = parser.parse_args().runs
    schema, metrics = definitions.link(library.load())
    connection = duckdb.connect()
    engine = DuckDB(connection)
    yardstick = milliseconds(lambda: connection.execute("SELECT 1").fetchall(), runs)
    print("| what | best ms | median ms | ratio to `SELECT 1` |\n|---|---|---|---|")
    print(f"| `SELECT 1` | {min(yardstick):.2f} | {statistics.median(yardstick):.2f} | 1 |")
    for name, (asked, by) in QUESTIONS.items():

        def planned(asked: tuple[str, ...] = asked, by: tuple[str, ...] = by) -> object:
            query = Query(asked, tuple((b, b) for b in by), "week", PERIOD, PERIOD.last_day, members=True)
            context = Context(PERIOD, PERIOD.last_day, Calendar(), asdict(Assumptions()), "week")
            return write(plan(query, schema, metrics, context), schema, engine)

        times = milliseconds(planned, runs)
        print(f"| {name} | {min(times):.1f} | {statistics.median(times):.1f} | {min(times) / min(yardstick):.0f} |")


if __name__ == "__main__":
    main()
