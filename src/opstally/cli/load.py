"""`opstally load`: read, map, check, quarantine, merge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from opstally.cli import output
from opstally.cli.options import TableOrJson, open_workspace, read_format

if TYPE_CHECKING:
    from opstally.ingest.summary import LoadSummary
    from opstally.workspace import Workspace

_REASONS = 8
_NOTHING = (
    "There is nothing to load: put exports into data/, one file a table (data/support_tickets.csv), "
    "or name them under `sources:` in opstally.yml."
)
_COUNTS = ("read", "merged", "unchanged", "duplicate", "quarantined")


def load(
    context: typer.Context,
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SOURCE]...", help="Only these sources; all of the project unless told."),
    ] = None,
    format_: TableOrJson = None,
) -> None:
    """Take in the exports of the project.

    Rows that cannot be taken are set aside with the reason. Loading the same files again changes nothing.
    """
    from opstally.cli.progress import loading  # lazy: help starts without it

    chosen = read_format(format_, None, ("table", "json"))
    workspace = open_workspace(context)
    with loading() as progress:
        summary = workspace.load(sources or [], progress)
    if chosen == "json":
        from opstally.render import json

        output.put(json.dump(_object(summary)), None)
    else:
        show(summary, workspace)
    if summary.exit_code:
        raise typer.Exit(summary.exit_code)


def show(summary: LoadSummary, workspace: Workspace) -> None:
    """The summary on stdout, what went wrong on stderr."""
    if summary.loaded:
        _print(summary)
    if known := sum(row.known for row in summary.loaded):
        output.narrate(f"{known:,} of these rows are of files that have not changed, and were not read again.")
    _tell_restated(summary)
    for note in summary.notes:
        output.narrate(note)
    if any(row.quarantined for row in summary.loaded):
        _tell_quarantine(workspace)
    if not (summary.loaded or summary.notes or summary.errors):
        output.narrate(_NOTHING)
    for error in summary.errors:
        output.narrate(f"opstally: {error}")


def _print(summary: LoadSummary) -> None:
    from opstally.render.facts import table

    rows = [[row.source, row.table, *(f"{getattr(row, name):,}" for name in _COUNTS)] for row in summary.loaded]
    sums = [f"{sum(getattr(row, name) for row in summary.loaded):,}" for name in _COUNTS]
    headings = ["Source", "Table", *(name.capitalize() for name in _COUNTS)]
    right = [False, False, *(True for _ in _COUNTS)]
    console = output.stdout_console()
    with output.plain_lines(console):
        console.print(table(headings, [*rows, ["Total", "", *sums]], console.width, right))


def _tell_restated(summary: LoadSummary) -> None:
    """Periods that were complete before this load, and are not what they were."""
    found = [(row.table, period) for row in summary.loaded for period in row.restated]
    for table, one in found[:_REASONS]:
        counts = (("added", one.added), ("changed", one.changed), ("removed", one.removed))
        told = ", ".join(f"{count:,} {word}" for word, count in counts if count)
        output.narrate(f"Restated: {table}, {one.grain} of {one.period}: {told}")
    if len(found) > _REASONS:
        output.narrate(f"… and {len(found) - _REASONS} more periods: 'opstally loads' lists them all.")


def _tell_quarantine(workspace: Workspace) -> None:
    """The reasons why rows were set aside, the most rows first."""
    found = sorted(workspace.engine.quarantined(), key=lambda f: -f[3])
    output.narrate("\nIn quarantine, and in no number (table opstally.quarantine of the project's database):")
    for table, column, reason, count, first in found[:_REASONS]:
        place = f"{table}.{column}" if column else table
        output.narrate(f"  {count:>7,}  {place}: {reason}\n           first {first}")
    if len(found) > _REASONS:
        output.narrate(f"  … and {len(found) - _REASONS} more kinds: 'opstally check' lists them all.")


def _object(summary: LoadSummary) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(summary)
