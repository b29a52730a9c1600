"""How services are changed and watched: deployments, maintenance, alerts, runbooks."""

from __future__ import annotations

import numpy as np

from opstally.demo.company import SERVICE, SERVICE_NAMES, SERVICES, Company
from opstally.demo.dirt import plan, soil, spoiled, strew
from opstally.demo.exports import ISO, Exports, label, numbered
from opstally.demo.frame import NOT_A_TIME, Array, Frame, concat, hours, length, lognormal, minutes, take
from opstally.demo.incidents import CAUSES, DEPLOYMENT, DETECTORS, SEVERITIES
from opstally.demo.season import moments
from opstally.demo.support import MENDED_DAYS_BACK, RELEASE_DAYS_BACK
from opstally.demo.truth import Truth

SOURCE = "incident_tool"
RELEASES_A_DAY = (0.5, 0.25, 0.35, 1.1, 0.35, 0.3, 0.3, 0.35, 0.2, 0.45, 0.15)
"""Planned deployments of each service on an average working day."""
ROLLED_BACK = 0.022
"""Share of planned deployments that fail without an incident."""
NOISY_SERVICE = "notifications"
NOISE_A_DAY = 0.35
NOISY_FACTOR = 9.0
"""Alerts that need nothing done, a service and day; the noisy one has so many times as many."""
EARLIER_VERSION = 0.3
"""Share of incidents of which the tool also exported an earlier, unfinished record."""
INCIDENT_RATES = {"exact_duplicate": 0.02, "bad_date": 0.008, "negative_duration": 0.008, "unknown_value": 0.008}


def maintenance(company: Company) -> Frame:
    """A monthly window for each service, early on a Sunday."""
    rng = company.random("maintenance")
    starts, services = [], []
    for month in company.span.months():
        sundays = [d for d in company.span.days[month.first : month.after] if (int(d.astype(int)) + 3) % 7 == 6]
        for service in range(len(SERVICES) if sundays else 0):
            starts.append(sundays[service % len(sundays)].astype("datetime64[s]") + np.timedelta64(2, "h"))
            services.append(service)
    n = len(starts)
    begun = np.array(starts)
    return {
        "number": np.arange(1, n + 1),
        "service": np.array(services),
        "starts": begun,
        "ends": begun + minutes(rng.choice([30, 45, 60, 90], n)),
        "announced": begun - hours(np.round(np.maximum(rng.normal(120, 40, n), -2), 1)),
    }


def deployments(company: Company, roots: Frame) -> Frame:
    """Planned releases, those that caused incidents, the repairs that followed, and the one that broke reporting."""
    rng = company.random("deployments")
    causing = _causing(rng, roots)
    rows = concat([_planned(rng, company), causing, _repairs(rng, causing), _broken_release(company)])
    rows = take(rows, rows["finished"] < company.span.end)
    rows = take(rows, np.argsort(rows["finished"], kind="stable"))
    return rows | {"number": np.arange(1, length(rows) + 1)}


def _deployed(
    service: Array, finished: Array, lead: Array, result: Array, rework: bool, incident: Array, restored: Array
) -> Frame:
    return {
        "service": service, "finished": finished, "commit": finished - hours(lead), "result": result,
        "rework": np.full(len(service), rework), "incident": incident, "restored": restored,
    }  # fmt: skip


def _planned(rng: np.random.Generator, company: Company) -> Frame:
    weekday = (company.span.days.astype(np.int64) + 3) % 7
    a_day = np.where(weekday >= 5, 0.03, 1.0)
    per_day = [rng.poisson(rate * a_day) for rate in RELEASES_A_DAY]
    service = np.repeat(np.arange(len(SERVICES)), [counts.sum() for counts in per_day])
    finished = moments(rng, np.concatenate([np.repeat(company.span.days, counts) for counts in per_day]))
    n = len(service)
    failed = rng.random(n) < ROLLED_BACK
    result = np.where(failed, 2, np.where(rng.random(n) < 0.01, 3, 0))
    restored = np.where(failed, finished + minutes(lognormal(rng, 22, 0.5, n)), NOT_A_TIME)
    return _deployed(service, finished, lognormal(rng, 26, 0.9, n), result, False, np.full(n, -1), restored)


