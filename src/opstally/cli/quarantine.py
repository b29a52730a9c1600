"""`opstally quarantine`: list the records that were put aside, write them for mending, load them mended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opstally.cli import output
from opstally.cli.options import TableOrJson, open_workspace, read_format
from opstally.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opstally.ingest.aside import Aside
    from opstally.workspace import Workspace

_SHOWN = 40


def quarantine(
    context: typer.Context,
    table: Annotated[str | None, typer.Option("--table", metavar="TABLE", help="Only rows for this table.")] = None,
    source: Annotated[str | None, typer.Option("--source", metavar="SOURCE", help="Only rows of this source.")] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="WORDS", help="Only rows with these words in what is wrong.")
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option("--export", metavar="FILE", help="Write the rows in their export's columns, CSV or JSONL."),
    ] = None,
    replay: Annotated[
        Path | None, typer.Option("--replay", metavar="FILE", help="Load the rows of such a file, mended.")
    ] = None,
    format_: TableOrJson = None,
) -> None:
    """List the rows that were put aside, or mend them.

    --export writes them to a file. Mend the values there, and --replay loads them in place of those in quarantine.
    Exit code 1 when replayed rows are still faulty.
    """
    chosen = read_format(format_, None, ("table", "json"))
    workspace = open_workspace(context)
    if replay is not None:
        if export is not None:
            raise UsageError("Give --export or --replay, one after the other.")
        _replay(workspace, replay, chosen)
        return
    found = workspace.quarantine(source, table, reason)
    if export is not None and found:
        output.put(workspace.for_mending(found, export), export)
        output.narrate(f"Mend them there; 'opstally quarantine --replay {export}' loads them.")
    elif chosen == "json":
        from dataclasses import asdict

        from opstally.render import json

        output.put(json.dump([asdict(one) for one in found]), None)
    else:
        _list(found)


def _list(found: Sequence[Aside]) -> None:
    from opstally.render.facts import table

    if not found:
        output.narrate("Nothing is in quarantine.")
        return
    console = output.stdout_console()
    rows = [
        (
            f"{one.file}:{one.line}",
            f"{one.table}.{one.column}" if one.column else one.table,
            one.value or "",
            one.reason,
        )
        for one in (found[:_SHOWN] if console.is_terminal else found)
    ]
    with output.plain_lines(console):
        console.print(table(("Row", "Where", "Value", "What"), rows, console.width))
    if len(rows) < len(found):
        output.narrate(f"{len(found) - len(rows):,} more: --format json has them all.")
    output.narrate(f"{len(found):,} in quarantine. 'opstally quarantine --export FILE' writes them for mending.")


def _replay(workspace: Workspace, path: Path, chosen: str) -> None:
    from opstally.cli.progress import loading  # lazy: help starts without it

    with loading() as progress:
        done = workspace.replay(path, progress)
    if chosen == "json":
        from dataclasses import asdict

        from opstally.render import json

        output.put(json.dump(asdict(done)), None)
    else:
        for one in done.faulty:
            place = f"{one.table}.{one.column}" if one.column else one.table
            output.put(f"{path}:{one.line}: {place}: {one.value or ''} {one.reason}\n", None)
        output.narrate(f"{done.mended:,} mended and out of quarantine, {len(done.faulty):,} still faulty.")
    if done.faulty:
        raise typer.Exit(1)
