"""`opstally catalog`: what exists, and one thing in full."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opstally.cli import output
from opstally.cli.options import Globals, Out, TableJsonOrMarkdown, read_format
from opstally.errors import DefinitionError, UnknownName, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from opstally.library import Library
    from opstally.render.catalogue import Catalogue, Entry, Sheet

_LATER = {"questions": "questions"}


def catalog(
    context: typer.Context,
    kind: Annotated[
        str | None, typer.Argument(metavar="KIND", help="tables, metrics, reports or sources; or a name.")
    ] = None,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One of them, in full.")] = None,
    format_: TableJsonOrMarkdown = None,
    out: Out = None,
) -> None:
    """Show what there is, or one thing in full.

    One thing in full is its definition, lineage, owner, guardrails, and who uses it.
    """
    from opstally.render import catalogue  # lazy: help starts without it

    chosen = read_format(format_, out, ("table", "json", "md"))
    library = _library(context.obj)
    known = catalogue.Catalogue(library)
    if kind is None:
        _show_all(known, chosen, out)
        if library.problems:
            output.narrate(f"{len(library.problems)} problems in the definitions: see 'opstally check'.")
        return
    kind, name = _placed(known, kind, name)
    if name is None:
        _show_sheet(known, kind, chosen, out)
        return
    declared = catalogue.named(known, kind)
    if name not in declared:
        broken = library.left_out.get((kind.removesuffix("s"), name))
        if broken is not None:
            raise DefinitionError([p for p in library.problems if p.file == broken])
        raise UnknownName(kind.removesuffix("s"), name, declared)
    _show_entry(known, kind, name, chosen, out)


def _library(told: Globals) -> Library:
    """The project's declarations; the packaged ones where there is no project."""
    from opstally.folder import find
    from opstally.library import load

    if told.project is not None:
        return load(find(told.project))
    try:
        folder = find(None)
    except UsageError:
        return load(None)
    return load(folder)


def _placed(known: Catalogue, kind: str, name: str | None) -> tuple[str, str | None]:
    """The kind and the name, where the kind may be left out or in the singular."""
    from opstally.render import catalogue

    if kind in _LATER:
        raise UsageError(f"There are no {kind} yet: they come with a later version.")
    plural = kind if kind.endswith("s") else f"{kind}s"
    if plural in catalogue.KINDS and not (name is None and _kinds_of(known, kind)):
        return plural, name
    found = _kinds_of(known, kind)
    if name is None and len(found) == 1:
        return found[0], kind
    if found and name is None:
        raise UsageError(f"{kind!r} is several things: say {' or '.join(f'catalog {k} {kind}' for k in found)}.")
    everything = [*catalogue.KINDS, *(n for k in catalogue.KINDS for n in catalogue.named(known, k))]
    raise UnknownName("kind or name", kind, everything)


def _kinds_of(known: Catalogue, name: str) -> list[str]:
    from opstally.render import catalogue

    return [k for k in catalogue.KINDS if name in catalogue.named(known, k)]


def _show_all(known: Catalogue, format_: str, out: Path | None) -> None:
    from opstally.render import catalogue

    sheets = [catalogue.overview(known, kind) for kind in catalogue.KINDS]
    if format_ == "json":
        from opstally.render import json

        told = {kind: list(catalogue.named(known, kind)) for kind in catalogue.KINDS}
        output.put(json.dump(told), out)
        return
    rows = [(sheet.title, str(len(sheet.rows)), _examples(sheet)) for sheet in sheets]
    _print_tables([catalogue.Sheet("", ("Kind", "Declared", "Such as"), tuple(rows))], format_, out)


def _examples(sheet: Sheet) -> str:
    names = [row[1] if sheet.title == "Metrics" else row[0] for row in sheet.rows]
    return ", ".join(names[:: max(1, len(names) // 4)][:4])


def _show_sheet(known: Catalogue, kind: str, format_: str, out: Path | None) -> None:
    from opstally.render import catalogue, json

    if format_ == "json":
        from opstally.validate import plain

        told = {name: plain(d.declaration) for name, d in catalogue.named(known, kind).items()}
        output.put(json.dump(told), out)
        return
    _print_tables([catalogue.overview(known, kind)], format_, out)


def _show_entry(known: Catalogue, kind: str, name: str, format_: str, out: Path | None) -> None:
    from opstally.render import catalogue, json, markdown

    found = catalogue.entry(known, kind, name)
    if format_ == "json":
        from opstally.validate import plain

        declared = catalogue.named(known, kind)[name]
        whole = plain(declared.declaration)
        told = {"file": declared.file, "overrides": declared.overrides, **whole}
        if kind == "metrics":
            told |= {
                "made_of": catalogue.lineage(known, name),
                "dimensions": catalogue.dimensions(known, name),
                "used_by": catalogue.used_by(known, name),
            }
        output.put(json.dump(told), out)
    elif format_ == "md":
        output.put(markdown.entry(found), out)
    else:
        output.show_text(partial(_print_entry, found), out)


def _print_entry(found: Entry, console: Console) -> None:
    from rich.text import Text

    from opstally.render.facts import facts, table

    console.print(Text.assemble((found.label, "bold"), f"  {found.kind} ", found.name))
    if found.description:
        console.print(Text(found.description))
    console.print()
    console.print(facts(found.facts))
    for sheet in found.sheets:
        console.print()
        console.print(Text(sheet.title, style="bold"))
        console.print(table(sheet.headings, sheet.rows, console.width))


def _print_tables(sheets: list[Sheet], format_: str, out: Path | None) -> None:
    from opstally.render import markdown
    from opstally.render.facts import table

    if format_ == "md":
        lines = [line for sheet in sheets for line in markdown.table(sheet.headings, sheet.rows)]
        output.put("\n".join(lines) + "\n", out)
        return

    def printed(console: Console) -> None:
        for sheet in sheets:
            console.print(table(sheet.headings, sheet.rows, console.width))

    output.show_text(printed, out)
