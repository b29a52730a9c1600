"""Series over time as sparklines: one line a metric, or one line a member of another dimension."""

from __future__ import annotations

from collections.abc import Sequence
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


def trend(result: Result, currency: str, width: int) -> list[Lane]:
    """The lanes of the table, or none where there is nothing to draw."""
    time = grain_column(result.columns)
    if time is None:
        return []
    moments = sorted({row[time] for row in result.rows if row[time] is not None}, key=str)
    metrics = [at for at, c in enumerate(result.columns) if _is_drawn(c, result.columns)]
    if len(moments) < _LEAST_POINTS or not metrics:
        return []
    others = [at for at, c in enumerate(result.columns) if c.is_dimension and at != time]
    if others:
        return _by_member(result, time, moments, others, metrics, width)
    return _by_metric(result, time, moments, metrics, currency, width)


def caption(result: Result) -> str:
    """What the sparklines of members show: `Last 13 weeks, each row on its own scale`."""
    time = grain_column(result.columns)
    assert time is not None
    count = min(_MEMBER_POINTS, len({row[time] for row in result.rows if row[time] is not None}))
    return f"Last {count} {grain_of(result.columns[time])}s, oldest first, each on its own scale"


def _by_metric(
    result: Result, time: int, moments: Sequence[Value], metrics: Sequence[int], currency: str, width: int
) -> list[Lane]:
    columns = [result.columns[at] for at in metrics]
    series = [_series(result, time, moments, (), (), at) for at in metrics]
    room = min(_WIDEST, max(8, width - max(len(heading(c)) for c in columns) - 20))
    return [
        Lane("", tuple(Cell(heading(c)) for c in columns), is_right=False, is_dimension=True),
        Lane(
            "Latest",
            tuple(_latest(result, c, time, moments, s, currency) for c, s in zip(columns, series, strict=True)),
            is_right=True,
        ),
        Lane(
            f"Last {min(room, len(moments))} {grain_of(result.columns[time])}s",
            tuple(Cell(spark(s, room, _zero_based(c)), ACCENT) for c, s in zip(columns, series, strict=True)),
            is_right=False,
        ),
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


def _is_drawn(column: Column, columns: Sequence[Column]) -> bool:
    return not column.is_dimension and column.type in ("integer", "number") and comparison(column, columns) is None


def _zero_based(column: Column) -> bool:
    return column.unit in ("count", "currency")


def _number(value: Value) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
