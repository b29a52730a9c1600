"""A report declaration → its results."""

from __future__ import annotations

import datetime as dt
import importlib.util
import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from opstally.errors import UnknownName
from opstally.expression import Expr, parse
from opstally.expression.tree import all_of
from opstally.measure import Measuring
from opstally.model.report import Report, Section
from opstally.period import Period, window
from opstally.planner.query import Query
from opstally.result import Column, Interval, ReportResult, Result, SectionResult, Value

Row = tuple[Value, ...]


def run(
    report: Report, measuring: Measuring, as_of: dt.date, range_: Period | None = None, where: Expr | None = None
) -> ReportResult:
    """All sections of a report as of a day, in its own window or in `range_`, under an additional filter.

    A section whose tables are missing says which it needs; a metric of a section whose table is missing is empty and
    the section says so. Raises what `planner.plan` raises where a filter does not fit.
    """
    period = range_ or window(report.window, as_of, measuring.calendar)
    asked = [_query(s, _period(s, range_, period, as_of, measuring), as_of, where) for s in report.sections]
    with measuring.sharing(asked):
        sections = tuple(_section(s, query, measuring) for s, query in zip(report.sections, asked, strict=True))
    spent: dict[str, float] = {}
    for section in sections:
        if section.result is not None:
            spent |= section.result.receipt.assumptions
    return ReportResult(
        report.report, report.title, report.question, as_of, period, sections, dict(sorted(spent.items())), report.notes
    )


def tables(report: Report, measuring: Measuring) -> set[str]:
    """The stored tables that a report reads over time: what its `as_of` goes by."""
    return facts((metric for section in report.sections for metric in section.columns.values()), measuring)


def facts(metrics: Iterable[str], measuring: Measuring) -> set[str]:
    """The stored tables that metrics look at over time."""
    found = set()
    for part in [part for name in metrics for part in measuring.metrics.parts(name)]:
        if part.basis is not None and part.basis.kind != "always":
            derived = measuring.schema.tables[str(part.table)].derived
            found.add(derived.source if derived else str(part.table))
    return found


def _period(section: Section, range_: Period | None, period: Period, as_of: dt.date, measuring: Measuring) -> Period:
    if section.window is None or range_ is not None:
        return period
    return window(section.window, as_of, measuring.calendar)


def _query(section: Section, period: Period, as_of: dt.date, where: Expr | None) -> Query:
    own = parse(section.where) if section.where else None
    return Query(
        tuple(dict.fromkeys(section.columns.values())),
        section.dimensions,
        section.grain,
        period,
        as_of,
        all_of(own, where),
        section.members,
    )


def _section(section: Section, query: Query, measuring: Measuring) -> SectionResult:
    needs = _needs(query, measuring)
    there = tuple(metric for metric in query.metrics if not needs[metric])
    if not there:
        missing = tuple(sorted({table for tables in needs.values() for table in tables}))
        return SectionResult(section.title, section.description, None, missing, section.chart)
    result = measuring.measure(replace(query, metrics=there), section.compare)
    table = _Table.of(section, result, measuring)
    notes = [f"{name}: no data, needs table {', '.join(needs[m])}" for name, m in section.columns.items() if needs[m]]
    if section.transform is not None:
        table = _transformed(table, section.transform.method, section.transform.options, measuring)
    table = table.sorted(section.sort).shown(section.shown)
    receipt = replace(result.receipt, assumptions=dict(sorted((result.receipt.assumptions | table.spent).items())))
    whole = Result(
        tuple(table.columns), tuple(table.rows), receipt, tuple(table.intervals), notes=(*result.notes, *notes)
    )
    return SectionResult(section.title, section.description, whole, chart=section.chart)


def _needs(query: Query, measuring: Measuring) -> dict[str, tuple[str, ...]]:
    """The tables that each metric lacks."""
    if not measuring.missing(measuring.prepare(query)[0]):
        return dict.fromkeys(query.metrics, ())
    found = {}
    for metric in query.metrics:
        alone = measuring.prepare(replace(query, metrics=(metric,)))[0]
        found[metric] = tuple(sorted(measuring.missing(alone)))
    return found