def _causing(rng: np.random.Generator, roots: Frame) -> Frame:
    """For each incident with that cause, a deployment shortly before it."""
    guilty = take(roots, roots["cause"] == DEPLOYMENT)
    n = length(guilty)
    finished = guilty["start"] - minutes(rng.uniform(2, 40, n))
    return _deployed(
        guilty["service"],
        finished,
        lognormal(rng, 26, 0.9, n),
        np.full(n, 1),
        False,
        guilty["number"],
        guilty["mitigated"],
    )


def _repairs(rng: np.random.Generator, causing: Frame) -> Frame:
    n = length(causing)
    finished = causing["restored"] + minutes(rng.uniform(30, 600, n))
    none = np.full(n, -1)
    return _deployed(
        causing["service"], finished, lognormal(rng, 2.5, 0.5, n), np.zeros(n, int), True, none, np.full(n, NOT_A_TIME)
    )


def _broken_release(company: Company) -> Frame:
    """It worked, as far as anybody saw; the hotfix came when tickets had piled up."""
    service = np.full(2, SERVICE["reporting"])
    finished = np.array([company.span.instant(RELEASE_DAYS_BACK, 6, 30), company.span.instant(MENDED_DAYS_BACK, 5, 40)])
    none = np.full(2, NOT_A_TIME)
    rows = _deployed(service, finished, np.array([31.0, 70.0]), np.zeros(2, int), False, np.full(2, -1), none)
    return rows | {"rework": np.array([False, True])}


def alerts(company: Company, incidents: Frame) -> Frame:
    """Alerts of incidents, which need somebody, and the noise, which does not."""
    rng = company.random("alerts")
    rows = concat([_of_incidents(rng, incidents), _noise(rng, company)])
    rows = take(rows, rows["fired"] < company.span.end)
    rows = take(rows, np.argsort(rows["fired"], kind="stable"))
    seen = ("acknowledged", "cleared")
    known = {name: np.where(rows[name] <= company.span.end, rows[name], NOT_A_TIME) for name in seen}
    return rows | known | {"number": np.arange(1, length(rows) + 1)}


def _of_incidents(rng: np.random.Generator, incidents: Frame) -> Frame:
    watched = take(
        incidents, np.array([s.monitored for s in SERVICES])[incidents["service"]] & (incidents["detector"] == 0)
    )
    rows = take(watched, np.repeat(np.arange(length(watched)), 1 + rng.poisson(1.6, length(watched))))
    n = length(rows)
    fired = rows["detected"] + minutes(rng.exponential(5, n))
    return {
        "fired": fired, "service": rows["service"], "rule": rng.integers(0, len(RULES), n), "incident": rows["number"],
        "actionable": rng.random(n) < 0.92, "acknowledged": np.maximum(rows["acknowledged"], fired),
        "cleared": np.where(np.isnat(rows["resolved"]), NOT_A_TIME, np.maximum(rows["resolved"], fired)),
    }  # fmt: skip


RULES = ("High error rate", "High latency", "Queue growing", "Health check failed", "Disk almost full")


def _noise(rng: np.random.Generator, company: Company) -> Frame:
    rate = [NOISE_A_DAY * (NOISY_FACTOR if s.name == NOISY_SERVICE else 1.0) * s.monitored for s in SERVICES]
    per_day = [rng.poisson(r, len(company.span.days)) for r in rate]
    fired = moments(rng, np.concatenate([np.repeat(company.span.days, counts) for counts in per_day]))
    n = len(fired)
    seen = rng.random(n) < 0.6
    return {
        "fired": fired, "service": np.repeat(np.arange(len(SERVICES)), [counts.sum() for counts in per_day]),
        "rule": rng.integers(0, len(RULES), n), "incident": np.full(n, -1), "actionable": rng.random(n) < 0.06,
        "acknowledged": np.where(seen, fired + minutes(rng.uniform(1, 5, n)), NOT_A_TIME),
        "cleared": fired + minutes(rng.uniform(5, 60, n)),
    }  # fmt: skip


