"""Which files are loaded, and by which source: every file by exactly one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from opstally.errors import DefinitionError, LoadError, UnknownName
from opstally.ingest.exports import Export
from opstally.ingest.files import FORMATS, DataFile, matching
from opstally.ingest.peek import matches, peek
from opstally.ingest.records import squashed
from opstally.library import Library
from opstally.model.project import Project
from opstally.model.source import Source, Target
from opstally.model.table import Table

DATA: Final = "data"
"""The folder of a project in which exports lie."""

_LIKE_DATA: Final = (*FORMATS, ".xlsx", ".xls", ".ods", ".xml", ".xes", ".zip", ".avro", ".orc", ".db", ".sqlite")


@dataclass(frozen=True)
class Intake:
    """A source and the files that it reads. `own_names`: the files name their table and its columns themselves."""

    name: str
    source: Source
    files: tuple[DataFile, ...]
    own_names: bool = False

    def mapper(self, table: Table, target: Target) -> Callable[[Sequence[Export]], tuple[Source, Target]]:
        """How files that are alike are mapped."""
        if not self.own_names:
            return lambda _: (self.source, target)
        return lambda group: (self.source, by_name(table, group[0]))


@dataclass(frozen=True)
class Intakes:
    """What is loaded, in order; sentences about files that are not; sentences about sources that cannot be."""

    found: tuple[Intake, ...]
    notes: tuple[str, ...]
    errors: tuple[str, ...]


def intakes(library: Library, project: Project, folder: Path, only: Sequence[str]) -> Intakes:
    """All sources with files: named in opstally.yml, then declared in the project with files, then those whose exports
    are recognised in data/, then files named after a table. `only` keeps the sources and tables of these names.

    Raises UnknownName for a name that is none, and DefinitionError for that of a source, or table, that is broken.
    """
    collected = _Collected()
    for declared in (_feeds(library, project, folder), _own(library, project, folder)):
        collected.take(declared)
    lying = [file for file in matching(folder, (f"{DATA}/**/*",)) if not file.path.name.startswith(".")]
    collected.take(_recognised(library, collected.free(lying)))
    collected.take(_named_after_tables(library, folder, collected.free(lying)))
    found = [i for i in collected.found if not only or i.name in only or any(t.table in only for t in i.source.targets)]
    broken = [p for p in library.problems if p.file.startswith(("sources/", "tables/"))]
    for name in only:
        if files := {library.left_out.get((kind, name)) for kind in ("source", "table")} - {None}:
            raise DefinitionError([p for p in broken if p.file in files])
        if not any(name == i.name or any(t.table == name for t in i.source.targets) for i in collected.found):
            raise UnknownName("source", name, _names(collected.found), "with files in this project")
    if only:
        return Intakes(tuple(found), (), tuple(collected.errors))
    errors = (*map(str, broken), *collected.errors)
    return Intakes(tuple(found), tuple(_not_loaded(_unused(collected, lying))), errors)


def _names(found: Sequence[Intake]) -> set[str]:
    return {i.name for i in found} | {t.table for i in found for t in i.source.targets}


class _Collected:
    """Sources with their files, as they are found; a file that two want is an error."""

    def __init__(self) -> None:
        self.found: list[Intake] = []
        self.errors: list[str] = []
        self.taken: dict[Path, str] = {}

    def take(self, wanted: Iterator[Intake | LoadError]) -> None:
        for intake in wanted:
            if isinstance(intake, LoadError):
                self.errors.append(str(intake))
            elif both := [
                (f.shown, self.taken[f.path.resolve()]) for f in intake.files if f.path.resolve() in self.taken
            ]:
                self.errors.append(
                    f"{both[0][0]} is read by {both[0][1]} and by {intake.name}: "
                    "leave it to one of them, by the `files` of each."
                )
            elif unnamed := [told for file in intake.files if (told := _unusable_name(file))]:
                self.errors.append(unnamed[0])
            else:
                self.found.append(intake)
                self.taken |= {file.path.resolve(): intake.name for file in intake.files}

    def free(self, files: Sequence[DataFile]) -> list[DataFile]:
        """Those that no source has taken."""
        return [file for file in files if file.path.resolve() not in self.taken]


def _unusable_name(file: DataFile) -> str | None:
    if any("\udc80" <= c <= "\udcff" for c in file.shown):
        shown = file.shown.encode(errors="surrogateescape").decode(errors="replace")
        return f"{shown}: the file's name is not UTF-8 text. Rename it, then load again."
    if file.zipped and "?" in str(file.path):  # where the name ends for the engine, which then unzips nothing
        return f"{file.shown}: a zipped file's name must not have a question mark. Rename it, then load again."
    return None


def _feeds(library: Library, project: Project, folder: Path) -> Iterator[Intake | LoadError]:
    for feed in project.sources:
        declared = library.sources.get(feed.source)
        if declared is None:
            yield LoadError(f"opstally.yml: {UnknownName('source', feed.source, library.sources)}")
            continue
        source = declared.declaration
        source = replace(source, timezone=feed.timezone or source.timezone, epoch=feed.epoch or source.epoch)
        yield _with_files(source, feed.files or source.files, folder, "opstally.yml")


def _own(library: Library, project: Project, folder: Path) -> Iterator[Intake | LoadError]:
    """Sources of the project's own folder that say their files."""
    fed = {feed.source for feed in project.sources}
    for name, declared in library.sources.items():
        if name in fed or declared.file.startswith("catalog/"):
            continue
        if declared.declaration.files or declared.declaration.pull is not None:
            yield _with_files(declared.declaration, declared.declaration.files, folder, declared.file)


