"""The workflow engine: cases step by step, each process with one true bottleneck."""

from __future__ import annotations

import numpy as np

from opstally.demo.company import Company
from opstally.demo.dirt import plan, soil, spoiled
from opstally.demo.exports import Exports, label, numbered, worded, written
from opstally.demo.frame import NOT_A_TIME, Array, Frame, concat, length, lognormal, minutes, take
from opstally.demo.season import Month, moments, on_clock
from opstally.demo.truth import Truth

SOURCE = "workflow_engine"
CLOCK = "America/New_York"
FORMAT = "%Y-%m-%d %H:%M:%S"
Step = tuple[str, float, float, float, float]
"""Name, mean minutes of work, mean minutes of waiting before it, chance of an error, chance of rework."""
PROCESSES: dict[str, tuple[float, tuple[Step, ...]]] = {
    "Customer provisioning": (3.0, (
        ("Intake", 10, 25, 0.01, 0.02), ("Security review", 35, 430, 0.03, 0.14),
        ("Environment setup", 42, 65, 0.05, 0.06),
        ("Data load", 56, 90, 0.08, 0.09), ("Handover", 15, 45, 0.01, 0.01),
    )),
    "Access request": (8.0, (("Request", 5, 8, 0.01, 0.05), ("Manager approval", 4, 265, 0.0, 0.03),
        ("Grant", 6, 18, 0.04, 0.02))),
    "Invoice dispute": (3.5, (
        ("Intake", 8, 35, 0.01, 0.02), ("Evidence", 28, 320, 0.02, 0.17), ("Finance review", 32, 150, 0.02, 0.05),
        ("Credit note", 10, 40, 0.03, 0.01),
    )),
    "Status page update": (0.8, (("Draft", 6, 2, 0.0, 0.03), ("Publish", 3, 5, 0.01, 0.0))),
}  # fmt: skip
"""Process → cases a day at scale 1, steps."""
NAMES = tuple(PROCESSES)
BOTTLENECKS = {
    "Customer provisioning": "Security review",
    "Access request": "Manager approval",
    "Invoice dispute": "Evidence",
}
ROBOT_STEPS = ("Environment setup", "Grant", "Publish")
RATES = {"exact_duplicate": 0.001, "bad_date": 0.0005, "unknown_value": 0.0005, "negative_duration": 0.0005}


def export_month(company: Company, exports: Exports, month: Month) -> None:
    """The steps of cases opened in a month, as far as they have begun."""
    rng = company.random("cases", month.label)
    rows = concat([_cases(rng, company, name, month) for name in NAMES])
    rows = take(rows, rows["start"] < company.span.end)
    rows["end"] = np.where(rows["end"] <= company.span.end, rows["end"], NOT_A_TIME)
    planned = plan(rng, length(rows), RATES, at_least=int(month.after == len(company.span.days)))
    soiled = soil(rng, rows, planned)
    soiled |= {name: on_clock(soiled[name], CLOCK) for name in ("start", "end")}
    steps = sorted({step for _, steps in PROCESSES.values() for step, *_ in steps})
    exports.csv(f"data/workflow/steps-{month.label}.csv", SOURCE, "process_executions", soiled, {
        "case": f"'W-{month.label}-' || process || printf('%05d', number)", "seq": "seq",
        "workflow": label("process", NAMES),
        "activity": label("step", steps), "queue_minutes": "round(wait, 1)",
        "start": spoiled("bad_date", written('"start"', FORMAT), "'2025-02-29 10:00:00'"),
        "end": spoiled("negative_duration", written('"end"', FORMAT), written('"start" - INTERVAL 90 MINUTE', FORMAT)),
        "outcome": worded("error", "ERROR", "OK"), "redo": worded("rework", "Y", "N"),
        "performer": f"CASE WHEN robot THEN 'robot-1' ELSE {numbered('E-', 'person', 3)} END",
        "performed_by": spoiled("unknown_value", worded("robot", "SYSTEM", "PERSON"), "'???'"),
    }, delimiter="\t")  # fmt: skip


def _cases(rng: np.random.Generator, company: Company, name: str, month: Month) -> Frame:
    """All steps of the process's cases: each waits, is worked on, and then the next one begins to wait."""
    a_day, steps = PROCESSES[name]
    days = np.arange(month.first, month.after)
    per_day = rng.poisson(a_day * company.scale * company.workload[days])
    at = moments(rng, np.repeat(company.span.days[days], per_day))
    parts = []
    for seq, step in enumerate(steps, start=1):
        part = _step(rng, step, at)
        parts.append(
            part
            | {
                "seq": np.full(len(at), seq),
                "number": np.arange(len(at)),
                "process": np.full(len(at), NAMES.index(name)),
            }
        )
        at = part["end"]
    return concat(parts)


def _step(rng: np.random.Generator, step: Step, at: Array) -> Frame:
    name, work, wait, error, rework = step
    n = len(at)
    waited = lognormal(rng, wait / np.exp(0.6**2 / 2), 0.6, n)
    worked = lognormal(rng, work / np.exp(0.4**2 / 2), 0.4, n)
    start = at + minutes(waited)
    all_steps = sorted({each for _, steps in PROCESSES.values() for each, *_ in steps})
    return {
        "step": np.full(n, all_steps.index(name)), "wait": waited, "start": start, "end": start + minutes(worked),
        "error": rng.random(n) < error, "rework": rng.random(n) < rework, "robot": np.full(n, name in ROBOT_STEPS),
        "person": rng.integers(1, 40, n),
    }  # fmt: skip


def plant(truth: Truth) -> None:
    """Put the bottlenecks on record."""
    sizes = {
        name: {
            "step": step,
            "minutes": sum(each[1] + each[2] for each in PROCESSES[name][1] if each[0] == step),
            "minutes_per_case": sum(each[1] + each[2] for each in PROCESSES[name][1]),
        }
        for name, step in BOTTLENECKS.items()
    }
    truth.plant(
        "bottlenecks", "The step of each process that takes most of a case's time, waiting included.",
        "process_executions",
        processes=sizes, short_process="Status page update",
    )  # fmt: skip
