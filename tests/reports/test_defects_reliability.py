"""What the module's SQL gets wrong about services, incidents, resources and components: its number, ours, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pytest
from tests.reports import module_sql, module_sql_reports, tables
from tests.reports.tables import Row

TODAY = dt.date(2026, 10, 31)


def at(day: int, hour: int = 0, minute: int = 0, month: int = 10) -> dt.datetime:
    """An instant of 2026, in October unless told."""
    return dt.datetime(2026, month, day, hour, minute)


def checks(*given: Row) -> list[Row]:
    """Checks of the service api, a minute apart on 20 October unless told, up and answered in 100 ms."""
    usual = {"service_name": "api", "check_id": "ping", "status": "up", "response_time_ms": 100}
    return [usual | {"check_timestamp": at(20, n // 60, n % 60)} | row for n, row in enumerate(given)]


def incident(name: str, start: dt.datetime, end: dt.datetime | None, **more: Any) -> Row:
    """An incident of the service api."""
    lasted = None if end is None else (end - start).total_seconds() / 60
    row = {"incident_id": name, "service_name": "api", "started_at": start, "resolved_at": end}
    return row | {"duration_minutes": lasted} | more


def reliability(given: Iterable[Row], incidents: Iterable[Row] = (), services: Iterable[Row] = ()) -> tuple[Any, Any]:
    """What the module and what we say of each service."""
    company = tables.filled(infrastructure_monitoring=given, incidents=incidents, services=services)
    theirs = module_sql.run(company, module_sql.SERVICE_RELIABILITY, TODAY)
    ours = tables.records(tables.report(company, "service-reliability", TODAY))
    return tables.keyed(theirs, "service_name"), tables.keyed(ours, "service_name")


def test_mean_of_daily_p95() -> None:
    """20 answers of 100 ms on one day, one of 1000 ms on the next: 95 % of all took 100 ms, not (100 + 1000) / 2."""
    slow = {"check_timestamp": at(21), "response_time_ms": 1000}
    theirs, ours = reliability(checks(*[{}] * 20, slow))
    assert theirs["api"]["p95_response_ms"] == 550
    assert ours["api"]["p95_response_ms"] == 100


def test_degraded_counted_as_down() -> None:
    """Slow is not down: 10 of 10 checks were answered, 8 of them well."""
    theirs, ours = reliability(checks(*[{}] * 8, *[{"status": "degraded"}] * 2))
    assert theirs["api"]["uptime_percentage"] == 80
    assert (ours["api"]["uptime_percentage"], ours["api"]["fully_up_percentage"]) == (100, 80)


def test_unknown_and_maintenance_counted_as_down() -> None:
    """A check that found out nothing, and one in an announced maintenance, are no downtime; they are counted apart."""
    theirs, ours = reliability(checks(*[{}] * 8, {"status": "unknown"}, {"status": "maintenance"}))
    assert theirs["api"]["uptime_percentage"] == 80
    assert (ours["api"]["uptime_percentage"], ours["api"]["checks_excluded"]) == (100, 2)


def test_missing_checks_ignored() -> None:
    """Checks every hour on half of the 30 days: the module's 100 % says nothing of the other half, ours says so."""
    half = [{"check_timestamp": at(day, hour)} for day in range(2, 17) for hour in range(24)]
    theirs, ours = reliability(checks(*half))
    assert theirs["api"]["uptime_percentage"] == 100
    assert "monitoring_coverage_pct" not in theirs["api"]
    assert ours["api"]["monitoring_coverage_pct"] == 50


def test_overlapping_incidents_added_twice() -> None:
    """10:00–11:00 and 10:30–11:30 are an hour and a half of trouble, not two hours."""
    both = [incident("a", at(20, 10), at(20, 11)), incident("b", at(20, 10, 30), at(20, 11, 30))]
    theirs, ours = reliability(checks({}), both)
    assert theirs["api"]["total_downtime_minutes"] == 120
    assert ours["api"]["total_downtime_minutes"] == 90


def test_open_incidents_last_no_time() -> None:
    """Down since 20:00 and still so at midnight: four hours, where the module adds up an empty duration to none."""
    theirs, ours = reliability(checks({}), [incident("a", at(31, 20), None)])
    assert theirs["api"]["total_downtime_minutes"] == 0
    assert (ours["api"]["total_downtime_minutes"], ours["api"]["avg_incident_minutes"]) == (240, 240)


