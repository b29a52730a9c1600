"""Cloud resources: what they are, how full they are and what they cost a day."""

from __future__ import annotations

import numpy as np

from opstally.demo.company import SERVICE_NAMES, SERVICES, Company
from opstally.demo.exports import Exports, day, label, numbered
from opstally.demo.finance import HOSTING_SHARE, recurring
from opstally.demo.frame import Array, Frame, at_random, length, lognormal, take
from opstally.demo.truth import Truth

RESOURCES = 92
"""At scale 1; they grow with the square root of it."""
TYPES = ("compute", "database", "storage", "cache", "load balancer", "queue")
TYPE_SHARE = (0.38, 0.18, 0.16, 0.10, 0.09, 0.09)
MEASURES = ("cpu", "storage", "storage", "memory", "network", "overall")
TYPE_COST = (1.0, 2.4, 0.8, 1.1, 0.5, 0.4)
STEADY, IDLE, UNDER, HOT = range(4)
LEVEL = ((52, 76), (2.5, 6.5), (24, 44), (92, 95))
"""Mean utilisation between which resources of each kind lie."""
FILLING = {"database": 0.45, "storage": 0.22}
"""Points of utilisation a week by which these fill over the last year."""
FILLING_FROM = {"database": (44.0, 52.0), "storage": (40.0, 58.0)}
FILLING_DAYS = 364
DEAD_DAYS = 40
ENVIRONMENTS = ("production", "staging", "development")
OWNERS = ("Platform", "Money", "Product", "Messaging", "Data")
COMMITTED = 0.65
"""Share of compute and databases in production that runs on prepaid commitments."""


def resources(company: Company) -> Frame:
    """One row a resource. The first is dead: it was seen last some weeks ago."""
    rng, days = company.random("resources"), len(company.span.days)
    n = max(36, round(RESOURCES * company.scale**0.5))
    kind = np.sort(at_random(rng, TYPE_SHARE, n))
    environment = at_random(rng, (0.72, 0.18, 0.10), n)
    habit = _habits(rng, kind, environment)
    low, high = np.asarray(LEVEL, dtype=float)[habit].T
    level = rng.uniform(low, high)
    for name, (least, most) in FILLING_FROM.items():
        level = np.where(kind == TYPES.index(name), rng.uniform(least, most, n), level)
    since = np.where((rng.random(n) < 0.22) & (np.arange(n) > 4), rng.integers(20, days - 150, n), 0)
    return {
        "number": np.arange(1, n + 1), "kind": kind, "environment": environment, "habit": habit, "level": level,
        "service": rng.integers(0, len(SERVICES), n), "owner": rng.integers(0, len(OWNERS), n),
        "capacity": np.asarray((16, 500, 2000, 64, 10, 1000))[kind] * 2.0 ** rng.integers(0, 3, n),
        "weight": lognormal(rng, np.asarray(TYPE_COST)[kind], 0.45, n) * np.asarray((1.0, 0.35, 0.25))[environment],
        "since": since, "until": np.where(np.arange(n) == 0, days - DEAD_DAYS, days),
        "committed": (kind < 2) & (environment == 0) & (rng.random(n) < COMMITTED),
        "tagged": rng.random(n) < 0.86,
    }  # fmt: skip


def _habits(rng: np.random.Generator, kind: Array, environment: Array) -> Array:
    """Idle ones mostly outside production; at least five idle and two hot whatever is drawn."""
    n = len(kind)
    habit = at_random(rng, (0.70, 0.04, 0.22, 0.04), n)
    habit = np.where((environment > 0) & (rng.random(n) < 0.35), IDLE, habit)
    free = np.flatnonzero((kind != TYPES.index("database")) & (kind != TYPES.index("storage")))
    habit[free[1:6]] = IDLE
    habit[free[6:8]] = HOT
    return habit


def resource_days(company: Company, owned: Frame) -> Frame:
    """A row for each day on which each resource existed, by day."""
    rng, days = company.random("resource days"), len(company.span.days)
    alive = (np.arange(days)[:, None] >= owned["since"]) & (np.arange(days)[:, None] < owned["until"])
    at, resource = np.nonzero(alive)
    rows = take(owned, resource) | {"day": at, "date": company.span.days[at]}
    used = _utilisation(rng, company, rows)
    peak = np.minimum(used * np.clip(rng.normal(1.28, 0.08, len(at)), 1.02, None), 100.0)
    return rows | {
        "used": np.round(used, 2), "peak": np.round(np.maximum(peak, used), 2),
        "cost": np.round(_daily_cost(company, alive, owned)[at, resource], 4),
        "last_seen": company.span.days[rows["until"] - 1],
    }  # fmt: skip


