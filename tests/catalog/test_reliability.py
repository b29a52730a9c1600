"""What the packaged reliability metrics give on a few rows, worked out by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from opstally.period import Period


def at(day: int, hour: float = 0, month: int = 6) -> dt.datetime:
    return dt.datetime(2026, month, 1) + dt.timedelta(days=day - 1, hours=hour)


def checks(company: Any, service: str, **statuses: int) -> None:
    """So many checks of each status, a minute apart, on 10 June."""
    results = [status for status, times in statuses.items() for _ in range(times)]
    company.add(
        "infrastructure_monitoring",
        *(
            {"service_name": service, "check_id": "a", "check_timestamp": at(10, minute / 60), "status": status}
            for minute, status in enumerate(results)
        ),
    )


def incident(company: Any, start: dt.datetime, end: dt.datetime | None, **more: Any) -> None:
    number = company.one("incident_count", period=Period(dt.date(2020, 1, 1), dt.date(2030, 1, 1)))
    row = {"incident_id": f"i{number}", "service_name": "api", "started_at": start, "resolved_at": end}
    company.add("incidents", row | more)


# -- checks ------------------------------------------------------------------------------------------------------------


def test_degraded_is_up_and_unknown_or_maintenance_do_not_count(company: Any) -> None:
    """The module's uptime counts only 'up' over all checks: 6/12 = 50; ours is 9/10."""
    checks(company, "api", up=6, degraded=3, down=1, unknown=1, maintenance=1)
    assert company.one("uptime") == pytest.approx(90.0)
    assert company.one("fully_up_share", "degraded_share") == pytest.approx((60.0, 30.0))
    assert company.one("checks_counted", "checks_excluded", "monitored_services") == (10, 2, 1)


def test_uptime_weighs_checks_not_services(company: Any) -> None:
    checks(company, "api", up=98, down=2)
    checks(company, "search", up=5, down=5)
    assert company.ask("uptime", by="service_name") == {"api": pytest.approx(98.0), "search": pytest.approx(50.0)}
    assert company.one("uptime") == pytest.approx(100 * 103 / 110)


def test_a_service_without_checks_is_a_row_without_uptime(company: Any) -> None:
    company.add("services", {"service_name": "api"}, {"service_name": "billing"})
    checks(company, "api", up=1)
    asked = company.ask("uptime", "checks_counted", "incident_count", by="service_name", members=True)
    assert asked == {"api": (100.0, 1, 0), "billing": (None, 0, 0)}


def test_percentiles_come_from_single_checks_not_from_daily_percentiles(company: Any) -> None:
    """99 fast checks on one day and one slow one on another: the mean of daily p95 would be 505."""
    rows = [(at(1, n / 60), 10.0) for n in range(99)] + [(at(2), 1000.0)]
    company.add(
        "infrastructure_monitoring",
        *(
            {"service_name": "api", "check_id": "a", "check_timestamp": t, "status": "up", "response_time_ms": ms}
            for t, ms in rows
        ),
        {"service_name": "api", "check_id": "a", "check_timestamp": at(3), "status": "down", "response_time_ms": None},
    )
    assert company.one("p95_response_ms") == 10.0
    assert company.one("p99_response_ms") == pytest.approx(10 + 0.01 * 990)
    assert company.one("avg_response_ms", "median_response_ms", "max_response_ms") == pytest.approx(
        (19.9, 10.0, 1000.0)
    )


def test_error_budget_goes_by_each_services_own_objective(company: Any) -> None:
    """api may fail 1 in 100, search, without an objective of its own, 1 in 1,000 (99.9 %)."""
    company.add("services", {"service_name": "api", "slo_target": 99.0}, {"service_name": "search"})
    checks(company, "api", up=995, down=5, maintenance=7)
    checks(company, "search", up=998, down=2)
    left = company.ask("error_budget_left", "burn_rate", by="service_name")
    assert left == {"api": pytest.approx((50.0, 0.5)), "search": pytest.approx((-100.0, 2.0))}
    assert company.one("error_budget_left") == pytest.approx(100 * (1 - 7 / 11))
    minutes = company.ask("error_budget_minutes_left", by="service_name")
    assert minutes == {"api": pytest.approx(0.005 * 43_200), "search": pytest.approx(-0.001 * 43_200)}
    assert company.one("slo_attainment") == pytest.approx(50.0)


def test_a_service_with_nothing_but_maintenance_neither_meets_nor_misses_its_objective(company: Any) -> None:
    checks(company, "api", up=1)
    checks(company, "batch", maintenance=5)
    assert company.one("slo_attainment") == 100.0
    assert company.ask("error_budget_left", by="service_name")["batch"] is None


