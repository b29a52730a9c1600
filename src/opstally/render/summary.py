"""What a chart shows, in words: for those who cannot see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from opstally.model.report import Chart
from opstally.render.document import heading
from opstally.render.numbers import MISSING, show
from opstally.result import Column, Result, Value

_MOST: Final = 6


def describe(chart: Chart, result: Result, currency: str = "USD") -> str:
    """`First-response SLA met by week: from 70.6% at the start to 82.1% at the end, lowest 68.0% (10 Aug 2026), …`."""
    columns = {c.name: at for at, c in enumerate(result.columns)}
    value_name = chart.color if chart.kind == "heat" and chart.color else chart.y
    value, x = columns[value_name], columns[chart.x]
    by = columns.get(chart.y if chart.kind == "heat" else chart.color or "")
    subject = f"{heading(result.columns[value])} by {_lower(result.columns[x])}"
    if by is not None and by != value:
        subject += f" and {_lower(result.columns[by])}"
    return f"{subject}: {'; '.join(_phrases(result, x, value, by, currency))}."


def _phrases(result: Result, x: int, value: int, by: int | None, currency: str) -> Iterator[str]:
    members = list(dict.fromkeys(row[by] for row in result.rows)) if by is not None and by != value else [None]
    for member in members[:_MOST]:
        rows = [row for row in result.rows if len(members) == 1 or by is None or row[by] == member]
        name = f"{member} " if by is not None and by != value else ""
        yield name + _phrase(result, rows, x, value, currency)
    if len(members) > _MOST:
        yield f"and {len(members) - _MOST} more"


def _phrase(result: Result, rows: Sequence[tuple[Value, ...]], x: int, value: int, currency: str) -> str:
    known = [row for row in rows if isinstance(row[value], int | float)]
    if not known:
        return "no data"

    def told(row: tuple[Value, ...]) -> str:
        return f"{show(row[value], result.columns[value], currency)} ({_label(row[x], result.columns[x])})"

    low = min(known, key=lambda row: float(row[value]))  # type: ignore[arg-type]
    high = max(known, key=lambda row: float(row[value]))  # type: ignore[arg-type]
    if result.columns[x].type != "date":
        return f"from {told(low)} to {told(high)}"
    known.sort(key=lambda row: str(row[x]))
    start, end = (show(row[value], result.columns[value], currency) for row in (known[0], known[-1]))
    return f"from {start} at the start to {end} at the end, lowest {told(low)}, highest {told(high)}"


def _label(value: Value, column: Column) -> str:
    return MISSING if value is None else show(value, column)


def _lower(column: Column) -> str:
    text = heading(column)
    return text[:1].lower() + text[1:]