def test_incidents_that_straddle_the_window() -> None:
    """Begun two days before the window and over at noon of its first day: 12 hours are in it, the module sees none."""
    theirs, ours = reliability(checks({}), [incident("a", at(30, 12, month=9), at(2, 12))])
    assert theirs["api"]["total_downtime_minutes"] == 0
    assert ours["api"]["total_downtime_minutes"] == 720


def test_services_without_checks_vanish() -> None:
    """The archive is monitored by nobody and had an incident; that is a finding, not a reason to leave it out."""
    down = incident("a", at(20, 10), at(20, 11)) | {"service_name": "archive"}
    theirs, ours = reliability(checks({}), [down], [{"service_name": "api"}, {"service_name": "archive"}])
    assert set(theirs) == {"api"}
    assert set(ours) == {"api", "archive"}
    assert (ours["archive"]["uptime_percentage"], ours["archive"]["total_downtime_minutes"]) == (None, 60)


def resources(*given: Row) -> Any:
    """Resources used at 60 percent for 10 a day, on each day of the last 13 whole weeks unless `days` tells which."""
    rows = []
    for n, row in enumerate(given):
        usual: Row = {"resource_id": f"R{n}", "resource_name": f"R{n}", "resource_type": "compute"}
        usual |= {"utilization_percent": 60, "daily_cost": 10}
        days = row.get("days", range(91))
        own = {name: value for name, value in row.items() if name != "days"}
        rows += [usual | own | {"metric_date": dt.date(2026, 7, 27) + dt.timedelta(days=day)} for day in days]
    return tables.filled(cloud_resources=rows)


def test_daily_mean_times_30_for_dead_resources() -> None:
    """Two weeks of a machine that was shut down in August cost nothing a month any more; the module bills 300."""
    company = resources({}, {"days": range(14)})
    theirs = module_sql.one(company, module_sql.COST_EFFICIENCY, TODAY)
    assert (theirs["resource_count"], theirs["total_monthly_cost"]) == (2, 600)
    report = tables.report(company, "cost-efficiency", TODAY)
    [ours], [dead] = tables.records(report), tables.records(report, 1)
    assert (ours["resource_count"], ours["total_monthly_cost"]) == (1, 300)
    assert (dead["dead_resources"], dead["cost_in_period"]) == (1, 140)


def test_grouping_by_resource_name() -> None:
    """Two machines called node, one idle and one full, are not one machine with optimal use."""
    company = resources(
        {"resource_name": "node", "utilization_percent": 10}, {"resource_name": "node", "utilization_percent": 94}
    )
    theirs = module_sql.one(company, module_sql.COST_EFFICIENCY, TODAY)
    assert (theirs["utilization_status"], theirs["resource_count"]) == ("Optimal", 1)
    ours = tables.records(tables.report(company, "cost-efficiency", TODAY))
    assert [(r["utilization_status"], r["resource_count"]) for r in ours] == [
        ("Near Capacity", 1),
        ("Severely Underutilized", 1),
    ]


