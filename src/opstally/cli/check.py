"""`opstally check`: what is wrong in the definitions and in the loaded data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opstally.cli import output
from opstally.cli.options import Out, day_of, open_workspace, read_format
from opstally.errors import StoreError, UsageError

if TYPE_CHECKING:
    from opstally.checks import CheckResult


def check(
    context: typer.Context,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", metavar="DAY", help="Day at which data have to be fresh; that of the newest row of all."
        ),
    ] = None,
    format_: Annotated[str | None, typer.Option("--format", metavar="FORMAT", help="table, json or html.")] = None,
    out: Out = None,
) -> None:
    """Find problems in definitions and data.

    Exit code 1 when there are errors: definitions that cannot be used, rows that no number counts.
    """
    from opstally.workspace import STORE_FILE  # lazy: help starts without it

    chosen = read_format(format_, out, ("table", "json", "html"))
    day = day_of(as_of)
    workspace = open_workspace(context)
    try:
        found = workspace.check(day)
    except StoreError as error:
        for problem in workspace.problems:
            output.put(f"{problem}\n", None)
        raise StoreError(f"The data cannot be checked. {error}") from None
    if chosen == "json":
        output.put(_json(found), out)
    elif chosen == "html":
        from opstally.render import quality

        output.put(quality.page(found, workspace.project.name, day or workspace.today), out)
    else:
        if out is not None:
            raise UsageError(
                f"A table is printed: give {Path(out).with_suffix('.html')}, or a name that ends in .json."
            )
        _print(found)
        for own in workspace.library.overriding():
            output.narrate(f"{own.file} is in place of {own.overrides}.")
        if workspace.engine_name == "duckdb" and not (workspace.folder / STORE_FILE).exists():
            output.narrate("No data is loaded yet: put exports into data/ and run 'opstally load'.")
    if found.failed:
        raise typer.Exit(1)


def _print(found: CheckResult) -> None:
    from opstally.render.facts import table

    for problem in found.problems:
        output.put(f"{problem}\n", None)
    if found.problems and found.findings:
        output.put("\n", None)
    if found.findings:
        rows = [
            (f.severity, f"{f.table}.{f.column}" if f.column else f.table, f"{f.count:,}", f.reason, f.first)
            for f in found.findings
        ]
        console = output.stdout_console()
        with output.plain_lines(console):
            headings = ("Severity", "Where", "Rows", "What", "First")
            console.print(table(headings, rows, console.width, (False, False, True)))
    output.narrate(_verdict(found))


def _verdict(found: CheckResult) -> str:
    errors, warnings = (sum(f.severity == name for f in found.findings) for name in ("error", "warning"))
    if not found.problems and not errors and not warnings:
        return "No problems in the definitions, none in the data."
    return (
        f"\n{_counted(len(found.problems), 'problem')} in the definitions; "
        f"in the data {_counted(errors, 'kind')} of error, {_counted(warnings, 'kind')} of warning."
    )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _json(found: CheckResult) -> str:
    from dataclasses import asdict

    from opstally.render import json

    return json.dump({"failed": found.failed, **asdict(found)})
