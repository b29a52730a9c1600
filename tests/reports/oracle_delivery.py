"""The reports on onboarding, promises and processes once more, in plain Python."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from tests.reports.arithmetic import (
    ASSUMED,
    Data,
    Row,
    Sections,
    Span,
    count,
    first_of_month,
    groups,
    known,
    last_months,
    mean,
    median,
    ordered,
    percent,
    quantile,
    total,
)

Rows = Sequence[SimpleNamespace]


def onboarding(data: Data, as_of: dt.date) -> Sections:
    window = last_months(as_of, 6)
    signed = {c.customer_id: c.contract_date for c in data("customers")}
    projects = [p for p in data("implementations") if p.status != "cancelled"]
    live = [p for p in projects if window.has(p.go_live_date)]
    waiting = [
        p for p in projects
        if p.kickoff_date is not None and p.kickoff_date < window.end
        and (p.go_live_date is None or p.go_live_date >= window.end)
    ]  # fmt: skip
    made = []
    for segment, kind in {(p.customer_segment, p.implementation_type) for p in (*live, *waiting)}:
        own, open_ = (
            [p for p in some if (p.customer_segment, p.implementation_type) == (segment, kind)]
            for some in (live, waiting)
        )
        key = {"customer_segment": segment, "implementation_type": kind}
        made.append(key | _live(own, signed) | _waiting(open_, window))
    names = ("implementations", "median_days", "avg_ttv_days", "on_time_pct")
    months = []
    for (month, segment), own in groups(live, lambda p: (first_of_month(p.go_live_date), p.customer_segment)).items():
        figures = _live(own, signed)
        months.append({"month": month, "customer_segment": segment} | {name: figures[name] for name in names})
    return ordered(made, "customer_segment", "implementation_type"), ordered(months, "-month", "customer_segment")


def _live(projects: Rows, signed: dict[str, dt.date]) -> Row:
    def days_of_value(p: SimpleNamespace) -> int | None:
        since = p.contract_date or signed.get(p.customer_id)
        return None if since is None else (p.go_live_date - since).days

    days = known(p.days_to_complete for p in projects)
    planned = [p for p in projects if p.planned_go_live_date is not None]
    return {
        "implementations": len(projects),
        "avg_days": mean(days),
        "median_days": median(days),
        "avg_ttv_days": mean(days_of_value(p) for p in projects),
        "avg_satisfaction_score": mean(p.implementation_score for p in projects),
        "avg_issues_per_project": mean(p.issues_encountered for p in projects),
        "on_time_pct": percent(count(days, lambda d: d <= ASSUMED.on_time), len(days)),
        "on_time_vs_plan_pct": percent(
            count(planned, lambda p: p.go_live_date <= p.planned_go_live_date), len(planned)
        ),
    }


def _waiting(projects: Rows, window: Span) -> Row:
    return {
        "open_projects": len(projects),
        "open_median_age_days": median((window.end - p.kickoff_date).days for p in projects),
        "overdue_projects": count(
            projects, lambda p: p.planned_go_live_date is not None and p.planned_go_live_date < window.end
        ),
    }


def sla_performance(data: Data, as_of: dt.date) -> Sections:
    window = last_months(as_of, 3)
    versions = groups(data("sla_definitions"), lambda d: d.sla_id)

    def judged(measured: SimpleNamespace) -> SimpleNamespace:
        in_force = [d for d in versions.get(measured.sla_id, ()) if d.valid_from <= measured.measurement_date]
        promise = max(in_force, key=lambda d: d.valid_from, default=None)
        return SimpleNamespace(measured=measured, promise=promise, month=first_of_month(measured.measurement_date))

    rows = [judged(m) for m in data("sla_measurements") if window.has(m.measurement_date)]
    fine = [
        {"service_tier": t, "sla_metric": metric, "sla_target": target, "month": month} | _promise(own)
        for ((t, metric, target), month), own in groups(rows, lambda r: (_key(r.promise), r.month)).items()
    ]
    coarse = []
    for (t, month), own in groups(rows, lambda r: (_key(r.promise)[0], r.month)).items():
        figures = _promise(own)
        names = ("measurements", "sla_compliance_pct", "sla_status")
        coarse.append({"month": month, "service_tier": t} | {name: figures[name] for name in names})
    return (
        ordered(fine, "-month", "service_tier", "sla_metric", "sla_target"),
        ordered(coarse, "-month", "service_tier"),
    )


def _key(promise: SimpleNamespace | None) -> tuple[Any, Any, Any]:
    return (promise.service_tier, promise.sla_metric, promise.sla_target) if promise else (None, None, None)


def _promise(rows: Rows) -> Row:
    def met(row: SimpleNamespace) -> bool:
        value, target = row.measured.actual_value, row.promise.sla_target
        return bool(value >= target if row.promise.operator == "gte" else value <= target)

    judged = [r for r in rows if r.promise is not None and r.measured.actual_value is not None]
    counted = [r for r in judged if not r.measured.excluded]
    values = [r.measured.actual_value for r in counted]
    worse = 0.05 if counted and counted[0].promise.operator == "gte" else 0.95
    compliance = percent(count(counted, met), len(counted))
    return {
        "measurements": len(counted),
        "sla_compliance_pct": compliance,
        "avg_performance": mean(values),
        "p95_performance": quantile(values, worse),
        "sla_status": _status(compliance),
        "excluded_measurements": count(rows, lambda r: r.measured.excluded),
        "sla_compliance_with_excluded_pct": percent(count(judged, met), len(judged)),
        "all_measurements": len(rows),
    }


def _status(compliance: float | None) -> str | None:
    if compliance is None:
        return None
    return "Exceeding" if compliance >= ASSUMED.exceeding else "Meeting" if compliance >= ASSUMED.meeting else "Missing"


def automation_impact(data: Data, as_of: dt.date) -> Sections:
    window = last_months(as_of, 6)
    runs = [e for e in data("business_processes") if window.has(e.execution_date)]
    by_month = groups(runs, lambda e: (e.process_category, first_of_month(e.execution_date)))
    made = [
        {"process_category": category, "month": month} | _automation(own) for (category, month), own in by_month.items()
    ]
    return (ordered(made, "-month", "-cost_savings", "process_category"),)


def _automation(runs: Rows) -> Row:
    machine, hand = ([e for e in runs if e.automation_status == how] for how in ("automated", "manual"))
    fast, slow = (mean(e.execution_time_minutes for e in some) for some in (machine, hand))
    saved = None if fast is None or slow is None else slow - fast
    alike = groups(runs, lambda e: (e.process_name, e.case_type)).values()
    return {
        "total_executions": len(runs),
        "automation_rate": percent(len(machine), len([e for e in runs if e.automation_status is not None])),
        "time_saved_per_execution": saved,
        "total_time_saved": None if saved is None else saved * len(machine),
        "cost_savings": _cost_saved(runs),
        "efficiency_improvement_pct": None if saved is None else 100 * saved / slow,  # type: ignore[operator]
        "baseline": "no baseline" if slow is None else "ok",
        "automated_executions": len(machine),
        "manual_executions": len(hand),
        "like_for_like_cost_savings": total(_cost_saved(own) for own in alike),
    }


def _cost_saved(runs: Rows) -> float | None:
    machine, hand = ([e for e in runs if e.automation_status == how] for how in ("automated", "manual"))
    cheap, dear = (mean(e.cost_per_execution for e in some) for some in (machine, hand))
    return None if cheap is None or dear is None else (dear - cheap) * len(machine)


def process_bottlenecks(data: Data, as_of: dt.date) -> Sections:
    window = last_months(as_of, 1)
    steps = [s for s in data("process_executions") if window.has(s.execution_date)]
    processes = [
        {"process_name": name} | _process(own) for name, own in groups(steps, lambda s: s.process_name).items()
    ]
    slow = [p for p in processes if p["total_time_minutes"] > ASSUMED.process]
    fine = [
        {"process_name": process, "step_name": step} | _step(own)
        for (process, step), own in groups(steps, lambda s: (s.process_name, s.step_name)).items()
    ]
    return (
        ordered(slow, "-total_time_minutes", "process_name"),
        ordered(fine, "process_name", "-total_minutes", "step_name"),
    )


def _minutes(step: SimpleNamespace) -> float:
    return (step.step_duration_minutes or 0.0) + (step.wait_time_minutes or 0.0)


def _process(steps: Rows) -> Row:
    cases = len({s.execution_id for s in steps})
    by_step = {
        name: math.fsum(map(_minutes, own)) / cases for name, own in groups(steps, lambda s: s.step_name).items()
    }
    whole, slowest = math.fsum(by_step.values()), max(by_step.values())
    names = sorted(name for name, spent in by_step.items() if math.isclose(spent, slowest, rel_tol=1e-9))
    return {
        "total_time_minutes": whole,
        "bottleneck_minutes": slowest,
        "bottleneck_pct_of_total": percent(slowest, whole),
        "bottleneck_steps": ", ".join(names),
        "total_errors": count(steps, lambda s: s.error_occurred),
        "rework_rate_pct": _rework(steps),
        "potential_time_savings": whole * ASSUMED.saving,
        "cases": cases,
        "delay_minutes": total(s.wait_time_minutes for s in steps),
    }


def _rework(steps: Rows) -> float | None:
    told = known(s.rework_required for s in steps)
    return percent(told.count(True), len(told))


def _step(steps: Rows) -> Row:
    both = [s for s in steps if s.step_duration_minutes is not None and s.wait_time_minutes is not None]
    return {
        "executions": len(steps),
        "total_minutes": math.fsum(map(_minutes, steps)),
        "minutes_per_execution": mean(map(_minutes, steps)),
        "waiting_share": percent(math.fsum(s.wait_time_minutes for s in both), math.fsum(map(_minutes, both))),
        "errors": count(steps, lambda s: s.error_occurred),
        "rework_rate_pct": _rework(steps),
    }
