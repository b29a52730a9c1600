"""A number explained: its receipt, what became of every row of its period, and the rows behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from opstally.measure import Measuring
from opstally.planner.listing import listing
from opstally.planner.metric import USED
from opstally.planner.query import Query
from opstally.result import Result, Value


@dataclass(frozen=True)
class Part:
    """One table's share of an explanation: what became of every row of the period, and the rows that were used."""

    metric: str
    table: str
    time_basis: str
    fates: tuple[tuple[str, int], ...]
    """(fate, rows); "used" first, then the reasons; they add up to the rows of the period."""
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    sql: str

    @property
    def period_rows(self) -> int:
        return sum(count for _, count in self.fates)


@dataclass(frozen=True)
class Explanation:
    """A number, its receipt, and the very rows behind it."""

    result: Result
    parts: tuple[Part, ...]


def explain(measuring: Measuring, query: Query, compare: str | None, rows: int) -> Explanation:
    """The first metric of a query explained, with up to `rows` of the rows that were used."""
    return Explanation(measuring.measure(query, compare), tuple(_parts(measuring, query, rows)))


def _parts(measuring: Measuring, query: Query, limit: int) -> Iterator[Part]:
    made = measuring.prepare(replace(query, grain=None))[0]
    for part in measuring.metrics.parts(query.metrics[0]):
        told = listing(made, part, measuring.schema, measuring.engine, made.context, limit)
        counts = {str(fate): int(str(n)) for fate, n in measuring.engine.run(told.counts)}
        used = counts.pop(USED, 0)
        listed = measuring.engine.run(told.rows) if limit else []
        rows: Any = tuple(listed)
        yield Part(
            part.name,
            str(part.table),
            str(part.basis),
            ((USED, used), *sorted(counts.items())),
            told.columns,
            rows,
            told.rows,
        )
