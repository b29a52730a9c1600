"""Series over time as sparklines: one line a metric, or one line a member of another dimension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from opstally.render.document import comparison, grain_column, grain_of, heading, is_partial
from opstally.render.grid import ACCENT, DIM, Cell, Lane
from opstally.render.numbers import MISSING, show
from opstally.render.spark import spark
from opstally.result import Column, Result, Value

_LEAST_POINTS: Final = 4
_MOST_MEMBERS: Final = 12
_WIDEST: Final = 60
_MEMBER_POINTS: Final = 26


@dataclass(frozen=True)
class Trend:
    """A table of sparklines, and what they show."""

    caption: str
    lanes: tuple[Lane, ...]


def trend(result: Result, currency: str, width: int) -> Trend | None:
    """The sparklines; None where there is nothing to draw."""
    time = grain_column(result.columns)
    if time is None:
        return None
    moments = sorted({row[time] for row in result.rows if row[time] is not None}, key=str)
    metrics = [at for at in range(len(result.columns)) if _is_drawn(result, at)]
    if len(moments) < _LEAST_POINTS or not metrics:
        return None
    others = [at for at, c in enumerate(result.columns) if c.is_dimension and at != time]
    if others:
        points = min(len(moments), _MEMBER_POINTS)
        lanes = _by_member(result, time, moments, others, metrics, width)
    else:
        widest = max(len(heading(result.columns[at])) for at in metrics)
        points = min(len(moments), _WIDEST, max(8, width - widest - 16))
        lanes = _by_metric(result, time, moments, metrics, currency, points)
    caption = f"Last {points} {grain_of(result.columns[time])}s, oldest first, each on its own scale"
    return Trend(caption, tuple(lanes)) if lanes else None


def _by_metric(
    result: Result, time: int, moments: Sequence[Value], metrics: Sequence[int], currency: str, points: int
) -> list[Lane]:
    columns = [result.columns[at] for at in metrics]
    series = [_series(result, time, moments, (), (), at) for at in metrics]
    latest = [_latest(result, c, time, moments, s, currency) for c, s in zip(columns, series, strict=True)]
    lines = [Cell(spark(s, points, _zero_based(c)), ACCENT) for c, s in zip(columns, series, strict=True)]
    return [
        Lane("", tuple(Cell(heading(c)) for c in columns), is_right=False, is_dimension=True),
        Lane("Latest", tuple(latest), is_right=True),
        Lane("", tuple(lines), is_right=False),
    ]


def _by_member(
    result: Result, time: int, moments: Sequence[Value], others: Sequence[int], metrics: Sequence[int], width: int
) -> list[Lane]:
    members = list(dict.fromkeys(tuple(row[at] for at in others) for row in result.rows))
    if len(members) > _MOST_MEMBERS:
        return []
    lanes = [
        Lane(
            heading(result.columns[at]),
            tuple(Cell(show(member[i], result.columns[at])) for member in members),
            is_right=False,
            is_dimension=True,
        )
        for i, at in enumerate(others)
    ]
    for at in metrics:
        lane = _metric_lane(result, time, moments, others, members, at)
        if sum(one.width + 2 for one in (*lanes, lane)) > width and len(lanes) > len(others):
            break
        lanes.append(lane)
    return lanes


def _metric_lane(
    result: Result,
    time: int,
    moments: Sequence[Value],
    others: Sequence[int],
    members: Sequence[tuple[Value, ...]],
    at: int,
) -> Lane:
    column = result.columns[at]
    points = min(len(moments), _MEMBER_POINTS)
    series = [_series(result, time, moments, others, member, at) for member in members]
    cells = tuple(Cell(spark(s, points, _zero_based(column)), ACCENT) for s in series)
    return Lane(heading(column), cells, is_right=False)


def _series(
    result: Result, time: int, moments: Sequence[Value], others: Sequence[int], member: tuple[Value, ...], at: int
) -> list[float | None]:
    found = {row[time]: row[at] for row in result.rows if tuple(row[o] for o in others) == member}
    return [_number(found.get(moment)) for moment in moments]


def _latest(
    result: Result, column: Column, time: int, moments: Sequence[Value], series: Sequence[float | None], currency: str
) -> Cell:
    """The value of the last complete moment."""
    grain = grain_of(result.columns[time])
    for moment, value in zip(reversed(moments), reversed(series), strict=True):
        if grain and not is_partial(moment, grain, result.receipt.period):
            return Cell(show(value, column, currency), "bold")
    return Cell(MISSING, DIM)


def _is_drawn(result: Result, at: int) -> bool:
    column = result.columns[at]
    is_number = column.type in ("integer", "number") and not column.is_dimension
    return is_number and comparison(column, result.columns) is None and any(row[at] is not None for row in result.rows)


def _zero_based(column: Column) -> bool:
    return column.unit in ("count", "currency")


def _number(value: Value) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
