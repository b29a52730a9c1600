"""Whether a report and the SQL by hand say the same: cells, how sure they are, and what the receipts count.

A statement in `by_hand` gives a section's cells under their names. What is behind them it gives, too, after the line
`-- and behind them` of a SELECT, up to its FROM:

- `"<column> n"` for the rows that a number was computed from, with `"<column> variance"` of their values where it is a
  mean, `"<column> part"` where it is a share of them: what its interval follows from, and `"<column> low"` and
  `"<column> high"` where it is a quantile: the interval itself;
- `"<table> rows"`, or `"<column> rows"` where a table is seen in two ways, for all rows of the period;
- `"<column> left out: <reason>"` for those of them that were not used. With these there need be no n, and with neither
  all rows were used;
- `-- <column>, <column>: as <column>` for columns of which the same is true as of another.

A metric that is no column of the section goes by its own name. Receipts are about all groups together: the counts are
added up here. A name that ends with ` in all` has that sum in each row, where there are groups that are not shown.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from opstally.methods import interval
from opstally.result import Column, Interval, ReportResult, Result, Use

NOT_IN_SQL = {"growth_p_value", "trend_state", "trend_reason", "recommendation"}
"""What no SQL gives: a p-value of Student's t, and words about what the numbers are worth."""

_BEHIND = re.compile(r"^ *-- and behind them\n(?:(?! *FROM\b).*\n)*", re.MULTILINE)
_AS = re.compile(r"^ *-- ([\w, ]+): as (\w+)$", re.MULTILINE)
_LEFT_OUT, _IN_ALL = " left out: ", " in all"

Row = dict[str, Any]


@dataclass(frozen=True)
class Statement:
    """The SQL by hand for one section: for its cells alone, and for all that the report says of them."""

    text: str

    @cached_property
    def cells(self) -> str:
        return _BEHIND.sub("", self.text)

    @cached_property
    def alike(self) -> dict[str, str]:
        """Column → the one of which the same is true."""
        return {name: other for names, other in _AS.findall(self.text) for name in names.split(", ")}


def statements(text: str) -> list[Statement]:
    """Those of a file, one for each section."""
    return [Statement(statement + "\n") for statement in text.split(";\n") if statement.strip()]


def unequal(found: ReportResult, told: Sequence[Statement], by_hand: Sequence[Sequence[Row]], whole: bool) -> list[str]:
    """In what the report and the SQL differ, in the cells or as a whole; nothing where they agree."""
    if len(found.sections) != len(by_hand):
        return [f"{len(found.sections)} sections, {len(by_hand)} statements"]
    differing = []
    for section, statement, rows in zip(found.sections, told, by_hand, strict=True):
        if section.result is None:
            differing.append(f"{section.title}: no data")
            continue
        compared = _Compared(section.result, statement.alike, rows)
        differences = compared.cells() or (compared.intervals() + compared.receipt() if whole else [])
        differing += [f"{section.title}: {text}" for text in differences]
    return differing


