"""A document for the terminal: one calm page, colour only for meaning, plain text when piped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from opstally.render.document import Document, needs_text
from opstally.render.grid import DIM, PARTIAL, WEAK, Lane, fold, grid, to_table
from opstally.render.numbers import show_count, show_period
from opstally.render.receipt import assumption_texts, summary
from opstally.render.scorecard import has_weak, is_scorecard, scorecard
from opstally.render.trend import trend
from opstally.result import Result, SectionResult

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

ROWS_SHOWN: Final = 40
"""Longer tables are cut in a terminal, and say so."""


def render(document: Document, console: Console, every_row: bool = False) -> None:
    """Print the document. A console that is no terminal gets every row, unfolded, with nothing left out."""
    every_row = every_row or not console.is_terminal
    for block in _blocks(document, console, every_row):
        console.print(block)


def _blocks(document: Document, console: Console, every_row: bool) -> Iterator[RenderableType]:
    from rich.text import Text

    yield _header(document)
    for section in document.sections:
        yield Text()
        yield from _section(section, document, console, every_row)
    yield Text()
    for note in document.notes:
        yield Text(note, style=DIM)
    assumed = assumption_texts(document.assumptions)
    if assumed:
        yield Text.assemble(("Assumes  ", DIM), (" · ".join(assumed), DIM))
    receipt = summary(document)
    if receipt:
        yield Text.assemble(("Receipt  ", DIM), (" · ".join(receipt), DIM))


def _header(document: Document) -> RenderableType:
    from rich.text import Text

    lines = Text(document.title, style="bold")
    if document.period is not None:
        lines.append(f"  {show_period(document.period)}", style="not bold")
    earlier = list(dict.fromkeys(receipt.compared for receipt in document.receipts() if receipt.compared))
    if earlier:
        lines.append(f" vs {', '.join(show_period(period) for period in earlier)}", style="not bold dim")
    if document.question:
        lines.append(f"\n{document.question}", style="not bold dim")
    if document.filters():
        lines.append(f"\nOnly where {' and '.join(document.filters())}", style="not bold dim")
    return lines


def _section(section: SectionResult, document: Document, console: Console, every_row: bool) -> Iterator[RenderableType]:
    from rich.text import Text

    if section.title and section.title != document.title:
        yield Text(section.title, style="bold")
    if section.description:
        yield Text(section.description, style=DIM)
    own = [f for f in section.result.receipt.filters if f not in document.filters()] if section.result else []
    if own:
        yield Text(f"Only where {' and '.join(own)}", style=DIM)
    if (section.title or section.description) and section.title != document.title:
        yield Text()
    if section.result is None:
        yield Text(needs_text(section.needs), style="color(208)")
        return
    if not section.result.rows:
        yield Text("no rows in this period", style=DIM)
    else:
        yield from body(section.result, document.currency, console, every_row)
    for note in section.result.notes:
        yield Text(note, style=DIM)


def body(result: Result, currency: str, console: Console, every_row: bool) -> Iterator[RenderableType]:
    """A result's table: turned where it is one row, with sparklines where it is over time."""
    from rich.text import Text

    width = console.width
    if is_scorecard(result):
        yield from _folded(scorecard(result, currency), width)
        if has_weak(result):
            yield Text(_LEGENDS[WEAK], style=DIM)
        return
    drawn = trend(result, currency, min(width, 120))
    if drawn is not None:
        yield Text(drawn.caption, style=DIM)
        yield to_table(drawn.lanes, width)
        yield Text()
    rows = range(len(result.rows)) if every_row else range(min(ROWS_SHOWN, len(result.rows)))
    made = grid(result, currency, rows, group=console.is_terminal)
    yield from _folded(made.lanes, width)
    hidden = len(result.rows) - len(rows)
    if hidden:
        yield Text(f"{show_count(hidden)} more rows: add --full, or --format csv", style=DIM)
    for mark in sorted(made.marks):
        yield Text(_LEGENDS[mark], style=DIM)


def _folded(lanes: Sequence[Lane], width: int) -> Iterator[RenderableType]:
    from rich.text import Text

    for at, block in enumerate(fold(lanes, width)):
        if at:
            yield Text()
        yield to_table(block, width)


_LEGENDS: Final = {
    WEAK: f"{WEAK} rests on fewer rows than the metric asks for: read with care",
    PARTIAL: f"{PARTIAL} only partly in the period, not to be compared",
}
