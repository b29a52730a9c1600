"""All declarations, of the package and of a project folder, and what is wrong with those that cannot be used."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from opstally.errors import BadRange, DefinitionError, Problem, did_you_mean
from opstally.model.declaration import Declaration
from opstally.model.metric import Metric
from opstally.model.project import Project
from opstally.model.report import Report
from opstally.model.source import Field_, Source
from opstally.model.table import Table
from opstally.period import Calendar
from opstally.remember import remembered

if TYPE_CHECKING:
    from opstally.yamlfile import YamlFile

Steps = tuple[str | int, ...]
"""Where something is in a file: keys and positions, from the outside in."""

D = TypeVar("D", bound=Declaration)
D_co = TypeVar("D_co", bound=Declaration, covariant=True)

CATALOG: Final = Path(__file__).with_name("catalog")
PROJECT_FILE: Final = "opstally.yml"


@dataclass(frozen=True)
class Kind(Generic[D]):
    """What a file can declare: its first key, the folder that it lies in, and its model."""

    key: str
    folder: str
    model: type[D]


TABLES: Final = Kind("table", "tables", Table)
METRICS: Final = Kind("metric", "metrics", Metric)
REPORTS: Final = Kind("report", "reports", Report)
SOURCES: Final = Kind("source", "sources", Source)
KINDS: Final[tuple[Kind[Any], ...]] = (TABLES, METRICS, REPORTS, SOURCES)


@dataclass(frozen=True)
class Declared(Generic[D_co]):
    """A declaration and where it stands. `overrides` is the packaged file that a project's file replaces."""

    declaration: D_co
    file: str
    overrides: str | None = None
    path: str | None = field(default=None, repr=False, compare=False)

    def line_of(self, steps: Steps) -> int:
        """The line of a key or item, 0 where the declaration did not come from a file."""
        if self.path is None:
            return 0
        from opstally.yamlfile import read  # lazy: start-up

        return read(Path(self.path), self.file).line(steps)

    def problem(self, steps: Steps, message: str) -> Problem:
        """What is wrong at a key or item of this declaration."""
        return Problem(self.file, self.line_of(steps), message)


@dataclass(frozen=True)
class Library:
    """Declarations by name, sorted. What has problems is not in it, but in `left_out`: (kind's key, name) → file.

    A project's file with problems takes the packaged declaration of its name out too: a number must not silently come
    from another definition than the one that somebody wrote.
    """

    tables: Mapping[str, Declared[Table]]
    metrics: Mapping[str, Declared[Metric]]
    reports: Mapping[str, Declared[Report]]
    sources: Mapping[str, Declared[Source]]
    problems: tuple[Problem, ...] = ()
    left_out: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def stored(self) -> dict[str, Table]:
        """The tables that are stored, by name; the others are made from them when asked for."""
        return {name: d.declaration for name, d in self.tables.items() if d.declaration.derived is None}

    def overriding(self) -> list[Declared[Any]]:
        """The project's declarations that are in place of packaged ones."""
        kinds: tuple[Mapping[str, Declared[Any]], ...] = (self.tables, self.metrics, self.reports, self.sources)
        return [declared for kind in kinds for declared in kind.values() if declared.overrides]


def load(project: Path | None = None) -> Library:
    """The package's declarations, with those of a project folder added to them or in their place."""
    problems: list[Problem] = []
    left_out: dict[tuple[str, str], str] = {}

    origins = [_shelves(CATALOG, "catalog/")]
    if project is not None:
        origins.append(_shelves(project.resolve(), ""))

    def merged(kind: Kind[D]) -> Mapping[str, Declared[D]]:
        found: dict[str, Declared[D]] = {}
        for shelves in origins:
            shelf = shelves[kind.key]
            problems.extend(shelf.problems)
            for name, file in shelf.broken.items():
                found.pop(name, None)
                left_out[kind.key, name] = file
            for name, declared in shelf.good.items():
                before = found.get(name)
                found[name] = replace(declared, overrides=before.file) if before is not None else declared
                left_out.pop((kind.key, name), None)
        return MappingProxyType(dict(sorted(found.items())))

    tables, metrics, reports, sources = merged(TABLES), merged(METRICS), merged(REPORTS), merged(SOURCES)
    return Library(tables, metrics, reports, sources, tuple(sorted(problems)), MappingProxyType(left_out))


def read_project(folder: Path) -> tuple[Project, tuple[Problem, ...]]:
    """A folder's `opstally.yml`. With problems, the project is the default one and not to be computed with."""
    if not (folder / PROJECT_FILE).is_file():
        missing = f"is not in {folder}. 'opstally init' makes a new project, 'opstally demo' a synthetic company."
        return Project(), (Problem(PROJECT_FILE, 0, missing),)
    path = (folder / PROJECT_FILE).resolve()
    return remembered(str(path), [path], lambda: _project(path))


def _project(path: Path) -> tuple[Project, tuple[Problem, ...]]:
    from opstally.validate import declaration  # lazy: start-up
    from opstally.yamlfile import read  # lazy: start-up

    try:
        file = read(path, PROJECT_FILE)
    except DefinitionError as error:
        return Project(), error.problems
    try:
        project = declaration(file, Project)
    except DefinitionError as error:
        # All that can be told of the file at once, so that it is mended once.
        return Project(), tuple(sorted({*error.problems, *_zone_problems(file, _written_zones(file.data))}))
    problems = tuple(_zone_problems(file, _zones(project)))
    return (Project() if problems else project), problems


