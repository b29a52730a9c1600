"""`opstally init`: a new project."""

from __future__ import annotations

import shlex
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Final

import typer

from opstally.cli import output
from opstally.errors import OpstallyError, UsageError

FOLDERS: Final = ("data", "sources", "tables", "metrics", "reports")

_PROJECT: Final = """\
# An Opstally project. Every line is optional; what is commented out shows the default.

name: {name}

# Days, weeks and months are counted here. Timestamps in exports may be in any zone: their source says in which.
# timezone: UTC
# week_start: monday
# fiscal_year_start: 1        # the month in which fiscal quarters and years start
# currency: USD

# What is loaded: exports in data/. A file named like a table (data/support_tickets.csv) needs nothing more when its
# columns have the table's names or one of the other names that 'opstally catalog tables support_tickets' lists.
# An export with columns of its own needs a source: a file in sources/ that maps its columns (docs: five-minutes).
# sources:
#   - source: my_helpdesk      # sources/my_helpdesk.yml
#     files: [data/helpdesk/*.csv]

# Numbers that no export holds. They are printed with every number that uses them.
# assumptions:
{assumptions}
# The embedded engine needs nothing. To run the same definitions on PostgreSQL:
# engine: postgres
# connection: $OPSTALLY_DATABASE   # read from the environment
# schema: public
"""

_IGNORED: Final = "opstally.duckdb*\n"


def init(
    places: Annotated[
        list[Path] | None, typer.Argument(metavar="[DIR]", help="The project's folder; this one unless told.")
    ] = None,
    exports: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            metavar="FILES...",
            help="Exports, or folders of them, to look at: proposes, and writes, how to load them.",
        ),
    ] = None,
    timezone: Annotated[
        str | None, typer.Option("--timezone", metavar="ZONE", help="With --from: of times without an offset.")
    ] = None,
) -> None:
    """Make a new project in a folder.

    Writes opstally.yml, with comments that teach, and the folders for exports and definitions. With --from it also
    looks at exports: it recognises those of known tools, and proposes a source for others, with reasons, questions
    and a preview. In a project that is there already it adds the sources.
    """
    folder, files = _told(places or [], exports or [])
    zone = _zone(timezone)
    target = folder / "opstally.yml"
    if not target.exists():
        _make(folder, target)
    elif not files:
        raise UsageError(f"{target} is there already: this is a project. Edit that file, or give another folder.")
    if files:
        from opstally.cli.proposed import propose  # lazy: help starts without it

        propose(folder, files, zone)
    output.narrate("Next:\n")
    if folder != Path("."):
        output.narrate(f"  cd {shlex.quote(str(folder))}")
    if not files:
        output.narrate("  put exports into data/, one file a table: data/support_tickets.csv")
    output.narrate("  opstally load")
    output.narrate("  opstally report --all")


def _told(places: list[Path], exports: list[Path]) -> tuple[Path, list[Path]]:
    """The folder, and the files: a shell writes out FILES* behind --from as several arguments."""
    given = [*exports, *(place for place in places if exports and place.is_file())]
    folders = [place for place in places if place not in given]
    if len(folders) > 1:
        raise UsageError(f"Give one folder for the project, not {' and '.join(map(str, folders))}.")
    for file in given:
        if not file.exists():
            raise UsageError(f"There is no file {file} to look at.")
    files = [file for place in given for file in ([place] if place.is_file() else _files_in(place))]
    if given and not files:
        raise UsageError(f"There is no file in {' or '.join(map(str, given))} to look at.")
    return folders[0] if folders else Path("."), files


def _files_in(folder: Path) -> list[Path]:
    """The files of a folder of exports, at any depth; hidden ones are none."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


def _zone(timezone: str | None) -> str | None:
    from opstally.period import Calendar

    if timezone is not None:
        Calendar(timezone)  # refuses a zone that is none
    return timezone


def _make(folder: Path, target: Path) -> None:
    try:
        for name in FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True)
        ignored = folder / ".gitignore"
        if not ignored.exists():
            output.write_atomically(ignored, _IGNORED)
        output.write_atomically(target, project_text(folder.resolve().name))
    except OSError as error:
        raise OpstallyError(f"{folder} cannot be written: {error.strerror}. Give another folder.") from None
    output.narrate(f"Made {target} with the folders {', '.join(f'{name}/' for name in FOLDERS)}.")


def project_text(name: str) -> str:
    """The text of a new opstally.yml."""
    import json

    from opstally.model.project import Assumptions  # lazy: help starts without it

    told = [(f"{f.name}: {f.default:g}", f.metadata["description"]) for f in fields(Assumptions)]
    lines = [f"#   {setting:<35}# {meaning}" for setting, meaning in told]
    quoted = json.dumps(name, ensure_ascii=False)  # a folder's name may mean something in YAML
    return _PROJECT.format(name=quoted, assumptions="\n".join(lines) + "\n")
