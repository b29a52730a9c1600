"""Onboarding projects: from contract to live, stage by stage, some of them still on their way."""

from __future__ import annotations

import numpy as np

from opstally.demo import names
from opstally.demo.company import SEGMENTS, Company
from opstally.demo.dirt import fault, plan, soil, spoiled, strew
from opstally.demo.exports import Exports, day, label, numbered, whole, written
from opstally.demo.frame import DAY, Array, Frame, at_random, concat, hours, length, lognormal, take
from opstally.demo.season import on_clock
from opstally.demo.truth import Truth

SOURCE = "psa_projects"
CLOCK = "America/New_York"
DAYS, STAMP = "%m/%d/%Y", "%m/%d/%Y %H:%M"
TYPES = ("self-guided", "guided", "migration", "custom")
TYPES_OF_SEGMENT = ((0.72, 0.28, 0.0, 0.0), (0.0, 0.48, 0.52, 0.0), (0.0, 0.0, 0.5, 0.5))
MEDIAN_DAYS = (10.0, 21.0, 36.0, 58.0)
SEGMENT_FACTOR = (0.9, 1.0, 1.25)
FEES = (0.0, 2_500.0, 9_000.0, 28_000.0)
STAGES = ("Kickoff", "Data migration", "Configuration", "Integration", "Training")
STAGE_SHARE = (0.08, 0.30, 0.27, 0.20, 0.15)
SLIPPING_SEGMENT, SLIPPING_TYPE, SLIPPING_STAGE = "mid-market", "migration", "Data migration"
SLIPPING_DAYS, SLIPPING_FACTOR = 270, 1.8
"""Projects of this kind take longer the later in the last days they began: up to so many times, in one stage."""
STATES = ("Planned", "In progress", "On hold", "Live", "Cancelled")
PLANNED, ACTIVE, HOLD, LIVE, CANCELLED = range(5)
CANCELS, HOLDS = 0.03, 0.08
RATES = {"exact_duplicate": 0.01, "bad_date": 0.004, "unknown_value": 0.004, "negative_duration": 0.004}
OLDER = 0.06


def projects(company: Company) -> Frame:
    """A project for each customer signed since the data begin."""
    rng, customers, last = company.random("projects"), company.customers, company.span.days[-1]
    who = np.flatnonzero((customers["contract"] >= company.span.days[0]) & ~customers["prospect"])
    n, segment = len(who), customers["segment"][who]
    kind = (rng.random(n)[:, None] > np.cumsum(np.asarray(TYPES_OF_SEGMENT)[segment], axis=1)).sum(axis=1)
    kickoff = customers["contract"][who] + _days(lognormal(rng, 7.0, 0.6, n))
    usual = np.asarray(MEDIAN_DAYS)[kind] * np.asarray(SEGMENT_FACTOR)[segment]
    slip = _slip(company, segment, kind, kickoff)
    lasting = _days(np.maximum(usual * slip * np.exp(0.33 * rng.standard_normal(n)), 2))
    rows = {
        "number": np.arange(1, n + 1), "customer": who, "segment": segment, "kind": kind, "slip": slip,
        "contract": customers["contract"][who], "kickoff": kickoff, "planned": kickoff + _days(usual * 1.08),
        "due": kickoff + lasting,
        "fee": np.round(np.asarray(FEES)[kind] * np.exp(0.2 * rng.standard_normal(n)), -2),
        "lead": rng.integers(0, 9, n),
    }  # fmt: skip
    return rows | _ended(rng, company, rows, last)


def _days(amount: Array) -> Array:
    return np.asarray(np.round(amount)).astype("timedelta64[D]")


def _slip(company: Company, segment: Array, kind: Array, kickoff: Array) -> Array:
    slips = (segment == SEGMENTS.index(SLIPPING_SEGMENT)) & (kind == TYPES.index(SLIPPING_TYPE))
    since = (kickoff - (company.span.days[-1] - SLIPPING_DAYS * DAY)).astype(np.int64)
    return np.where(slips, 1 + (SLIPPING_FACTOR - 1) * np.clip(since / SLIPPING_DAYS, 0, 1), 1.0)


