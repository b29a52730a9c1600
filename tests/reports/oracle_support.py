"""The support reports once more, in plain Python over the loaded tickets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from tests.reports.arithmetic import (
    ASSUMED,
    Data,
    Row,
    Sections,
    count,
    first_of_month,
    groups,
    hours,
    known,
    last_months,
    last_weeks,
    mean,
    median,
    midnight,
    minutes,
    monday,
    ordered,
    percent,
    quantile,
    ratio,
    total,
)

Tickets = Sequence[SimpleNamespace]


def support_tickets(data: Data, as_of: dt.date) -> Sections:
    window = last_weeks(as_of, 13)
    tickets = [t for t in data("support_tickets") if t.status != "deleted" and window.has(t.created_at)]
    by_both = groups(tickets, lambda t: (monday(t.created_at), t.ticket_priority))
    split = [
        {"week": week, "ticket_priority": priority} | _created(own, as_of) for (week, priority), own in by_both.items()
    ]
    names = ("total_tickets", "sla_compliance", "median_resolution_hours", "avg_satisfaction")
    whole = []
    for week in window.weeks():
        figures = _created([t for t in tickets if week.has(t.created_at)], as_of)
        whole.append({"week": week.start} | {name: figures[name] for name in names})
    return ordered(split, "-week", "ticket_priority"), whole


def _created(tickets: Tickets, as_of: dt.date) -> Row:
    now = midnight(as_of + dt.timedelta(days=1))
    done = [t for t in tickets if t.status in ("resolved", "closed")]
    outcomes = [first_response(t, now) for t in tickets]
    aged = [t for t in tickets if now - t.created_at >= dt.timedelta(days=7)]
    quick = [t for t in aged if t in done and t.resolution_hours is not None and t.resolution_hours <= 168]
    return {
        "total_tickets": len(tickets),
        "resolved_tickets": len(done),
        "resolution_rate": percent(len(done), len(tickets)),
        "avg_resolution_hours": mean(t.resolution_hours for t in done),
        "avg_satisfaction": mean(t.satisfaction_score for t in tickets),
        "sla_compliance": percent(outcomes.count("met"), outcomes.count("met") + outcomes.count("breached")),
        "escalation_rate": _share_of_true(t.escalated for t in tickets),
        "median_resolution_hours": median(t.resolution_hours for t in done),
        "p90_resolution_hours": quantile((t.resolution_hours for t in done), 0.9),
        "rated_tickets": len(known(t.satisfaction_score for t in tickets)),
        "pending_first_response": outcomes.count("pending"),
        "open_tickets": len(tickets) - len(done),
        "resolved_within_7_days_pct": percent(len(quick), len(aged)),
    }


def first_response(ticket: SimpleNamespace, now: dt.datetime) -> str:
    if ticket.sla_target_minutes is None:
        return "not applicable"
    if ticket.first_response_minutes is not None:
        return "met" if ticket.first_response_minutes <= ticket.sla_target_minutes else "breached"
    return "breached" if minutes(ticket.created_at, now) > ticket.sla_target_minutes else "pending"


def _share_of_true(values: Any) -> float | None:
    there = known(values)
    return percent(there.count(True), len(there))


def support_teams(data: Data, as_of: dt.date) -> Sections:
    tickets = [t for t in data("support_tickets") if t.status != "deleted"]
    window = last_months(as_of, 1)
    by_team = groups([t for t in tickets if window.has(t.resolved_at)], lambda t: t.team)
    teams = [{"team": team} | _team(own, as_of) for team, own in by_team.items()]
    half_year = last_months(as_of, 6)
    recent = [t for t in tickets if half_year.has(t.resolved_at)]
    names = ("total_tickets", "avg_handle_hours", "team_avg_csat")
    months = []
    for (month, team), own in groups(recent, lambda t: (first_of_month(t.resolved_at), t.team)).items():
        figures = _team(own, as_of)
        months.append({"month": month, "team": team} | {name: figures[name] for name in names})
    return ordered(teams, "-team_avg_csat", "team"), ordered(months, "-month", "team")


def _team(tickets: Tickets, as_of: dt.date) -> Row:
    now = midnight(as_of + dt.timedelta(days=1))
    done = [t for t in tickets if t.status in ("resolved", "closed")]
    agents = known(t.agent_id for t in done)
    handled = [hours(t.assigned_at, t.resolved_at) for t in done]
    aged = [t for t in tickets if now - t.resolved_at >= dt.timedelta(days=ASSUMED.reopen)]
    asked = [t for t in done if t.satisfaction_offered]
    rated = known(t.satisfaction_score for t in done)
    return {
        "agent_count": len(set(agents)),
        "total_tickets": len(done),
        "avg_tickets_per_agent": ratio(len(agents), len(set(agents))),
        "avg_handle_hours": mean(handled),
        "team_avg_csat": mean(rated),
        "satisfaction_rate": percent(count(rated, lambda score: score >= 4), len(rated)),
        "reopen_rate": _share_of_true(t.reopened for t in aged),
        "satisfaction_response_rate": percent(len(known(t.satisfaction_score for t in asked)), len(asked)),
        "median_handle_hours": median(handled),
    }


def support_efficiency(data: Data, as_of: dt.date) -> Sections:
    window = last_weeks(as_of, 13)
    tickets = [t for t in data("support_tickets") if t.status != "deleted" and window.has(t.created_at)]
    coarse = [
        {"ticket_category": c} | _category(own) for c, own in groups(tickets, lambda t: t.ticket_category).items()
    ]
    fine = [
        {"ticket_category": category, "ticket_subcategory": sub} | _category(own)
        for (category, sub), own in groups(tickets, lambda t: (t.ticket_category, t.ticket_subcategory)).items()
    ]
    keys = ("-total_tickets", "ticket_category")
    return ordered(coarse, *keys), ordered(fine, *keys, "ticket_subcategory")


def _category(tickets: Tickets) -> Row:
    done = [t for t in tickets if t.status in ("resolved", "closed")]
    worked = [t for t in tickets if not t.self_service_deflected]
    handled = [t.handle_minutes / 60 for t in worked if t.handle_minutes is not None]
    elapsed = [t.resolution_hours for t in worked if t.handle_minutes is None and t.resolution_hours is not None]
    costs = [ASSUMED.hourly_cost * spent for spent in (*handled, *elapsed)]
    return {
        "total_tickets": len(tickets),
        "self_service_rate": _share_of_true(t.self_service_deflected for t in tickets),
        "avg_resolution_hours": mean(t.resolution_hours for t in done),
        "total_escalations": count(tickets, lambda t: t.escalated),
        "escalation_rate": _share_of_true(t.escalated for t in tickets),
        "estimated_cost": total(costs),
        "estimated_cost_per_ticket": mean(costs),
        "cost_from_handled_minutes_pct": percent(len(handled), len(costs)),
    }
