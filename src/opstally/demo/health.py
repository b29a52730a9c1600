"""Components of the infrastructure: weekly signals of health, and failures that follow them."""

from __future__ import annotations

import numpy as np

from opstally.demo.company import SERVICE_NAMES, SERVICES, Company
from opstally.demo.exports import Exports, label, numbered
from opstally.demo.frame import NOT_A_TIME, Array, Frame, concat, hours, lognormal
from opstally.demo.truth import Truth

COMPONENTS = 68
TYPES = ("server", "disk array", "load balancer", "switch", "power supply")
INTERVALS = (90.0, 60.0, 120.0, 180.0, 365.0)
CRITICALITIES = ("low", "medium", "high")
BASE, PER_ERROR, PER_DEGRADATION, PER_OVERDUE = -6.0, 0.40, 0.06, 1.2
"""Log-odds that a component fails in the week after an observation: base, per percent of errors, per percent slower,
per interval that maintenance is overdue."""
UNKNOWN = 0.06
"""Share of components of which a signal is never known."""


def observe(company: Company) -> tuple[Frame, Frame]:
    """A row a component and week, and a row a failure."""
    rng, span = company.random("components"), company.span
    n = max(24, round(COMPONENTS * company.scale**0.5))
    fixed = _components(rng, n)
    state = {
        "error": rng.gamma(1.5, 0.5, n),
        "slower": rng.normal(3, 4, n),
        "since": rng.uniform(0, 1.2, n) * fixed["interval"],
    }
    weeks, failures = [], []
    for at in range(6, len(span.days), 7):
        seen = span.days[at].astype("datetime64[s]") + np.timedelta64(3, "h")
        weeks.append(_seen(fixed, state, seen))
        fails = rng.random(n) < chance_of_failure(state["error"], state["slower"], state["since"] / fixed["interval"])
        failures.append(_failed(rng, fixed, fails, seen))
        state = _next_week(rng, fixed, state, fails)
    observed, failed = concat(weeks), concat(failures)
    failed = {name: values[failed["at"] < span.end] for name, values in failed.items()}
    failed["repaired"] = np.where(failed["repaired"] <= span.end, failed["repaired"], NOT_A_TIME)
    return observed, failed | {"number": np.arange(1, len(failed["at"]) + 1)}


def chance_of_failure(error: Array, slower: Array, intervals: Array) -> Array:
    """Within the week, from percent of errors, percent slower, and maintenance intervals passed."""
    log_odds = BASE + PER_ERROR * error + PER_DEGRADATION * slower + PER_OVERDUE * np.maximum(intervals - 1, 0)
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def _components(rng: np.random.Generator, n: int) -> Frame:
    kind = rng.integers(0, len(TYPES), n)
    unknown = rng.random((3, n)) < UNKNOWN / 3
    unknown[0, 0], unknown[2, 1] = True, True
    return {
        "number": np.arange(1, n + 1), "kind": kind, "interval": np.asarray(INTERVALS)[kind],
        "service": rng.integers(0, len(SERVICES), n),
        "criticality": rng.integers(0, 3, n), "wear": rng.gamma(1.4, 1.0, n), "neglect": rng.random(n) < 0.3,
        "unknown_error": unknown[0], "unknown_slower": unknown[1], "unknown_since": unknown[2],
        "retired": rng.random(n) < 0.05,
    }  # fmt: skip


def _seen(fixed: Frame, state: Frame, at: np.datetime64) -> Frame:
    return fixed | {
        "at": np.full(len(fixed["number"]), at),
        "error": np.where(fixed["unknown_error"], np.nan, np.round(state["error"], 2)),
        "slower": np.where(fixed["unknown_slower"], np.nan, np.round(state["slower"], 1)),
        "since": np.where(fixed["unknown_since"], np.nan, np.round(state["since"])),
    }


def _failed(rng: np.random.Generator, fixed: Frame, fails: Array, seen: np.datetime64) -> Frame:
    which = np.flatnonzero(fails)
    at = seen + hours(rng.uniform(1, 165, len(which)))
    return {
        "component": fixed["number"][which],
        "kind": fixed["kind"][which],
        "at": at,
        "repaired": at + hours(lognormal(rng, 5, 0.8, len(which))),
    }


def _next_week(rng: np.random.Generator, fixed: Frame, state: Frame, fails: Array) -> Frame:
    """Signals drift upwards until maintenance or repair sets them back."""
    n = len(fails)
    due = state["since"] > fixed["interval"] * np.where(fixed["neglect"], 1.9, 1.0)
    kept = ~(fails | (due & (rng.random(n) < 0.5)))
    error = np.clip(state["error"] + rng.normal(0.11, 0.35, n) * fixed["wear"], 0.02, 12)
    slower = np.clip(state["slower"] + rng.normal(0.50, 1.5, n) * fixed["wear"], -8, 60)
    fresh = {"error": rng.gamma(1.2, 0.3, n), "slower": rng.normal(0, 2, n), "since": np.full(n, 3.0)}
    worn = {"error": error, "slower": slower, "since": state["since"] + 7}
    return {name: np.where(kept, worn[name], fresh[name]) for name in worn}


def export(exports: Exports, observed: Frame, failed: Frame) -> None:
    """infrastructure_components and component_failures, in the canonical shape."""
    exports.table("infrastructure_components", observed, {
        "component_id": numbered("K-", "number", 3), "observed_at": '"at"', "component_type": label("kind", TYPES),
        "service_name": label("service", SERVICE_NAMES), "status": label("retired::INTEGER", ("active", "retired")),
        "error_rate_7d": "error", "performance_degradation_30d": "slower", "last_maintenance_days_ago": "since::BIGINT",
        "recommended_maintenance_interval": "interval::BIGINT", "criticality": label("criticality", CRITICALITIES),
    })  # fmt: skip
    exports.table("component_failures", failed, {
        "failure_id": numbered("F-", "number", 4), "component_id": numbered("K-", "component", 3),
        "component_type": label("kind", TYPES), "failed_at": '"at"', "repaired_at": "repaired",
    })  # fmt: skip


def plant(truth: Truth, observed: Frame, failed: Frame) -> None:
    """Put on record how failures follow the signals."""
    unknown = observed["unknown_error"] | observed["unknown_slower"] | observed["unknown_since"]
    truth.plant(
        "failures_follow_signals", "Log-odds that a component fails in the week after an observation.",
        ("infrastructure_components", "component_failures"), base=BASE, per_percent_errors=PER_ERROR,
        per_percent_slower=PER_DEGRADATION, per_interval_overdue=PER_OVERDUE, failures=len(failed["at"]),
    )  # fmt: skip
    truth.plant(
        "unknown_signals", "Components of which a signal is never known: their risk is unknown, not low.",
        "infrastructure_components", components=sorted({f"K-{number:03d}" for number in observed["number"][unknown]}),
    )  # fmt: skip
