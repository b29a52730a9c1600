"""Money: what operations cost as the company grows, what it earns, plans, people and contracts."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from opstally.demo.company import Company
from opstally.demo.exports import Exports, day, label, numbered, same
from opstally.demo.frame import DAY, Array, Frame
from opstally.demo.season import Month
from opstally.demo.truth import Truth

ELASTICITY = 0.72
"""One percent more customers raises recurring operating cost by so many percent: an economy of scale."""
COST_OF_ONE = 4_600.0
"""What operations would cost a month with a single customer."""
NOISE = 0.015
HOSTING_SHARE = 0.115
CENTERS = (
    ("Support Europe", "support", True, 0.19),
    ("Support Americas", "support", True, 0.08),
    ("Implementation", "implementation", True, 0.13),
    ("Customer success", "customer success", False, 0.15),
    ("Site reliability", "engineering", False, 0.16),
    ("Platform operations", "engineering", False, 0.11),
    ("Third-party software", "third party", True, 0.10),
    ("Facilities and other", "other", False, 0.08),
)
"""Cost centre, cost class, whether it is cost of revenue, share of everything but hosting."""
CLASSES = ("hosting", "support", "implementation", "customer success", "engineering", "third party", "other")
FUNCTIONS = (
    ("support", 1.0, 26),
    ("implementation", 0.8, 9),
    ("customer success", 0.8, 11),
    ("engineering", 0.6, 24),
    ("operations", 0.5, 6),
)
"""Function, elasticity to customers, full-time equivalents at 900 customers."""
VENDORS = (
    ("Cloudwerk", "Platform", 610_000, 0), ("Pagewise", "Platform", 21_600, 60), ("Deskline", "Support", 74_000, 40),
    ("Signalpost", "Platform", 96_000, 0), ("Mailfern", "Messaging", 38_000, 0),
    ("Codehaven", "Engineering", 52_000, 90),
    ("Ledgerly", "Money", 27_500, 15), ("Surveytree", "Customer success", 12_400, 25),
    ("Learnstack", "People", 16_800, 120),
    ("Boardroom", "Operations", 9_900, 80), ("Identia", "Platform", 33_000, 140), ("Mapquarry", "Product", 14_200, 0),
    ("Testfield", "Engineering", 19_700, 30), ("Wikiroot", "Operations", 8_300, 140),
)  # fmt: skip


def recurring(company: Company) -> Array:
    """Recurring operating cost a month, as of each day, without noise."""
    return COST_OF_ONE * company.active_customers**ELASTICITY


def export(company: Company, exports: Exports, hosting: dict[str, float], services: dict[str, float]) -> None:
    """Costs, revenue, budgets, headcount and contracts. `hosting` and `services` give amounts by month."""
    months = list(company.span.months())
    costs = _costs(company, months, hosting)
    exports.table("costs", costs, {
        "cost_date": day("date"), "cost_center": "center", "operational_cost": "amount",
        "cost_class": label("kind", CLASSES),
        "is_cogs": "cogs", "one_off": "one_off",
    })  # fmt: skip
    exports.table("revenue", _revenue(company, months, services), {
        "month": day("month"), "revenue_class": label("kind", ("subscription", "services")), "amount": "amount",
    })  # fmt: skip
    exports.table("budgets", _budgets(company, months, costs), {
        "scope": label("kind", CLASSES), "month": day("month"), "amount": "amount",
    })  # fmt: skip
    exports.table("headcount", _headcount(company, months), {
        "month": day("month"), "function": label("kind", [name for name, *_ in FUNCTIONS]), "fte": "fte",
    })  # fmt: skip
    exports.table("vendor_contracts", _contracts(company), {
        "contract_id": numbered("VC-", "number", 3), "vendor": "vendor", "owner": "owner", "annual_value": "value",
        "starts": day("starts"), "ends": day("ends"), "notice_days": "notice",
    } | same("auto_renew", "uplift_cap", "seats", "seats_used"))  # fmt: skip


def _first_days(months: list[Month]) -> Array:
    return np.array([np.datetime64(month.start.replace(day=1), "D") for month in months])


def _costs(company: Company, months: list[Month], hosting: dict[str, float]) -> Frame:
    """A row a month and cost centre, dated on the first of the month, and the two things that happened once."""
    rng = company.random("costs")
    share = np.array([s for *_, s in CENTERS])
    amounts, centers = [], ["Cloud hosting", *(name for name, *_ in CENTERS)]
    for month in months:
        customers = company.active_customers[month.first : month.after].mean()
        total = COST_OF_ONE * customers**ELASTICITY * np.exp(rng.normal(0, NOISE)) * month.days / _month_days(month)
        parts = share * np.exp(rng.normal(0, 0.03, len(share)))
        rest = total - hosting[month.label]
        amounts.append(np.concatenate([[hosting[month.label]], rest * parts / parts.sum()]))
    n = len(centers)
    kinds = [CLASSES.index(kind) for kind in ("hosting", *(kind for _, kind, *_ in CENTERS))]
    once = np.array([0.0, 1.0])[[0] * len(months) * n + [1, 1]].astype(bool)
    dates = _first_days(months)
    extra = [dates[len(months) // 3], dates[2 * len(months) // 3]]
    scale = company.scale**ELASTICITY
    return {
        "date": np.concatenate([np.repeat(dates, n), extra]),
        "center": np.array(centers * len(months) + ["Office move", "Security audit"]),
        "amount": np.round(np.concatenate([*amounts, [64_000 * scale, 38_500 * scale]]), 2),
        "kind": np.array(kinds * len(months) + [CLASSES.index("other")] * 2),
        "cogs": np.array([True, *(cogs for *_, cogs, _ in CENTERS)] * len(months) + [False, False]),
        "one_off": once,
    }


def _month_days(month: Month) -> int:
    first = month.start.replace(day=1)
    return ((first + timedelta(days=32)).replace(day=1) - first).days


def _revenue(company: Company, months: list[Month], services: dict[str, float]) -> Frame:
    """Subscriptions of the customers under contract each day, and onboarding projects sold."""
    customers, subscriptions = company.customers, []
    acv = np.where(customers["prospect"], 0.0, customers["acv"])
    for month in months:
        active = [company.is_active(company.span.days[at]) for at in range(month.first, month.after)]
        subscriptions.append(sum(float(acv[who].sum()) for who in active) / 365.25)
    sold = [services.get(month.label, 0.0) for month in months]
    return {
        "month": np.repeat(_first_days(months), 2), "kind": np.tile([0, 1], len(months)),
        "amount": np.round(np.stack([subscriptions, sold], axis=1).ravel(), 2),
    }  # fmt: skip


def _budgets(company: Company, months: list[Month], costs: Frame) -> Frame:
    """Plans by cost class: last year's cost with a rise, so growth overruns them."""
    rng, dates = company.random("budgets"), _first_days(months)
    planned = []
    for at, date in enumerate(dates):
        base = dates[max(0, at - 6)]
        for kind in range(len(CLASSES)):
            known = costs["amount"][(costs["date"] == base) & (costs["kind"] == kind) & ~costs["one_off"]].sum()
            planned.append((date, kind, round(float(known) * rng.uniform(1.02, 1.10), -2)))
    return {
        "month": np.array([date for date, *_ in planned]), "kind": np.array([kind for _, kind, _ in planned]),
        "amount": np.array([amount for *_, amount in planned]),
    }  # fmt: skip