def _ended(rng: np.random.Generator, company: Company, rows: Frame, last: np.datetime64) -> Frame:
    """How each project stands on the last day."""
    n, nothing = length(rows), np.datetime64("NaT", "D")
    left = company.customers["churned"].astype("datetime64[D]")[rows["customer"]]
    cancelled = (rng.random(n) < CANCELS) | (left <= rows["due"])
    live = ~cancelled & (rows["due"] <= last)
    waiting = np.where(rng.random(n) < HOLDS, HOLD, ACTIVE)
    state = np.where(rows["kickoff"] > last, PLANNED, np.where(live, LIVE, waiting))
    value = rows["due"] + _days(lognormal(rng, 6.0, 0.7, n))
    lasting = (rows["due"] - rows["kickoff"]).astype(np.int64)
    score = np.clip(np.round(4.45 - 0.9 * (rows["slip"] - 1) + rng.normal(0, 0.6, n)), 1, 5)
    changed = np.where(live, rows["due"], np.minimum(rows["kickoff"] + _days(rng.uniform(1, 20, n)), last))
    return {
        "state": np.where(cancelled, CANCELLED, state),
        "live": np.where(live, rows["due"], nothing),
        "value": np.where(live & (value <= last), value, nothing),
        "kickoff": np.where(rows["kickoff"] > last, nothing, rows["kickoff"]),
        "score": np.where(live, score, np.nan),
        "issues": rng.poisson(1.5 + lasting / 14),
        "changed": changed.astype("datetime64[s]") + hours(rng.uniform(13.5, 22, n)),
    }


def fees_by_month(rows: Frame) -> dict[str, float]:
    """Fees of the projects that went live in each month."""
    live = take(rows, rows["state"] == LIVE)
    months, which = np.unique(live["live"].astype("datetime64[M]"), return_inverse=True)
    return dict(zip(months.astype(str), np.bincount(which, live["fee"]).tolist(), strict=True))


def stages(company: Company, rows: Frame) -> Frame:
    """The stages that have begun, or are planned, in order."""
    rng, last = company.random("stages"), company.span.days[-1]
    parts, planned_at, at = [], rows["due"] - rows["due"], rows["due"] - rows["due"]
    begun = np.where(np.isnat(rows["kickoff"]), rows["planned"], rows["kickoff"])
    planned_length = (rows["planned"] - begun).astype(np.int64)
    for index, share in enumerate(STAGE_SHARE):
        planned_part = _days(planned_length * share)
        part = _stage_days(rows, begun, index, share)
        start, end = begun + at, begun + at + part
        if index == len(STAGES) - 1:
            end = np.maximum(rows["due"], start)
        parts.append(_stage(rng, rows, index, begun + planned_at, begun + planned_at + planned_part, start, end, last))
        planned_at, at = planned_at + planned_part, at + part
    return concat(parts)


def _stage_days(rows: Frame, begun: Array, index: int, share: float) -> Array:
    """Days that a stage takes; the slip is all in one."""
    lasting = (rows["due"] - begun).astype(np.int64)
    usual = lasting / rows["slip"]
    return _days(usual * share + (lasting - usual) * (STAGES[index] == SLIPPING_STAGE))


def _stage(
    rng: np.random.Generator,
    rows: Frame,
    index: int,
    planned: Array,
    planned_end: Array,
    start: Array,
    end: Array,
    last: np.datetime64,
) -> Frame:
    n, nothing = length(rows), np.datetime64("NaT", "D")
    begun = (start <= last) & ~np.isnat(rows["kickoff"])
    done = begun & (end <= last) & ((rows["state"] != CANCELLED) | (rng.random(n) < 0.3))
    usually = at_random(rng, (0.55, 0.33, 0.12), n)
    waits_for_customer = (rows["slip"] > 1.05) & (STAGES[index] == SLIPPING_STAGE) & (rng.random(n) < 0.85)
    return {
        "project": rows["number"], "stage": np.full(n, index), "planned": planned, "planned_end": planned_end,
        "start": np.where(begun, start, nothing), "end": np.where(done, end, nothing),
        "waits": np.where(waits_for_customer, 1, usually),
    }  # fmt: skip


