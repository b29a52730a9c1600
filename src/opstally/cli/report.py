"""`opstally report`: the reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opstally.cli import output
from opstally.cli.options import AsOf, Format, Full, Out, Range, Where, day_of, open_workspace, read_format
from opstally.errors import OpstallyError, UsageError

if TYPE_CHECKING:
    from opstally.render.document import Document


def report(
    context: typer.Context,
    slug: Annotated[str | None, typer.Argument(metavar="SLUG", help="The report: support-tickets, …")] = None,
    every: Annotated[bool, typer.Option("--all", help="All reports; with --out one file each in that folder.")] = False,
    as_of: AsOf = None,
    range_: Range = None,
    where: Where = None,
    format_: Format = None,
    out: Out = None,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL that gave the numbers instead.")] = False,
    full: Full = False,
) -> None:
    """Print a report, or all of them. 'opstally catalog reports' lists them."""
    chosen = read_format(format_, None if every else out)
    day = day_of(as_of)
    workspace = open_workspace(context)
    if every == (slug is not None):
        raise UsageError(f"Say which report, or --all: {', '.join(workspace.library.reports)}.")
    slugs = list(workspace.library.reports) if slug is None else [slug]
    if len(slugs) > 1 and out is None and chosen in ("csv", "html") and not sql:
        raise UsageError(f"All reports as {chosen} need --out FOLDER: one file each.")

    def made(name: str) -> Document:
        from opstally.render.document import of_report  # lazy: help starts without it

        found = workspace.report(name, as_of=day, range_=range_, where=where)
        return of_report(found, workspace.project.currency)

    if sql:
        output.put("\n".join(_sql(made(name)) for name in slugs), out)
    elif not every:
        output.show(made(slugs[0]), chosen, out, full)
    elif out is None:
        _print_all([made(name) for name in slugs], chosen, full)
    else:
        _write_all([made(name) for name in slugs], chosen, out)


def _print_all(documents: list[Document], format_: str, full: bool) -> None:
    if format_ == "json":
        from opstally.render import json

        output.put(json.dump([json.to_object(document) for document in documents]), None)
        return
    for at, document in enumerate(documents):
        if at:
            output.put("\n", None)
        output.show(document, format_, None, full)


def _write_all(documents: list[Document], format_: str, folder: Path) -> None:
    from opstally.errors import NoData

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OpstallyError(f"{folder} cannot be made: {error.strerror}. Give another --out.") from None
    for document in documents:
        path = folder / f"{document.name}{output.ENDINGS[format_]}"
        try:
            output.put(output.text_of(document, format_), path)
        except NoData as missing:
            output.narrate(f"Left out {path.name}: {missing}")


def _sql(document: Document) -> str:
    parts = [f"-- {document.title}"]
    for section in document.sections:
        if section.result is not None:
            parts += [
                f"-- {section.title}",
                *(f"{text.rstrip().rstrip(';')};\n" for text in section.result.receipt.sql),
            ]
    return "\n".join(parts)