def json_schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema of each kind of file, by its first key, and of `opstally.yml` as "project"; for editors."""
    from opstally.validate import schema  # lazy: start-up

    models: dict[str, type[Declaration]] = {kind.key: kind.model for kind in KINDS} | {"project": Project}
    return {key: schema(model) for key, model in models.items()}


@dataclass
class _Shelf(Generic[D]):
    """One kind's declarations of one origin. `broken`: name → the file that should have declared it."""

    good: dict[str, Declared[D]]
    broken: dict[str, str]
    problems: list[Problem]

    def leave_out(self, names: Iterable[str], file: str, problems: Iterable[Problem]) -> None:
        self.problems += problems
        for name in names:
            self.good.pop(name, None)
            self.broken.setdefault(name, file)


def _shelves(root: Path, shown_root: str) -> dict[str, _Shelf[Any]]:
    """All that one origin declares, by the kind's key."""
    files = [path for kind in KINDS for path in _yaml_files(root / kind.folder)]
    return remembered(str(root), files, lambda: {kind.key: _shelf(kind, root, shown_root) for kind in KINDS})


def _shelf(kind: Kind[D], root: Path, shown_root: str) -> _Shelf[D]:
    shelf: _Shelf[D] = _Shelf({}, {}, [])
    first: dict[str, str] = {}
    for path in _yaml_files(root / kind.folder):
        stem, shown = path.stem, shown_root + path.relative_to(root).as_posix()
        if stem in first:
            message = f"{kind.key} {stem!r} is declared in {first[stem]} too; remove one of the two."
            shelf.leave_out([stem], first[stem], [Problem(shown, 1, message)])
            continue
        first[stem] = shown
        try:
            declared = _declared(kind, path, shown)
        except DefinitionError as error:
            shelf.leave_out([stem], shown, error.problems)
            continue
        name = getattr(declared.declaration, kind.key)
        if name == stem:
            shelf.good[name] = declared
        else:
            message = f"declares {kind.key} {name!r}, so the file's name must be {name}{path.suffix}."
            # What was meant as `name` must not fall back to the package's; a file of that name settles it.
            meant = [stem] if name in shelf.good else [stem, name]
            shelf.leave_out(meant, shown, [declared.problem((kind.key,), message)])
    return shelf


def _yaml_files(folder: Path) -> Iterator[Path]:
    """*.yml and *.yaml at any depth, in an order that is the same everywhere; hidden files are not definitions."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.endswith((".yml", ".yaml")) and not name.startswith("."):
                yield Path(parent, name)


def _declared(kind: Kind[D], path: Path, shown: str) -> Declared[D]:
    from opstally.validate import declaration  # lazy: start-up
    from opstally.yamlfile import read  # lazy: start-up

    file = read(path, shown)
    _refuse_other_kind(kind, file)
    found = declaration(file, kind.model)
    if problems := tuple(_zone_problems(file, _zones(found))):
        raise DefinitionError(problems)
    return Declared(found, shown, path=str(path))


def _refuse_other_kind(kind: Kind[Any], file: YamlFile) -> None:
    first = next(iter(file.data), "")
    if first == kind.key:
        return
    other = next((k for k in KINDS if k.key == first), None)
    if other is not None:
        message = f"declares a {other.key}, but lies in {kind.folder}/; move it to {other.folder}/."
    else:
        near = did_you_mean(first, [kind.key]) if kind.key not in file.data else ""
        near = near if "Did you mean" in near else ""
        message = f"a file in {kind.folder}/ starts with '{kind.key}: NAME', not with {first!r}.{near}"
    raise DefinitionError([Problem(file.shown, file.line((first,)), message)])


def _zones(found: Declaration) -> dict[Steps, str | None]:
    """The time zones that a declaration names."""
    zones: dict[Steps, str | None] = {}
    if isinstance(found, Project):
        zones["timezone",] = found.timezone
        zones |= {("sources", at, "timezone"): feed.timezone for at, feed in enumerate(found.sources)}
    if isinstance(found, Source):
        zones["timezone",] = found.timezone
        for at, target in enumerate(found.targets):
            columns = ((name, column) for name, column in target.columns.items() if isinstance(column, Field_))
            zones |= {("targets", at, "columns", name, "timezone"): column.timezone for name, column in columns}
    return zones


def _written_zones(data: Mapping[str, Any]) -> dict[Steps, str | None]:
    """The time zones that a project's file names, whatever else is wrong in it."""
    feeds = data.get("sources")
    found: dict[Steps, Any] = {("timezone",): data.get("timezone")}
    for at, feed in enumerate(feeds if isinstance(feeds, list) else ()):
        found["sources", at, "timezone"] = feed.get("timezone") if isinstance(feed, dict) else None
    return {steps: zone for steps, zone in found.items() if isinstance(zone, str)}


def _zone_problems(file: YamlFile, zones: Mapping[Steps, str | None]) -> Iterator[Problem]:
    for steps, zone in zones.items():
        try:
            Calendar(zone or "UTC")
        except BadRange as error:
            yield Problem(file.shown, file.line(steps), str(error))
