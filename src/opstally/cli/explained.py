"""An explanation on the terminal: the number, its definition, every row's fate, freshness, SQL, rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from opstally.cli import output
from opstally.explanation import Explanation, Part
from opstally.render.document import Document, of_query
from opstally.render.facts import facts, table
from opstally.render.numbers import show_count, show_moment, show_period
from opstally.render.terminal import body
from opstally.result import Definition, Freshness, Value
from opstally.workspace import Workspace

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_WIDEST_VALUE = 40


def show(found: Explanation, workspace: Workspace, out: Path | None) -> None:
    """Print it, or write the same text."""

    def printed(console: Console) -> None:
        for block in blocks(found, workspace, console):
            console.print(block)

    output.show_text(printed, out)


def blocks(found: Explanation, workspace: Workspace, console: Console) -> Iterator[RenderableType]:
    """What is printed, from top to bottom."""
    from rich.text import Text

    document = of_query(found.result, workspace.project.currency)
    definition = _definition(found)
    declared = workspace.library.metrics[definition.metric].declaration
    yield Text.assemble((definition.label, "bold"), f"  {definition.metric}")
    yield Text(declared.description)
    yield Text()
    yield from body(found.result, document.currency, console, every_row=not console.is_terminal)
    yield Text()
    yield facts(told(found, workspace, document))
    for part in found.parts:
        yield Text()
        yield from _fates(part, console)
    for sql in found.result.receipt.sql:
        yield Text()
        yield Text("SQL", style="bold")
        # Whole lines, so that it can be copied out and run.
        yield Text(sql.rstrip(), no_wrap=True, overflow="ignore")
    for part in found.parts:
        if part.rows:
            yield Text()
            yield from _rows(part, console)


def _definition(found: Explanation) -> Definition:
    return found.result.receipt.definitions[0]


def told(found: Explanation, workspace: Workspace, document: Document) -> list[tuple[str, str]]:
    """The definition and how it was asked: (what, its text)."""
    receipt, definition = found.result.receipt, _definition(found)
    declared = workspace.library.metrics[definition.metric].declaration
    period = f"{show_period(receipt.period)}, days in {receipt.timezone}" if receipt.period else ""
    pairs = [
        ("Definition", definition.value),
        ("Only where", definition.where or ""),
        ("Counted when", definition.settled or ""),
        *((f"Left out: {reason}", condition) for reason, condition in declared.excludes.items()),
        ("Period", period),
        ("Compared with", show_period(receipt.compared) if receipt.compared else ""),
        ("Filter", " and ".join(receipt.filters)),
        ("Assumes", ", ".join(f"{name} = {value:g}" for name, value in receipt.assumptions.items())),
        ("Owner", declared.owner),
        ("Decision", declared.decision),
        ("Guardrails", ", ".join(declared.guardrails)),
        ("Version", f"{definition.version}, {definition.file}"),
        *(("Data", _fresh(freshness)) for freshness in receipt.freshness),
        ("Engine", receipt.engine),
        *(("Note", note) for note in (*receipt.notes, *document.notes)),
    ]
    return [(name, text) for name, text in pairs if text]


def _fresh(freshness: Freshness) -> str:
    parts = [f"{freshness.table}: {show_count(freshness.rows)} rows"]
    if freshness.newest is not None:
        parts.append(f"newest {show_moment(freshness.newest)}")
    if freshness.loaded_at is not None:
        parts.append(f"loaded {show_moment(freshness.loaded_at)} UTC")
    return ", ".join(parts)


def _fates(part: Part, console: Console) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text.assemble(("What became of the rows", "bold"), f"  {part.table}, by {part.time_basis}")
    rows = [(fate, show_count(count)) for fate, count in part.fates]
    rows.append(("in the period", show_count(part.period_rows)))
    yield table((part.metric, "Rows"), rows, console.width, (False, True))


def _rows(part: Part, console: Console) -> Iterator[RenderableType]:
    from rich.text import Text

    used = part.fates[0][1]
    count = f"first {len(part.rows)} of {show_count(used)}" if len(part.rows) < used else f"all {show_count(used)}"
    yield Text.assemble(("Rows used", "bold"), f"  {count}; --rows N for more, --format csv for a file")
    yield table(part.columns, [[_text(value) for value in row] for row in part.rows], console.width)


def _text(value: Value) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.10g}"
    text = str(value)
    return text if len(text) <= _WIDEST_VALUE else f"{text[: _WIDEST_VALUE - 1]}…"
