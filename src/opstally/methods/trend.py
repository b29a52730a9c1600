"""The straight-line trend of an evenly spaced series: slope, interval, p-value, and whether to believe them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from opstally.methods import student

FEWEST = 4
"""Points below which nothing is said: three leave one degree of freedom and an interval of ±12.7 standard errors."""

FEW = 8
"""Points below which the result is weak: too few residuals to see whether they are independent."""

_ROUNDING = 1e-12
"""Relative to the largest value; what is smaller is rounding, and rounding must not become evidence."""


@dataclass(frozen=True)
class Trend:
    """A fitted line: `slope` in units per step, with its interval from `low` to `high`.

    state: "ok", "weak" (to be read with care) or "refused" (no numbers); `reason` says why.
    """

    n: int
    slope: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    state: Literal["ok", "weak", "refused"] = "ok"
    reason: str = ""


def trend(series: Sequence[float | None]) -> Trend:
    """Ordinary least squares of the values on their position 0, 1, 2, … in the series.

    A missing value (None) is a gap: its position passes, the point does not count.
    The 95 % interval is slope ± t(n − 2) · standard error, the p-value two-sided against a slope of zero
    (Draper & Smith, Applied Regression Analysis, 3rd ed., §1.4). Both suppose independent, equally spread residuals.

    Guards: fewer than 4 points are refused, and so is a value that is not finite; fewer than 8 points are weak;
    so are residuals whose neighbours resemble each other (lag-1 autocorrelation above 2/√n, the bound of
    Box & Jenkins), because the true interval is then wider than the one given.

    >>> trend([10.0, 12.0, 14.0, 16.0, 18.0]).slope
    2.0
    """
    points = [(float(step), float(value)) for step, value in enumerate(series) if value is not None]
    n = len(points)
    if any(not math.isfinite(y) for _, y in points):
        return Trend(n, state="refused", reason="the series holds a value that is not a finite number")
    if n < FEWEST:
        return Trend(n, state="refused", reason=f"{n} of at least {FEWEST} points")
    slope, spread, residuals = _line(points)
    error = math.sqrt(math.fsum(r * r for r in residuals) / (n - 2) / spread)
    half = student.point(n - 2) * error
    chance = student.tail(slope / error, n - 2) if error else float(slope == 0)
    state, reason = _worth(residuals)
    return Trend(n, slope, slope - half, slope + half, chance, state, reason)


def _line(points: list[tuple[float, float]]) -> tuple[float, float, list[float]]:
    """The slope, the sum of squares of the positions about their mean, and the residuals."""
    n = len(points)
    mean_x = math.fsum(x for x, _ in points) / n
    mean_y = math.fsum(y for _, y in points) / n
    spread = math.fsum((x - mean_x) ** 2 for x, _ in points)
    rounding = _ROUNDING * max(abs(y) for _, y in points)
    slope = math.fsum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    slope = 0.0 if abs(slope) <= rounding else slope
    residuals = [y - mean_y - slope * (x - mean_x) for x, y in points]
    return slope, spread, [0.0 if abs(r) <= rounding else r for r in residuals]


def _worth(residuals: list[float]) -> tuple[Literal["ok", "weak"], str]:
    n = len(residuals)
    if n < FEW:
        return "weak", f"only {n} points"
    squares = math.fsum(r * r for r in residuals)
    if squares == 0:
        return "ok", ""
    lagged = math.fsum(a * b for a, b in itertools.pairwise(residuals)) / squares
    if lagged > 2 / math.sqrt(n):
        return "weak", f"neighbours move together (autocorrelation {lagged:.2f}), so the interval is too narrow"
    return "ok", ""