def export(company: Company, exports: Exports, rows: Frame) -> None:
    """The projects as the PSA tool exports them, and their stages in the canonical shape."""
    rng = company.random("project dirt")
    leads = [str(name) for name in names.people(company.random("leads"), 9)]
    soiled = _with_older(rng, soil(rng, rows, plan(rng, length(rows), RATES, at_least=1)))
    soiled |= {"changed": on_clock(soiled["changed"], CLOCK)}
    exports.csv("data/onboarding/projects.csv", SOURCE, "implementations", soiled, {
        "Project #": numbered("P-", "number", 4), "Account": numbered("C-", "customer"),
        "Account segment": label("segment", ("SMB", "MM", "ENT")), "Template": label("kind", TYPES),
        "Fee (USD)": whole("fee"),
        "Signed": written("contract", DAYS), "Kick-off": spoiled("bad_date", written("kickoff", DAYS), "'02/30/2026'"),
        "Planned go-live": written("planned", DAYS),
        "Actual go-live": spoiled("negative_duration", written("live", DAYS),
            written("contract - INTERVAL 30 DAY", DAYS)),
        "First value": written('"value"', DAYS), "State": spoiled("unknown_value", label("state", STATES), "'Stuck'"),
        "CSAT (1-5)": whole("score"), "Issues": "issues", "Lead": label("lead", leads),
        "Last modified": written("changed", STAMP),
    }, ragged=2)  # fmt: skip
    exports.table("implementation_stages", stages(company, rows), {
        "project_id": numbered("P-", "project", 4), "stage": label("stage", STAGES), "stage_sequence": "stage + 1",
        "planned_start_date": day("planned"), "planned_end_date": day("planned_end"),
        "actual_start_date": day('"start"'),
        "actual_end_date": day('"end"'), "waiting_on": label("waits", ("us", "customer", "third party")),
    })  # fmt: skip


def _with_older(rng: np.random.Generator, rows: Frame) -> Frame:
    """The records, some of them also as they were before going live."""
    chosen = np.flatnonzero((rows["fault"] == 0) & (rows["state"] == LIVE))
    chosen = chosen[rng.random(len(chosen)) < OLDER]
    earlier = take(rows, chosen)
    none = np.full(len(chosen), np.datetime64("NaT", "D"))
    earlier |= {
        "state": np.full(len(chosen), ACTIVE), "live": none, "value": none, "score": np.full(len(chosen), np.nan),
        "changed": earlier["kickoff"].astype("datetime64[s]") + hours(rng.uniform(13.5, 22, len(chosen))),
        "fault": np.full(len(chosen), fault("older_version"), dtype=np.int8),
    }  # fmt: skip
    return strew(rng, concat([rows, earlier]), len(chosen))


def plant(truth: Truth, company: Company, rows: Frame) -> None:
    """Put on record which projects slip."""
    truth.plant(
        "slipping_onboarding",
        "Projects of one segment and type, kicked off in the last days, take ever longer, evenly up to this factor; "
        "all of it in one stage, which mostly waits for the customer.",
        ("implementations", "implementation_stages"),
        segment=SLIPPING_SEGMENT, type=SLIPPING_TYPE, stage=SLIPPING_STAGE, days=SLIPPING_DAYS, factor=SLIPPING_FACTOR,
        unfinished=int(np.isin(rows["state"], (PLANNED, ACTIVE, HOLD)).sum()),
        since=str(company.span.days[-1] - SLIPPING_DAYS * DAY),
    )  # fmt: skip
