"""All commands, and the options that come before them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from opstally import __version__
from opstally.cli import catalog, check, demo, explain, init, load, loads, quarantine, query, reconcile, report
from opstally.cli.options import Globals
from opstally.errors import UsageError

HELP = "Operations analytics for SaaS companies. Every number comes with its receipt."
EPILOG = (
    "--project, --engine and --debug may also stand after the command. "
    "Exit codes: 0 done, 1 problems found or a load that failed, 2 wrong use."
)

app = typer.Typer(
    help=HELP,
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"opstally {__version__}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    project: Annotated[
        Path | None,
        typer.Option("--project", metavar="DIR", help="Project folder; the nearest one upwards with opstally.yml."),
    ] = None,
    server: Annotated[
        str | None, typer.Option("--server", metavar="URL", help="A team's server (comes with a later version).")
    ] = None,
    engine: Annotated[
        str | None, typer.Option("--engine", metavar="NAME", help="duckdb or postgres; the project's unless told.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del debug, version  # read before any command runs
    if server is not None:
        raise UsageError("Servers come with a later version: leave --server out and work on the project folder itself.")
    context.obj = Globals(project, engine)


for module in (demo, init, load, loads, check, quarantine, reconcile, report, query, explain, catalog):
    app.command()(getattr(module, module.__name__.rpartition(".")[2]))
