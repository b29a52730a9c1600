"""Support tickets: who asks what and when, and how the teams work them off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opstally.demo.company import SEATS, SERVICE, TEAMS, Company, holder
from opstally.demo.exposure import raised
from opstally.demo.frame import (
    DAY,
    NOT_A_TIME,
    Array,
    Frame,
    at_random,
    concat,
    hours,
    length,
    lognormal,
    minutes,
    minutes_between,
    take,
)  # fmt: skip
from opstally.demo.season import Month, moments
from opstally.demo.truth import Truth

TICKETS = 100_000
"""At scale 1, over two years."""
ORDINARY = 0.98
"""Share of them that no incident raised."""


@dataclass(frozen=True)
class Category:
    """What tickets are about, and how such tickets go."""

    name: str
    team: str
    service: str
    share: float
    hours: float
    handle_minutes: float
    escalated: float
    deflected: float
    parts: tuple[str, ...]


CATEGORIES = (
    Category("Billing", "Billing Desk", "billing-engine", 0.17, 7, 16, 0.04, 0.10,
        ("Invoice question", "Payment failed", "Refund", "Plan change")),
    Category("Login & access", "Frontline", "auth", 0.15, 3, 10, 0.03, 0.26,
        ("Password reset", "Single sign-on", "Permissions")),
    Category("How-to", "Frontline", "web-app", 0.20, 4, 13, 0.02, 0.30,
        ("Setup question", "Feature question", "Best practice")),
    Category("Reporting", "Technical Support", "reporting", 0.11, 12, 24, 0.07, 0.08,
        ("Wrong figures", "Export fails", "Scheduled report", "Dashboard")),
    Category("Integrations", "Integrations", "integrations-hub", 0.14, 18, 34, 0.18, 0.03,
        ("API error", "Webhook delivery", "CRM sync", "ERP connector")),
    Category("Bug", "Technical Support", "web-app", 0.12, 22, 32, 0.12, 0.02,
        ("User interface", "Wrong data", "Mobile app")),
    Category("Performance", "Technical Support", "search", 0.06, 10, 22, 0.10, 0.02, ("Slow pages", "Timeouts")),
    Category("Outage", "Technical Support", "api-gateway", 0.01, 5, 14, 0.14, 0.00,
        ("Service unavailable", "Partly unavailable")),
    Category("Files & import", "Frontline", "file-storage", 0.04, 9, 20, 0.05, 0.08,
        ("Upload fails", "Data import", "Storage limit")),
)  # fmt: skip
CATEGORY = {category.name: at for at, category in enumerate(CATEGORIES)}
PRIORITIES = ("low", "normal", "high", "urgent")
PRIORITY_SHARE = (0.20, 0.55, 0.19, 0.06)
TARGET_MINUTES = (1440.0, 480.0, 120.0, 30.0)
PARTS = tuple(part for category in CATEGORIES for part in category.parts)
CHANNELS = ("email", "web form", "chat", "phone", "api")

WRITES_IN_INCIDENT = (0.26, 0.16, 0.08, 0.03)
"""Chance that a customer reached by an incident of each severity writes a ticket about it."""
RELEASE_CATEGORY, RELEASE_FACTOR, RELEASE_SCORE = "Reporting", 2.4, -0.6
RELEASE_DAYS_BACK, MENDED_DAYS_BACK = 66, 24
"""A release breaks one category: that many times its usual tickets, rated so much worse, until it is mended."""
SLOWING_TEAM, SLOWING_DAYS, SLOWING_FACTOR = "Integrations", 240, 1.5
"""Over the last so many days this team's tickets come to take up to so many times as long."""
ESCALATION_FACTOR_OF_REOPENED = 2.2


def monthly(company: Company, exposure: Frame, month: Month) -> Frame:
    """The tickets created in a month, with all that will ever happen to them."""
    rng = company.random("tickets", month.label)
    asked = _with_incidents(rng, company, exposure, month, _asked(rng, company, month))
    asked = take(asked, np.argsort(asked["created"], kind="stable"))
    tickets = asked | _described(rng, company, asked)
    return _worked(rng, company, tickets)


