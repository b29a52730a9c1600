"""The reports on services, components and what incidents do to customers once more, in plain Python."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from types import SimpleNamespace

from tests.reports.arithmetic import (
    ASSUMED,
    Data,
    Row,
    Sections,
    Span,
    count,
    covered,
    groups,
    known,
    last_days,
    last_weeks,
    mean,
    midnight,
    minutes,
    ordered,
    percent,
    quantile,
    ratio,
    reaches,
)

Rows = Sequence[SimpleNamespace]


def service_reliability(data: Data, as_of: dt.date) -> Sections:
    window = last_days(as_of, 30)
    checks = [c for c in data("infrastructure_monitoring") if window.has(c.check_timestamp)]
    incidents = [i for i in data("incidents") if reaches(i.started_at, i.resolved_at, window)]
    names = {row.service_name for row in (*checks, *incidents, *data("services"))}
    targets = {s.service_name: s.slo_target for s in data("services")}
    services = [
        {"service_name": name}
        | _service(
            [c for c in checks if c.service_name == name],
            [i for i in incidents if i.service_name == name],
            window,
            as_of,
            targets.get(name) or ASSUMED.slo,
        )
        for name in names
    ]
    days = [_service_day(checks, incidents, day) for day in window.days()]
    return ordered(services, "-uptime_percentage", "service_name"), days


def _service(checks: Rows, incidents: Rows, window: Span, as_of: dt.date, slo: float) -> Row:
    states = [c.status for c in checks]
    up, degraded, down = (states.count(s) for s in ("up", "degraded", "down"))
    counted = up + degraded + down
    now = midnight(as_of + dt.timedelta(days=1))
    started = [i for i in incidents if window.has(i.started_at)]
    allowed = counted * (100 - slo) / 100
    spent = ratio(down, allowed)
    hours = {(c.check_timestamp.date(), c.check_timestamp.hour) for c in checks}
    return {
        "uptime_percentage": percent(up + degraded, counted),
        "avg_response_ms": mean(c.response_time_ms for c in checks),
        "p95_response_ms": quantile((c.response_time_ms for c in checks), 0.95),
        "incidents_30d": len({i.incident_id for i in started}),
        "total_downtime_minutes": covered(((i.started_at, i.resolved_at) for i in incidents), window),
        "avg_incident_minutes": mean(minutes(i.started_at, i.resolved_at or now) for i in started),
        "fully_up_percentage": percent(up, counted),
        "checks_counted": counted,
        "checks_excluded": len(checks) - counted,
        "monitoring_coverage_pct": percent(len(hours), window.minutes / 60),
        "error_budget_left_pct": None if spent is None else 100 * (1 - spent),
        "error_budget_minutes_left": (allowed - down) / counted * window.minutes if counted else None,
    }


def _service_day(checks: Rows, incidents: Rows, day: Span) -> Row:
    own = [c for c in checks if day.has(c.check_timestamp)]
    states = [c.status for c in own if c.status in ("up", "degraded", "down")]
    return {
        "day": day.start,
        "uptime_percentage": percent(len(states) - states.count("down"), len(states)),
        "p95_response_ms": quantile((c.response_time_ms for c in own), 0.95),
        "total_downtime_minutes": covered(
            ((i.started_at, i.resolved_at) for i in incidents if reaches(i.started_at, i.resolved_at, day)), day
        ),
        "incidents": len({i.incident_id for i in incidents if day.has(i.started_at)}),
    }


def component_health(data: Data, as_of: dt.date) -> Sections:
    window = last_days(as_of, 30)
    seen = [c for c in data("infrastructure_components") if c.observed_at is None or c.observed_at < window.end_at]
    newest = [
        max(own, key=lambda c: c.observed_at or dt.datetime.min)
        for own in groups(seen, lambda c: c.component_id).values()
    ]
    active = [c for c in newest if c.status == "active"]
    kinds = [{"component_type": kind} | _kind(own) for kind, own in groups(active, lambda c: c.component_type).items()]
    risky = [
        {
            "risk_band": _band(c),
            "component_type": c.component_type,
            "component_id": c.component_id,
            "error_rate": c.error_rate_7d,
            "performance_degradation": c.performance_degradation_30d,
            "days_since_maintenance": c.last_maintenance_days_ago,
        }
        for c in active
        if _band(c) != "low"
    ]
    failed = [f.component_type for f in data("component_failures") if window.has(f.failed_at)]
    every = {c.component_type for c in data("infrastructure_components")} | set(failed)
    failures = [{"component_type": kind, "failures": failed.count(kind)} for kind in every]
    return (
        ordered(kinds, "-high_risk", "component_type"),
        ordered(risky, "risk_band", "component_type", "component_id"),
        ordered(failures, "-failures", "component_type"),
    )


def _kind(components: Rows) -> Row:
    bands = [_band(c) for c in components]
    return {
        "total_components": len(components),
        "high_risk": bands.count("high"),
        "medium_risk": bands.count("medium"),
        "avg_error_rate": mean(c.error_rate_7d for c in components),
        "avg_performance_degradation": mean(c.performance_degradation_30d for c in components),
        "avg_days_since_maintenance": mean(c.last_maintenance_days_ago for c in components),
        "low_risk": bands.count("low"),
        "unknown_risk": bands.count("unknown"),
    }


def _band(component: SimpleNamespace) -> str:
    points = 0
    for value, (high, medium) in (
        (component.error_rate_7d, ASSUMED.errors),
        (component.performance_degradation_30d, ASSUMED.slower),
    ):
        if value is None:
            return "unknown"
        points += 20 if value > high else 10 if value > medium else 0
    age, interval = component.last_maintenance_days_ago, component.recommended_maintenance_interval
    if age is None or interval is None:
        return "unknown"
    points += 20 if age > interval * ASSUMED.overdue else 10 if age > interval else 0
    return "high" if points >= ASSUMED.high else "medium" if points >= ASSUMED.medium else "low"


def customer_impact(data: Data, as_of: dt.date) -> Sections:
    window = last_weeks(as_of, 13)
    incidents = [i for i in data("incidents") if reaches(i.started_at, i.resolved_at, window)]
    exposed = [e for e in data("incident_customers") if reaches(e.exposure_started_at, e.exposure_ended_at, window)]
    used = [m for m in data("customer_daily_metrics") if window.has(m.metric_date)]
    days = []
    for day in window.days():
        figures = _impact(incidents, exposed, used, day)
        spent = figures["total_incident_minutes"]
        severity = "Major Incident" if spent > ASSUMED.major else "Minor Incident" if spent > 0 else "No Incidents"
        days.append({"metric_day": day.start, "incident_severity": severity} | figures)
    weeks = []
    for week in window.weeks():
        figures = _impact(incidents, exposed, used, week)
        names = ("total_incident_minutes", "customers_affected", "daily_usage", "churned_customers")
        weeks.append({"week": week.start, "weekly_nps": figures["daily_nps"]} | {n: figures[n] for n in names})
    return ordered(days, "-metric_day"), ordered(weeks, "-week")


def _impact(incidents: Rows, exposed: Rows, used: Rows, span: Span) -> Row:
    own = [m for m in used if span.has(m.metric_date)]
    hit = {e.customer_id for e in exposed if reaches(e.exposure_started_at, e.exposure_ended_at, span)}
    going_on = [(i.started_at, i.resolved_at) for i in incidents if reaches(i.started_at, i.resolved_at, span)]
    scores = known(m.nps_score for m in own)
    balance = count(scores, lambda s: s >= 9) - count(scores, lambda s: s < 7)
    return {
        "total_incident_minutes": covered(going_on, span),
        "customers_affected": len(hit),
        "daily_nps": percent(balance, len(scores)),
        "daily_usage": mean(m.usage_minutes for m in own),
        "churned_customers": len({m.customer_id for m in own if m.churned}),
        "nps_mean": mean(scores),
        "nps_responses": len(scores),
    }
