"""A small made-up company: every table, with the gaps, borders and contradictions that real exports have."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

Row = dict[str, Any]

FIRST = dt.date(2026, 2, 1)
LAST = dt.date(2026, 11, 8)
"""Rows lie in [FIRST, LAST], so that every day a report may be asked for has some after it."""

DAYS = [FIRST + dt.timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
SERVICES = ("api", "billing", "login", "search")
UNCHECKED, UNLISTED = "archive", "ghost"
"""A service without checks, and one that only incidents and checks name."""

GONE = {
    n: dt.date(2026, month, day) for n, month, day in ((0, 7, 10), (6, 8, 7), (12, 8, 20), (18, 9, 25), (24, 9, 30))
}
"""Resource → its last day."""

CUSTOMERS = [f"customer-{n}" for n in range(24)]
SEGMENTS = ("enterprise", "mid-market", "small business", None)


def rows() -> dict[str, list[Row]]:
    """Table → rows, always the same."""
    chance = random.Random(20261031)
    return {
        name: list(make(chance))
        for name, make in {
            "customers": _customers,
            "services": _services,
            "support_tickets": _tickets,
            "infrastructure_monitoring": _checks,
            "incidents": _incidents,
            "incident_customers": _exposures,
            "cloud_resources": _resources,
            "infrastructure_metrics": _metrics,
            "customer_daily_metrics": _customer_days,
            "implementations": _implementations,
            "sla_definitions": _promises,
            "sla_measurements": _measurements,
            "business_processes": _executions,
            "process_executions": _steps,
            "infrastructure_components": _components,
            "component_failures": _failures,
            "costs": _costs,
        }.items()
    }


def _customers(chance: random.Random) -> Iterator[Row]:
    for n, name in enumerate(CUSTOMERS):
        status = chance.choice(["active"] * 6 + ["paused", "churned", "churned", "prospect"])
        signed = dt.date(2025, 6, 1) + dt.timedelta(days=chance.randrange(450))
        left = _instant(chance, chance.choice(DAYS)) if status == "churned" and n % 5 else None
        yield {
            "customer_id": name,
            "customer_segment": SEGMENTS[n % 4],
            "status": status,
            "contract_date": None if n == 7 else min(signed, left.date()) if left else signed,
            "churned_at": left,
        }


def _services(_: random.Random) -> Iterator[Row]:
    for name, slo in zip((*SERVICES, UNCHECKED), (99.9, 99.5, None, 100.0, 99.9), strict=True):
        yield {"service_name": name, "slo_target": slo}


def _tickets(chance: random.Random) -> Iterator[Row]:
    for n in range(1400):
        created = _instant(chance, chance.choice(DAYS))
        status = chance.choice(["resolved"] * 8 + ["closed"] * 4 + ["open", "new", "pending", "hold", "deleted"])
        hours = round(chance.expovariate(1 / 40), 3)
        was_resolved = status in ("resolved", "closed", "deleted") or chance.random() < 0.1
        resolved = created + dt.timedelta(hours=hours) if was_resolved and n % 53 else None
        target = chance.choice([30.0, 60.0, 240.0, None])
        reply = round(chance.expovariate(1 / 60), 2) if chance.random() < 0.85 else None
        if n % 17 == 0:
            reply = target
        yield {
            "ticket_id": f"T{n}",
            "created_at": created,
            "assigned_at": created + dt.timedelta(hours=hours * chance.random()) if chance.random() < 0.9 else None,
            "first_response_minutes": reply,
            "sla_target_minutes": target,
            "resolved_at": resolved,
            "resolution_hours": hours if resolved is not None or n % 53 == 0 else None,
            "status": status,
            "ticket_priority": chance.choice(["low", "normal", "high", "urgent", None]),
            "ticket_category": chance.choice(["billing", "bug", "how to", "how to", None]),
            "ticket_subcategory": chance.choice(["a", "b", None]),
            "team": chance.choice(["tier 1", "tier 1", "tier 2", None]),
            "agent_id": _or_none(chance, f"agent-{chance.randrange(9)}", 0.1),
            "customer_id": _or_none(chance, chance.choice(CUSTOMERS), 0.05),
            "service_name": _or_none(chance, chance.choice(SERVICES), 0.3),
            "satisfaction_score": _or_none(chance, chance.choice([1, 2, 3, 3.5, 4, 4, 5, 5]), 0.6),
            "satisfaction_offered": chance.choice([True, True, False, None]),
            "escalated": chance.choice([True, False, False, False, None]),
            "reopened": chance.choice([True, False, False, False, None]),
            "agent_touches": _or_none(chance, chance.randrange(5), 0.1),
            "handle_minutes": _or_none(chance, round(chance.uniform(1, 90), 1), 0.4),
            "self_service_deflected": chance.choice([True, False, False, None]),
        }


def _checks(chance: random.Random) -> Iterator[Row]:
    for service in (*SERVICES, UNLISTED):
        for day in DAYS:
            for check in ("ping", "page"):
                status = chance.choice(["up"] * 30 + ["degraded"] * 2 + ["down", "unknown", "maintenance"])
                yield {
                    "service_name": service,
                    "check_id": check,
                    "check_timestamp": _instant(chance, day),
                    "status": status,
                    "response_time_ms": _or_none(chance, round(chance.lognormvariate(5, 0.6), 2), 0.05),
                }


def _incidents(chance: random.Random) -> Iterator[Row]:
    for n in range(70):
        started = _instant(chance, chance.choice(DAYS))
        minutes = chance.choice([0.0, chance.uniform(1, 90), chance.uniform(60, 4000)])
        over = chance.random() < 0.9
        for service in chance.sample((*SERVICES, UNCHECKED, UNLISTED), chance.choice([1, 1, 2])):
            yield {
                "incident_id": f"I{n}",
                "service_name": service,
                "started_at": started,
                "resolved_at": started + dt.timedelta(minutes=minutes) if over else None,
                "duration_minutes": minutes if over else None,
                "severity": chance.choice(["minor", "major"]),
                "customers_impacted": chance.randrange(20),
            }


def _exposures(chance: random.Random) -> Iterator[Row]:
    for n in range(70):
        started = _instant(chance, chance.choice(DAYS))
        for customer in chance.sample(CUSTOMERS, chance.randrange(6)):
            ended = started + dt.timedelta(minutes=chance.choice([0, 30, 600, 2000]))
            yield {
                "incident_id": f"I{n}",
                "customer_id": customer,
                "service_name": chance.choice(SERVICES),
                "exposure_started_at": started,
                "exposure_ended_at": _or_none(chance, ended, 0.05),
            }


def _resources(chance: random.Random) -> Iterator[Row]:
    for n in range(26):
        level = chance.choice([8, 35, 70, 95, 20, 50, 90])
        dies = GONE.get(n, LAST)
        moved = chance.choice(DAYS)
        for day in DAYS[n % 3 :: 3]:
            if day > dies:
                break
            known = n != 5 and chance.random() < 0.9
            yield {
                "resource_id": f"R{n}",
                "resource_name": f"node-{n % 4}",
                "metric_date": day,
                "resource_type": "compute" if n % 3 and day < moved else chance.choice(["storage"]),
                "utilization_percent": max(0.0, chance.gauss(level, 4)) if known else None,
                "peak_utilization": _or_none(chance, min(100.0, level + chance.uniform(0, 30)), 0.2),
                "daily_cost": _or_none(chance, round(chance.uniform(1, 40), 2), 0.1 if n != 9 else 1.0),
                "last_seen": dies + dt.timedelta(days=9) if n == 6 else None,
            }


def _metrics(chance: random.Random) -> Iterator[Row]:
    kinds = {
        "compute": (40, 0.15),
        "database": (76, 0.06),
        "network": (60, -0.05),
        "storage": (55, 0.0),
        "gpu": (93, 0),
    }
    for kind, (level, growth) in kinds.items():
        for n in range(2):
            for age, day in enumerate(DAYS):
                if kind == "network" and 100 < age < 130:
                    continue
                use = level + growth * age + chance.gauss(0, 2)
                yield {
                    "resource_id": f"{kind}-{n}",
                    "metric_date": day,
                    "resource_type": kind,
                    "utilization_percent": _or_none(chance, max(0.0, use), 0.1),
                    "peak_utilization": _or_none(chance, use + chance.uniform(0, 9), 0.2),
                }


def _customer_days(chance: random.Random) -> Iterator[Row]:
    for customer in CUSTOMERS[:12]:
        for day in DAYS:
            if chance.random() < 0.6:
                yield {
                    "customer_id": customer,
                    "metric_date": day,
                    "nps_score": _or_none(chance, chance.choice([0, 3, 6, 6.5, 7, 8, 9, 10]), 0.7),
                    "usage_minutes": _or_none(chance, round(chance.uniform(0, 300), 1), 0.1),
                    "churned": chance.choice([None] + [False] * 40 + [True]),
                }


def _implementations(chance: random.Random) -> Iterator[Row]:
    for n in range(130):
        signed = FIRST + dt.timedelta(days=chance.randrange(250))
        kickoff = signed + dt.timedelta(days=chance.randrange(20))
        days = chance.choice([10, 29, 30, 31, 45, 80])
        live = kickoff + dt.timedelta(days=days) if n % 4 else None
        if n % 13 == 0:
            kickoff = None  # type: ignore[assignment]
        status = "live" if live else chance.choice(["active", "on_hold", "planned", "cancelled"])
        yield {
            "project_id": f"P{n}",
            "customer_id": _or_none(chance, chance.choice(CUSTOMERS), 0.05),
            "customer_segment": chance.choice(SEGMENTS),
            "implementation_type": chance.choice(["standard", "migration", None]),
            "contract_date": _or_none(chance, signed, 0.3),
            "kickoff_date": kickoff,
            "planned_go_live_date": _or_none(chance, signed + dt.timedelta(days=40), 0.2),
            "go_live_date": live,
            "status": "cancelled" if n % 29 == 0 else status,
            "implementation_score": _or_none(chance, chance.randrange(1, 6), 0.3),
            "issues_encountered": _or_none(chance, chance.randrange(8), 0.1),
            "days_to_complete": float(days) if live and kickoff else None,
        }


PROMISES = {"gold-up": ("gold", "uptime", "gte", 99.9), "gold-fr": ("gold", "first response", "lte", 30.0),
            "base-up": ("base", "uptime", "gte", 99.0), "base-res": ("base", "resolution", "lte", 48.0)}  # fmt: skip


def _promises(_: random.Random) -> Iterator[Row]:
    for sla, (tier, metric, operator, target) in PROMISES.items():
        for since, factor in ((dt.date(2026, 3, 1), 1.0), (dt.date(2026, 9, 10), 0.999)):
            yield {
                "sla_id": sla,
                "valid_from": since,
                "service_tier": tier,
                "sla_metric": metric,
                "operator": operator,
                "sla_target": target * factor,
                "evaluation": "per_event",
            }


def _measurements(chance: random.Random) -> Iterator[Row]:
    for n in range(900):
        sla = chance.choice([*PROMISES, *PROMISES, "unpromised"])
        target = PROMISES.get(sla, ("", "", "", 1.0))[3]
        yield {
            "measurement_id": f"M{n}",
            "sla_id": sla,
            "customer_id": chance.choice(CUSTOMERS),
            "measurement_date": chance.choice(DAYS),
            "actual_value": target if n % 19 == 0 else _or_none(chance, target * chance.uniform(0.98, 1.01), 0.05),
            "excluded": chance.choice([True, None] + [False] * 8),
        }


def _executions(chance: random.Random) -> Iterator[Row]:
    for n in range(2200):
        category = chance.choice(["finance", "finance", "people", "robots", None])
        modes = ["automated"] if category == "robots" else ["automated", "automated", "manual", "hybrid", None]
        mode = chance.choice(modes)
        process = f"{category}-{chance.randrange(2)}"
        minutes = chance.uniform(2, 9) if mode == "automated" else chance.uniform(5, 40)
        yield {
            "execution_id": f"E{n}",
            "process_name": process,
            "process_category": category,
            "automation_status": mode,
            "execution_date": chance.choice(DAYS),
            "execution_time_minutes": _or_none(chance, round(minutes, 2), 0.05),
            "cost_per_execution": _or_none(chance, round(chance.uniform(1, 9), 2), 0.1),
            "case_type": chance.choice(["simple", "complex", None]),
        }


def _steps(chance: random.Random) -> Iterator[Row]:
    for n in range(700):
        process = chance.choice(["invoice", "hire", "refund", "ping"])
        day = chance.choice(DAYS)
        scale = 0.05 if process == "ping" else 1.0
        for step in range(chance.choice([3, 4, 5])):
            same = process == "refund"
            yield {
                "execution_id": f"C{n}",
                "step_sequence": step,
                "process_name": process,
                "step_name": ("receive", "check", "approve", "check", "pay")[step],
                "step_duration_minutes": 20.0 if same else _or_none(chance, scale * chance.uniform(1, 40), 0.1),
                "wait_time_minutes": 0.0 if same else _or_none(chance, scale * chance.uniform(0, 60), 0.1),
                "error_occurred": chance.choice([True, False, False, None]),
                "rework_required": chance.choice([True, False, False, None]),
                "execution_date": day + dt.timedelta(days=step),
            }


def _components(chance: random.Random) -> Iterator[Row]:
    for n in range(40):
        for _ in range(chance.choice([1, 2, 4])):
            yield {
                "component_id": f"K{n}",
                "observed_at": None if n == 0 else _instant(chance, chance.choice(DAYS)),
                "component_type": ("disk", "switch", "server", None)[n % 4],
                "status": chance.choice(["active"] * 5 + ["retired", "standby"]),
                "error_rate_7d": _or_none(chance, chance.choice([0.2, 1.0, 2.0, 5.0, 9.0]), 0.08),
                "performance_degradation_30d": _or_none(chance, chance.choice([-3.0, 10.0, 15.0, 20.0, 30.0]), 0.08),
                "last_maintenance_days_ago": _or_none(chance, chance.choice([10, 90, 100, 135, 136, 300]), 0.08),
                "recommended_maintenance_interval": _or_none(chance, 90, 0.08),
            }
            if n == 0:
                break


def _failures(chance: random.Random) -> Iterator[Row]:
    for n in range(60):
        yield {
            "failure_id": f"F{n}",
            "component_id": f"K{chance.randrange(40)}",
            "component_type": chance.choice(["disk", "switch", "server"]),
            "failed_at": _instant(chance, chance.choice(DAYS)),
        }


def _costs(chance: random.Random) -> Iterator[Row]:
    for day in DAYS:
        for center in ("support", "platform"):
            yield {
                "cost_date": day,
                "cost_center": center,
                "operational_cost": round(chance.uniform(-50, 4000), 2),
                "cost_class": chance.choice(["hosting", "support", None]),
            }


def _instant(chance: random.Random, day: dt.date) -> dt.datetime:
    """Somewhen on the day, now and then on its very first instant, where buckets meet."""
    midnight = dt.datetime.combine(day, dt.time())
    return midnight if chance.random() < 0.03 else midnight + dt.timedelta(seconds=chance.randrange(86_400))


def _or_none(chance: random.Random, value: Any, share: float) -> Any:
    return None if chance.random() < share else value