def _asked(rng: np.random.Generator, company: Company, month: Month) -> Frame:
    """Ordinary tickets: when, from whom, about what."""
    days = range(month.first, month.after)
    per_day = rng.poisson(_per_day(company)[month.first : month.after])
    customers = np.concatenate([_writers(rng, company, day, int(n)) for day, n in zip(days, per_day, strict=True)])
    day = np.repeat(company.span.days[month.first : month.after], per_day)
    shares = _category_shares(company, day)
    category = (rng.random(len(day))[:, None] > shares).sum(axis=1)
    about = np.array([SERVICE[c.service] for c in CATEGORIES])[category]
    return {
        "created": moments(rng, day), "customer": customers, "category": category, "service": about,
        "severity": np.full(len(day), -1),
    }  # fmt: skip


def _per_day(company: Company) -> Array:
    """Expected tickets a day: seasons, growth, and the broken release."""
    growth = company.active_customers / company.active_customers.mean()
    share = CATEGORIES[CATEGORY[RELEASE_CATEGORY]].share
    broken = 1 + share * (RELEASE_FACTOR - 1) * _is_broken(company, company.span.days)
    usual = TICKETS * company.scale * ORDINARY / len(company.span.days)
    return np.asarray(usual * company.workload / company.workload.mean() * growth * broken)


def _is_broken(company: Company, day: Array) -> Array:
    last = company.span.days[-1]
    return np.asarray((day >= last - RELEASE_DAYS_BACK * DAY) & (day < last - MENDED_DAYS_BACK * DAY))


def _category_shares(company: Company, day: Array) -> Array:
    """Cumulative shares of the categories for each ticket's day."""
    shares = np.tile([c.share for c in CATEGORIES], (len(day), 1))
    shares[_is_broken(company, day), CATEGORY[RELEASE_CATEGORY]] *= RELEASE_FACTOR
    reach = np.cumsum(shares, axis=1)
    return np.asarray((reach / reach[:, -1:])[:, :-1])


def _writers(rng: np.random.Generator, company: Company, day: int, n: int) -> Array:
    weight = company.customers["weight"] * company.is_active(company.span.days[day])
    return at_random(rng, weight, n)


def _with_incidents(rng: np.random.Generator, company: Company, exposure: Frame, month: Month, asked: Frame) -> Frame:
    """Ordinary tickets and those that incidents raised."""
    start = np.datetime64(month.start, "s")
    during = (exposure["start"] >= start) & (exposure["start"] < start + month.days * DAY)
    writing = raised(rng, take(exposure, during), WRITES_IN_INCIDENT)
    writing = take(writing, writing["at"] < company.span.end)
    about = np.where(rng.random(length(writing)) < 0.7, CATEGORY["Outage"], CATEGORY["Performance"])
    return concat([asked, {
        "created": writing["at"], "customer": writing["customer"], "category": about, "service": writing["service"],
        "severity": writing["severity"],
    }])  # fmt: skip


def _described(rng: np.random.Generator, company: Company, asked: Frame) -> Frame:
    """Priority, subcategory, channel, promised reply, team, and whether a bot could answer or it is junk."""
    n, category = length(asked), asked["category"]
    tier = company.customers["tier"][asked["customer"]]
    urgency = at_random(rng, PRIORITY_SHARE, n) + (rng.random(n) < 0.10 * tier) + (asked["severity"] >= 0)
    priority = np.minimum(urgency, 3)
    parts = np.array([len(c.parts) for c in CATEGORIES])
    deflected = rng.random(n) < np.array([c.deflected for c in CATEGORIES])[category]
    promised = ~deflected & ~((tier == 0) & (priority == 0))
    return {
        "priority": priority,
        "part": (np.cumsum(parts) - parts)[category] + (rng.random(n) * parts[category]).astype(np.int64),
        "channel": at_random(rng, (0.46, 0.27, 0.17, 0.08, 0.02), n),
        "deflected": deflected,
        "target": np.where(promised, np.asarray(TARGET_MINUTES)[priority], np.nan),
        "team": _teams(rng, category, tier),
        "junk": rng.random(n) < 0.003,
        "waits": at_random(rng, (0.55, 0.35, 0.10), n),
    }


def _teams(rng: np.random.Generator, category: Array, tier: Array) -> Array:
    team = np.array([TEAMS.index(c.team) for c in CATEGORIES])[category]
    care = (tier == 2) & (team != TEAMS.index(SLOWING_TEAM)) & (rng.random(len(team)) < 0.55)
    return np.where(care, TEAMS.index("Enterprise Care"), team)