@dataclass
class _Compared:
    """A section's result beside the rows by hand."""

    result: Result
    alike: Mapping[str, str]
    rows: Sequence[Row]
    tables: dict[str, str] = field(init=False)
    """Column of a metric → the table whose rows it counts."""

    def __post_init__(self) -> None:
        self.tables = {self._column(use): use.table for use in self.result.receipt.uses}

    def cells(self) -> list[str]:
        ours, theirs = self._ours(), self._theirs()
        if set(ours) != set(theirs) or len(theirs) != len(self.rows):
            only = len(set(ours) ^ set(theirs))
            return [f"{len(ours)} rows, {len(self.rows)} by hand, {only} on one side only"]
        columns = [c.name for c in self.result.columns if c.name not in NOT_IN_SQL]
        missing = [f"{name} is not computed by hand" for name in columns if self.rows and name not in self.rows[0]]
        return missing or [
            f"{key} {name}: {row[name]!r}, {theirs[key][name]!r} by hand"
            for key, row in ours.items()
            for name in columns
            if not same(row[name], theirs[key][name])
        ]

    def intervals(self) -> list[str]:
        """The n of every row and the interval that follows from what was computed by hand."""
        theirs = self._theirs()
        columns = {column.name: column for column in self.result.columns}
        return [
            f"{key} {name}: {_shown(given)}, {_shown(own)} by hand"
            for key, told in zip(self._ours(), self.result.intervals, strict=True)
            for name, given in told.items()
            if name in columns
            for own in [self._interval(columns[name], theirs[key])]
            if not all(same(a, b) for a, b in zip(_numbers(given), _numbers(own), strict=True))
        ]

    def receipt(self) -> list[str]:
        """How many rows of the period each metric used, and why not the others."""
        differing = []
        counted = _once(self.rows)
        for use in self.result.receipt.uses:
            name = self._column(use)
            left: dict[str, int] = {}
            for row in counted:
                for reason, n in self._left_out(name, row).items():
                    left[reason] = left.get(reason, 0) + n
            period, used = (sum(count(name, row) for row in counted) for count in (self._period_rows, self._n))
            own = (period, used, {reason: n for reason, n in left.items() if n})
            if own != (use.period_rows, use.used, use.excluded):
                given = f"{use.used} of {use.period_rows} used, {use.excluded or 'none'} left out"
                differing.append(f"{use.metric}: {given}; {own[1]} of {own[0]}, {own[2] or 'none'} by hand")
        return differing

    def _ours(self) -> dict[tuple[object, ...], Row]:
        return {self._key(row): row for row in self.result.records()}

    def _theirs(self) -> dict[tuple[object, ...], Row]:
        return {self._key(row): row for row in self.rows}

    def _key(self, row: Row) -> tuple[object, ...]:
        return tuple(plain(row[column.name]) for column in self.result.columns if column.is_dimension)

    def _column(self, use: Use) -> str:
        return next((c.name for c in self.result.columns if c.metric == use.metric), use.metric)

    def _interval(self, column: Column, row: Row) -> Interval:
        name, n, bounds = column.name, self._n(column.name, row), None
        if f"{name} part" in row:
            found, scale = interval.proportion(row[f"{name} part"] or 0, n), 100 if column.unit == "percent" else 1
            bounds = found and (found[0] * scale, found[1] * scale)
        elif f"{name} variance" in row and row[name] is not None:
            bounds = interval.mean(row[name], row[f"{name} variance"], n)
        elif f"{name} low" in row:
            return Interval(n, row[f"{name} low"], row[f"{name} high"])
        return Interval(n, *(bounds or (None, None)))

    # -- how many rows ---------------------------------------------------------------------------------------------

    def _period_rows(self, name: str, row: Row) -> int:
        if f"{name} rows" in row:
            return row[f"{name} rows"] or 0
        if name in self.alike:
            return self._period_rows(self.alike[name], row)
        return row[f"{self.tables[name]} rows"] or 0

    def _left_out(self, name: str, row: Row) -> dict[str, int]:
        start = name + _LEFT_OUT
        own = {column.removeprefix(start): n or 0 for column, n in row.items() if column.startswith(start)}
        if own or f"{name} n" in row or name not in self.alike:
            return own
        return self._left_out(self.alike[name], row)

    def _n(self, name: str, row: Row) -> int:
        if f"{name} n" in row:
            return row[f"{name} n"] or 0
        if any(column.startswith(name + _LEFT_OUT) for column in row):
            return self._period_rows(name, row) - sum(self._left_out(name, row).values())
        return self._n(self.alike[name], row) if name in self.alike else self._period_rows(name, row)


def _once(rows: Sequence[Row]) -> list[Row]:
    """What is told of all groups together, in the first row only."""

    def shorter(row: Row, factor: int) -> Row:
        return {k.removesuffix(_IN_ALL): v * factor if k.endswith(_IN_ALL) else v for k, v in row.items()}

    return [shorter(row, 0 if at else 1) for at, row in enumerate(rows)]


def _numbers(told: Interval) -> tuple[float | None, ...]:
    return told.n, told.low, told.high


def _shown(told: Interval) -> str:
    return f"n {told.n}, {told.low!r} to {told.high!r}"


def same(ours: object, theirs: object) -> bool:
    """Equal, numbers to 1e-9."""
    if isinstance(ours, int | float) and isinstance(theirs, int | float):
        return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9)
    return plain(ours) == plain(theirs)


def plain(value: object) -> object:
    """A day, whether it came as date or as timestamp; anything else as it is."""
    return value.date() if isinstance(value, dt.datetime) else value
