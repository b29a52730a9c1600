"""The company: its customers, services, and the people who answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from opstally.demo import names
from opstally.demo.exports import Exports, day, label, numbered, same, whole, written
from opstally.demo.frame import NOT_A_TIME, Array, Frame, at_random, concat, lognormal, seconds, stream
from opstally.demo.season import Span, two_years, workload

NAME = "Larkspur Cloud"
CUSTOMERS_AT_FIRST, CUSTOMERS_SIGNED, PROSPECTS = 560, 600, 50
"""At scale 1: with a contract when the data begin, signed since, and still being talked to."""
FEWEST = 90
"""Customers of the smallest company."""
CELLS = 12
"""Customers live in cells of the platform; an incident hits some of them."""

SEGMENTS = ("small business", "mid-market", "enterprise")
SEGMENT_SHARE = (0.58, 0.30, 0.12)
PLANS = ("Starter", "Growth", "Scale")
TIERS = ("silver", "gold", "platinum")
REGIONS = ("DACH", "Nordics", "UK & Ireland", "France", "North America")
INDUSTRIES = ("Retail", "Financial services", "Healthcare", "Manufacturing", "Software", "Education", "Logistics")
ACV = (3_600.0, 14_000.0, 58_000.0)
"""Median first-year contract value by segment."""
TICKET_WEIGHT = (0.55, 1.5, 4.2)
"""Tickets that a customer of each segment raises, relative to each other."""


@dataclass(frozen=True)
class Service:
    """A service of the platform, and how it is and fails on average."""

    name: str
    tier: str
    owner: str
    slo: float
    response_ms: float
    failures_a_year: float
    monitored: bool = True


SERVICES = (
    Service("api-gateway", "1", "Platform", 99.95, 62, 7),
    Service("auth", "1", "Platform", 99.95, 48, 4),
    Service("billing-engine", "1", "Money", 99.9, 140, 8),
    Service("web-app", "1", "Product", 99.9, 185, 9),
    Service("search", "2", "Product", 99.5, 120, 8),
    Service("notifications", "2", "Messaging", 99.5, 75, 7),
    Service("webhooks", "2", "Messaging", 99.5, 90, 8),
    Service("reporting", "3", "Data", 99.5, 420, 9),
    Service("file-storage", "2", "Platform", 99.9, 160, 4),
    Service("integrations-hub", "2", "Messaging", 99.5, 210, 11),
    Service("batch-scheduler", "3", "Data", 99.0, 0, 6, monitored=False),
)
SERVICE = {service.name: at for at, service in enumerate(SERVICES)}
SERVICE_NAMES = tuple(SERVICE)
DEPENDENTS = {
    "auth": {"api-gateway": 0.55, "web-app": 0.7},
    "api-gateway": {"webhooks": 0.7, "integrations-hub": 0.65, "web-app": 0.5},
    "file-storage": {"reporting": 0.6},
    "billing-engine": {"reporting": 0.3},
    "web-app": {"search": 0.15},
}
"""When the first fails, how likely each of the second fails with it."""

TEAMS = ("Frontline", "Technical Support", "Billing Desk", "Integrations", "Enterprise Care")
TEAM_SHARE = (0.30, 0.25, 0.14, 0.17, 0.14)
SEATS = 26
"""At scale 1: support agents at any time."""


@dataclass(frozen=True)
class Company:
    """Everything that the other parts refer to. `customers` has a row a customer, `agents` a row a person."""

    seed: int
    scale: float
    span: Span
    customers: Frame
    agents: Frame
    seats: Frame

    def random(self, *name: str | int) -> np.random.Generator:
        """The random numbers of one part."""
        return stream(self.seed, *name)

    @cached_property
    def workload(self) -> Array:
        """How much is going on each day, 1 on average."""
        return workload(self.span)

    @cached_property
    def active_customers(self) -> Array:
        """Customers under contract each day."""
        days = self.span.days
        ever = self.customers["contract"][~self.customers["prospect"]]
        left = self.customers["churned"].astype("datetime64[D]")
        left = np.sort(left[~np.isnat(left)])
        return np.searchsorted(np.sort(ever), days, side="right") - np.searchsorted(left, days, side="right")

    def is_active(self, day: np.datetime64) -> Array:
        """Which customers are under contract on a day."""
        left = self.customers["churned"].astype("datetime64[D]")
        return (self.customers["contract"] <= day) & ~self.customers["prospect"] & ~(left <= day)


def found(seed: int, scale: float, until: date) -> Company:
    """The company before anything has happened: nobody has left yet."""
    span = two_years(until)
    agents, seats = _staff(stream(seed, "agents"), span, max(8, round(SEATS * scale)))
    return Company(seed, scale, span, _sign_up(stream(seed, "customers"), span, scale), agents, seats)


def _sign_up(rng: np.random.Generator, span: Span, scale: float) -> Frame:
    grown = max(scale, FEWEST / (CUSTOMERS_AT_FIRST + CUSTOMERS_SIGNED + PROSPECTS))
    before, since, prospects = (max(2, round(n * grown)) for n in (CUSTOMERS_AT_FIRST, CUSTOMERS_SIGNED, PROSPECTS))
    n = before + since + prospects
    segment = at_random(rng, SEGMENT_SHARE, n)
    return {
        "number": np.arange(n),
        "name": names.companies(rng, n),
        "segment": segment,
        "plan": np.clip(segment + at_random(rng, (0.12, 0.76, 0.12), n) - 1, 0, 2),
        "tier": np.clip(segment + at_random(rng, (0.10, 0.75, 0.15), n) - 1, 0, 2),
        "region": at_random(rng, (0.34, 0.14, 0.18, 0.12, 0.22), n),
        "industry": rng.integers(0, len(INDUSTRIES), n),
        "contract": _contract_days(rng, span, before, since, prospects),
        "churned": np.full(n, NOT_A_TIME),
        "prospect": np.arange(n) >= before + since,
        "paused": (np.arange(n) < before + since) & (rng.random(n) < 0.012),
        "acv": np.round(lognormal(rng, np.asarray(ACV)[segment], 0.45, n), -1),
        "weight": lognormal(rng, np.asarray(TICKET_WEIGHT)[segment], 0.5, n),
        "cell": rng.integers(0, CELLS, n),
        "users": np.ceil(lognormal(rng, np.asarray((6.0, 32.0, 180.0))[segment], 0.6, n)),
        "liking": np.clip(rng.normal(8.25, 0.9, n), 3.0, 9.8),
    }


def _contract_days(rng: np.random.Generator, span: Span, before: int, since: int, prospects: int) -> Array:
    """Signing days, in order; none for prospects. The company grows, so later days have more."""
    earlier = np.sort(np.int64(1700 * rng.beta(1.1, 1.8, before)))[::-1]
    later = np.sort(np.int64(len(span.days) * rng.random(since) ** 0.85))
    day = np.concatenate([-1 - earlier, later, np.zeros(prospects, dtype=np.int64)]).astype("timedelta64[D]")
    contract = np.datetime64(span.start, "D") + day
    contract[before + since :] = np.datetime64("NaT", "D")
    return contract


def _staff(rng: np.random.Generator, span: Span, seats: int) -> tuple[Frame, Frame]:
    """Agents, and the seats they hold: on some seats somebody left and somebody else followed."""
    team = np.repeat(np.arange(len(TEAMS)), np.maximum(1, np.round(np.asarray(TEAM_SHARE) * seats).astype(int)))
    n = len(team)
    handed_over = rng.random(n) < 0.3
    switch = span.days[rng.integers(90, len(span.days) - 60, n)]
    successor = np.where(handed_over, n + np.cumsum(handed_over) - 1, np.arange(n))
    people = n + int(handed_over.sum())
    start = np.concatenate([span.days[0] - rng.integers(60, 1500, n), switch[handed_over]])
    end = np.full(people, np.datetime64("NaT", "D"))
    end[:n][handed_over] = switch[handed_over]
    agents = {
        "number": np.arange(people),
        "name": names.people(rng, people),
        "team": np.concatenate([team, team[handed_over]]),
        "start": start,
        "end": end,
        "hourly": np.round(rng.normal(47, 5, people), 2),
    }
    return agents, {"team": team, "first": np.arange(n), "second": successor, "switch": switch}


def holder(seats: Frame, seat: Array, at: Array) -> Array:
    """The agent on each seat at an instant."""
    return np.where(at.astype("datetime64[D]") < seats["switch"][seat], seats["first"][seat], seats["second"][seat])


def export(company: Company, exports: Exports) -> None:
    """Customers, agents, services, training."""
    exports.table("customers", _customer_rows(company), {
        "customer_id": numbered("C-", "number"),
        "customer_name": "name",
        "customer_segment": label("segment", SEGMENTS),
        "plan": label("plan", PLANS),
        "service_tier": label("tier", TIERS),
        "region": label("region", REGIONS),
        "industry": label("industry", INDUSTRIES),
        "status": label("status", ("active", "churned", "paused", "prospect")),
        "contract_date": day("contract"),
        "churned_at": "churned",
        "first_year_acv": whole("acv"),
    })  # fmt: skip
    exports.table("agents", company.agents, {
        "agent_id": numbered("A-", "number", 3),
        "agent_name": "name",
        "team": label("team", TEAMS),
        "start_date": day('"start"'),
        "end_date": day('"end"'),
        "loaded_hourly_cost": "hourly",
    })  # fmt: skip
    exports.table(
        "services",
        _service_rows(),
        same("service_name", "tier", "owner", "runbook_url", "slo_target") | {"slo_window_days": "30"},
    )
    exports.table("training_records", _training(company), {
        "training_id": numbered("TR-", "number", 4),
        "agent_id": numbered("A-", "agent", 3),
        "course": label("course", ("Product basics", "Writing well", "Difficult conversations", "API and webhooks",
            "Data protection")),
        "completed_at": written("completed"),
        "score": whole("score"),
    })  # fmt: skip


def _customer_rows(company: Company) -> Frame:
    customers = company.customers
    status = np.where(customers["paused"], 2, 0)
    status = np.where(np.isnat(customers["churned"]), status, 1)
    acv = np.where(customers["prospect"], np.nan, customers["acv"])
    return customers | {"status": np.where(customers["prospect"], 3, status), "acv": acv}


def _service_rows() -> Frame:
    return {
        "service_name": np.array(SERVICE_NAMES),
        "tier": np.array([service.tier for service in SERVICES]),
        "owner": np.array([service.owner for service in SERVICES]),
        "runbook_url": np.array([f"https://wiki.larkspur.example/runbooks/{service.name}" for service in SERVICES]),
        "slo_target": np.array([service.slo for service in SERVICES]),
    }


def _training(company: Company) -> Frame:
    rng, agents = company.random("training"), company.agents
    first = np.maximum(agents["start"].astype("datetime64[s]"), company.span.begin)
    last = np.where(np.isnat(agents["end"]), company.span.end, agents["end"].astype("datetime64[s]"))
    courses = [_courses_of(rng, agent, first[agent], last[agent]) for agent in range(len(first))]
    records = concat([frame for frame in courses if len(frame["agent"])])
    return records | {"number": np.arange(len(records["agent"]))}


def _courses_of(rng: np.random.Generator, agent: int, first: np.datetime64, last: np.datetime64) -> Frame:
    taken = np.flatnonzero(rng.random(5) < 0.6)
    at = first + seconds(rng.random(len(taken)) * (last - first).astype(np.int64))
    score = np.clip(np.round(rng.normal(84, 8, len(taken))), 40, 100)
    return {"agent": np.full(len(taken), agent), "course": taken, "completed": at, "score": score}