# -- incidents ---------------------------------------------------------------------------------------------------------


def test_downtime_unites_clips_and_lets_open_incidents_run(company: Any) -> None:
    """The module adds duration_minutes by start: 120 + 60 + nothing for the open one; and the May one not at all."""
    incident(company, at(2, 10), at(2, 12))
    incident(company, at(2, 11), at(2, 13))  # overlaps the first by an hour
    incident(company, at(31, 23, month=5), at(1, 1))  # one of its two hours is in June
    incident(company, at(30, 22), None)  # open: two hours to the end of June
    incident(company, at(1, month=7), at(2, month=7))
    assert company.one("downtime_minutes") == pytest.approx(60 * (3 + 1 + 2))
    assert company.one("incident_minutes") == pytest.approx(60 * (4 + 1 + 2))
    assert company.one("incident_count", "open_incidents") == (3, 1)
    assert company.one("incident_free_share") == pytest.approx(100 * (1 - 6 / 720))


def test_downtime_of_days_adds_up_where_an_incident_passes_midnight(company: Any) -> None:
    incident(company, at(5, 23), at(6, 2))
    daily = company.ask("downtime_minutes", "incident_severity", grain="day", members=True)
    assert daily[dt.date(2026, 6, 5)] == (60.0, "Minor Incident")
    assert daily[dt.date(2026, 6, 6)] == (120.0, "Major Incident")
    assert daily[dt.date(2026, 6, 7)] == (0.0, "No Incidents")
    assert len(daily) == 30
    assert sum(minutes for minutes, _ in daily.values()) == company.one("downtime_minutes") == 180.0


def test_an_incident_at_two_services_counts_for_each_and_once_in_all(company: Any) -> None:
    for service in ("api", "search"):
        company.add(
            "incidents",
            {"incident_id": "x", "service_name": service, "started_at": at(2), "resolved_at": at(2, 1)},
        )
    assert company.ask("incident_count", by="service_name") == {"api": 1, "search": 1}
    assert company.one("incident_count", "downtime_minutes", "incident_minutes") == (1, 60.0, 120.0)


def test_open_incidents_count_with_their_age_in_the_mean_length_and_are_pending_for_mttr(company: Any) -> None:
    incident(company, at(1), at(1, 1))
    incident(company, at(30), None)
    assert company.one("avg_incident_minutes") == pytest.approx((60 + 1440) / 2)
    assert company.one("mttr") == 60.0


def test_the_steps_of_an_incident(company: Any) -> None:
    told = {"detected_at": at(3, 0.5), "acknowledged_at": at(3, 1), "mitigated_at": at(3, 3), "detected_by": "customer"}
    incident(company, at(3), at(3, 4), **told)
    incident(company, at(4), at(4, 2), detected_at=at(4, 0.25), acknowledged_at=at(4, 0.5), detected_by="monitor")
    incident(company, at(5), None, acknowledged_at=at(5, 1))
    assert company.one("mttd", "mtta", "mttm", "mttr") == pytest.approx((22.5, 35.0, 180.0, 180.0))
    assert company.one("customer_detected_share", "monitor_detected_share") == (50.0, 50.0)


def test_time_between_failures_leaves_the_failures_out(company: Any) -> None:
    incident(company, at(2), at(3))
    incident(company, at(10), at(11))
    assert company.one("mtbf") == pytest.approx((720 - 48) / 2)
    weekly = company.ask("mtbf", grain="week", period=Period(dt.date(2026, 6, 1), dt.date(2026, 6, 22)), members=True)
    one_day_down = pytest.approx(144.0)
    assert weekly == {dt.date(2026, 6, 1): one_day_down, dt.date(2026, 6, 8): one_day_down, dt.date(2026, 6, 15): None}


# -- alerts, deployments, maintenance ----------------------------------------------------------------------------------


def test_alerts(company: Any) -> None:
    known = [(True, "i"), (True, None), (False, None), (None, None)]
    company.add(
        "alerts",
        *({"alert_id": str(n), "fired_at": at(4), "actionable": a, "incident_id": i} for n, (a, i) in enumerate(known)),
    )
    incident(company, at(4), at(4, 1))
    incident(company, at(5), at(5, 1))
    assert company.one("alert_count", "alerts_per_incident") == (4, 2.0)
    assert company.one("actionable_alert_share", "alerts_without_incident_share") == pytest.approx((200 / 3, 75.0))


