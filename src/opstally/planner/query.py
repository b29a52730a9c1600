"""What is asked: metrics, dimensions, period, filters."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from opstally.expression import Expr
from opstally.period import Grain, Period


@dataclass(frozen=True)
class Query:
    """A question to the planner. `by` has (output name, dimension); `period` None only for metrics not over time."""

    metrics: tuple[str, ...]
    by: tuple[tuple[str, str], ...]
    grain: Grain | None
    period: Period
    as_of: dt.date
    where: Expr | None = None
    members: bool = False
    intervals: bool = True
    """Also fetch what the intervals of means and quantiles need."""
