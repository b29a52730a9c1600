"""Options that several commands share, and what comes before any command."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from opstally.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from opstally.workspace import Workspace

FORMATS: Final = ("table", "json", "csv", "md", "html")
_ENDINGS: Final = {".json": "json", ".csv": "csv", ".md": "md", ".html": "html", ".htm": "html", ".txt": "table"}


@dataclass(frozen=True)
class Globals:
    """The global options."""

    project: Path | None
    engine: str | None


AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DAY", help="Last day that counts, as 2026-10-31; the newest full day with data."),
]
Range = Annotated[
    str | None,
    typer.Option(
        "--range",
        metavar="PERIOD",
        help="'13 weeks', '30d', '6 months', '2026-Q3', 'this month', or two days of which the second is not in it: "
        "2026-08-03..2026-10-26.",
    ),
]
Where = Annotated[
    str | None,
    typer.Option("--where", metavar="CONDITION", help="Only rows for which this holds: \"channel = 'email'\"."),
]
By = Annotated[
    list[str] | None,
    typer.Option("--by", metavar="DIMENSION", help="Split by a dimension that all metrics share; may be repeated."),
]
GrainOption = Annotated[
    str | None, typer.Option("--grain", metavar="GRAIN", help="Over time: day, week, month, quarter or year.")
]
Compare = Annotated[
    str | None, typer.Option("--compare", metavar="HOW", help="With the period before (previous) or a year ago (year).")
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="FORMAT", help="table, json, csv, md or html; told by --out's ending, else table."
    ),
]
TableOrJson = Annotated[str | None, typer.Option("--format", metavar="FORMAT", help="table or json.")]
TableJsonOrMarkdown = Annotated[str | None, typer.Option("--format", metavar="FORMAT", help="table, json or md.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="PATH", help="Write there instead of printing.")]
Full = Annotated[bool, typer.Option("--full", help="Print every row of long tables in a terminal too.")]


def open_workspace(context: typer.Context) -> Workspace:
    """The project that the command line is about."""
    from opstally.cli.output import narrate  # lazy: help starts without it
    from opstally.workspace import Workspace  # lazy: help starts without it

    told: Globals = context.obj
    return Workspace.open(told.project, told.engine, narrate)


def read_format(text: str | None, out: Path | None = None, offered: Sequence[str] = FORMATS) -> str:
    """The format asked for, or the one that the output file's ending tells."""
    if text is None:
        return _told_by_ending(out, offered) if out is not None else "table"
    if text not in FORMATS:
        raise UnknownName("format", text, offered)
    if text not in offered:
        raise UsageError(f"The format {text} is not offered here: {', '.join(offered)}.")
    return text


def _told_by_ending(out: Path, offered: Sequence[str]) -> str:
    """A name without an ending is that of a text, or of a folder."""
    told = _ENDINGS.get(out.suffix.lower(), "table" if not out.suffix else "")
    if told not in offered:
        endings = ", ".join(ending for ending, format_ in _ENDINGS.items() if format_ in offered and ending != ".htm")
        raise UsageError(
            f"No format that is offered here ends in {out.suffix!r}: {endings}. Name {out} so, or give --format too."
        )
    return told


def day_of(text: str | None) -> dt.date | None:
    """The day that an option names."""
    from opstally.period import read_day  # lazy: help starts without it

    return None if text is None else read_day(text)


def split(names: Sequence[str]) -> list[str]:
    """Names given one by one or with commas between them."""
    return [name for given in names for name in given.replace(",", " ").split()]
