"""A document as one self-contained HTML file: tables, inline SVG charts, receipts; nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from opstally.model.report import Chart
from opstally.render import charts
from opstally.render.document import (
    Document,
    base_of,
    comparison,
    grain_column,
    grain_of,
    heading,
    is_partial,
    needs_text,
)
from opstally.render.grid import is_weak
from opstally.render.numbers import show, show_bounds, show_count, show_moment, show_period
from opstally.render.receipt import assumption_texts, fresh_text, rows_text
from opstally.render.scorecard import is_scorecard
from opstally.render.status import Status, Tone, against_target, change_text, of_change, target_text
from opstally.render.summary import describe
from opstally.result import Column, Interval, Receipt, Result, SectionResult, Value

_TOKENS: Final = {
    charts.INK: "var(--ink-1)",
    charts.SOFT: "var(--ink-3)",
    charts.LINE: "var(--line)",
    **{color: f"var(--series-{at})" for at, color in enumerate(charts.SERIES, 1)},
}
"""The charts' light colours → the page's, which follow the reader's light or dark."""


@dataclass(frozen=True)
class HtmlCell:
    """One cell: its text, its tone, a status for the eye and for the ear, and how sure it is."""

    text: str
    tone: Tone = "neutral"
    shape: str = ""
    word: str = ""
    sure: str = ""
    is_header: bool = False
    is_number: bool = False
    is_quiet: bool = False
    is_moment: bool = False


@dataclass(frozen=True)
class Card:
    """One number of a scorecard."""

    label: str
    value: str
    status: Status
    change: str
    change_tone: Tone
    before: str
    target: str
    sure: str


