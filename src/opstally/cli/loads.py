"""`opstally loads`: the record of every load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from opstally.cli import output
from opstally.cli.options import TableOrJson, open_workspace, read_format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opstally.ingest.ledger import Ledger, Manifest
    from opstally.ingest.restated import Restated

_SHOWN = 20


def loads(
    context: typer.Context,
    load_id: Annotated[int | None, typer.Argument(metavar="[ID]", help="One load in full.")] = None,
    format_: TableOrJson = None,
) -> None:
    """Show what was loaded, and when: files, rows by fate, restated periods, refusals.

    A load in full has its files with their digests, the columns that were new, timings and versions.
    """
    chosen = read_format(format_, None, ("table", "json"))
    workspace = open_workspace(context)
    found = workspace.loads(load_id)
    if chosen == "json":
        from dataclasses import asdict

        from opstally.render import json

        output.put(json.dump(asdict(found if load_id is None else found.loads[0])), None)
    elif load_id is None:
        _list(found)
    else:
        _one(found.loads[0])


def _list(found: Ledger) -> None:
    rows = [
        (
            str(one.load_id), one.source, f"{one.started_at:%Y-%m-%d %H:%M}", f"{len(one.files)}",
            *(f"{sum(getattr(t, name) for t in one.tables):,}" for name in _COUNTS), f"{len(one.restated)}",
        )
        for one in found.loads[:_SHOWN]
    ]  # fmt: skip
    _table(("Load", "Source", "At (UTC)", "Files", *_HEADINGS, "Restated"), rows, 3)
    if len(found.loads) > _SHOWN:
        output.narrate(f"{len(found.loads) - _SHOWN} earlier loads: --format json has them all.")
    _restated(found)
    for refusal in found.refusals[:_SHOWN]:
        output.narrate(f"Refused {refusal.refused_at:%Y-%m-%d %H:%M} UTC: {refusal.reason}")
    output.narrate("'opstally loads ID' shows one in full.")


def _restated(found: Ledger) -> None:
    """The periods that the loads above changed though they were over, the newest first."""
    periods = [(one, period) for one in found.loads[:_SHOWN] for period in reversed(one.restated)]
    if not periods:
        return
    rows = [(str(one.load_id), one.source, *_of_period(period)) for one, period in periods[:_SHOWN]]
    _table(("Load", "Source", *_RESTATED), rows, 4)
    if len(periods) > _SHOWN:
        output.narrate(f"{len(periods) - _SHOWN} more restated periods: --format json has them all.")


def _of_period(one: Restated) -> tuple[str, ...]:
    return one.table, f"{one.grain} of {one.period}", f"{one.added:,}", f"{one.changed:,}", f"{one.removed:,}"


def _one(found: Manifest) -> None:
    from opstally.render.facts import facts

    console = output.stdout_console()
    seconds = (found.finished_at - found.started_at).total_seconds()
    with output.plain_lines(console):
        console.print(
            facts(
                [
                    ("Load", f"{found.load_id} of {found.source}"),
                    ("At", f"{found.started_at:%Y-%m-%d %H:%M:%S} UTC, {seconds:.1f} s"),
                    ("By", f"Opstally {found.version}, {found.engine}"),
                ]
            )
        )
    rows = [
        (
            t.table,
            *(f"{getattr(t, name):,}" for name in _COUNTS),
            f"{t.reading_seconds:.2f}",
            f"{t.merging_seconds:.2f}",
        )
        for t in found.tables
    ]
    _table(("Table", *_HEADINGS, "Read s", "Merge s"), rows, 1)
    _table(("File", "Bytes", "SHA-256"), [(f.path, f"{f.bytes:,}", f.sha256) for f in found.files], 1)
    if found.columns:
        _columns(found)
    if found.restated:
        _table(_RESTATED, [_of_period(r) for r in found.restated], 2)


def _columns(found: Manifest) -> None:
    """The columns of files that are alike, once."""
    for names in dict.fromkeys(column.names for column in found.columns):
        files = [column.path for column in found.columns if column.names == names]
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        output.put(f"\nColumns of {files[0]}{more}: {', '.join(names)}\n", None)


_RESTATED = ("Restated", "Period", "Added", "Changed", "Removed")
_COUNTS = ("read", "merged", "unchanged", "duplicate", "quarantined", "removed")
_HEADINGS = tuple(name.capitalize() for name in _COUNTS)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> None:
    from opstally.render.facts import table

    console = output.stdout_console()
    right = [at >= left and name != "SHA-256" for at, name in enumerate(headings)]
    with output.plain_lines(console):
        console.print()
        console.print(table(headings, rows, console.width, right))
