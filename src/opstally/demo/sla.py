"""What is promised to customers, and how the promises were kept."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from opstally.demo.company import TIERS, Company
from opstally.demo.exports import Exports, day, label, numbered, same
from opstally.demo.frame import DAY, Array, Frame, at_random, concat, length, minutes_between, take
from opstally.demo.incidents import LOST
from opstally.demo.season import Month
from opstally.demo.truth import Truth

PLATINUM, GOLD, SILVER = TIERS.index("platinum"), TIERS.index("gold"), TIERS.index("silver")
PROMISES = (
    ("platinum-uptime", PLATINUM, "uptime percent", 99.8),
    ("gold-uptime", GOLD, "uptime percent", 99.5),
    ("silver-uptime", SILVER, "uptime percent", 99.0),
    ("platinum-first-response", PLATINUM, "first response minutes", 480.0),
    ("gold-first-response", GOLD, "first response minutes", 1440.0),
    ("platinum-resolution", PLATINUM, "resolution hours", 72.0),
)
IDS = tuple(name for name, *_ in PROMISES)
CHANGED, CHANGED_TO = "gold-first-response", 720.0
"""The promise that was tightened, and its new target."""
REASONS = ("maintenance", "customer caused", "force majeure")
EXCLUDED_IF_MISSED, EXCLUDED_IF_KEPT = 0.12, 0.01


def changed_on(company: Company) -> np.datetime64:
    """The first of a month, within the last three whole ones."""
    return np.datetime64((company.span.until - timedelta(days=45)).replace(day=1), "D")


def export_definitions(company: Company, exports: Exports) -> None:
    """The promises, with both versions of the one that changed."""
    since = np.datetime64(company.span.start.replace(month=1, day=1), "D")
    versions: list[tuple[str, int, str, float, np.datetime64]] = [(*promise, since) for promise in PROMISES]
    at = IDS.index(CHANGED)
    versions.insert(at + 1, (*PROMISES[at][:3], CHANGED_TO, changed_on(company)))
    names, tiers, metrics, targets, valid = (np.array(column) for column in zip(*versions, strict=True))
    uptime = metrics == "uptime percent"
    rows: Frame = {
        "sla_id": names, "valid": valid, "tier": tiers, "sla_metric": metrics, "sla_target": targets, "uptime": uptime,
    }  # fmt: skip
    for step, (below, percent) in enumerate(((0.0, 5.0), (0.3, 10.0), (1.0, 25.0)), start=1):
        rows[f"credit_threshold_{step}"] = np.where(uptime, np.round(targets - below, 2), np.nan)
        rows[f"credit_percent_{step}"] = np.where(uptime, percent, np.nan)
    exports.table("sla_definitions", rows, {
        "sla_id": "sla_id", "valid_from": day("valid"), "service_tier": label("tier", TIERS),
        "sla_metric": "sla_metric",
        "sla_target": "sla_target", "operator": label("CASE WHEN uptime THEN 0 ELSE 1 END", ("gte", "lte")),
        "unit": label("CASE WHEN uptime THEN 0 WHEN sla_target > 100 THEN 1 ELSE 2 END",
            ("percent", "minutes", "hours")),
        "evaluation": label("CASE WHEN uptime THEN 0 ELSE 1 END", ("period_value", "per_event")),
    } | same(*(name for name in rows if name.startswith("credit_"))))  # fmt: skip


def export_month(company: Company, exports: Exports, month: Month, created: Frame, exposure: Frame) -> None:
    """Measurements of the month's new tickets and, where the month is whole, of each customer's uptime."""
    rng = company.random("sla", month.label)
    rows = concat([_of_tickets(company, created), _of_uptime(company, month, exposure)])
    rows = take(rows, rows["date"] <= company.span.days[-1])
    excluded = rng.random(length(rows)) < np.where(_kept(company, rows), EXCLUDED_IF_KEPT, EXCLUDED_IF_MISSED)
    reason = np.where(excluded, at_random(rng, (0.5, 0.35, 0.15), length(rows)), -1)
    rows |= {"number": np.arange(length(rows)), "excluded": excluded, "reason": reason}
    exports.table("sla_measurements", rows, {
        "measurement_id": f"'{month.label}-' || printf('%06d', number)", "sla_id": label("promise", IDS),
        "customer_id": numbered("C-", "customer"), "measurement_date": day("date"), "actual_value": "round(value, 3)",
        "weight": "1", "excluded": "excluded", "exclusion_reason": label("reason", REASONS),
    }, part=month.label)  # fmt: skip


def _of_tickets(company: Company, created: Frame) -> Frame:
    """First response and resolution of tickets with a promise, once they have happened."""
    tickets = take(created, ~created["deflected"] & ~created["junk"])
    tier = company.customers["tier"][tickets["customer"]]
    final = np.where(np.isnat(tickets["reopened"]), tickets["resolved"], tickets["again"])
    return concat([
        _events(tickets, tier == PLATINUM, "platinum-first-response", tickets["replied"], 1.0),
        _events(tickets, tier == GOLD, "gold-first-response", tickets["replied"], 1.0),
        _events(tickets, tier == PLATINUM, "platinum-resolution", final, 60.0),
    ])  # fmt: skip


def _events(tickets: Frame, whose: Array, promise: str, at: Array, minutes: float) -> Frame:
    happened = whose & ~np.isnat(at)
    taken = minutes_between(tickets["created"], at)[happened] / minutes
    return _measured(promise, tickets["customer"][happened], at[happened].astype("datetime64[D]"), taken)


def _measured(promise: str, customer: Array, date: Array, value: Array) -> Frame:
    return {"promise": np.full(len(customer), IDS.index(promise)), "customer": customer, "date": date, "value": value}


def _of_uptime(company: Company, month: Month, exposure: Frame) -> Frame:
    """Uptime of each customer over the month: what incidents took from it, clipped to the month."""
    start = np.datetime64(month.start, "s")
    after = start + month.days * DAY
    ended = np.where(np.isnat(exposure["ended"]), company.span.end, exposure["ended"])
    inside = (np.minimum(ended, after) - np.maximum(exposure["start"], start)).astype(np.int64) / 60.0
    lost = np.bincount(
        exposure["customer"], np.maximum(inside, 0) * np.asarray(LOST)[exposure["severity"]], length(company.customers)
    )
    is_whole = month.start.day == 1 and (after.astype("datetime64[D]").astype(object)).day == 1
    who = np.flatnonzero(company.is_active(start.astype("datetime64[D]")) & is_whole)
    value = 100 - 100 * lost[who] / (month.days * 1440)
    tier = company.customers["tier"][who]
    parts = [
        _measured(
            name, who[tier == of], np.full(int((tier == of).sum()), start.astype("datetime64[D]")), value[tier == of]
        )
        for name, of, metric, _ in PROMISES
        if metric == "uptime percent"
    ]
    return concat(parts)


def _kept(company: Company, rows: Frame) -> Array:
    target = np.array([target for *_, target in PROMISES])[rows["promise"]]
    tightened = (rows["promise"] == IDS.index(CHANGED)) & (rows["date"] >= changed_on(company))
    target = np.where(tightened, CHANGED_TO, target)
    gte = np.array([metric == "uptime percent" for _, _, metric, _ in PROMISES])[rows["promise"]]
    return np.where(gte, rows["value"] >= target, rows["value"] <= target)


def plant(truth: Truth, company: Company) -> None:
    """Put on record which promise changed, and how misses are excused."""
    before = PROMISES[IDS.index(CHANGED)][3]
    truth.plant(
        "tightened_promise",
        "The target of one promise changed: measurements before that day are judged by the old one.",
        ("sla_definitions", "sla_measurements"), sla_id=CHANGED, valid_from=str(changed_on(company)), before=before,
        after=CHANGED_TO,
    )  # fmt: skip
    truth.plant(
        "excused_misses",
        "Share of missed and of kept measurements that are excluded by agreement, so exclusions flatter.",
        "sla_measurements", missed=EXCLUDED_IF_MISSED, kept=EXCLUDED_IF_KEPT,
    )  # fmt: skip