def growing() -> Any:
    """Use of 30 percent that grows by a point a week, for 26 weeks up to 25 October."""
    first = dt.date(2026, 4, 27)
    usual = {"resource_id": "db", "resource_type": "database"}
    return tables.filled(
        infrastructure_metrics=[
            usual | {"metric_date": first + dt.timedelta(days=day), "utilization_percent": 30 + day // 7}
            for day in range(26 * 7)
        ]
    )


def test_current_utilisation_is_a_six_month_mean() -> None:
    """After 25 weeks at a point a week the use is 55 percent; the module calls the mean, 42.5, current."""
    company = growing()
    assert module_sql.one(company, module_sql_reports.CAPACITY, TODAY)["avg_utilization"] == 42.5
    [ours] = tables.records(tables.report(company, "capacity-planning", TODAY))
    assert ours["avg_utilization"] == 55


def test_slope_per_second() -> None:
    """A point a week is what people can use; the module's slope is per second, and its weeks are 22 million."""
    company = growing()
    theirs = module_sql.one(company, module_sql_reports.CAPACITY, TODAY)
    assert theirs["utilization_growth_per_week"] == pytest.approx(1 / 604_800)
    assert theirs["weeks_to_80_pct"] == pytest.approx(37.5 * 604_800)
    [ours] = tables.records(tables.report(company, "capacity-planning", TODAY))
    assert ours["utilization_growth_per_week"] == pytest.approx(1)
    assert (ours["weeks_to_80_pct"], ours["weeks_to_90_pct"]) == (pytest.approx(25), pytest.approx(35))


def component(**signals: float | None) -> Any:
    """One active component, healthy and maintained unless told."""
    usual = {"component_id": "K", "observed_at": at(1), "component_type": "disk", "status": "active"}
    healthy = {"error_rate_7d": 0.1, "performance_degradation_30d": 0, "last_maintenance_days_ago": 1}
    row = usual | healthy | {"recommended_maintenance_interval": 90} | signals
    company = tables.filled(infrastructure_components=[row])
    theirs = module_sql.one(company, module_sql_reports.COMPONENT_HEALTH, TODAY)
    [ours] = tables.records(tables.report(company, "component-health", TODAY))
    return theirs, ours


def test_medium_risk_includes_high() -> None:
    """One component with 60 points is one at high risk; the module counts it under medium once more."""
    theirs, ours = component(error_rate_7d=9, performance_degradation_30d=30, last_maintenance_days_ago=200)
    assert (theirs["high_risk"], theirs["medium_risk"]) == (1, 1)
    assert (ours["high_risk"], ours["medium_risk"]) == (1, 0)


def test_unknown_maintenance_is_healthy() -> None:
    """Two medium signals, and nobody knows when it was last maintained: between 20 and 40 points, so unknown.

    The module gives no points for what is not known, and so calls it medium for certain; with one signal, healthy.
    """
    theirs, ours = component(error_rate_7d=2, performance_degradation_30d=15, last_maintenance_days_ago=None)
    assert (theirs["high_risk"], theirs["medium_risk"]) == (0, 1)
    assert (ours["high_risk"], ours["medium_risk"], ours["unknown_risk"]) == (0, 0, 1)
    theirs, ours = component(last_maintenance_days_ago=None)
    assert (theirs["total_components"], theirs["high_risk"], theirs["medium_risk"]) == (1, 0, 0)
    assert (ours["low_risk"], ours["unknown_risk"]) == (0, 1)


def impact(incidents: Iterable[Row] = (), scores: Iterable[float] = (8,), exposed: Iterable[Row] = ()) -> Any:
    """What the module and what we say of each day, with one customer's day on 20 and 21 October."""
    days = [
        {"customer_id": f"C{n}", "metric_date": dt.date(2026, 10, day), "nps_score": score}
        for day in (20, 21)
        for n, score in enumerate(scores)
    ]
    company = tables.filled(customer_daily_metrics=days, incidents=incidents, incident_customers=exposed)
    theirs = module_sql.run(company, module_sql_reports.CUSTOMER_IMPACT, TODAY)
    ours = tables.keyed(tables.records(tables.report(company, "customer-impact", TODAY)), "metric_day")
    return {row["metric_day"].date(): row for row in theirs}, ours


def test_mean_score_called_nps() -> None:
    """Answers of 10, 10 and 6 are two promoters and a detractor: an NPS of 33, not 8.7."""
    theirs, ours = impact(scores=(10, 10, 6))
    day = dt.date(2026, 10, 20)
    assert theirs[day]["daily_nps"] == pytest.approx(26 / 3)
    assert ours[day]["daily_nps"] == pytest.approx(100 / 3)
    assert ours[day]["nps_mean"] == pytest.approx(26 / 3)


def test_impacted_customers_added_across_incidents() -> None:
    """The same five customers were hit twice on one day. They are five, not ten."""
    both = [
        incident(name, at(20, hour), at(20, hour + 1), customers_impacted=5) for name, hour in (("a", 9), ("b", 14))
    ]
    exposed = [
        {
            "incident_id": row["incident_id"],
            "customer_id": f"C{n}",
            "exposure_started_at": row["started_at"],
            "exposure_ended_at": row["resolved_at"],
        }
        for row in both
        for n in range(5)
    ]
    theirs, ours = impact(both, exposed=exposed)
    day = dt.date(2026, 10, 20)
    assert theirs[day]["customers_affected"] == 10
    assert ours[day]["customers_affected"] == 5


def test_incidents_over_midnight_belong_to_one_day() -> None:
    """23:00 to 01:00 is an hour on each day. The module has two hours on the first, none on the second."""
    theirs, ours = impact([incident("a", at(20, 23), at(21, 1))])
    days = [dt.date(2026, 10, 20), dt.date(2026, 10, 21)]
    assert [theirs[d]["total_incident_minutes"] for d in days] == [120, 0]
    assert [theirs[d]["incident_severity"] for d in days] == ["Major Incident", "No Incidents"]
    assert [ours[d]["total_incident_minutes"] for d in days] == [60, 60]
    assert [ours[d]["incident_severity"] for d in days] == ["Minor Incident", "Minor Incident"]