def _headcount(company: Company, months: list[Month]) -> Frame:
    customers = np.array([company.active_customers[m.first : m.after].mean() for m in months])
    fte = [[at_900 * (c / 900) ** elasticity for _, elasticity, at_900 in FUNCTIONS] for c in customers]
    return {
        "month": np.repeat(_first_days(months), len(FUNCTIONS)),
        "kind": np.tile(np.arange(len(FUNCTIONS)), len(months)),
        "fte": np.maximum(np.round(np.ravel(fte) * 2) / 2, 0.5),
    }  # fmt: skip


def _contracts(company: Company) -> Frame:
    """Some with too many seats, some about to renew by themselves."""
    rng, n = company.random("vendors"), len(VENDORS)
    last = company.span.days[-1]
    ends = last + rng.integers(12, 340, n)
    seats = np.array([seats for *_, seats in VENDORS], dtype=float)
    used = np.round(seats * rng.choice([0.35, 0.6, 0.85, 0.95], n))
    return {
        "number": np.arange(1, n + 1), "vendor": np.array([name for name, *_ in VENDORS]),
        "owner": np.array([owner for _, owner, *_ in VENDORS]), "value": np.array([value for *_, value, _ in VENDORS]),
        "starts": ends - 365 * DAY, "ends": ends,
        "notice": rng.choice([30, 60, 90], n), "auto_renew": rng.random(n) < 0.7,
        "uplift_cap": rng.choice([3.0, 5.0, 7.0, np.nan], n), "seats": np.where(seats > 0, seats, np.nan),
        "seats_used": np.where(seats > 0, used, np.nan),
    }  # fmt: skip


def plant(truth: Truth, company: Company) -> None:
    """Put the economy of scale on record."""
    active = company.active_customers
    truth.plant(
        "economies_of_scale",
        "Elasticity of a month's recurring operating cost (all but one_off) to its mean number of active customers.",
        ("costs", "customers"), elasticity=ELASTICITY, noise=NOISE, customers_from=int(active[0]),
        customers_to=int(active[-1]),
    )  # fmt: skip