def render(document: Document) -> str:
    """The page."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("page.html.j2").render(_page(document)) + "\n"


def _page(document: Document) -> dict[str, Any]:
    receipts = document.receipts()
    earlier = dict.fromkeys(show_period(r.compared) for r in receipts if r.compared)
    return {
        "title": document.title,
        "question": document.question,
        "period": show_period(document.period) if document.period else "",
        "compared": ", ".join(earlier),
        "as_of": show_moment(document.as_of),
        "filters": document.filters(),
        "sections": [_section(section, document, at) for at, section in enumerate(document.sections)],
        "notes": document.notes,
        "assumptions": assumption_texts(document.assumptions),
    }


def _section(section: SectionResult, document: Document, at: int) -> dict[str, Any]:
    head = {
        "id": f"s{at + 1}",
        "title": section.title if section.title != document.title else "",
        "description": section.description,
        "result": section.result,
    }
    result = section.result
    if result is None:
        return {**head, "needs": needs_text(section.needs)}
    return {
        **head,
        "cards": _cards(result, document.currency) if is_scorecard(result) else [],
        "headings": [_heading(column) for column in result.columns],
        "rows": [_row(result, row, at, document.currency) for at, row in enumerate(result.rows)],
        "total": _total(result, document.currency),
        "is_split": any(column.is_dimension for column in result.columns),
        "has_intervals": any(interval.n for row in result.intervals for interval in row.values()),
        "chart": _chart(section.chart, result, document.currency, f"s{at + 1}"),
        "filters": [f for f in result.receipt.filters if f not in document.filters()],
        "receipt": _receipt(result.receipt),
    }


def _heading(column: Column) -> tuple[str, bool]:
    return heading(column), not column.is_dimension and column.type in ("integer", "number")


def _row(result: Result, row: Sequence[Value], at: int, currency: str) -> list[HtmlCell]:
    intervals = result.intervals[at] if at < len(result.intervals) else {}
    return [_cell(result, row, place, intervals, currency) for place in range(len(result.columns))]


def _total(result: Result, currency: str) -> list[HtmlCell]:
    if result.total is None:
        return []
    cells = [_cell(result, result.total, place, {}, currency) for place in range(len(result.columns))]
    dimensions = sum(column.is_dimension for column in result.columns)
    first = [HtmlCell("Total" if place == 0 else "", is_header=place == 0) for place in range(dimensions)]
    return [*first, *cells[dimensions:]]


def _cell(result: Result, row: Sequence[Value], at: int, intervals: dict[str, Interval], currency: str) -> HtmlCell:
    column, value = result.columns[at], row[at]
    if column.is_dimension:
        return _dimension(result, at, value, currency)
    is_number = column.type in ("integer", "number")
    base = base_of(column, result.columns)
    if base is not None:
        at_now, at_before = base
        compared = result.columns[at_now]
        tone = of_change(value, compared).tone
        return HtmlCell(change_text(value, row[at_before], compared, currency), tone, is_number=is_number)
    status = against_target(value, column)
    sure = _sure(intervals.get(column.name), column, currency)
    is_quiet = value is None or comparison(column, result.columns) is not None
    text = show(value, column, currency)
    return HtmlCell(text, status.tone, status.shape, status.word, sure, is_number=is_number, is_quiet=is_quiet)


def _dimension(result: Result, at: int, value: Value, currency: str) -> HtmlCell:
    column = result.columns[at]
    text = show(value, column, currency)
    grain = grain_of(column)
    if at == grain_column(result.columns) and grain and is_partial(value, grain, result.receipt.period):
        text += " (in part)"
    first = next(i for i, c in enumerate(result.columns) if c.is_dimension)
    return HtmlCell(text, is_header=at == first, is_quiet=value is None, is_moment=column.type in ("date", "timestamp"))


def _sure(interval: Interval | None, column: Column, currency: str) -> str:
    """`68.9% – 72.3%, n 8,000`; says so where there are few, or too few for a bound."""
    if interval is None:
        return ""
    parts = [show_bounds(interval, column, currency), f"n {show_count(interval.n)}"]
    if interval.state != "weak" or is_weak(interval, column):
        parts.append(interval.reason)
    return ", ".join(filter(None, parts))


def _cards(result: Result, currency: str) -> list[Card]:
    row = dict(zip((c.name for c in result.columns), result.rows[0], strict=True))
    intervals = result.intervals[0] if result.intervals else {}
    return [
        _card(column, row, intervals, currency)
        for column in result.columns
        if comparison(column, result.columns) is None
    ]


def _card(column: Column, row: dict[str, Value], intervals: dict[str, Interval], currency: str) -> Card:
    value, before, change = (row.get(f"{column.name}{suffix}") for suffix in ("", "_before", "_change"))
    is_compared = f"{column.name}_change" in row and f"{column.name}_before" in row
    return Card(
        heading(column),
        show(value, column, currency),
        against_target(value, column),
        change_text(change, before, column, currency) if is_compared else "",
        of_change(change, column).tone,
        show(before, column, currency) if is_compared else "",
        target_text(column, currency),
        _sure(intervals.get(column.name), column, currency),
    )


def _chart(chart: object, result: Result, currency: str, id_: str) -> dict[str, str] | None:
    if not isinstance(chart, Chart) or not result.rows:
        return None
    svg = charts.to_svg(charts.draw(chart, result, currency))
    return {"title": chart.title, "svg": _themed(svg, id_), "summary": describe(chart, result, currency)}


def _themed(svg: str, id_: str) -> str:
    """The chart in the page's colours, hidden from screen readers: its summary is read instead.

    Names inside it get the section's before them: two charts of a page would otherwise clip each other.
    """
    for color, token in _TOKENS.items():
        svg = svg.replace(f'"{color}"', f'"{token}"')
    for name in dict.fromkeys(re.findall(r' id="([^"]+)"', svg)):
        svg = svg.replace(f' id="{name}"', f' id="{id_}-{name}"').replace(f"#{name})", f"#{id_}-{name})")
    width = re.search(r'width="([\d.]+)"', svg)
    style = f' style="max-width:{width[1]}px"' if width else ""
    return re.sub(r'<svg ([^>]*?)width="[\d.]+" height="[\d.]+"', rf'<svg \1aria-hidden="true"{style}', svg, count=1)


def _receipt(receipt: Receipt) -> dict[str, Any]:
    return {
        "line": " · ".join(part for part in (*rows_text(receipt.uses), fresh_text(receipt.freshness)) if part),
        "engine": receipt.engine,
        "timezone": receipt.timezone,
        "definitions": receipt.definitions,
        "uses": [
            (u.metric, u.table, u.time_basis, show_count(u.period_rows), show_count(u.used), _reasons(u.excluded))
            for u in receipt.uses
        ],
        "freshness": [
            (f.table, show_count(f.rows), show_moment(f.newest) if f.newest else "", _loaded(f.loaded_at))
            for f in receipt.freshness
        ],
        "sql": receipt.sql,
        "notes": receipt.notes,
    }


def _reasons(excluded: dict[str, int]) -> str:
    return ", ".join(f"{show_count(count)} {reason}" for reason, count in excluded.items())


def _loaded(moment: Any) -> str:
    return f"{show_moment(moment)} UTC" if moment else ""
