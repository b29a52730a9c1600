"""Writes the whole company in order: who there is, what happens, and month by month what the tools export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import numpy as np

from opstally.demo import (
    bill,
    checks,
    company,
    cost,
    delivery,
    exposure,
    finance,
    health,
    helpdesk,
    incidents,
    onboarding,
    process,
    sla,
    support,
    usage,
    workflow,
)  # fmt: skip
from opstally.demo.company import Company
from opstally.demo.exports import Exports
from opstally.demo.frame import Frame, length
from opstally.demo.season import Month
from opstally.demo.truth import Truth

CLOCKS = {helpdesk.SOURCE: helpdesk.CLOCK, onboarding.SOURCE: onboarding.CLOCK, workflow.SOURCE: workflow.CLOCK}


@dataclass(frozen=True)
class History:
    """What happened to the company, before any tool exports it."""

    roots: Frame
    incidents: Frame
    exposure: Frame
    projects: Frame
    resources: Frame
    resource_days: Frame
    observed: Frame
    failed: Frame


@dataclass
class Running:
    """What must be remembered from one month to the next."""

    desk: helpdesk.Desk
    memory: usage.Memory
    hosting: dict[str, float] = field(default_factory=dict)


def write_company(folder: Path, scale: float, seed: int, until: date, progress: Callable[[str, float], None]) -> Truth:
    """Write all exports and truth.json; gives the truth."""
    progress("the company", 0.0)
    firm, history = _live(company.found(seed, scale, until))
    truth = Truth(seed, scale, firm.span.start, until, clocks=dict(CLOCKS))
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2; SET memory_limit = '1GB'; SET preserve_insertion_order = true")
        exports = Exports(folder, truth, connection)
        _export_all(firm, history, exports, progress)
    _plant(truth, firm, history)
    truth.save(folder)
    progress("done", 1.0)
    return truth


def _live(firm: Company) -> tuple[Company, History]:
    """Everything that happens over the two years, except the masses."""
    roots = incidents.happen(firm)
    firm, exposed = exposure.suffer(firm, roots)
    rows = exposure.count_reached(incidents.spread(firm, roots), exposed)
    owned = cost.resources(firm)
    days = cost.resource_days(firm, owned)
    return firm, History(roots, rows, exposed, onboarding.projects(firm), owned, days, *health.observe(firm))


def _export_all(firm: Company, history: History, exports: Exports, progress: Callable[[str, float], None]) -> None:
    company.export(firm, exports)
    delivery.export(firm, exports, history.roots, history.incidents)
    exposure.export(exports, history.exposure)
    cost.export(exports, firm, history.resource_days)
    onboarding.export(firm, exports, history.projects)
    sla.export_definitions(firm, exports)
    process.export_automations(firm, exports)
    health.export(exports, history.observed, history.failed)
    months = list(firm.span.months())
    running = Running(helpdesk.Desk(), usage.Memory(np.zeros(length(firm.customers))))
    for at, month in enumerate(months):
        progress(f"the exports of {month.label}", (at + 1) / (len(months) + 1))
        _export_month(firm, history, exports, running, month)
    finance.export(firm, exports, running.hosting, onboarding.fees_by_month(history.projects))


def _export_month(firm: Company, history: History, exports: Exports, running: Running, month: Month) -> None:
    created = helpdesk.number(running.desk, support.monthly(firm, history.exposure, month))
    helpdesk.export_month(firm, exports, running.desk, month, created)
    helpdesk.export_log(firm, exports, month, created)
    sla.export_month(firm, exports, month, created, history.exposure)
    checks.export(firm, exports, history.incidents, month)
    usage.export_month(firm, exports, history.exposure, running.memory, month)
    process.export_month(firm, exports, month)
    workflow.export_month(firm, exports, month)
    running.hosting[month.label] = bill.export_month(firm, exports, history.resource_days, month)


def _plant(truth: Truth, firm: Company, history: History) -> None:
    support.plant(truth, firm)
    incidents.plant(truth)
    exposure.plant(truth, firm)
    usage.plant(truth)
    checks.plant(truth, firm)
    delivery.plant(truth)
    cost.plant(truth, firm, history.resources, history.resource_days)
    bill.plant(truth)
    onboarding.plant(truth, firm, history.projects)
    sla.plant(truth, firm)
    process.plant(truth)
    workflow.plant(truth)
    finance.plant(truth, firm)
    health.plant(truth, history.observed, history.failed)
