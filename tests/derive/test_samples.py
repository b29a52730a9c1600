"""Daily figures of resources, from samples written by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.derive.loaded import Loaded, day


def sampled(loaded: Loaded, *lines: str, resource: str = "web-1", unit: str | None = "percent") -> None:
    """Samples such as "2 10:00 cpu 40"."""
    for line in lines:
        number, clock, measure, value = line.split()
        row: dict[str, Any] = {"resource_id": resource, "at": day(f"{number} {clock}"), "measure": measure}
        loaded.add("resource_samples", row | {"value": float(value), "unit": unit, "resource_type": "compute"})


def days(loaded: Loaded) -> list[tuple[Any, ...]]:
    return loaded.rows(
        "SELECT resource_id, metric_date, resource_type, utilization_percent, peak_utilization "
        "FROM infrastructure_metrics ORDER BY ALL"
    )


def test_a_day_is_its_mean_and_its_peak(loaded: Loaded) -> None:
    sampled(loaded, "2 10:00 cpu 40", "2 10:05 cpu 60", "2 23:55 cpu 80", "3 00:00 cpu 10")
    [made] = loaded.derive()
    assert (made.table, made.column, made.rows, made.made_from) == (
        "infrastructure_metrics", None, 2, ("resource_samples",),
    )  # fmt: skip
    assert days(loaded) == [
        ("web-1", dt.date(2026, 3, 2), "compute", 60, 80),
        ("web-1", dt.date(2026, 3, 3), "compute", 10, 10),
    ]


def test_a_resource_is_as_full_as_the_fullest_of_what_it_has(loaded: Loaded) -> None:
    """Memory at 70 % on average beside a CPU at 20 % with a peak of 95 %."""
    sampled(loaded, "2 10:00 cpu 5", "2 10:05 cpu 5", "2 10:10 cpu 95", "2 10:00 memory 70", "2 10:05 memory 70")
    loaded.derive()
    assert [row[3:] for row in days(loaded)] == [(70, 95)]


def test_what_is_no_share_of_a_capacity_makes_nothing(loaded: Loaded) -> None:
    sampled(loaded, "2 10:00 network_in 123456", unit="bytes")
    sampled(loaded, "2 10:00 value 12", unit=None)
    sampled(loaded, "2 10:00 cpu -1", resource="broken")
    loaded.derive()
    assert days(loaded) == []


def test_days_are_those_of_the_project(loaded: Loaded) -> None:
    sampled(loaded, "2 22:59 cpu 10", "2 23:00 cpu 30")
    loaded.derive(timezone="Europe/Berlin")
    assert [(row[1].day, row[3]) for row in days(loaded)] == [(2, 10), (3, 30)]


def test_a_day_that_an_export_brought_stays_as_it_is(loaded: Loaded) -> None:
    given = {"resource_id": "web-1", "metric_date": dt.date(2026, 3, 2), "utilization_percent": 33.0}
    loaded.add("infrastructure_metrics", given)
    sampled(loaded, "2 10:00 cpu 40", "3 10:00 cpu 50")
    for _ in range(2):
        loaded.derive()
        assert [(row[1].day, row[3], row[4]) for row in days(loaded)] == [(2, 33, None), (3, 50, 50)]
    loaded.connection.execute("DELETE FROM resource_samples")
    loaded.derive()
    assert [(row[1].day, row[3]) for row in days(loaded)] == [(2, 33)]
