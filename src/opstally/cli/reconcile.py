"""`opstally reconcile`: values that vendors computed, beside ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from opstally.cli import output
from opstally.cli.options import TableOrJson, open_workspace, read_format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opstally.checks.reconcile import Reconciled


def reconcile(context: typer.Context, format_: TableOrJson = None) -> None:
    """Put what vendors computed beside what follows from the loaded rows.

    For each such column: how many rows agree, how many differ, why, and the first of them.
    """
    chosen = read_format(format_, None, ("table", "json"))
    found = open_workspace(context).reconcile()
    if chosen == "json":
        from dataclasses import asdict

        from opstally.render import json

        output.put(json.dump([asdict(one) for one in found]), None)
    elif not found:
        output.narrate("No loaded column holds a value that a vendor computed.")
    else:
        _print(found)


def _print(found: Sequence[Reconciled]) -> None:
    from opstally.render.facts import table

    rows = [
        (
            f"{one.table}.{one.column}" if not at else "", reason.reason, f"{reason.rows:,}",
            "; ".join(f"{e.key}: {_shown(e.vendor)}, ours {_shown(e.ours)}" for e in reason.examples[:1]),
        )
        for one in found for at, reason in enumerate(one.reasons)
    ]  # fmt: skip
    console = output.stdout_console()
    with output.plain_lines(console):
        console.print(table(("Theirs", "Beside ours", "Rows", "First"), rows, console.width, (False, False, True)))
    for one in found:
        output.narrate(f"{one.table}.{one.column}: {one.differing:,} of {one.rows:,} rows differ.")


def _shown(value: object) -> str:
    return "nothing" if value is None else f"{value:,.6g}" if isinstance(value, float) else str(value)
