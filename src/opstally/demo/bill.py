"""The cloud provider's bill: usage, commitments used and unused, their fee, and credits."""

from __future__ import annotations

import numpy as np

from opstally.demo.company import Company
from opstally.demo.cost import ENVIRONMENTS, OWNERS, TYPES, resource_id
from opstally.demo.dirt import plan, soil, spoiled
from opstally.demo.exports import Exports, label, written
from opstally.demo.frame import Array, Frame, concat, length, take
from opstally.demo.season import Month
from opstally.demo.truth import Truth

SOURCE = "cloud_bill"
COMMITMENT_DISCOUNT, NEGOTIATED = 0.30, 0.05
UNUSED = 0.12
"""Share of each month's commitment that nothing used."""
OTHERS = (("Data transfer", 0.11), ("Support plan", 0.05))
"""Other charges, relative to the resources' cost."""
PRODUCTS = (
    "Compute Engine",
    "Managed Database",
    "Object Storage",
    "Managed Cache",
    "Load Balancing",
    "Message Queue",
    *(name for name, _ in OTHERS),
    "Commitments",
)
CATEGORIES = (
    "Compute",
    "Databases",
    "Storage",
    "Databases",
    "Networking",
    "Integration",
    "Networking",
    "Management and Governance",
    "Compute",
)
LINES = ("Usage", "CommittedUsage", "CommitmentUnused", "CommitmentFee", "Credit")
USAGE, COMMITTED, NOT_USED, FEE, CREDIT = range(5)
ACCOUNTS = ("100200300401", "100200300402", "100200300403")
RATES = {"exact_duplicate": 0.002, "not_a_number": 0.0004, "bad_date": 0.0003}


def export_month(company: Company, exports: Exports, days: Frame, month: Month) -> float:
    """A month's bill; gives its total, which is the month's hosting cost."""
    rng = company.random("bill", month.label)
    mine = take(days, (days["day"] >= month.first) & (days["day"] < month.after))
    lines = concat(
        [_usage(mine), _others(company, mine, month), _commitments(company, mine, month), _credit(company, mine, month)]
    )
    lines |= {"line": np.arange(1, length(lines) + 1)}
    planned = plan(rng, length(lines), RATES, at_least=int(month.after == len(company.span.days)))
    exports.csv(
        f"data/billing/cloud-{month.label}.csv", SOURCE, "cloud_costs", soil(rng, lines, planned), _columns(month)
    )
    return float(lines["billed"].sum())


def _line(n: int, kind: int, product: Array, start: Array, billed: Array, effective: Array, listed: Array) -> Frame:
    """Lines without a resource of their own."""
    return {
        "kind": np.full(n, kind), "product": product, "start": start, "billed": billed, "effective": effective,
        "listed": listed,
        "resource": np.full(n, -1), "environment": np.zeros(n, dtype=np.int64), "owner": np.full(n, -1),
        "resource_kind": np.full(n, -1),
    }  # fmt: skip


def _usage(days: Frame) -> Frame:
    """A line a resource and day; what runs on a commitment is already paid for."""
    cost, committed = days["cost"], days["committed"]
    listed = cost / np.where(committed, 1 - COMMITMENT_DISCOUNT, 1 - NEGOTIATED)
    lines = _line(
        length(days),
        USAGE,
        days["kind"],
        days["date"].astype("datetime64[s]"),
        np.where(committed, 0.0, cost),
        cost,
        listed,
    )
    return lines | {
        "kind": np.where(committed, COMMITTED, USAGE), "resource": days["number"], "environment": days["environment"],
        "owner": np.where(days["tagged"], days["owner"], -1), "resource_kind": days["kind"],
    }  # fmt: skip


def _others(company: Company, days: Frame, month: Month) -> Frame:
    """Data transfer and support, a line a day each."""
    per_day = np.bincount(days["day"] - month.first, days["cost"], minlength=month.days)
    start = company.span.days[month.first : month.after].astype("datetime64[s]")
    parts = [
        _line(
            month.days,
            USAGE,
            np.full(month.days, len(TYPES) + at),
            start,
            per_day * share,
            per_day * share,
            per_day * share / (1 - NEGOTIATED),
        )
        for at, (_, share) in enumerate(OTHERS)
    ]
    return concat(parts)


def _commitments(company: Company, days: Frame, month: Month) -> Frame:
    """The fee on the month's first day, and each day's unused part."""
    used = np.bincount(days["day"] - month.first, days["cost"] * days["committed"], minlength=month.days)
    unused = used * UNUSED / (1 - UNUSED)
    start = company.span.days[month.first : month.after].astype("datetime64[s]")
    product = np.full(month.days, PRODUCTS.index("Commitments"))
    zero = np.zeros(month.days)
    fee = np.array([float((used + unused).sum())])
    paid = _line(1, FEE, product[:1], start[:1], fee, zero[:1], zero[:1])
    return concat([paid, _line(month.days, NOT_USED, product, start, zero, unused, zero)])


def _credit(company: Company, days: Frame, month: Month) -> Frame:
    """A goodwill credit on the month's last day."""
    amount = np.array([-0.01 * float(days["cost"].sum())])
    start = company.span.days[month.after - 1 : month.after].astype("datetime64[s]")
    return _line(1, CREDIT, np.zeros(1, dtype=np.int64), start, amount, amount, np.zeros(1))


def _money(column: str) -> str:
    return f"round({column}, 6)"


def _columns(month: Month) -> dict[str, str]:
    period = month.start.replace(day=1)
    team, stage = label("owner", OWNERS), label("environment", ENVIRONMENTS)
    tags = f"""'{{"team": "' || {team} || '", "env": "' || {stage} || '"}}'"""
    on_commitment = f"kind IN ({COMMITTED}, {NOT_USED}, {FEE})"
    return {
        "identity/LineItemId": f"'{month.label}-' || printf('%06d', line)",
        "bill/BillingPeriodStartDate": f"'{period}T00:00:00Z'",
        "lineItem/LineItemType": label("kind", LINES),
        "lineItem/UsageAccountId": label("environment", ACCOUNTS),
        "lineItem/UsageStartDate": spoiled("bad_date", written('"start"'), "'0000-00-00T00:00:00Z'"),
        "lineItem/UsageEndDate": written('"start" + INTERVAL 1 DAY'),
        "lineItem/ProductCode": label("product", PRODUCTS),
        "product/productFamily": label("product", CATEGORIES),
        "product/region": "'eu-central'",
        "lineItem/ResourceId": f"CASE WHEN resource >= 0 THEN {resource_id('resource')} END",
        "product/instanceFamily": label("resource_kind", TYPES),
        "lineItem/CurrencyCode": "'USD'",
        "lineItem/UnblendedCost": spoiled("not_a_number", _money("billed"), "'#REF!'"),
        "reservation/EffectiveCost": _money("effective"),
        "pricing/publicOnDemandCost": _money("listed"),
        "pricing/negotiatedCost": _money(
            f"CASE WHEN kind IN ({FEE}, {NOT_USED}) THEN 0 ELSE listed * {1 - NEGOTIATED} END"
        ),
        "reservation/ReservationARN": f"CASE WHEN {on_commitment} THEN 'commitment/one-year-2024' END",
        "resourceTags": f"coalesce({tags}, '{{}}')",
    }


def plant(truth: Truth) -> None:
    """Put the bill's structure on record."""
    truth.plant(
        "commitments", "Share of each month's commitment that nothing used, its discount, and the negotiated one.",
        "cloud_costs", unused=UNUSED, discount=COMMITMENT_DISCOUNT, negotiated=NEGOTIATED,
    )  # fmt: skip
