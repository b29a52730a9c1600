"""How much each customer uses the product each day, and what it says about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opstally.demo.company import Company
from opstally.demo.exports import Exports, day, numbered, same, whole
from opstally.demo.frame import DAY, Array, Frame, length, take
from opstally.demo.season import Month
from opstally.demo.truth import Truth

MINUTES_A_USER = 21.0
LOST_PER_HOUR = 0.12
"""Each hour of exposure on a day multiplies that day's use by e to minus this."""
ANNOYED_PER_HOUR = 0.45
"""Points of the 0–10 score that each remembered hour of exposure costs."""
FORGETTING = 0.93
"""Share of remembered hours that is left the next day."""
MOST_HOURS = 6.0
ANSWERS = 0.03
"""Chance that a customer answers the score question on a day."""
FADING_DAYS, FADED = 45, 0.5
"""Customers who will leave use less and less over so many days, down to this share."""


@dataclass
class Memory:
    """Hours of exposure that each customer still remembers."""

    hours: Array


def export_month(company: Company, exports: Exports, exposure: Frame, memory: Memory, month: Month) -> None:
    """A row for each day of each customer under contract, including the day of leaving."""
    rng = company.random("usage", month.label)
    hours = _hours_by_day(company, exposure, month)
    remembered = _remember(memory, hours)
    days = company.span.days[month.first : month.after]
    at, customer = np.nonzero(_present(company, days))
    exposed, annoyed = hours[at, customer], remembered[at, customer]
    rows = {"customer": customer, "date": days[at], "churned": _left_on(company, customer, days[at])}
    rows |= _used(rng, company, month.first + at, customer, days[at], exposed)
    rows |= {"nps": _scores(rng, company, customer, annoyed)}
    exports.table("customer_daily_metrics", rows, {
        "customer_id": numbered("C-", "customer"), "metric_date": day("date"), "nps_score": whole("nps"),
        "usage_minutes": "minutes", "active_users": whole("users"),
    } | same("churned"), part=month.label)  # fmt: skip


def _hours_by_day(company: Company, exposure: Frame, month: Month) -> Array:
    """Hours of exposure by day of the month and customer, clipped to days."""
    start = np.datetime64(month.start, "s")
    ended = np.where(np.isnat(exposure["ended"]), company.span.end, exposure["ended"])
    after = start + month.days * DAY
    touching = (exposure["start"] < after) & (ended > start)
    rows = take(exposure | {"ended": ended}, touching)
    hours = np.zeros((month.days, length(company.customers)))
    for at in range(month.days):
        begin = start + at * DAY
        inside = np.minimum(rows["ended"], begin + DAY) - np.maximum(rows["start"], begin)
        np.add.at(hours[at], rows["customer"], np.maximum(inside.astype(np.int64), 0) / 3600.0)
    return np.minimum(hours, MOST_HOURS)


def _remember(memory: Memory, hours: Array) -> Array:
    remembered = np.empty_like(hours)
    for at, today in enumerate(hours):
        memory.hours = np.minimum(memory.hours * FORGETTING + today, MOST_HOURS)
        remembered[at] = memory.hours
    return remembered


def _present(company: Company, days: Array) -> Array:
    """Days × customers: under contract, or leaving that day."""
    customers = company.customers
    left = customers["churned"].astype("datetime64[D]")
    signed = (customers["contract"][None, :] <= days[:, None]) & ~customers["prospect"][None, :]
    return signed & ~(left[None, :] < days[:, None])


def _left_on(company: Company, customer: Array, date: Array) -> Array:
    return np.asarray(company.customers["churned"].astype("datetime64[D]")[customer] == date)


def _used(rng: np.random.Generator, company: Company, at: Array, customer: Array, date: Array, exposed: Array) -> Frame:
    customers = company.customers
    left = customers["churned"].astype("datetime64[D]")[customer]
    to_go = np.where(np.isnat(left), FADING_DAYS, (left - date).astype(np.int64))
    fading = FADED + (1 - FADED) * np.clip(to_go / FADING_DAYS, 0, 1)
    known_for = (date - customers["contract"][customer]).astype(np.int64)
    adopted = 0.35 + 0.65 * np.clip(known_for / 60, 0, 1)
    users = customers["users"][customer] * company.workload[at] * adopted * fading * ~customers["paused"][customer]
    users = np.minimum(rng.poisson(users * 0.7), customers["users"][customer])
    minutes = users * MINUTES_A_USER * np.exp(0.2 * rng.standard_normal(len(at)) - LOST_PER_HOUR * exposed)
    return {"users": users, "minutes": np.round(minutes, 1)}


def _scores(rng: np.random.Generator, company: Company, customer: Array, annoyed: Array) -> Array:
    n = len(customer)
    score = company.customers["liking"][customer] + rng.normal(0, 1.1, n) - ANNOYED_PER_HOUR * annoyed
    return np.where(rng.random(n) < ANSWERS, np.clip(np.round(score), 0, 10), np.nan)


def plant(truth: Truth) -> None:
    """Put on record what incidents do to customers."""
    truth.plant(
        "exposure_and_usage",
        "Each hour of exposure on a day, up to most_hours, multiplies that day's use by e to minus log_loss_per_hour.",
        ("customer_daily_metrics", "incident_customers"), log_loss_per_hour=LOST_PER_HOUR, most_hours=MOST_HOURS,
    )  # fmt: skip
    truth.plant(
        "exposure_and_nps",
        "Each hour of exposure that a customer remembers costs points of its score; a share is left the next day.",
        ("customer_daily_metrics", "incident_customers"),
        points_per_hour=ANNOYED_PER_HOUR, left_each_day=FORGETTING, most_hours=MOST_HOURS,
    )  # fmt: skip
    truth.plant(
        "usage_before_churn", "Customers who leave use less and less before, evenly down to this share.",
        "customer_daily_metrics", days=FADING_DAYS, share=FADED,
    )  # fmt: skip
