"""Incidents: services that fail, and pull others with them."""

from __future__ import annotations

import numpy as np

from opstally.demo.company import CELLS, DEPENDENTS, SERVICE, SERVICE_NAMES, SERVICES, Company
from opstally.demo.frame import DAY, NOT_A_TIME, Array, Frame, at_random, concat, length, lognormal, minutes, take
from opstally.demo.season import Span, moments
from opstally.demo.truth import Truth

SEVERITIES = ("SEV1", "SEV2", "SEV3", "SEV4")
SEVERITY_SHARE = (0.08, 0.22, 0.42, 0.28)
MEDIAN_MINUTES = (75.0, 50.0, 35.0, 25.0)
LOST = (0.90, 0.50, 0.20, 0.06)
"""Share of the service that an incident of each severity takes away."""
CELLS_HIT = (5, 3, 1, 1)
LONGEST = 18 * 60.0
CAUSES = ("deployment", "capacity", "configuration", "hardware", "third party", "unknown", "dependency")
CAUSE_SHARE = (0.34, 0.16, 0.17, 0.11, 0.14, 0.08, 0.0)
DEPLOYMENT, DEPENDENCY = CAUSES.index("deployment"), CAUSES.index("dependency")
DETECTORS = ("monitor", "customer", "staff")

WEARING = "integrations-hub"
WEARING_DAYS, WEARING_FACTOR = 270, 3.0
"""The service that fails more and more: the last so many days, up to so many times as often."""
UNWATCHED = (WEARING, "batch-scheduler")
"""Services whose failures mostly customers notice first."""


def happen(company: Company) -> Frame:
    """Every incident at the service where it began, by start; `ended` is the extract's time for those going on."""
    rng, span = company.random("incidents"), company.span
    service, start = _starts(rng, company)
    severity = at_random(rng, SEVERITY_SHARE, len(start))
    lasting = np.minimum(lognormal(rng, np.asarray(MEDIAN_MINUTES)[severity], 0.7, len(start)), LONGEST)
    cause = at_random(rng, CAUSE_SHARE, len(start))
    planned = _staged(span)
    roots = concat([_made(service, start, severity, lasting, cause), planned])
    roots = take(roots, np.argsort(roots["start"], kind="stable"))
    roots["number"] = 1001 + np.arange(length(roots))
    roots["cells"] = np.stack([_cells(rng, int(s)) for s in roots["severity"]])
    return roots | _course(rng, roots, span)


def _made(service: Array, start: Array, severity: Array, lasting: Array, cause: Array) -> Frame:
    ended = start + minutes(lasting)
    return {"service": service, "start": start, "severity": severity, "resolved": ended, "cause": cause}


def _starts(rng: np.random.Generator, company: Company) -> tuple[Array, Array]:
    """Service and time of every failure: more in busy times, and more and more at the service that wears."""
    days = len(company.span.days)
    busy = company.workload**0.6
    services, starts = [], []
    for at, service in enumerate(SERVICES):
        rate = service.failures_a_year / 365 * busy
        if service.name == WEARING:
            rate = rate * wearing(days)
        per_day = rng.poisson(rate)
        day = np.repeat(company.span.days, per_day)
        services.append(np.full(len(day), at))
        starts.append(moments(rng, day))
    start = np.concatenate(starts)
    # The newest day is left to the staged incidents, so that none of the drawn ones is cut off by chance.
    kept = start < company.span.end - 2 * DAY
    return np.concatenate(services)[kept], start[kept]


def wearing(days: int) -> Array:
    """How much more often the wearing service fails each day."""
    ramp = np.clip((np.arange(days) - (days - WEARING_DAYS)) / WEARING_DAYS, 0, 1)
    return 1 + (WEARING_FACTOR - 1) * ramp


def _staged(span: Span) -> Frame:
    """Incidents that every analysis must survive: open, across midnight and month ends, overlapping."""
    last_month = (span.until.day, 23, 20)
    rows = [
        ("search", span.instant(*last_month), 1, 135.0),
        ("billing-engine", span.instant(20, 10, 5), 1, 95.0),
        ("billing-engine", span.instant(20, 10, 50), 2, 120.0),
        ("file-storage", span.instant(30, 23, 20), 2, 100.0),
        ("web-app", span.instant(47, 22, 30), 1, 130.0),
        ("reporting", span.instant(2, 14, 20), 3, np.nan),
        ("webhooks", span.instant(0, 21, 0), 1, np.nan),
    ]
    service = np.array([SERVICE[name] for name, *_ in rows])
    lasting = np.array([minutes_ for *_, minutes_ in rows])
    made = _made(
        service,
        np.array([start for _, start, *_ in rows]),
        np.array([severity for _, _, severity, _ in rows]),
        np.nan_to_num(lasting),
        np.full(len(rows), CAUSES.index("configuration")),
    )
    return made | {"resolved": np.where(np.isnan(lasting), NOT_A_TIME, made["resolved"])}


