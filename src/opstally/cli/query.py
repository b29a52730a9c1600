"""`opstally query`: any metrics by any dimensions that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from opstally.cli import output
from opstally.cli.options import (
    AsOf,
    By,
    Compare,
    Format,
    Full,
    GrainOption,
    Out,
    Range,
    Where,
    day_of,
    open_workspace,
    read_format,
    split,
)

if TYPE_CHECKING:
    from opstally.result import Result


def query(
    context: typer.Context,
    metrics: Annotated[list[str], typer.Argument(metavar="METRIC...", help="Metrics: first_response_sla csat")],
    by: By = None,
    grain: GrainOption = None,
    range_: Range = None,
    compare: Compare = None,
    where: Where = None,
    as_of: AsOf = None,
    total: Annotated[bool, typer.Option("--total", help="Add the row over all groups.")] = False,
    members: Annotated[bool, typer.Option("--members", help="Show members of a dimension without facts too.")] = False,
    format_: Format = None,
    out: Out = None,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL instead; it can be pasted and run.")] = False,
    full: Full = False,
) -> None:
    """Print metrics over a period. 'opstally catalog metrics' lists them."""
    chosen = read_format(format_, out)
    day = day_of(as_of)
    workspace = open_workspace(context)
    names, dimensions = split(metrics), split(by or [])
    if sql and compare is None and not total:
        told = workspace.sql(names, by=dimensions, grain=grain, range_=range_, as_of=day, where=where, members=members)
        output.put(told.rstrip() + "\n", out)
        return
    result = workspace.query(
        names, by=dimensions, grain=grain, range_=range_, as_of=day, where=where, compare=compare,
        members=members, total=total,
    )  # fmt: skip
    if sql:
        texts = zip(_statements(result, total), result.receipt.sql, strict=True)
        output.put("\n".join(f"-- {name}\n{text.rstrip().rstrip(';')};\n" for name, text in texts), out)
        return
    from opstally.render.document import of_query  # lazy: help starts without it

    output.show(of_query(result, workspace.project.currency), chosen, out, full)


def _statements(result: Result, total: bool) -> list[str]:
    """What each statement of a result is, where there are several."""
    receipt = result.receipt
    periods = [str(receipt.period), *([f"before: {receipt.compared}"] if receipt.compared else [])]
    over_all = [f"{period}, over all groups" for period in periods]
    return periods + over_all if total and len(receipt.sql) > len(periods) else periods
