"""A proposal for exports, shown: which source, why, what its rows would be, and what it asks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from opstally.cli import output

if TYPE_CHECKING:
    from rich.console import Console

    from opstally.recognise import Proposal, ProposedSource
    from opstally.recognise.preview import Preview

_FAULTS: Final = 4
_COLUMNS: Final = 8


def propose(folder: Path, files: list[Path], zone: str | None) -> Proposal:
    """Look at files and write what is proposed into a project's folder."""
    from opstally import library, recognise
    from opstally.errors import DefinitionError

    found = library.load(folder)
    if found.problems:
        raise DefinitionError(found.problems)
    proposal = recognise.propose(files, found, folder, zone)
    written = recognise.write(proposal, folder)
    show(proposal)
    if written:
        output.narrate("Wrote " + ", ".join(str(path) for path in written) + ".")
    return proposal


def show(proposal: Proposal) -> None:
    """The proposal on stdout; the files without one on stderr."""
    console = output.stdout_console()
    with output.plain_lines(console):
        for source in proposal.sources:
            console.print(_title(source), highlight=False)
            for preview in source.previews:
                _show(preview, console)
            for question in source.questions:
                console.print(f"  QUESTION: {question}", highlight=False, markup=False)
            console.print()
    for left in proposal.left:
        output.narrate(left)


def _title(source: ProposedSource) -> str:
    what = f"the shipped source {source.name}" if source.shipped else f"a new source {source.name}"
    more = f" and {len(source.files) - 1} more" if len(source.files) > 1 else ""
    return f"{source.files[0]}{more}: {what}, as {source.why}."


def _show(preview: Preview, console: Console) -> None:
    from opstally.render.facts import table

    if preview.problem:
        return
    aside = f", {preview.faulty:,} would be put aside" if preview.faulty else ""
    console.print(f"  {preview.table}: {preview.rows:,} rows{aside}", highlight=False)
    for why, count, value in preview.put_aside[:_FAULTS]:
        console.print(f"    {count:>7,}  {why}; such as {value!r}", highlight=False, markup=False)
    if preview.first:
        columns = preview.columns[:_COLUMNS]
        rows = [["" if cell is None else str(cell) for cell in row[:_COLUMNS]] for row in preview.first]
        console.print(table(columns, rows, console.width))
