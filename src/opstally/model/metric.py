"""A metric: one aggregate expression over one table, or over other metrics, and what makes it trustworthy."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from opstally.model.declaration import Declaration, Expression, Name
from opstally.model.unit import Unit

Domain = Literal["support", "reliability", "cost", "onboarding", "sla", "process", "customers", "finance"]


class TimeBasis(Declaration):
    """How rows relate to a period when it is not simply "this column lies in it". Exactly one of the first four.

    during       rows whose [start, end) overlaps the period; an empty end means "still going on"
    open_at_end  rows that have started and not ended at the end of the period (a stock: backlog, active customers)
    latest       the newest row of each entity (`per`) before the end of the period (a state)
    last         the rows of the last date in the period on which the table has any (a semi-additive snapshot)
    """

    during: tuple[Name, Name] | None = None
    open_at_end: tuple[Name, Name] | None = None
    latest: Name | None = None
    per: tuple[Name, ...] = ()
    last: Name | None = None

    def __post_init__(self) -> None:
        given = [k for k in ("during", "open_at_end", "latest", "last") if getattr(self, k) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of during, open_at_end, latest, last")
        if (self.latest is not None) != bool(self.per):
            raise ValueError("latest and per go together: the time column, and the entity whose newest row counts")


class Metric(Declaration):
    """See the module. `value` names columns of `table`, or, without a table, other metrics."""

    metric: Name
    label: str
    description: str
    domain: Domain
    table: Name | None = None
    at: Name | TimeBasis | None = None
    """The time column that decides the period; the table's default unless told."""
    value: Expression
    where: Expression | None = None
    """Which rows the metric is about at all."""
    settled: Expression | None = None
    """Rows for which this is not true are pending: not counted, and reported as such."""
    excludes: dict[str, Expression] = field(default_factory=dict)
    """Reason → the rows that do not count for that reason; for the receipt, the expression already leaves them out."""
    unit: Unit
    good: Literal["up", "down", "neutral"]
    owner: str = ""
    decision: str = ""
    """What somebody does differently because of it."""
    guardrails: tuple[Name, ...] = ()
    """Metrics that must not get worse when this one gets better."""
    leading: tuple[Name, ...] = ()
    """Metrics that move before this one does."""
    target: float | None = None
    min_n: int = field(default=1, metadata={"ge": 1})
    """Below so many rows the value is shown as weak and not ranked."""
    decimals: int | None = field(default=None, metadata={"ge": 0, "le": 9})
    """Digits after the point on display; data are never rounded."""
