"""Which customers each incident reached, and who left because of it."""

from __future__ import annotations

import numpy as np

from opstally.demo.company import SERVICE_NAMES, Company
from opstally.demo.exports import Exports, label, numbered
from opstally.demo.frame import DAY, NOT_A_TIME, Array, Frame, length, minutes, seconds, take
from opstally.demo.season import Month
from opstally.demo.truth import Truth

REACHED = (0.80, 0.65, 0.45, 0.10)
"""Share of the customers in the cells hit that an incident of each severity reaches."""
LEAVING_A_MONTH = (0.0080, 0.0045, 0.0020)
"""Chance that a customer of each segment leaves in a month, had there been no incident."""
LEAVING_PER_HOUR = 0.30
"""Each hour of exposure in the 60 days before a month multiplies that chance by e to this."""
MEMORY_DAYS = 60
MOST_HOURS = 6.0
"""More exposure than this makes nobody more likely to leave."""
SETTLING_DAYS = 45
"""Nobody leaves so soon after signing."""


def suffer(company: Company, roots: Frame) -> tuple[Company, Frame]:
    """The company with those who left, and a row for each incident and customer that it reached.

    Month by month, because who has left is not reached any more.
    """
    rng = company.random("exposure")
    churned = np.full(length(company.customers), NOT_A_TIME)
    parts: list[Frame] = []
    for month in company.span.months():
        leaving = _leaving(rng, company, churned, parts, month)
        churned = np.where(np.isnat(churned), leaving, churned)
        parts += [_reached(rng, company, churned, take(roots, at)) for at in _starting(company, roots, month)]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    customers = company.customers | {"churned": churned}
    return Company(company.seed, company.scale, company.span, customers, company.agents, company.seats), columns


def _starting(company: Company, roots: Frame, month: Month) -> list[Array]:
    """Positions of the incidents that start in a month, each in an array of its own."""
    days = company.span.days
    day = roots["start"].astype("datetime64[D]")
    after = days[0] + month.after * DAY
    return [np.array([at]) for at in np.flatnonzero((day >= days[month.first]) & (day < after))]


def _reached(rng: np.random.Generator, company: Company, churned: Array, root: Frame) -> Frame:
    customers, start = company.customers, root["start"][0]
    severity = int(root["severity"][0])
    under_contract = (customers["contract"] <= start.astype("datetime64[D]")) & ~(churned <= start)
    chance = np.where(root["cells"][0][customers["cell"]], REACHED[severity], 0.0)
    reached = np.flatnonzero(under_contract & (rng.random(len(chance)) < chance))
    n = len(reached)
    late = (root["ended"][0] - start).astype(np.int64) * rng.uniform(0, 0.3, n)
    started = start + seconds(late)
    is_open = np.isnat(root["resolved"])[0]
    ended = np.where(is_open, NOT_A_TIME, root["ended"][0])
    lasting = (root["ended"][0] - started).astype(np.int64) / 60.0
    return {
        "incident": np.full(n, root["number"][0]),
        "customer": reached,
        "service": np.full(n, root["service"][0]),
        "severity": np.full(n, severity),
        "start": started,
        "ended": np.broadcast_to(ended, n).copy(),
        "minutes": lasting,
    }


def _leaving(rng: np.random.Generator, company: Company, churned: Array, parts: list[Frame], month: Month) -> Array:
    """When each customer leaves in a month; no time for most."""
    customers, n = company.customers, length(company.customers)
    start = np.datetime64(month.start, "s")
    settled = customers["contract"] <= np.datetime64(month.start, "D") - SETTLING_DAYS * DAY
    chance = np.asarray(LEAVING_A_MONTH)[customers["segment"]] * month.days / 30.4
    hazard = chance * np.exp(LEAVING_PER_HOUR * recent_hours(parts, start, n))
    leaves = settled & np.isnat(churned) & (rng.random(n) < 1 - np.exp(-hazard))
    when = start + seconds(rng.uniform(8, month.days * 24 - 6, n) * 3600)
    return np.where(leaves, when, NOT_A_TIME)


def recent_hours(parts: list[Frame], until: np.datetime64, customers: int) -> Array:
    """Hours of exposure that began in the memory before an instant, by customer, as far as they count."""
    hours = np.zeros(customers)
    since = until - MEMORY_DAYS * DAY
    for part in parts:
        counted = (part["start"] >= since) & (part["start"] < until)
        np.add.at(hours, part["customer"][counted], part["minutes"][counted] / 60.0)
    return np.minimum(hours, MOST_HOURS)


def count_reached(rows: Frame, exposure: Frame) -> Frame:
    """The incident rows with the number of customers that each reached."""
    counts = np.bincount(exposure["incident"], minlength=int(rows["number"].max()) + 1)
    return rows | {"reached": np.where(rows["root"], counts[rows["number"]], counts[rows["number"]] // 2)}


def raised(rng: np.random.Generator, exposure: Frame, chance: tuple[float, ...]) -> Frame:
    """The exposures of which a customer writes a ticket, with the time of writing."""
    writes = rng.random(length(exposure)) < np.asarray(chance)[exposure["severity"]]
    writing = take(exposure, writes)
    return writing | {"at": writing["start"] + minutes(rng.exponential(40, length(writing)) + 1)}


def export(exports: Exports, exposure: Frame) -> None:
    """incident_customers, in the canonical shape."""
    shown = exposure | {"minutes": np.where(np.isnat(exposure["ended"]), np.nan, np.round(exposure["minutes"], 1))}
    exports.table("incident_customers", shown, {
        "incident_id": numbered("INC-", "incident", 4),
        "customer_id": numbered("C-", "customer"),
        "service_name": label("service", SERVICE_NAMES),
        "exposure_started_at": '"start"',
        "exposure_ended_at": "ended",
        "exposure_minutes": "minutes",
    })  # fmt: skip


def plant(truth: Truth, company: Company) -> None:
    """Put the causes of churn on record."""
    gone = company.customers["churned"]
    truth.plant(
        "exposure_and_churn",
        f"Each hour that a customer was exposed to incidents in the {MEMORY_DAYS} days before a month multiplies the "
        "chance to leave in that month by e to log_hazard_per_hour, up to most_hours.",
        ("incident_customers", "customers", "customer_daily_metrics"),
        log_hazard_per_hour=LEAVING_PER_HOUR, memory_days=MEMORY_DAYS, most_hours=MOST_HOURS,
        customers_lost=int((~np.isnat(gone)).sum()),
        chance_a_month=dict(zip(("small business", "mid-market", "enterprise"), LEAVING_A_MONTH, strict=True)),
    )  # fmt: skip