def export(company: Company, exports: Exports, roots: Frame, incidents: Frame) -> None:
    """Everything about change and watch, and the incidents themselves."""
    _export_incidents(company, exports, incidents)
    exports.table("maintenance_windows", maintenance(company), {
        "window_id": numbered("MW-", "number", 4), "service_name": label("service", SERVICE_NAMES),
        "starts_at": "starts", "ends_at": "ends", "announced_at": "announced",
    })  # fmt: skip
    exports.table("deployments", deployments(company, roots), {
        "deployment_id": numbered("D-", "number"), "service_name": label("service", SERVICE_NAMES),
        "finished_at": "finished", "commit_at": '"commit"',
        "result": label("result", ("success", "failed", "rolled_back", "cancelled")), "is_rework": "rework",
        "restored_at": "restored", "incident_id": numbered("INC-", "incident", 4),
    })  # fmt: skip
    exports.table("alerts", alerts(company, incidents), {
        "alert_id": numbered("AL-", "number"), "fired_at": "fired", "service_name": label("service", SERVICE_NAMES),
        "alert_name": label("rule", RULES), "incident_id": numbered("INC-", "incident", 4), "actionable": "actionable",
        "acknowledged_at": "acknowledged", "resolved_at": "cleared",
    })  # fmt: skip
    exports.table("runbooks", _runbooks(company), {
        "runbook_id": numbered("RB-", "number", 3), "service_name": label("service", SERVICE_NAMES),
        "alert": label("rule", RULES), "last_tested_at": "tested",
    })  # fmt: skip


def _runbooks(company: Company) -> Frame:
    rng = company.random("runbooks")
    number = np.flatnonzero(rng.random(len(SERVICES) * len(RULES)) < 0.7)
    tested = company.span.end - hours(rng.uniform(24, 24 * 500, len(number)))
    never = rng.random(len(number)) < 0.2
    return {
        "number": number, "service": number // len(RULES), "rule": number % len(RULES),
        "tested": np.where(never, NOT_A_TIME, tested),
    }  # fmt: skip


def _export_incidents(company: Company, exports: Exports, incidents: Frame) -> None:
    rng = company.random("incident dirt")
    latest = np.where(np.isnat(incidents["resolved"]), incidents["acknowledged"], incidents["resolved"] + minutes(30))
    rows = incidents | {"updated": latest, "ended_at": incidents["resolved"]}
    rows = soil(rng, rows, plan(rng, length(rows), INCIDENT_RATES, at_least=1))
    exports.jsonl("data/oncall/incidents.jsonl", SOURCE, "incidents", _with_earlier(rng, rows), {
        "incident": numbered("INC-", "number", 4),
        "component": label("service", SERVICE_NAMES),
        "severity": label("severity", SEVERITIES),
        "began": spoiled("bad_date", _offset("start"), "'2026-02-30T11:00:00-05:00'"),
        "noticed": _offset("detected"),
        "noticed_by": spoiled("unknown_value", label("detector", ("monitoring", "customer report", "employee")),
            "'twitter'"),
        "acknowledged": _offset("acknowledged"),
        "mitigated": _offset("mitigated"),
        "closed": spoiled("negative_duration", _offset("ended_at"), _offset('"start" - INTERVAL 3 HOUR')),
        "lost_share": "impact",
        "customers": "reached",
        "root_cause": label("cause", CAUSES),
        "last_change": _offset("updated"),
    })  # fmt: skip


def _with_earlier(rng: np.random.Generator, rows: Frame) -> Frame:
    """The records, some of them with an earlier one from when the incident was not over."""
    finished = np.flatnonzero((rows["fault"] == 0) & ~np.isnat(rows["resolved"]))
    chosen = finished[rng.random(len(finished)) < EARLIER_VERSION]
    earlier = take(rows, chosen)
    none = np.full(len(chosen), NOT_A_TIME)
    unfinished = {
        "mitigated": none, "ended_at": none, "updated": earlier["acknowledged"],
        "fault": np.full(len(chosen), 2, dtype=np.int8),
    }  # fmt: skip
    return strew(rng, concat([rows, earlier | unfinished]), len(chosen))


def _offset(column: str) -> str:
    """The instant as a tool set to Chicago winter time writes it, with its offset."""
    return f"strftime({column} - INTERVAL 6 HOUR, '{ISO[:-1]}-06:00')"


def plant(truth: Truth) -> None:
    """Put on record what is true of changes and alerts."""
    truth.plant(
        "failing_deployments",
        "Share of incidents that a deployment causes, and of planned deployments that fail otherwise.",
        ("deployments", "incidents"), share_of_incidents=0.34, rolled_back=ROLLED_BACK, detectors=list(DETECTORS),
    )  # fmt: skip
    truth.plant(
        "noisy_alerts", "Alerts a day that need nothing done, at each service; one has so many times as many.",
        "alerts", service=NOISY_SERVICE, a_day=NOISE_A_DAY, factor=NOISY_FACTOR,
    )  # fmt: skip