def test_deployments(company: Any) -> None:
    rows: list[dict[str, Any]] = [
        {"result": "success", "commit_at": at(1), "is_rework": False},
        {"result": "success", "commit_at": at(1, 12), "is_rework": True},
        {"result": "success", "commit_at": at(1, 21), "incident_id": "i"},
        {"result": "rolled_back", "commit_at": at(1), "restored_at": at(2, 3), "is_rework": False},
        {"result": "failed", "restored_at": None},
        {"result": "cancelled", "is_rework": True},
    ]
    company.add("deployments", *({"deployment_id": str(n), "finished_at": at(2), **row} for n, row in enumerate(rows)))
    assert company.one("deployment_count") == 5
    assert company.one("deployment_frequency") == pytest.approx(5 / 30)
    assert company.one("change_failure_rate") == pytest.approx(60.0)
    assert company.one("deployment_rework_rate") == pytest.approx(100 / 3)
    assert company.one("lead_time_for_changes") == 12.0
    assert company.one("failed_deployment_recovery_time") == 3.0


def test_deployment_frequency_goes_by_the_days_of_each_bucket(company: Any) -> None:
    company.add(
        "deployments", *({"deployment_id": str(n), "finished_at": at(2), "result": "success"} for n in range(14))
    )
    weekly = company.ask("deployment_frequency", grain="week", period=Period(dt.date(2026, 6, 1), dt.date(2026, 6, 15)))
    assert weekly[dt.date(2026, 6, 1)] == 2.0


def test_maintenance_unites_windows_and_tells_the_notice(company: Any) -> None:
    company.add(
        "maintenance_windows",
        {"window_id": "1", "service_name": "api", "starts_at": at(2, 1), "ends_at": at(2, 3), "announced_at": at(1, 1)},
        {"window_id": "2", "service_name": "api", "starts_at": at(2, 2), "ends_at": at(2, 4), "announced_at": at(2, 3)},
    )
    assert company.one("maintenance_minutes", "maintenance_notice") == (180.0, pytest.approx((24 - 1) / 2))


def test_runbooks_are_a_state(company: Any) -> None:
    company.add("services", {"service_name": "api", "runbook_url": "wiki/api"}, {"service_name": "search"})
    tested = [at(1), at(1, month=1) - dt.timedelta(days=10), None]
    company.add("runbooks", *({"runbook_id": str(n), "last_tested_at": t} for n, t in enumerate(tested)))
    assert company.one("runbook_coverage", "runbooks_tested_share") == pytest.approx((50.0, 100 / 3))
    company.add("runbooks", {"runbook_id": "tried again since", "last_tested_at": at(1, month=7)})
    assert company.one("runbooks_tested_share") == pytest.approx(100 / 3)
    assert company.fates("runbooks_tested_share") == (3, {"last tried later": 1})


# -- components --------------------------------------------------------------------------------------------------------


def component(company: Any, name: str, day: int, **signals: Any) -> None:
    row = {"component_id": name, "observed_at": at(day), "component_type": "database", "status": "active"}
    company.add("infrastructure_components", row | signals)


def test_risk_bands_exclude_each_other_and_unknown_is_not_low(company: Any) -> None:
    """Points: 20 + 20 + 0 high; 0 + 0 + 20 medium; 0 low; a missing signal unknown. The module's medium would be 2."""
    calm = {"error_rate_7d": 0.0, "performance_degradation_30d": 0.0}
    fresh = {"last_maintenance_days_ago": 1.0, "recommended_maintenance_interval": 30.0}
    component(company, "a", 2, error_rate_7d=6.0, performance_degradation_30d=25.0, **fresh)
    component(company, "b", 2, **calm, last_maintenance_days_ago=46.0, recommended_maintenance_interval=30.0)
    component(company, "c", 2, **calm, **fresh)
    component(company, "d", 2, **calm)
    bands = (
        "component_count",
        "high_risk_components",
        "medium_risk_components",
        "low_risk_components",
        "unknown_risk_components",
    )
    assert company.one(*bands) == (4, 1, 1, 1, 1)
    averages = company.one(
        "component_error_rate", "component_degradation", "days_since_maintenance", "overdue_maintenance_share"
    )
    assert averages == pytest.approx((1.5, 6.25, 16.0, 100 / 3))


def test_a_component_counts_with_its_newest_state_only(company: Any) -> None:
    """Retired since: gone, though an older row says active. Observed again: once, with the newer rate."""
    component(company, "a", 2, error_rate_7d=1.0)
    component(company, "a", 20, error_rate_7d=1.0, status="retired")
    component(company, "b", 2, error_rate_7d=9.0)
    component(company, "b", 20, error_rate_7d=3.0)
    component(company, "b", 40, error_rate_7d=99.0)
    assert company.one("component_count", "component_error_rate") == (1, 3.0)


def test_component_failures(company: Any) -> None:
    company.add("component_failures", {"failure_id": "1", "component_id": "a", "failed_at": at(3)})
    assert company.one("component_failures") == 1
