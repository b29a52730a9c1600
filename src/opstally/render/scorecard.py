"""A result of one row, turned: one line a metric, with target, change and interval."""

from __future__ import annotations

from opstally.render.document import comparison, heading
from opstally.render.grid import DIM, STYLES, WEAK, Cell, Lane, is_weak
from opstally.render.numbers import MISSING, show, show_bounds
from opstally.render.status import against_target, change_text, of_change, target_text
from opstally.result import Column, Interval, Result, Value


def is_scorecard(result: Result) -> bool:
    """Whether there is one row, and nothing that it is split by."""
    return len(result.rows) == 1 and not any(column.is_dimension for column in result.columns)


def scorecard(result: Result, currency: str) -> list[Lane]:
    """The lanes; those that no metric fills are left out."""
    columns = [c for c in result.columns if comparison(c, result.columns) is None]
    row = dict(zip((c.name for c in result.columns), result.rows[0], strict=True))
    intervals = result.intervals[0] if result.intervals else {}
    by_name = {c.name: c for c in result.columns}
    now = "Now" if any(f"{c.name}_change" in by_name for c in columns) else "Value"
    lanes = [
        Lane("", tuple(_status(row[c.name], c) for c in columns), is_right=False),
        Lane("Metric", tuple(Cell(heading(c)) for c in columns), is_right=False, is_dimension=True),
        Lane(now, tuple(_value(row, c, intervals, currency) for c in columns), is_right=True),
        Lane("Before", tuple(_before(row, c, currency) for c in columns), is_right=True),
        Lane("Change", tuple(_change(row, c, by_name, currency) for c in columns), is_right=True),
        Lane("Target", tuple(Cell(target_text(c, currency), DIM) for c in columns), is_right=True),
        Lane("95 % interval", tuple(_interval(c, intervals, currency) for c in columns), is_right=True),
    ]
    return [lane for lane in lanes if lane.heading in ("Metric", "Now", "Value") or _is_filled(lane)]


def has_weak(result: Result) -> bool:
    """Whether some value rests on fewer rows than its metric asks for."""
    return any(is_weak(row.get(column.name), column) for row in result.intervals for column in result.columns)


def _is_filled(lane: Lane) -> bool:
    return any(cell.text.strip() not in ("", MISSING) or cell.shape for cell in lane.cells)


def _status(value: Value, column: Column) -> Cell:
    status = against_target(value, column)
    return Cell("", "", status.shape, STYLES[status.tone])


def _value(row: dict[str, Value], column: Column, intervals: dict[str, Interval], currency: str) -> Cell:
    value = row[column.name]
    interval = intervals.get(column.name)
    mark = WEAK if value is not None and is_weak(interval, column) else ""
    return Cell(show(value, column, currency) + mark, DIM if value is None else "bold")


def _before(row: dict[str, Value], column: Column, currency: str) -> Cell:
    name = f"{column.name}_before"
    return Cell(show(row[name], column, currency) if name in row else "", DIM)


def _change(row: dict[str, Value], column: Column, by_name: dict[str, Column], currency: str) -> Cell:
    changed = by_name.get(f"{column.name}_change")
    if changed is None:
        return Cell("")
    change = row[changed.name]
    return Cell(
        change_text(change, row.get(f"{column.name}_before"), column, currency), STYLES[of_change(change, column).tone]
    )


def _interval(column: Column, intervals: dict[str, Interval], currency: str) -> Cell:
    interval = intervals.get(column.name)
    return Cell("" if interval is None else show_bounds(interval, column, currency), DIM)