def _cells(rng: np.random.Generator, severity: int) -> Array:
    hit = np.zeros(CELLS, dtype=bool)
    hit[rng.choice(CELLS, CELLS_HIT[severity], replace=False)] = True
    return hit


def _course(rng: np.random.Generator, roots: Frame, span: Span) -> Frame:
    """How each incident was noticed and dealt with."""
    n, start = length(roots), roots["start"]
    is_open = np.isnat(roots["resolved"])
    ended = np.where(is_open, span.end, roots["resolved"])
    lasting = (ended - start).astype(np.int64) / 60.0
    unwatched = np.isin(roots["service"], [SERVICE[name] for name in UNWATCHED])
    chance = np.where(unwatched[:, None], (0.30, 0.60, 0.10), (0.74, 0.16, 0.10))
    by = (rng.random(n)[:, None] > np.cumsum(chance, axis=1)).sum(axis=1)
    delay = lognormal(rng, np.where(by == 0, 3.5, 18.0), 0.7, n)
    detected = start + minutes(np.minimum(delay, 0.4 * lasting))
    acknowledged = detected + minutes(np.minimum(lognormal(rng, 6.0, 0.7, n), 0.3 * lasting))
    mitigated = start + minutes(lasting * rng.uniform(0.74, 0.97, n))
    return {
        "ended": ended,
        "detected": detected,
        "detector": by,
        "acknowledged": acknowledged,
        "mitigated": np.where(is_open, NOT_A_TIME, mitigated),
        "impact": np.round(np.clip(np.asarray(LOST)[roots["severity"]] * rng.uniform(0.8, 1.1, n), 0, 1), 3),
    }


def spread(company: Company, roots: Frame) -> Frame:
    """A row for each incident and service that it hit: the one where it began, and those that it pulled along."""
    rng = company.random("spread")
    found = [roots | {"root": np.ones(length(roots), dtype=bool)}]
    for cause, dependents in DEPENDENTS.items():
        for dependent, chance in dependents.items():
            hit = (roots["service"] == SERVICE[cause]) & (rng.random(length(roots)) < chance)
            found.append(_pulled(rng, take(roots, hit & ~np.isnat(roots["resolved"])), SERVICE[dependent]))
    rows = concat(found)
    return take(rows, np.lexsort((rows["service"], rows["number"])))


def _pulled(rng: np.random.Generator, roots: Frame, service: int) -> Frame:
    n = length(roots)
    start = roots["start"] + minutes(rng.uniform(0, 5, n))
    lasting = (roots["ended"] - roots["start"]).astype(np.int64) / 60.0
    ended = start + minutes(lasting * rng.uniform(0.6, 1.05, n))
    return roots | {
        "service": np.full(n, service),
        "start": start,
        "resolved": ended,
        "ended": ended,
        "detected": np.minimum(np.maximum(roots["detected"], start), ended),
        "acknowledged": np.minimum(np.maximum(roots["acknowledged"], start), ended),
        "mitigated": np.minimum(np.maximum(roots["mitigated"], start), ended),
        "severity": np.minimum(roots["severity"] + 1, 3),
        "impact": np.round(roots["impact"] * 0.6, 3),
        "cause": np.full(n, DEPENDENCY),
        "root": np.zeros(n, dtype=bool),
    }


def plant(truth: Truth) -> None:
    """Put on record what is true of incidents."""
    truth.plant(
        "correlated_failures",
        "When the first service fails, each of the others fails with it with this probability, in the same incident.",
        "incidents",
        probabilities=DEPENDENTS,
    )
    truth.plant(
        "wearing_service",
        f"{WEARING} fails more and more often: the rate of incidents that begin there grows evenly over the last "
        f"{WEARING_DAYS} days up to this factor.",
        "incidents",
        service=WEARING, days=WEARING_DAYS, factor=WEARING_FACTOR,
    )  # fmt: skip
    truth.plant(
        "unwatched_services",
        "Share of incidents that customers notice first at these services, and at all others.",
        "incidents",
        services=list(UNWATCHED), share=0.60, share_elsewhere=0.16,
    )  # fmt: skip
    truth.plant(
        "staged_incidents",
        "Incidents placed by hand: two still open, one across the last month's start, two that overlap at one service, "
        "one across the start of the last 30 days.",
        "incidents",
        open=2, overlapping=["billing-engine"], unmonitored=[s.name for s in SERVICES if not s.monitored],
        services=list(SERVICE_NAMES),
    )  # fmt: skip
