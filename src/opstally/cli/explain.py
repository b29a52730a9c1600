"""`opstally explain`: the receipt of a number, and the very rows behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opstally.cli import output
from opstally.cli.options import (
    AsOf,
    By,
    Compare,
    Format,
    GrainOption,
    Out,
    Range,
    Where,
    day_of,
    open_workspace,
    read_format,
    split,
)
from opstally.errors import UsageError

if TYPE_CHECKING:
    from opstally.explanation import Explanation, Part
    from opstally.render.document import Document
    from opstally.result import SectionResult
    from opstally.workspace import Workspace


def explain(
    context: typer.Context,
    metric: Annotated[str, typer.Argument(metavar="METRIC", help="The metric: first_response_sla")],
    by: By = None,
    grain: GrainOption = None,
    range_: Range = None,
    compare: Compare = None,
    where: Where = None,
    as_of: AsOf = None,
    rows: Annotated[int, typer.Option("--rows", min=0, metavar="N", help="Rows to list.")] = 10,
    format_: Format = None,
    out: Out = None,
) -> None:
    """Show where a number comes from.

    Its definition, the rows used and left out, freshness, the SQL, and the very rows behind it.
    """
    chosen = read_format(format_, out)
    day = day_of(as_of)
    workspace = open_workspace(context)
    found = workspace.explain(
        metric, by=split(by or []), grain=grain, range_=range_, as_of=day, where=where, compare=compare, rows=rows
    )
    if chosen == "csv":
        output.put(_csv(found), out)
    elif chosen == "json":
        from opstally.render import json  # lazy: help starts without it

        output.put(json.dump(_object(found, workspace)), out)
    elif chosen == "table":
        from opstally.cli.explained import show

        show(found, workspace, out)
    else:
        output.show(page_of(found, workspace), chosen, out)


def _object(found: Explanation, workspace: Workspace) -> dict[str, Any]:
    """The query's object, with the parts."""
    from opstally.render import json
    from opstally.render.document import of_query

    whole = json.to_object(of_query(found.result, workspace.project.currency))
    return {**whole, "parts": [_part_object(part) for part in found.parts]}


def _part_object(part: Part) -> dict[str, Any]:
    from opstally.render.json import plain

    return {
        "metric": part.metric,
        "table": part.table,
        "time_basis": part.time_basis,
        "fates": [{"fate": fate, "rows": count} for fate, count in part.fates],
        "columns": list(part.columns),
        "rows": [{n: plain(v) for n, v in zip(part.columns, row, strict=True)} for row in part.rows],
        "sql": part.sql,
    }


def _csv(found: Explanation) -> str:
    """The rows behind the number."""
    from opstally.render import csv_

    if len(found.parts) != 1:
        names = ", ".join(part.metric for part in found.parts)
        raise UsageError(f"This number is made of several tables' rows: explain one of {names} as csv, or use json.")
    return csv_.table(found.parts[0].columns, found.parts[0].rows)


def page_of(found: Explanation, workspace: Workspace) -> Document:
    """The query as a document, followed by its definition, what became of the rows and the rows."""
    from opstally.cli.explained import told
    from opstally.render.document import of_query, only_sections
    from opstally.result import Column, Result, SectionResult

    whole = of_query(found.result, workspace.project.currency)
    facts = tuple(told(found, workspace, whole))
    columns = (Column("what", "What", "text", is_dimension=True), Column("is", "Is", "text"))
    definition = SectionResult("Definition", "", Result(columns, facts, found.result.receipt))
    more = [section for part in found.parts for section in _sections(part, found)]
    return only_sections(whole, [*whole.sections, definition, *more])


def _sections(part: Part, found: Explanation) -> Iterator[SectionResult]:
    from opstally.render.numbers import show_count
    from opstally.result import Column, Result, SectionResult

    receipt = found.result.receipt
    fates = (
        Column("fate", "What became of them", "text", is_dimension=True),
        Column("rows", "Rows", "integer", "count"),
    )
    # In full, not as 13.8k: they add up.
    counts = tuple((fate, show_count(count)) for fate, count in (*part.fates, ("in the period", part.period_rows)))
    yield SectionResult(f"Rows of {part.table} for {part.metric}", "", Result(fates, counts, receipt))
    if part.rows:
        columns = tuple(Column(name, name, "text") for name in part.columns)
        rows = tuple(tuple(None if v is None else str(v) for v in row) for row in part.rows)
        yield SectionResult("Rows used", _listed(part), Result(columns, rows, receipt))


def _listed(part: Part) -> str:
    from opstally.render.numbers import show_count

    used = part.fates[0][1]
    return f"The first {len(part.rows)} of {show_count(used)}" if len(part.rows) < used else f"All {show_count(used)}"
