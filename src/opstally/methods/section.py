"""What methods that work on a report's section share: its rows as records, put into groups."""

from __future__ import annotations

from collections.abc import Sequence

from opstally.errors import UnknownName
from opstally.result import Column, Value

Record = dict[str, Value]
Groups = dict[tuple[Value, ...], list[Record]]


def grouped(
    columns: Sequence[Column], rows: Sequence[Sequence[Value]], within: str, needed: Sequence[str]
) -> tuple[tuple[Column, ...], Groups]:
    """The section's dimensions but for `within`, and the rows of each of their combinations, in order of appearance.

    Raises UnknownName where the section lacks a column that the method needs.
    """
    names = [column.name for column in columns]
    for name in (within, *needed):
        if name not in names:
            raise UnknownName("column", name, names, "in this section, and the method that works on it needs it")
    by = tuple(column for column in columns if column.is_dimension and column.name != within)
    found: Groups = {}
    for row in rows:
        record = dict(zip(names, row, strict=True))
        found.setdefault(tuple(record[column.name] for column in by), []).append(record)
    return by, found


def number(value: Value) -> float | None:
    """A measured number, or that there is none."""
    return float(value) if isinstance(value, int | float) else None


def count(value: Value) -> int | None:
    """A count, or that there is none."""
    return int(value) if isinstance(value, int | float) else None