def _utilisation(rng: np.random.Generator, company: Company, rows: Frame) -> Array:
    weeks = np.maximum(rows["day"] - (len(company.span.days) - FILLING_DAYS), 0) / 7
    a_week = np.array([FILLING.get(name, 0.0) for name in TYPES])[rows["kind"]]
    busy = (company.workload[rows["day"]] - 1) * np.where((rows["kind"] == 0) & (rows["habit"] == STEADY), 5.0, 0.0)
    wobble = rng.normal(0, np.where(rows["habit"] == IDLE, 0.6, 1.6), length(rows))
    return np.asarray(np.clip(rows["level"] + a_week * weeks + busy + wobble, 0.3, 100.0))


def _daily_cost(company: Company, alive: Array, owned: Frame) -> Array:
    """Days × resources: the day's hosting cost, shared out among the resources alive."""
    weight = alive * owned["weight"]
    total = HOSTING_SHARE * 0.80 * recurring(company) / 30.4
    return np.asarray(total[:, None] * weight / weight.sum(axis=1, keepdims=True))


def export(exports: Exports, company: Company, rows: Frame) -> None:
    """cloud_resources and infrastructure_metrics, in the canonical shape."""
    rng = company.random("infrastructure metrics")
    n = length(rows)
    failed = rng.random(n) < 0.004
    measured = rows | {
        "uptime": np.where(failed, np.round(100 - rng.exponential(0.6, n), 3).clip(90, 100), 100.0),
        "failures": failed.astype(np.int64),
        "owner": np.where(rows["tagged"], rows["owner"], -1),
    }
    exports.table("cloud_resources", measured, {
        "resource_id": resource_id("number"), "metric_date": day("date"), "resource_type": label("kind", TYPES),
        "resource_name": f"{label('environment', ENVIRONMENTS)} || '-' || {label('service', SERVICE_NAMES)}",
        "dimension": label("kind", MEASURES), "utilization_percent": "used", "peak_utilization": "peak",
        "daily_cost": "cost",
        "capacity": "capacity::BIGINT", "owner": label("owner", OWNERS),
        "environment": label("environment", ENVIRONMENTS),
        "last_seen": day("last_seen"),
    })  # fmt: skip
    exports.table("infrastructure_metrics", measured, {
        "resource_id": resource_id("number"), "metric_date": day("date"), "resource_type": label("kind", TYPES),
        "utilization_percent": "used", "peak_utilization": "peak", "uptime_percentage": "uptime",
        "incident_count": "failures",
    })  # fmt: skip


def resource_id(column: str) -> str:
    """SQL for the provider's identifier."""
    return numbered("r-", column, 4)


def plant(truth: Truth, company: Company, owned: Frame, rows: Frame) -> None:
    """Put on record which resources waste money and which fill up."""
    last = rows["date"] == company.span.days[-1]
    idle = last & (rows["habit"] == IDLE) & ~np.isin(rows["kind"], [TYPES.index(name) for name in FILLING])
    named = sorted(f"r-{number:04d}" for number in rows["number"][idle])
    truth.plant(
        "idle_resources", "Resources that do next to nothing, and what they cost a day at the end.", "cloud_resources",
        resources=named, daily_cost=round(float(rows["cost"][idle].sum()), 2),
    )  # fmt: skip
    truth.plant(
        "dead_resource", "A resource that was listed last so many days before the end; it costs nothing any more.",
        "cloud_resources", resource=f"r-{owned['number'][0]:04d}", days=DEAD_DAYS,
    )  # fmt: skip
    ends = {name: round(float(rows["used"][last & (rows["kind"] == TYPES.index(name))].mean()), 1) for name in FILLING}
    truth.plant(
        "filling_resources",
        "Points of utilisation a week by which these types fill over the last year; all others stay.",
        ("cloud_resources", "infrastructure_metrics"), points_a_week=FILLING, utilisation_at_end=ends,
        days=FILLING_DAYS,
    )  # fmt: skip
