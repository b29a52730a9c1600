"""`opstally reconcile`: values that vendors computed, beside ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opstally.cli import output
from opstally.cli.options import Format, Out, open_workspace, read_format

if TYPE_CHECKING:
    from opstally.checks.reconcile import Reconciled

_LISTED = 3


def reconcile(
    context: typer.Context,
    column: Annotated[
        str | None, typer.Argument(metavar="[COLUMN]", help="One column only: vendor_made_sla", show_default=False)
    ] = None,
    rows: Annotated[
        int | None,
        typer.Option(
            "--rows", min=0, metavar="N", help="Differing rows to list of each reason; 3, in CSV and JSON all of them."
        ),
    ] = None,
    format_: Format = None,
    out: Out = None,
) -> None:
    """Put what vendors computed beside what follows from the loaded rows.

    For each such column: how many rows agree, how many differ, why, and which rows those are.
    """
    chosen = read_format(format_, out)
    workspace = open_workspace(context)
    limit = _LISTED if rows is None and chosen not in ("csv", "json") else rows
    found = workspace.reconcile(limit, column)
    if chosen == "json":
        from opstally.render import json

        output.put(json.dump([_object(one) for one in found]), out)
    elif chosen == "csv":
        from opstally.render import csv_, reconciliation

        output.put(csv_.table(reconciliation.CSV_HEADER, reconciliation.csv_rows(found)), out)
    elif chosen in ("md", "html"):
        from opstally.render import reconciliation

        made = (
            reconciliation.html(found, workspace.project.name) if chosen == "html" else reconciliation.markdown(found)
        )
        output.put(made, out)
    elif out is not None:
        output.put(output.plain_text(lambda console: _print(found, console)), out)
    else:
        console = output.stdout_console()
        with output.plain_lines(console):
            _print(found, console)


def _object(one: Reconciled) -> dict[str, Any]:
    from dataclasses import asdict

    from opstally.render.json import plain

    rows = [
        {
            "key": {name: plain(value) for name, value in zip(one.key, row.key, strict=True)},
            "vendor": plain(row.vendor),
            "ours": plain(row.ours),
            "difference": row.difference,
            "reason": row.reason,
        }
        for row in one.differing_rows
    ]
    reasons = [{"reason": r.reason, "rows": r.rows, "agrees": r.agrees} for r in one.reasons]
    return {**asdict(one), "key": list(one.key), "reasons": reasons, "differing_rows": rows}


def _print(found: Sequence[Reconciled], console: Any) -> None:
    from rich.text import Text

    from opstally.render.facts import table
    from opstally.render.reconciliation import NOTHING, sheets

    if not found:
        output.narrate(NOTHING)
    for sheet in sheets(found):
        if sheet.title:
            console.print(Text(sheet.title, style="bold"))
        console.print(Text(sheet.note))
        console.print(table(sheet.headings, sheet.rows, console.width, [n in sheet.right for n in sheet.headings]))
        console.print()
