"""The uptime checker: every service from several regions, all the time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opstally.demo.company import SERVICE, SERVICE_NAMES, SERVICES, Company
from opstally.demo.delivery import maintenance
from opstally.demo.dirt import plan, soil, spoiled
from opstally.demo.exports import Exports, label, whole, written
from opstally.demo.frame import DAY, Array, Frame, at_random, length, take
from opstally.demo.season import Month
from opstally.demo.truth import Truth

SOURCE = "uptime_checker"
REGIONS = ("eu-central", "us-east", "ap-southeast", "eu-north", "us-west", "sa-east")
DISTANCE = (1.0, 1.25, 1.6, 1.05, 1.35, 1.5)
"""How much longer an answer takes to each region."""
STREAMS, EVERY_MINUTES = 20, 20
"""At scale 1: service-and-region pairs, and how often each is checked. Larger companies have more pairs."""
MONITORED = tuple(at for at, service in enumerate(SERVICES) if service.monitored)
STATUSES = ("OK", "SLOW", "FAIL", "NO DATA", "PAUSED")
UP, DEGRADED, DOWN, UNKNOWN, PAUSED = range(5)
IN_INCIDENT = (
    (0.03, 0.07, 0.90, 0.0, 0.0),
    (0.12, 0.38, 0.50, 0.0, 0.0),
    (0.45, 0.45, 0.10, 0.0, 0.0),
    (0.75, 0.23, 0.02, 0.0, 0.0),
)
"""What a check finds during an incident of each severity."""
OTHERWISE = (0.99687, 0.0022, 0.00013, 0.0008, 0.0)
SLOWING_SERVICE, SLOWER_A_MONTH = "search", 0.035
RATES = {"exact_duplicate": 0.0004, "unknown_value": 0.00003, "bad_date": 0.00003, "negative_duration": 0.00003}


@dataclass(frozen=True)
class Streams:
    """Which service is checked from where, by which probe; `offset` seconds after the full interval."""

    service: Array
    region: Array
    probe: Array
    offset: Array
    every: int


def streams(company: Company) -> Streams:
    """Enough of them that their number, or how often they check, grows with the scale."""
    n = max(STREAMS, round(STREAMS * company.scale))
    every = round(EVERY_MINUTES * 60 * n / (STREAMS * company.scale))
    at = np.arange(n)
    place = at // len(MONITORED)
    return Streams(
        np.asarray(MONITORED)[at % len(MONITORED)],
        place % len(REGIONS),
        place // len(REGIONS) + 1,
        (at * 37) % min(every, 1140),
        every,
    )


def export(company: Company, exports: Exports, incidents: Frame, month: Month) -> None:
    """A month of checks."""
    rng = company.random("checks", month.label)
    checks = _checked(rng, company, streams(company), incidents, month)
    last = np.datetime64(month.start, "D") + month.days * DAY == company.span.days[-1] + DAY
    planned = plan(rng, length(checks), RATES, at_least=int(last))
    exports.csv(f"data/uptime/checks-{month.label}.csv", SOURCE, "infrastructure_monitoring",
        soil(rng, checks, planned), {
        "monitor": label("service", SERVICE_NAMES),
        "probe": f"{label('region', REGIONS)} || '-' || probe",
        "location": label("region", REGIONS),
        "time": spoiled("bad_date", written('"at"'), "'2026-13-01T00:00:00Z'"),
        "result": spoiled("unknown_value", label("status", STATUSES), "'FLAPPING'"),
        "latency_ms": spoiled("negative_duration", whole("response"), "'-1'"),
    })  # fmt: skip


def _checked(rng: np.random.Generator, company: Company, chosen: Streams, incidents: Frame, month: Month) -> Frame:
    start = np.datetime64(month.start, "s")
    since = int((start - company.span.begin).astype(np.int64))
    first, after = -(-since // chosen.every), -(-(since + month.days * 86400) // chosen.every)
    tick = np.repeat(np.arange(first, after) * chosen.every, len(chosen.service))
    stream = np.tile(np.arange(len(chosen.service)), after - first)
    at = company.span.begin + (tick + chosen.offset[stream]).astype("timedelta64[s]")
    service = chosen.service[stream].astype(np.int8)
    status = at_random(rng, OTHERWISE, len(at)).astype(np.int8)
    if len(at):
        _apply_incidents(rng, status, at, service, incidents)
        _apply_maintenance(status, at, service, maintenance(company))
    response = _responses(rng, company, at, service, chosen.region[stream], status)
    return {
        "at": at, "service": service, "region": chosen.region[stream].astype(np.int8), "probe": chosen.probe[stream],
        "status": status, "response": response,
    }  # fmt: skip


def _apply_incidents(rng: np.random.Generator, status: Array, at: Array, service: Array, incidents: Frame) -> None:
    """Checks are in order of their interval, at most 1140 s out of order, so an incident's are found by position."""
    touching = take(incidents, (incidents["start"] <= at.max()) & (incidents["ended"] >= at.min()))
    slack = np.timedelta64(1200, "s")
    for where, start, ended, severity in zip(
        *(touching[k] for k in ("service", "start", "ended", "severity")), strict=True
    ):
        first, after = np.searchsorted(at, [start - slack, ended + slack])
        near = slice(int(first), int(after))
        hit = np.flatnonzero((service[near] == where) & (at[near] >= start) & (at[near] < ended)) + near.start
        status[hit] = at_random(rng, IN_INCIDENT[int(severity)], len(hit))


def _apply_maintenance(status: Array, at: Array, service: Array, windows: Frame) -> None:
    touching = take(windows, (windows["starts"] <= at.max()) & (windows["ends"] >= at.min()))
    for where, start, ended in zip(touching["service"], touching["starts"], touching["ends"], strict=True):
        status[(service == where) & (at >= start) & (at < ended)] = PAUSED


def _responses(
    rng: np.random.Generator, company: Company, at: Array, service: Array, region: Array, status: Array
) -> Array:
    """Milliseconds; none where nothing answered."""
    usual = np.array([s.response_ms for s in SERVICES])[service] * np.asarray(DISTANCE)[region]
    months = (at - company.span.begin).astype(np.int64) / (86400 * 30.44)
    usual *= np.where(service == SERVICE[SLOWING_SERVICE], (1 + SLOWER_A_MONTH) ** months, 1.0)
    hour = (at.astype(np.int64) // 3600) % 24
    usual *= 1 + 0.12 * ((hour >= 7) & (hour < 17))
    taken = usual * np.exp(0.28 * rng.standard_normal(len(at), dtype=np.float32))
    taken = np.where(status == DEGRADED, taken * 4.5, taken)
    return np.where(status <= DEGRADED, np.round(taken), np.nan)


def plant(truth: Truth, company: Company) -> None:
    """Put on record what is true of checks."""
    chosen = streams(company)
    truth.plant(
        "slowing_service", "The response time of one service grows by this share a month; the others' stays.",
        "infrastructure_monitoring", service=SLOWING_SERVICE, growth_a_month=SLOWER_A_MONTH,
    )  # fmt: skip
    truth.plant(
        "checks_in_incidents", "What a check finds during an incident: shares of up, degraded and down by severity.",
        ("infrastructure_monitoring", "incidents"),
        shares={f"SEV{at + 1}": list(row[:3]) for at, row in enumerate(IN_INCIDENT)},
        streams=len(chosen.service), every_seconds=chosen.every,
    )  # fmt: skip
    truth.plant(
        "unmonitored_service", "A service that has incidents but no checks.", ("services", "infrastructure_monitoring"),
        services=[s.name for s in SERVICES if not s.monitored],
    )  # fmt: skip
