"""One load: every source in turn, each wholly in, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from opstally import derive
from opstally.errors import DiskError, OpstallyError, StoreError
from opstally.ingest.files import size
from opstally.ingest.intake import Intake, intakes
from opstally.ingest.manifest import refuse
from opstally.ingest.source_load import Settle, SourceLoad, stored
from opstally.ingest.summary import Loaded, LoadedFile, LoadSummary, Progress, Silent
from opstally.library import Library
from opstally.model.project import Project
from opstally.model.source import Source
from opstally.refusals import disk_error, first_line
from opstally.store import Store


def load(
    store: Store, library: Library, project: Project, folder: Path, only: Sequence[str] = (),
    progress: Progress | None = None,
) -> LoadSummary:  # fmt: skip
    """Read the exports of a project into its store; `only` the sources, or tables, of these names.

    A source that fails leaves its tables as they were, and does not keep the others from being loaded, unless the disk
    is at fault; the summary says why. Raises UnknownName for a name in `only` that is none, UsageError for a calendar
    that cannot be used.
    """
    derive.accept(project)
    found = intakes(library, project, folder, only)
    told = progress or Silent()
    loaded: list[Loaded] = []
    files: list[LoadedFile] = []
    notes, errors = list(found.notes), list(found.errors)
    made: tuple[derive.Made, ...] | None = ()
    for intake in found.found:
        told.source(intake.name, len(intake.files), sum(size(file) for file in intake.files))
        try:
            took = SourceLoad(store, library, project, intake, told).load()
        except DiskError as problem:  # the others would fail in the same way
            told.done(())
            return LoadSummary(tuple(loaded), tuple(files), tuple(notes), (*errors, str(problem)), made or ())
        except OpstallyError as problem:
            errors.append(str(problem))
            refuse(store.connection, intake.name, problem)
            told.done(())
            continue
        loaded += took.loaded
        files += took.files
        notes += took.notes
        made = None if took.made is None or made is None else took.made or made
        told.done(took.loaded)
    summary = LoadSummary(tuple(loaded), tuple(files), tuple(notes), tuple(errors), made or ())
    return finish(store, library, project, summary)


def finish(store: Store, library: Library, project: Project, summary: LoadSummary) -> LoadSummary:
    """Make anew what is made from loaded rows, unless that came with them, and put all of it in place."""
    errors = list(summary.errors)
    made = summary.made or (_derive(store, library, project, errors) if summary.loaded else ())
    try:
        store.checkpoint()
    except StoreError as problem:
        errors.append(str(problem))
    notes = (*summary.notes, *(note for one in made for note in one.notes))
    return replace(summary, notes=notes, errors=tuple(errors), made=made)


def load_intake(
    store: Store, library: Library, project: Project, intake: Intake, told: Progress, origin: Source,
    settle: Settle,
) -> LoadSummary:  # fmt: skip
    """Take in mended records of a source, which `origin` describes. Raises LoadError or StoreError."""
    told.source(intake.name, len(intake.files), sum(size(file) for file in intake.files))
    took = SourceLoad(store, library, project, intake, told, origin, settle).load()
    told.done(took.loaded)
    return LoadSummary(tuple(took.loaded), tuple(took.files), tuple(took.notes), (), took.made or ())


def _derive(store: Store, library: Library, project: Project, errors: list[str]) -> tuple[derive.Made, ...]:
    """Make anew what is made from the loaded rows; where that fails, they are in all the same."""
    import duckdb  # lazy: 0.15 s

    try:
        with store.transaction() as connection:
            return derive.run(connection, stored(library), project)
    except OpstallyError as problem:
        errors.append(str(problem))
    except duckdb.Error as problem:
        told = f"{store.path}: nothing could be made from the loaded rows ({first_line(problem)})."
        failed = disk_error(store.path, problem, "The rows are loaded, but nothing could be made from them.")
        errors.append(str(failed or told))
    return ()
