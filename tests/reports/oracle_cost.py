"""The reports on resources, capacity and the month as a whole once more, in plain Python."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from scipy import stats
from tests.reports.arithmetic import (
    ASSUMED,
    DAY,
    Data,
    Row,
    Sections,
    Span,
    groups,
    known,
    last_months,
    last_weeks,
    mean,
    monday,
    ordered,
    percent,
    ratio,
    total,
)

Rows = Sequence[SimpleNamespace]


def cost_efficiency(data: Data, as_of: dt.date) -> Sections:
    window = last_weeks(as_of, 13)
    seen = [r for r in data("cloud_resources") if window.has(r.metric_date)]
    resources = [_resource(own, window) for own in groups(seen, lambda r: r.resource_id).values()]
    alive = [r for r in resources if r.alive]
    classes = [
        {"resource_type": kind, "utilization_status": status} | _class(own)
        for (kind, status), own in groups(alive, lambda r: (r.kind, r.status)).items()
    ]
    dead = [
        {
            "resource_type": kind,
            "dead_resources": len(own),
            "cost_in_period": math.fsum(known(r.cost for r in own)),
        }
        for kind, own in groups([r for r in resources if not r.alive], lambda r: r.kind).items()
    ]
    return ordered(classes, "resource_type", "utilization_status"), ordered(dead, "-cost_in_period", "resource_type")


def _resource(days: Rows, window: Span) -> SimpleNamespace:
    used = known(d.utilization_percent for d in days)
    use = mean(used)
    costs = known(d.daily_cost for d in days)
    last = max(max(known((d.metric_date, d.last_seen))) for d in days)
    kinds = sorted((d.metric_date, d.resource_type) for d in days if d.resource_type is not None)
    return SimpleNamespace(
        kind=kinds[-1][1] if kinds else None,
        status=_status(use),
        used=used,
        peak=max(known(v for d in days for v in (d.utilization_percent, d.peak_utilization)), default=None),
        cost=total(costs),
        monthly=None if not costs else math.fsum(costs) / len(costs) * 30,
        wasteful=use is not None and use < ASSUMED.low,
        alive=last >= window.end - ASSUMED.seen * DAY,
    )


def _status(use: float | None) -> str:
    if use is None:
        return "Not Measured"
    if use < ASSUMED.idle:
        return "Severely Underutilized"
    if use < ASSUMED.low:
        return "Underutilized"
    return "Near Capacity" if use > ASSUMED.full else "Optimal"


def _class(resources: Rows) -> Row:
    monthly = known(r.monthly for r in resources)
    savings = known(r.monthly * ASSUMED.saving if r.wasteful and r.monthly is not None else None for r in resources)
    return {
        "resource_count": len(resources),
        "avg_utilization_pct": mean(use for r in resources for use in r.used),
        "total_monthly_cost": total(monthly),
        "avg_monthly_cost_per_resource": mean(monthly),
        "potential_monthly_savings": math.fsum(savings),
        "peak_utilization_pct": max(known(r.peak for r in resources), default=None),
    }


def capacity_planning(data: Data, as_of: dt.date) -> Sections:
    window = last_weeks(as_of, 26)
    seen = [m for m in data("infrastructure_metrics") if window.has(m.metric_date)]
    weekly = groups(seen, lambda m: (m.resource_type, monday(m.metric_date)))
    whole = sorted({week for (_, week), own in weekly.items() if len({m.metric_date for m in own}) == 7})
    weeks = [w.start for w in window.weeks() if whole and whole[0] <= w.start <= whole[-1]]
    kinds = {kind for kind, _ in weekly}
    planned = [_plan(kind, weeks, {w: own for (k, w), own in weekly.items() if k == kind}) for kind in kinds]
    series = [
        {
            "week": week,
            "resource_type": kind,
            "avg_utilization": mean(m.utilization_percent for m in own),
            "peak_utilization": _peak(own),
            "resource_count": len({m.resource_id for m in own}),
        }
        for (kind, week), own in weekly.items()
    ]
    return ordered(planned, "weeks_to_80_pct", "resource_type"), ordered(series, "-week", "resource_type")


def _peak(rows: Rows) -> float | None:
    return max(known(v for m in rows for v in (m.utilization_percent, m.peak_utilization)), default=None)


def _plan(kind: str, weeks: Sequence[dt.date], weekly: dict[dt.date, Rows]) -> Row:
    use = {week: mean(m.utilization_percent for m in weekly.get(week, ())) for week in weeks}
    points = [(at, use[week]) for at, week in enumerate(weeks) if use[week] is not None]
    line: Any = stats.linregress(*zip(*points, strict=True))
    now = use[weeks[-1]]
    half = stats.t.ppf(0.975, len(points) - 2) * line.stderr
    grows = line.slope > 0 and line.pvalue < 0.05
    to_80, to_90 = (_weeks_to(limit, now, line.slope if grows else None) for limit in (80.0, 90.0))
    return {
        "resource_type": kind,
        "avg_utilization": now,
        "peak_utilization": max(known(_peak(own) for own in weekly.values()), default=None),
        "resource_count": len({m.resource_id for m in weekly[weeks[-1]]}),
        "utilization_growth_per_week": line.slope,
        "weeks_to_80_pct": to_80,
        "weeks_to_90_pct": to_90,
        "recommendation": _advice(to_80, to_90),
        "growth_low": line.slope - half,
        "growth_high": line.slope + half,
        "growth_p_value": line.pvalue,
        "weeks_measured": len(points),
    }


def _weeks_to(limit: float, now: float | None, pace: float | None) -> float | None:
    if now is None or now >= limit:
        return None if now is None else 0.0
    return None if pace is None else (limit - now) / pace


def _advice(to_80: float | None, to_90: float | None) -> str:
    for limit, left in ((90, to_90), (80, to_80)):
        if left == 0:
            return f"Above {limit} % now: add capacity"
    if to_80 is None:
        return "No exhaustion in sight"
    ahead = "1 week" if math.ceil(to_80) == 1 else f"{math.ceil(to_80)} weeks"
    return f"80 % in {ahead}: {'add capacity now' if to_80 <= ASSUMED.soon else 'plan capacity'}"


def operations_dashboard(data: Data, as_of: dt.date) -> Sections:
    months = last_months(as_of, 6).months()
    now, before = _month(data, months[-1]), _month(data, months[-2])
    card = dict(now)
    for name, value in now.items():
        was = before[name]
        card[f"{name}_before"] = was
        card[f"{name}_change"] = None if value is None or was is None else value - was
    return [card], [{"month": month.start} | _month(data, month) for month in months]


def _month(data: Data, month: Span) -> Row:
    tickets = [t for t in data("support_tickets") if t.status != "deleted" and month.has(t.created_at)]
    states = [c.status for c in data("infrastructure_monitoring") if month.has(c.check_timestamp)]
    down, counted = states.count("down"), sum(s in ("up", "degraded", "down") for s in states)
    projects = [p for p in data("implementations") if p.status != "cancelled"]
    cost = total(c.operational_cost for c in data("costs") if month.has(c.cost_date))
    return {
        "monthly_tickets": len(tickets),
        "avg_resolution_hours": mean(t.resolution_hours for t in tickets if t.status in ("resolved", "closed")),
        "customer_satisfaction": mean(t.satisfaction_score for t in tickets),
        "infrastructure_uptime_pct": percent(counted - down, counted),
        "infrastructure_incidents": len({i.incident_id for i in data("incidents") if month.has(i.started_at)}),
        "active_implementations": sum(
            p.status in ("active", "live")
            and p.kickoff_date is not None
            and p.kickoff_date < month.end
            and (p.go_live_date is None or p.go_live_date >= month.end)
            for p in projects
        ),
        "avg_implementation_days": mean(p.days_to_complete for p in projects if month.has(p.go_live_date)),
        "ops_cost_millions": None if cost is None else cost / 1e6,
        "cost_per_customer": ratio(cost, _mean_customers(data, month)),
    }


def _mean_customers(data: Data, month: Span) -> float:
    """Days on which each was a customer, over the days of the month; the day of leaving still counts."""
    days = 0
    for c in data("customers"):
        undated = c.status == "churned" and c.churned_at is None
        if c.status == "prospect" or undated or c.contract_date is None:
            continue
        left = c.churned_at.date() + DAY if c.churned_at is not None else month.end
        days += max(0, (min(left, month.end) - max(c.contract_date, month.start)).days)
    return days / (month.end - month.start).days
