"""`opstally demo`: the synthetic company, written, loaded and reported."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opstally.cli import output
from opstally.cli.options import Globals, day_of
from opstally.errors import LoadError

if TYPE_CHECKING:
    from opstally.workspace import Workspace

_TRY = (
    "opstally report support-tickets",
    "opstally query first_response_sla csat --by team --compare previous",
    "opstally explain first_response_sla --by team",
    "opstally report --all --format html --out reports",
    "opstally catalog metrics",
)


def demo(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="A new folder, or one that holds the company.")
    ] = Path("demo-company"),
    scale: Annotated[float, typer.Option("--scale", metavar="N", help="1 is a million checks and two years.")] = 1.0,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Another company.")] = 7,
    until: Annotated[str | None, typer.Option("--until", metavar="DAY", help="Last day of the data.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Write a company that DIR holds anew; changes to its files are lost.")
    ] = False,
) -> None:
    """Try it: a synthetic company, written, loaded, reported.

    Writes a project folder with raw exports, unless it is there, loads them, and prints the operations dashboard.
    """
    from opstally import demo as company  # lazy: help starts without it
    from opstally.cli.progress import bar

    last = day_of(until)
    began = time.monotonic()
    if company.holds(folder, scale, seed, last) and not again:
        output.narrate(f"{folder} holds this company already. Its files stay as they are; --again writes them anew.")
    else:
        with bar(f"Writing {folder}") as progress:
            company.write(folder, scale, seed, last, progress, again=again)
        output.narrate(f"Wrote two years of a synthetic company to {folder} in {_took(began)}.")
    told: Globals = context.obj
    _load(folder, told.engine)
    _report(folder, told.engine)
    output.narrate(f"All of it took {_took(began)}. Try next:\n")
    if shutil.which("opstally") is None and Path(sys.argv[0]).name == "opstally":
        output.narrate(f'  export PATH={shlex.quote(str(Path(sys.argv[0]).resolve().parent))}:"$PATH"')
    output.narrate(f"  cd {shlex.quote(str(folder))}")
    for command in _TRY:
        output.narrate(f"  {command}")


def _load(folder: Path, engine: str | None) -> None:
    from opstally.cli.progress import loading

    workspace = _open(folder, engine)
    began = time.monotonic()
    with loading() as progress:
        summary = workspace.load((), progress)
    if summary.errors:
        raise LoadError(" ".join(summary.errors))
    merged = sum(row.merged + row.unchanged for row in summary.loaded)
    aside = sum(row.quarantined for row in summary.loaded)
    output.narrate(
        f"Loaded {merged:,} rows in {_took(began)}; {aside:,} bad rows, planted there, are in quarantine "
        "('opstally check' says why).\n"
    )


def _report(folder: Path, engine: str | None) -> None:
    from opstally.render.document import of_report

    workspace = _open(folder, engine)
    began = time.monotonic()
    document = of_report(workspace.report("operations-dashboard"), workspace.project.currency)
    output.show(document, "table", None)
    output.narrate(f"\nReported in {_took(began)}.")


def _open(folder: Path, engine: str | None) -> Workspace:
    from opstally.workspace import Workspace

    return Workspace.open(folder, engine)


def _took(began: float) -> str:
    return f"{time.monotonic() - began:.1f} s"
