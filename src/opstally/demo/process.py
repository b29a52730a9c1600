"""Internal processes, by hand and automated, with known savings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opstally.demo.company import Company
from opstally.demo.exports import Exports, day, label, numbered
from opstally.demo.frame import Array, Frame, concat, length
from opstally.demo.season import Month
from opstally.demo.truth import Truth


@dataclass(frozen=True)
class Process:
    """One process: how often, and what an execution takes and costs by hand and automated."""

    name: str
    category: str
    a_day: float
    manual: tuple[float, float]
    """Minutes and cost by hand; zeros where nobody does it by hand."""
    automated: tuple[float, float]
    """Minutes and cost automated; zeros where it is not."""
    live: int = 0
    """Day of the data on which the automation went live; negative for before."""
    share: float = 0.0
    """Share that is automated in the end."""
    build_cost: float = 0.0
    run_cost: float = 0.0


PROCESSES = (
    Process("Invoice matching", "finance", 14, (22.0, 16.9), (2.5, 2.1), -210, 0.93, 46_000, 900),
    Process("Payment reconciliation", "finance", 9, (14.0, 10.7), (1.5, 1.4), -120, 0.93, 28_000, 600),
    Process("Access request", "it operations", 12, (15.0, 11.5), (3.0, 2.6), 200, 0.70, 19_000, 350),
    Process("Customer provisioning", "customer operations", 7, (48.0, 36.8), (9.0, 8.2), 330, 0.60, 64_000, 1_100),
    Process("Contract renewal", "sales operations", 5, (35.0, 26.8), (0.0, 0.0)),
    Process("Data deletion request", "compliance", 4, (26.0, 19.9), (34.0, 27.5), 420, 0.65, 31_000, 1_400),
    Process("Usage report", "reporting", 10, (0.0, 0.0), (6.0, 3.1), -400, 1.0, 22_000, 500),
)
NAMES = tuple(process.name for process in PROCESSES)
CATEGORIES = tuple(process.category for process in PROCESSES)
MIXED, SIMPLE_IF_AUTOMATED, SIMPLE_OTHERWISE = "Access request", 0.85, 0.45
SIMPLE, COMPLEX = 0.6, 1.4
"""Minutes and cost of simple and complex cases, relative to the usual."""
RAMP_DAYS = 60
STATUSES = ("automated", "manual", "hybrid")
AUTOMATED, MANUAL, HYBRID = range(3)
AUTOMATIONS = tuple(at for at, process in enumerate(PROCESSES) if process.share)


def export_month(company: Company, exports: Exports, month: Month) -> None:
    """A month of executions."""
    rng = company.random("executions", month.label)
    rows = concat([_executed(rng, company, at, month) for at in range(len(PROCESSES))])
    rows |= {"number": np.arange(length(rows))}
    exports.table("business_processes", rows, {
        "execution_id": f"'X-{month.label}-' || printf('%06d', number)", "process_name": label("process", NAMES),
        "process_category": label("process", CATEGORIES), "automation_status": label("status", STATUSES),
        "automation_id": f"CASE WHEN status = 0 THEN {numbered('AU-', 'process', 2)} END",
        "execution_date": day("date"),
        "execution_time_minutes": "minutes", "human_minutes": "human", "error_count": "errors",
        "manual_interventions": "stepped_in",
        "cost_per_execution": "cost", "case_type": label("complex", ("simple", "complex")),
    }, part=month.label)  # fmt: skip


def _executed(rng: np.random.Generator, company: Company, at: int, month: Month) -> Frame:
    process, days = PROCESSES[at], np.arange(month.first, month.after)
    growth = company.active_customers[days] / company.active_customers.mean()
    per_day = rng.poisson(process.a_day * company.scale * company.workload[days] * growth)
    day_at = np.repeat(days, per_day)
    n = len(day_at)
    automated = rng.random(n) < automated_share(process, day_at)
    status = np.where(automated, AUTOMATED, np.where(rng.random(n) < 0.1, HYBRID, MANUAL))
    chance = np.where(automated, SIMPLE_IF_AUTOMATED, SIMPLE_OTHERWISE) if process.name == MIXED else 0.5
    is_complex = rng.random(n) >= chance
    return {
        "process": np.full(n, at), "date": company.span.days[day_at], "status": status,
        "complex": is_complex.astype(np.int64),
    } | _spent(rng, process, status, np.where(is_complex, COMPLEX, SIMPLE))  # fmt: skip


def automated_share(process: Process, day: Array) -> Array:
    """Share of executions that the automation does on each day."""
    if not process.share:
        return np.zeros(len(day))
    return np.where(day < process.live, 0.0, process.share * np.clip((day - process.live + 1) / RAMP_DAYS, 0, 1))


def _spent(rng: np.random.Generator, process: Process, status: Array, size: Array) -> Frame:
    """Minutes and cost with noise that leaves their means as declared; hybrid lies halfway."""
    n = len(status)
    by_hand, by_robot = np.asarray(process.manual), np.asarray(process.automated)
    means = np.stack([by_robot, by_hand, (by_hand + by_robot) / 2 if process.share else by_hand])[status]
    noise = np.exp(0.25 * rng.standard_normal((n, 2)) - 0.25**2 / 2)
    minutes, cost = (means * noise * size[:, None]).T
    stepped_in = rng.poisson(np.asarray((0.05, 1.0, 0.6))[status])
    human = np.where(
        status == AUTOMATED, np.minimum(2.0 * stepped_in, minutes), np.where(status == MANUAL, minutes, minutes / 2)
    )
    errors = rng.poisson(np.asarray((0.10 if process.name == "Data deletion request" else 0.015, 0.05, 0.03))[status])
    return {
        "minutes": np.round(minutes, 2), "cost": np.round(cost, 2), "human": np.round(human, 2), "errors": errors,
        "stepped_in": stepped_in,
    }  # fmt: skip


def export_automations(company: Company, exports: Exports) -> None:
    """What the automations cost to build and run."""
    chosen = [PROCESSES[at] for at in AUTOMATIONS]
    exports.table("automations", {
        "number": np.array(AUTOMATIONS), "name": np.array([f"{process.name} robot" for process in chosen]),
        "process": np.array(AUTOMATIONS), "live": company.span.days[0] + np.array([process.live for process in chosen]),
        "build": np.array([process.build_cost for process in chosen]),
        "run": np.array([process.run_cost for process in chosen]),
    }, {
        "automation_id": numbered("AU-", "number", 2), "automation_name": "name",
        "process_name": label("process", NAMES),
        "live_date": day("live"), "build_cost": "build", "monthly_run_cost": "run",
    })  # fmt: skip


def plant(truth: Truth) -> None:
    """Put the true savings on record."""
    per_unit = {
        process.name: {
            "category": process.category,
            "minutes_saved_per_execution": round(process.manual[0] - process.automated[0], 2),
            "cost_saved_per_execution": round(process.manual[1] - process.automated[1], 2),
            "build_cost": process.build_cost, "monthly_run_cost": process.run_cost, "share": process.share,
        }
        for process in PROCESSES
        if process.share and process.manual[0]
    }  # fmt: skip
    truth.plant(
        "automation_savings",
        "What each automation saves per execution, like for like; one costs more than the people did.",
        ("business_processes", "automations"), processes=per_unit, loss="Data deletion request",
    )  # fmt: skip
    truth.plant(
        "no_manual_baseline", "A category of which nothing is done by hand, so that no saving can be told.",
        "business_processes", category="reporting",
    )  # fmt: skip
    truth.plant(
        "case_mix", "One automation gets mostly simple cases, so that comparing all cases overstates its saving.",
        "business_processes", process=MIXED, simple_if_automated=SIMPLE_IF_AUTOMATED, simple_otherwise=SIMPLE_OTHERWISE,
    )  # fmt: skip
    truth.plant(
        "manual_process", "A process that nothing automates.", "business_processes", process="Contract renewal",
        minutes=35.0, cost=26.8,
    )  # fmt: skip