# -- the section's table -----------------------------------------------------------------------------------------------


@dataclass
class _Table:
    columns: list[Column]
    rows: list[Row]
    intervals: list[dict[str, Interval]]
    spent: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, section: Section, result: Result, measuring: Measuring) -> _Table:
        """The result under the section's column names, with empty columns for what has no data."""
        picks: list[tuple[Column, int | None]] = []
        for i, column in enumerate(result.columns):
            if column.is_dimension:
                renamed = section.grain_as if i == 0 and section.grain and section.grain_as else column.name
                picks.append((replace(column, name=renamed), i))
        suffixes = ("", "_before", "_change") if section.compare else ("",)
        places = {c.name: i for i, c in enumerate(result.columns)}
        for name, metric in section.columns.items():
            for suffix in suffixes:
                at = places.get(metric + suffix)
                column = result.columns[at] if at is not None else measuring.column(metric)
                picks.append((replace(column, name=name + suffix), at))
        rows = [tuple(row[at] if at is not None else None for _, at in picks) for row in result.rows]
        names = {m: [n for n, other in section.columns.items() if other == m] for m in section.columns.values()}
        intervals = [{n: iv for m, iv in row.items() for n in names[m]} for row in result.intervals]
        return cls([column for column, _ in picks], rows, intervals or [{} for _ in rows])

    def sorted(self, sort: Sequence[str]) -> _Table:
        """Rows in order of the columns, descending after `-`; missing values last either way."""
        order = list(range(len(self.rows)))
        for key in reversed(sort):
            at = self._place(key.lstrip("-"))
            values: dict[int, Any] = {i: value for i in order if (value := self.rows[i][at]) is not None}
            known = sorted(values, key=values.__getitem__, reverse=key.startswith("-"))
            order = known + [i for i in order if i not in values]
        return _Table(self.columns, [self.rows[i] for i in order], [self.intervals[i] for i in order], self.spent)

    def shown(self, names: Sequence[str]) -> _Table:
        """Only these columns, in this order; all of them where none is named."""
        if not names:
            return self
        places = [self._place(name) for name in names]
        rows = [tuple(row[at] for at in places) for row in self.rows]
        return _Table([self.columns[at] for at in places], rows, self.intervals, self.spent)

    def _place(self, name: str) -> int:
        names = [c.name for c in self.columns]
        if name not in names:
            raise UnknownName("column", name, names, "in this section of the report")
        return names.index(name)


def _transformed(table: _Table, method: str, options: dict[str, Any], measuring: Measuring) -> _Table:
    """The rows after a method of `opstally.methods`, which makes rows of its own: they have no intervals."""
    spent = {}
    told = {}
    for name, value in options.items():
        if isinstance(value, str) and value.startswith("setting:"):
            setting = value.removeprefix("setting:")
            if setting not in measuring.assumptions:
                raise UnknownName("setting", setting, measuring.assumptions)
            value = spent[setting] = measuring.assumptions[setting]
        told[name] = value
    apply = _method(method)
    unknown = sorted(set(told) - set(inspect.signature(apply).parameters))
    if unknown:
        raise UnknownName(
            "option", unknown[0], list(inspect.signature(apply).parameters)[2:], f"of the method {method}"
        )
    columns, rows = apply(tuple(table.columns), tuple(table.rows), **told)
    return _Table(list(columns), [tuple(r) for r in rows], [{} for _ in rows], spent)


def _method(name: str) -> Callable[..., tuple[Sequence[Column], Iterable[Sequence[Value]]]]:
    if importlib.util.find_spec(f"opstally.methods.{name}") is None:
        raise UnknownName("method", name, ())
    found: Callable[..., tuple[Sequence[Column], Iterable[Sequence[Value]]]]
    found = importlib.import_module(f"opstally.methods.{name}").apply
    return found