def slowing(company: Company, created: Array) -> Array:
    """How much longer the slowing team takes for tickets of each instant."""
    days = (company.span.end - created).astype(np.int64) / 86400
    share: Array = np.clip(1 - days / SLOWING_DAYS, 0, 1)
    return 1 + (SLOWING_FACTOR - 1) * share


def _worked(rng: np.random.Generator, company: Company, tickets: Frame) -> Frame:
    """Replies, resolutions, reopenings, ratings and effort."""
    n, category = length(tickets), tickets["category"]
    slow = np.where(tickets["team"] == TEAMS.index(SLOWING_TEAM), slowing(company, tickets["created"]), 1.0)
    replied = _replied(rng, tickets)
    lasting = lognormal(rng, np.array([c.hours for c in CATEGORIES])[category], 0.95, n)
    lasting *= np.asarray((1.5, 1.0, 0.6, 0.35))[tickets["priority"]] * slow
    never = (rng.random(n) < 0.004) | np.isnat(replied)
    resolved = np.where(never, NOT_A_TIME, replied + hours(lasting))
    reopens = ~never & (rng.random(n) < 0.062)
    reopened = np.where(reopens, resolved + hours(rng.exponential(40, n) + 1), NOT_A_TIME)
    again = np.where(reopens, reopened + hours(lognormal(rng, 9.0, 0.8, n)), NOT_A_TIME)
    times = {"assigned": _assigned(rng, tickets["created"], replied), "replied": replied, "resolved": resolved}
    done = tickets | times | {"reopened": reopened, "again": again}
    return _answered_by_bot(rng, done | _effort(rng, company, done, slow))


def _replied(rng: np.random.Generator, tickets: Frame) -> Array:
    """First replies: late ones when the desk is closed, none for the few that are overlooked."""
    n, created, priority = length(tickets), tickets["created"], tickets["priority"]
    after = lognormal(rng, np.asarray((210.0, 80.0, 38.0, 10.5))[priority], 0.95, n)
    opened = np.where(priority >= 2, created, _desk_open(created))
    overlooked = rng.random(n) < 0.0015
    return np.where(overlooked, NOT_A_TIME, opened + minutes(after))


def _desk_open(at: Array) -> Array:
    """The instant, or the next working day's 07:00 UTC where the desk is closed."""
    day = at.astype("datetime64[D]")
    weekday, hour = (day.astype(np.int64) + 3) % 7, (at - day).astype("timedelta64[s]").astype(np.int64) / 3600
    wait = np.where((weekday >= 5) | (hour >= 19), 1, 0)
    landed = (weekday + wait) % 7
    wait = wait + np.where(landed == 5, 2, np.where(landed == 6, 1, 0))
    opening = (day + wait.astype("timedelta64[D]")).astype("datetime64[s]") + np.timedelta64(7, "h")
    return np.where((wait > 0) | (hour < 7), opening, at)


def _assigned(rng: np.random.Generator, created: Array, replied: Array) -> Array:
    """Some time between creation and reply; the overlooked are assigned and then forgotten."""
    until = np.where(np.isnat(replied), created + np.timedelta64(2, "h"), replied)
    return created + minutes(minutes_between(created, until) * rng.beta(1.2, 3.0, len(created)))


def _effort(rng: np.random.Generator, company: Company, tickets: Frame, slow: Array) -> Frame:
    """Touches, minutes, agent, escalation and rating."""
    n, category = length(tickets), tickets["category"]
    reopens = ~np.isnat(tickets["reopened"])
    touches = 1 + rng.poisson(np.array([0.25 + c.hours / 14 for c in CATEGORIES])[category]) + reopens
    handled = lognormal(rng, np.array([c.handle_minutes for c in CATEGORIES])[category], 0.55, n)
    chance = np.array([c.escalated for c in CATEGORIES])[category] * np.where(
        reopens, ESCALATION_FACTOR_OF_REOPENED, 1.0
    )
    escalated = rng.random(n) < chance
    return {
        "touches": touches,
        "handled": np.round(handled * slow * (0.8 + 0.12 * touches), 1),
        "agent": holder(company.seats, _seat(rng, company, tickets["team"]), tickets["created"]),
        "escalated": escalated,
    } | _rating(rng, company, tickets, reopens, escalated)  # fmt: skip