def _with_files(source: Source, patterns: Sequence[str], folder: Path, where: str) -> Intake | LoadError:
    if source.pull is not None:
        return Intake(source.source, source, ())
    if not patterns:
        return LoadError(f"{where}: source {source.source} says no files. Give it `files`, such as {DATA}/*.csv.")
    files = matching(folder, patterns)
    if not files:
        return LoadError(
            f"{where}: no file matches {' or '.join(patterns)} of source {source.source} in {folder}. "
            "Put the export there, or mend the source's `files`."
        )
    return Intake(source.source, source, tuple(files))


def _recognised(library: Library, files: Sequence[DataFile]) -> Iterator[Intake | LoadError]:
    """Sources of the package whose exports lie in data/: by file name and header, the most particular one."""
    takers: dict[str, list[DataFile]] = {}
    for file in files:
        known = recognised_by(file, shipped(library))
        best = [name for columns, name in known if columns == max(known)[0]]
        if len(best) > 1:
            yield LoadError(
                f"{file.shown} looks like an export of {' and of '.join(best)}. Say in opstally.yml which it is: "
                f"sources: [{{source: {best[0]}, files: [{file.shown}]}}]."
            )
        elif best:
            takers.setdefault(best[0], []).append(file)
    for name, taken in sorted(takers.items()):
        yield Intake(name, library.sources[name].declaration, tuple(taken))


def shipped(library: Library) -> dict[str, Source]:
    """The sources of the package by name; those of a project say their files themselves."""
    return {name: d.declaration for name, d in library.sources.items() if d.file.startswith("catalog/")}


def recognised_by(file: DataFile, sources: Mapping[str, Source]) -> list[tuple[int, str]]:
    """(Columns that tell it, name) of each source whose exports look like this file."""
    glance = peek(file)
    if glance is None:
        return []
    return [(len(s.match.columns), name) for name, s in sources.items() if _named(s, file) and matches(s, glance)]


def _named(source: Source, file: DataFile) -> bool:
    patterns = source.match.files
    return not patterns or any(fnmatch(file.path.name.lower(), pattern.lower()) for pattern in patterns)


def _named_after_tables(library: Library, folder: Path, files: Sequence[DataFile]) -> Iterator[Intake]:
    """Files data/<table>.csv and data/<table>/*.csv."""
    stored = {name: d.declaration for name, d in library.tables.items() if d.declaration.columns}
    taken: dict[str, list[DataFile]] = {}
    for file in files:
        below = file.path.relative_to(folder / DATA).parts
        name = below[0] if len(below) == 2 else file.stem if len(below) == 1 else ""
        if name in stored and not stored[name].made_from and file.format() is not None:
            taken.setdefault(name, []).append(file)
    for name, own in sorted(taken.items()):
        yield Intake(name, _by_name(name), tuple(own), own_names=True)


def _by_name(table: str) -> Source:
    return Source(source=table, label=table, targets=(Target(table=table, columns={}),))


def by_name(table: Table, export: Export) -> Target:
    """The mapping of a file whose columns are called as the table's, or as their aliases, whatever the spelling."""
    known = {squashed(name): name for name in reversed(export.names)}
    columns: dict[str, str] = {}
    for taken_as_alias in (False, True):
        for name, column in table.columns.items():
            for spelled in column.aliases if taken_as_alias else (name,):
                theirs = known.get(squashed(spelled))
                if name not in columns and theirs is not None and theirs not in columns.values():
                    columns[name] = theirs
    return Target(table=table.table, columns=dict(columns))


def spellings(table: Table) -> dict[str, str]:
    """Every name by which a column is known, spelled as plainly as can be → the column; its own name goes first."""
    aliases = {squashed(alias): name for name, column in table.columns.items() for alias in column.aliases}
    return {**aliases, **{squashed(name): name for name in table.columns}}


def _unused(collected: _Collected, lying: Sequence[DataFile]) -> list[DataFile]:
    """The files that nobody reads, nor looks anything up in."""
    looked_up = [
        (file.path.parent, pattern)
        for intake in collected.found
        for lookup in intake.source.lookups.values()
        for pattern in lookup.files
        for file in intake.files
    ]
    return [
        file
        for file in collected.free(lying)
        if not any(file.path.parent == folder and fnmatch(file.path.name, pattern) for folder, pattern in looked_up)
    ]


def _not_loaded(files: Sequence[DataFile]) -> Iterator[str]:
    for file in files:
        if file.suffix in _LIKE_DATA and file.format() is None:
            yield (
                f"{file.shown} is not loaded: {file.suffix} is no format that can be read. Save it as CSV (or JSON, "
                "Parquet, XES)."
            )
        elif file.suffix in _LIKE_DATA:
            yield (
                f"{file.shown} is not loaded: no source recognises it. "
                f"Name it after a table ({DATA}/support_tickets.csv), "
                f"or describe it in sources/{squashed(file.stem) or 'mine'}.yml."
            )


__all__ = ["Intake", "Intakes", "by_name", "intakes", "spellings"]
