"""The folder of a project: where it is, and whether its engine is one that there is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from opstally.engines import names as engine_names
from opstally.errors import DefinitionError, Problem, UnknownName, UsageError
from opstally.library import PROJECT_FILE

_BEGIN = "'opstally init {}' makes a project, 'opstally demo' a synthetic company."


def find(folder: Path | None) -> Path:
    """The project folder: the one given, or the nearest upwards from here. Raises UsageError where there is none."""
    if folder is not None:
        if not (folder / PROJECT_FILE).is_file():
            raise UsageError(f"{folder} has no {PROJECT_FILE}: {_BEGIN.format(folder)}")
        return folder.resolve()
    here = Path.cwd()
    for candidate in (here, *here.parents):
        if (candidate / PROJECT_FILE).is_file():
            return candidate
    raise UsageError(f"No {PROJECT_FILE} in {here} or above: {_BEGIN.format('.')}")


def engine_problems(folder: Path, problems: Sequence[Problem], engine: str) -> tuple[Problem, ...]:
    """Whether the engine is one that there is; of a project's file with problems, what is written in it."""
    from opstally.yamlfile import read  # lazy: start-up

    known = engine_names()
    if not problems and engine in known:
        return ()
    try:
        file = read(folder / PROJECT_FILE, PROJECT_FILE)
    except (DefinitionError, OSError):
        return ()
    written = file.data.get("engine", "duckdb")
    if not isinstance(written, str) or written in known:
        return ()
    return (Problem(PROJECT_FILE, file.line(("engine",)), str(UnknownName("engine", written, known))),)