def _seat(rng: np.random.Generator, company: Company, team: Array) -> Array:
    """A seat of the ticket's team."""
    seats = np.bincount(company.seats["team"], minlength=len(TEAMS))
    first = np.cumsum(seats) - seats
    return first[team] + (rng.random(len(team)) * seats[team]).astype(np.int64)


def _rating(rng: np.random.Generator, company: Company, tickets: Frame, reopens: Array, escalated: Array) -> Frame:
    """Who was asked for a rating, who gave one, and when; slow and broken tickets are rated worse."""
    n = length(tickets)
    waited = minutes_between(tickets["created"], tickets["replied"]) / np.nan_to_num(tickets["target"], nan=1440.0)
    late = np.nan_to_num(np.clip(np.log2(np.maximum(waited, 1)), 0, 3))
    broken = _is_broken(company, tickets["created"].astype("datetime64[D]")) & (
        tickets["category"] == CATEGORY[RELEASE_CATEGORY]
    )
    mood = 4.30 - 0.22 * late - 0.55 * reopens - 0.35 * escalated + RELEASE_SCORE * broken + rng.normal(0, 0.85, n)
    finished = np.where(reopens, tickets["again"], tickets["resolved"])
    asked = ~np.isnat(finished) & (rng.random(n) < 0.9)
    rated = asked & (rng.random(n) < 0.34)
    return {
        "asked": asked,
        "score": np.where(rated, np.clip(np.round(mood), 1, 5), np.nan),
        "rated": np.where(rated, finished + hours(rng.exponential(14, n)), NOT_A_TIME),
    }


def _answered_by_bot(rng: np.random.Generator, tickets: Frame) -> Frame:
    """Deflected tickets have no agent, no reply and no effort, and are over within the hour."""
    bot, created = tickets["deflected"], tickets["created"]
    over = created + minutes(rng.uniform(2, 45, length(tickets)))
    cleared = {
        name: np.where(bot, NOT_A_TIME, tickets[name]) for name in ("assigned", "replied", "reopened", "again", "rated")
    }
    return tickets | cleared | {
        "resolved": np.where(bot, over, tickets["resolved"]),
        "agent": np.where(bot, -1, tickets["agent"]),
        "team": np.where(bot, TEAMS.index("Frontline"), tickets["team"]),
        "touches": np.where(bot, 0, tickets["touches"]),
        "handled": np.where(bot, 0.0, tickets["handled"]),
        "escalated": tickets["escalated"] & ~bot,
        "asked": tickets["asked"] & ~bot,
        "score": np.where(bot, np.nan, tickets["score"]),
    }  # fmt: skip


def plant(truth: Truth, company: Company) -> None:
    """Put on record what is true of tickets."""
    days = company.span.days
    truth.plant(
        "ticket_seasons",
        "Tickets follow weekdays, the time of year, holidays and the number of customers.",
        "support_tickets",
        expected_tickets=round(TICKETS * company.scale),
        seats=len(company.seats["team"]),
        seats_at_scale_1=SEATS,
    )
    truth.plant(
        "tickets_from_incidents",
        "Chance that a customer reached by an incident of each severity writes a ticket about it.",
        ("support_tickets", "incident_customers"),
        chance=dict(zip(("SEV1", "SEV2", "SEV3", "SEV4"), WRITES_IN_INCIDENT, strict=True)),
    )
    truth.plant(
        "broken_release",
        "A release breaks one category: so many times its usual tickets, rated worse, until it is mended.",
        ("support_tickets", "deployments"),
        category=RELEASE_CATEGORY,
        factor=RELEASE_FACTOR,
        score_change=RELEASE_SCORE,
        first_day=str(days[-1] - RELEASE_DAYS_BACK * DAY),
        mended=str(days[-1] - MENDED_DAYS_BACK * DAY),
    )
    truth.plant(
        "slowing_team",
        "The time that one team's tickets take, handled and elapsed, grows evenly up to this factor.",
        "support_tickets",
        team=SLOWING_TEAM,
        since=str(days[-1] - SLOWING_DAYS * DAY),
        factor=SLOWING_FACTOR,
    )
    truth.plant("escalations", "Share of tickets escalated by category; reopened ones so many times as often.",
                "support_tickets", shares={c.name: c.escalated for c in CATEGORIES},
                factor_of_reopened=ESCALATION_FACTOR_OF_REOPENED)  # fmt: skip
