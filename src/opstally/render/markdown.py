"""A document as Markdown: GitHub tables, notes, and each section's receipt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from opstally.render.catalogue import Entry
from opstally.render.document import Document, base_of, heading, needs_text
from opstally.render.numbers import show, show_period
from opstally.render.receipt import assumption_texts, fresh_text, rows_text
from opstally.render.status import change_text
from opstally.result import Receipt, Result, SectionResult, Value


def render(document: Document) -> str:
    """The text, ending in a newline."""
    return "\n".join(_lines(document)) + "\n"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool] = ()) -> Iterator[str]:
    """The lines of one table."""
    yield _row(headings)
    yield _row(["---:" if at < len(right) and right[at] else "---" for at in range(len(headings))])
    yield from (_row(row) for row in rows)


def _lines(document: Document) -> Iterator[str]:
    yield f"# {document.title}"
    yield ""
    if document.period is not None:
        yield f"**{show_period(document.period)}**" + (f" · {document.question}" if document.question else "")
        yield ""
    for section in document.sections:
        yield from _section(section, document)
    yield from (f"> {note}" for note in document.notes)
    assumed = assumption_texts(document.assumptions)
    if assumed:
        yield f"Assumes: {', '.join(assumed)}."


def _section(section: SectionResult, document: Document) -> Iterator[str]:
    if section.title:
        yield f"## {section.title}"
        yield ""
    if section.description:
        yield section.description
        yield ""
    if section.result is None:
        yield f"*{needs_text(section.needs)}*"
        yield ""
        return
    yield from _table(section.result, document.currency)
    yield ""
    yield from (f"> {note}" for note in section.result.notes)
    yield from _receipt(section.result.receipt)


def _table(result: Result, currency: str) -> Iterator[str]:
    columns = result.columns
    rows = [[_cell(result, row, at, currency) for at in range(len(columns))] for row in result.rows]
    if result.total is not None:
        total = [_cell(result, result.total, at, currency) for at in range(len(columns))]
        rows.append(["Total" if at == 0 and columns[0].is_dimension else text for at, text in enumerate(total)])
    headings = [heading(column) for column in columns]
    right = [not c.is_dimension and c.type in ("integer", "number") for c in columns]
    yield from table(headings, rows, right)


def _cell(result: Result, row: Sequence[Value], at: int, currency: str) -> str:
    column, value = result.columns[at], row[at]
    base = base_of(column, result.columns)
    if base is not None:
        at_now, at_before = base
        return change_text(value, row[at_before], result.columns[at_now], currency)
    return show(value, column, currency)


def _receipt(receipt: Receipt) -> Iterator[str]:
    parts = [*rows_text(receipt.uses), fresh_text(receipt.freshness), receipt.engine]
    yield f"<sub>Receipt: {' · '.join(part for part in parts if part)}</sub>"
    yield ""


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_escape(cell) for cell in cells) + " |"


def _escape(text: str) -> str:
    """So that a value can neither end its cell nor become markup."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))


_MARKUP = re.compile(r"[\\|`*<>\[\]]|(?<!\w)_|_(?!\w)")
"""Signs that mean something in a table; an underscore within a word does not."""


def entry(found: Entry, level: int = 1) -> str:
    """A declaration in full."""
    lines = [f"{'#' * level} {found.label}", "", f"`{found.name}`", ""]
    if found.description:
        lines += [_escape(found.description), ""]
    lines += [*_facts(found.facts), ""]
    for sheet in found.sheets:
        lines += [f"{'#' * (level + 1)} {_escape(sheet.title)}", "", *table(sheet.headings, sheet.rows), ""]
    return "\n".join(lines)


def _facts(facts: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield "| | |"
    yield "| --- | --- |"
    for name, text in facts:
        shown = _code(text) if name in _EXPRESSIONS or name.startswith("Left out") else _escape(text)
        yield f"| {_escape(name)} | {shown} |"


def _code(text: str) -> str:
    return f"`{' '.join(text.split())}`".replace("|", "\\|")


_EXPRESSIONS = ("Value", "Only where", "Counted when")
