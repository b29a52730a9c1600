"""What comes back: frozen data. Every result carries its receipt."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from opstally.period import Period

Value = str | int | float | bool | dt.date | dt.datetime | None


@dataclass(frozen=True)
class Column:
    """One column of a result. `metric` is None for dimensions and for columns that a method added."""

    name: str
    label: str
    type: str
    unit: str | None = None
    metric: str | None = None
    good: Literal["up", "down", "neutral"] = "neutral"
    decimals: int | None = None
    target: float | None = None
    is_dimension: bool = False


@dataclass(frozen=True)
class Interval:
    """How sure one value is: n, a 95 % interval where the method gives one, and what it is worth.

    state: "ok", "weak" (fewer than the declared minimum), or "refused"; `reason` says why.
    """

    n: int
    low: float | None = None
    high: float | None = None
    method: str = ""
    state: Literal["ok", "weak", "refused"] = "ok"
    reason: str = ""


@dataclass(frozen=True)
class Use:
    """How one metric used the rows of its period.

    period_rows = used + sum(excluded.values()). A metric made of others has one Use for each table and time basis.
    Over several buckets of time, a row that counts in each of them (an open ticket, a long incident) counts in each.
    """

    metric: str
    table: str
    time_basis: str
    period_rows: int
    used: int
    excluded: dict[str, int]


@dataclass(frozen=True)
class Definition:
    """The definition that a number was computed with; `version` is a digest of all that decides its value."""

    metric: str
    label: str
    value: str
    version: str
    where: str | None = None
    settled: str | None = None
    file: str = ""


@dataclass(frozen=True)
class Freshness:
    """How new one table is: its newest default-time value, and when it was last loaded (UTC)."""

    table: str
    rows: int
    newest: dt.date | dt.datetime | None
    loaded_at: dt.datetime | None


@dataclass(frozen=True)
class Receipt:
    """Where a result comes from."""

    definitions: tuple[Definition, ...]
    period: Period | None
    timezone: str
    as_of: dt.date
    filters: tuple[str, ...]
    uses: tuple[Use, ...]
    freshness: tuple[Freshness, ...]
    assumptions: dict[str, float]
    engine: str
    sql: tuple[str, ...]
    notes: tuple[str, ...] = ()
    compared: Period | None = None
    """The period that `_before` and `_change` are about."""


@dataclass(frozen=True)
class Result:
    """A table of numbers. `rows` follow `columns`; `intervals` has, for each row, column name → Interval."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    receipt: Receipt
    intervals: tuple[dict[str, Interval], ...] = ()
    total: tuple[Value, ...] | None = None
    notes: tuple[str, ...] = ()

    def records(self) -> Iterator[dict[str, Value]]:
        """The rows as name → value."""
        names = [c.name for c in self.columns]
        for row in self.rows:
            yield dict(zip(names, row, strict=True))

    def index(self, name: str) -> int:
        """The position of a column."""
        return next(i for i, c in enumerate(self.columns) if c.name == name)

    def values(self, name: str) -> list[Value]:
        """One column, top to bottom."""
        at = self.index(name)
        return [row[at] for row in self.rows]


@dataclass(frozen=True)
class SectionResult:
    """One section of a report: its rows, or why there are none."""

    title: str
    description: str
    result: Result | None
    needs: tuple[str, ...] = ()
    """Tables without which the section has no data."""
    chart: object | None = None
    """The section's `Chart` declaration."""


@dataclass(frozen=True)
class ReportResult:
    """A report as of a day."""

    report: str
    title: str
    question: str
    as_of: dt.date
    period: Period
    sections: tuple[SectionResult, ...]
    assumptions: dict[str, float]
    notes: tuple[str, ...] = ()
