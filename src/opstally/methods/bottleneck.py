"""Where a process spends its time: minutes per case, the slowest step or steps, and what shortening could save."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

from opstally.methods.section import Record, count, grouped, number
from opstally.result import Column, Value

N = TypeVar("N", int, float)


@dataclass(frozen=True)
class Step:
    """All that a process's cases spent in one step: minutes, the waiting in them, errors, reworks and their n."""

    name: str
    minutes: float | None
    wait_minutes: float | None = None
    errors: int | None = None
    reworks: int | None = None
    rework_known: int | None = None


@dataclass(frozen=True)
class Times:
    """Minutes per case of a process, and its slowest steps."""

    total: float
    slowest: float
    steps: tuple[str, ...]

    @property
    def percent(self) -> float | None:
        """The share of a case's time that one slowest step takes, 0–100."""
        return 100 * self.slowest / self.total if self.total else None


def times(steps: Sequence[Step], cases: int | None) -> Times | None:
    """The minutes that a case of the process takes, and the step that takes most of them.

    A step's minutes per case are all its minutes over the cases of the whole process, so that a step that some cases
    skip counts less and one that they repeat counts more, and the steps add up to the process (the time at a step is
    what bounds a process: Goldratt, The Goal; per-case time as in van der Aalst, Process Mining, 2nd ed., §9.3).

    Guards: all steps within 1e-9 of the slowest are bottlenecks; None without cases, without steps, or with a step
    whose minutes are not known.

    >>> times([Step("check", 30.0), Step("approve", 90.0)], cases=10)
    Times(total=12.0, slowest=9.0, steps=('approve',))
    """
    known = [(step.name, step.minutes / cases) for step in steps if step.minutes is not None and cases]
    if not known or len(known) < len(steps):
        return None
    slowest = max(minutes for _, minutes in known)
    names = tuple(name for name, minutes in known if math.isclose(minutes, slowest, rel_tol=1e-9))
    return Times(math.fsum(minutes for _, minutes in known), slowest, names)


def rework_percent(steps: Iterable[Step]) -> float | None:
    """Reworks over the executions for which rework is recorded, so that a step done often weighs more, 0–100."""
    counted = [(step.reworks or 0, step.rework_known) for step in steps if step.rework_known]
    executions = sum(known for _, known in counted)
    return 100 * sum(reworks for reworks, _ in counted) / executions if executions else None


# -- as a step of a report ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Names:
    """Which columns of the section hold what."""

    step: str
    minutes: str
    wait_minutes: str
    errors: str
    reworks: str
    rework_known: str
    cases: str


def apply(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Value]],
    *,
    saving_share: float,
    minutes_from: float = 0.0,
    step: str = "step_name",
    minutes: str = "minutes",
    wait_minutes: str = "wait_minutes",
    errors: str = "errors",
    reworks: str = "reworks",
    rework_known: str = "rework_known",
    cases: str = "cases",
) -> tuple[tuple[Column, ...], tuple[tuple[Value, ...], ...]]:
    """Rows per process and step → one row per process, those left out that take no more than `minutes_from` a case.

    The processes are the section's dimensions but for the step. `cases` counts each case at one step only (the metric
    process_case_count does), so that they add up to the process. A process whose minutes are not known stays.
    """
    told = _Names(step, minutes, wait_minutes, errors, reworks, rework_known, cases)
    by, groups = grouped(columns, rows, step, [getattr(told, field.name) for field in fields(told)])
    made = []
    for key, own in groups.items():
        steps, whole = [_step(record, told) for record in own], _added(count(record[told.cases]) for record in own)
        spent = times(steps, whole)
        if spent is None or spent.total > minutes_from:
            made.append((*key, *_row(steps, whole, spent, saving_share)))
    return (*by, *_COLUMNS), tuple(made)


def _step(record: Record, told: _Names) -> Step:
    return Step(
        name=str(record[told.step]),
        minutes=number(record[told.minutes]),
        wait_minutes=number(record[told.wait_minutes]),
        errors=count(record[told.errors]),
        reworks=count(record[told.reworks]),
        rework_known=count(record[told.rework_known]),
    )


def _row(steps: Sequence[Step], cases: int | None, spent: Times | None, saving_share: float) -> tuple[Value, ...]:
    return (
        spent.total if spent else None,
        spent.slowest if spent else None,
        spent.percent if spent else None,
        ", ".join(spent.steps) if spent else None,
        _added(step.errors for step in steps),
        rework_percent(steps),
        spent.total * saving_share if spent else None,
        cases,
        _added(step.wait_minutes for step in steps),
    )


def _added(values: Iterable[N | None]) -> N | None:
    known = [value for value in values if value is not None]
    return sum(known[1:], known[0]) if known else None


_COLUMNS = (
    Column("total_time_minutes", "Minutes per case", "number", "minutes", good="down", decimals=1),
    Column("bottleneck_minutes", "Minutes per case in the slowest step", "number", "minutes", good="down", decimals=1),
    Column("bottleneck_pct_of_total", "Share of the slowest step", "number", "percent", decimals=1),
    Column("bottleneck_steps", "Slowest step or steps", "text"),
    Column("total_errors", "Errors", "integer", "count", good="down"),
    Column("rework_rate_pct", "Rework rate", "number", "percent", good="down", decimals=1),
    Column("potential_time_savings", "Minutes per case that could be saved", "number", "minutes", decimals=1),
    Column("cases", "Cases", "integer", "count"),
    Column("delay_minutes", "Waiting of all cases", "number", "minutes", good="down", decimals=0),
)
