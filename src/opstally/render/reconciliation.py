"""What vendors computed beside ours: as tables for the terminal, Markdown and HTML, and as rows for CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from opstally.render.plainpage import Sheet, page

if TYPE_CHECKING:
    from opstally.checks.reconcile import Reconciled, Row
    from opstally.result import Value

NOTHING: Final = "No loaded column holds a value that a vendor computed."
CSV_HEADER: Final = ("table", "column", "key", "vendor", "ours", "difference", "reason")

_NUMBERS: Final = frozenset({"Rows", "Share", "Theirs", "Ours", "Difference"})


def sheets(found: Sequence[Reconciled]) -> Iterator[Sheet]:
    """For each column its reasons, and the rows that differ where some are listed."""
    for one in found:
        name = f"{one.table}.{one.column}"
        ours = " ".join(one.ours.split())
        about = f"{one.description}. Ours: {ours}. {verdict(one)}"
        reasons = [(r.reason, f"{r.rows:,}", f"{100 * r.rows / one.rows:.1f}%") for r in one.reasons]
        yield Sheet(name, ("Beside ours", "Rows", "Share"), reasons, _NUMBERS, (), about, one.sql)
        if one.differing_rows:
            listed = [
                (_key(row), shown(row.vendor), shown(row.ours), _apart(row), row.reason) for row in one.differing_rows
            ]
            headings = (", ".join(one.key), "Theirs", "Ours", "Difference", "Why")
            yield Sheet("", headings, listed, _NUMBERS, (), _listed(one))


def verdict(one: Reconciled) -> str:
    """How many differ, and how many have nothing to be compared with."""
    lacking = f", {one.missing:,} have no value of ours" if one.missing else ""
    return f"Of {one.rows:,} rows {one.differing:,} differ{lacking}."


def html(found: Sequence[Reconciled], project: str) -> str:
    """A page of its own."""
    return page("What vendors computed, beside ours", project, list(sheets(found)), NOTHING)


def markdown(found: Sequence[Reconciled]) -> str:
    """Tables for a pull request or a wiki."""
    from opstally.render.markdown import table  # lazy: the other formats do without it

    lines = ["# What vendors computed, beside ours", ""]
    for sheet in sheets(found):
        lines += [f"## {sheet.title}", ""] if sheet.title else []
        right = [name in sheet.right for name in sheet.headings]
        lines += [sheet.note, "", *table(sheet.headings, sheet.rows, right), ""]
    return "\n".join(lines if found else [*lines, NOTHING, ""])


def csv_rows(found: Sequence[Reconciled]) -> Iterator[tuple[Value, ...]]:
    """The listed rows under CSV_HEADER."""
    for one in found:
        for row in one.differing_rows:
            yield one.table, one.column, _key(row), row.vendor, row.ours, row.difference, row.reason


def shown(value: Value) -> str:
    """A value for a person."""
    if value is None:
        return "–"
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


def _key(row: Row) -> str:
    return ", ".join(str(value) for value in row.key)


def _apart(row: Row) -> str:
    return "" if row.difference is None else f"{row.difference:+,.6g}"


def _listed(one: Reconciled) -> str:
    there = one.differing + one.missing
    if len(one.differing_rows) == there:
        return "Each row that does not agree."
    return f"{len(one.differing_rows):,} of {there:,} rows that do not agree; --rows N for more, --format csv for all."
