"""What to do with files: the sources that know them, or new ones made for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from opstally.ingest.files import DataFile, natural, shown
from opstally.ingest.intake import shipped
from opstally.ingest.peek import Glance, matches, peek
from opstally.ingest.records import squashed
from opstally.ingest.values import OFFSET
from opstally.library import Library
from opstally.model.source import Field_, Source
from opstally.model.table import Table
from opstally.recognise.fit import Fit, fits
from opstally.recognise.kinds import Kind, kind_of
from opstally.recognise.names import parts
from opstally.recognise.preview import Preview, previews
from opstally.recognise.text import source_text
from opstally.validate import declaration
from opstally.yamlfile import YamlFile

FROM_WHEN: Final = "from which moment do its times count seconds? Only the exporter knows; say it as epoch, in UTC"

_DEEPEST: Final = 3
"""Levels of objects in JSON records whose values become columns of a proposal."""


@dataclass(frozen=True)
class ProposedSource:
    """A source for some of the files. `text` is its YAML where it is new; a shipped one needs none."""

    name: str
    files: tuple[str, ...]
    text: str
    why: str
    previews: tuple[Preview, ...]
    questions: tuple[str, ...] = ()

    @property
    def shipped(self) -> bool:
        return not self.text


@dataclass(frozen=True)
class Proposal:
    """All sources proposed, and sentences about files for which there is none."""

    sources: tuple[ProposedSource, ...]
    left: tuple[str, ...] = ()


def propose(files: Sequence[Path], library: Library, folder: Path | None = None, zone: str | None = None) -> Proposal:
    """Look at files and say how each could be loaded; the same files give the same proposal.

    `folder` is the project's, below which files are named from there. `zone`: the time zone of times without an offset,
    where somebody knows it.
    """
    tables = {name: d.declaration for name, d in library.tables.items()}
    groups: dict[Any, list[Glance]] = {}
    left: list[str] = []
    for file in sorted((_file(path, folder) for path in files), key=natural):
        glance = peek(file)
        if glance is None:
            left.append(f"{file.shown} is empty, or in no format that can be read (CSV, JSON, YAML, Parquet, XES).")
            continue
        known = _recognised(glance, shipped(library))
        groups.setdefault(known or _alike(glance), []).append(glance)
    found: list[ProposedSource] = []
    names: set[str] = set(library.sources)
    for key, glances in groups.items():
        one = _known(library, key, glances, tables) if isinstance(key, str) else _new(glances, tables, names, zone)
        if one is None:
            named = ", ".join(g.file.shown for g in glances)
            left.append(f"{named}: no table fits. Its columns are {', '.join([*_columns(glances[0])[1]][:12])}.")
        else:
            found.append(one)
            names.add(one.name)
    return Proposal(tuple(found), tuple(left))


def _file(path: Path, folder: Path | None) -> DataFile:
    return DataFile(path, shown(path.resolve(), folder.resolve()) if folder is not None else str(path))


def _recognised(glance: Glance, sources: Mapping[str, Source]) -> str | None:
    known = sorted(((len(s.match.columns), name) for name, s in sources.items() if matches(s, glance)), reverse=True)
    return known[0][1] if known else None


def _alike(glance: Glance) -> tuple[Any, ...]:
    return glance.format, glance.columns(), glance.shape and glance.shape.delimiter, glance.encoding


def _known(library: Library, name: str, glances: Sequence[Glance], tables: Mapping[str, Table]) -> ProposedSource:
    source = library.sources[name].declaration
    unknown = source.epoch is None and any(
        isinstance(how, Field_) and how.format == OFFSET for target in source.targets for how in target.columns.values()
    )
    # Any moment will do to see the rest.
    tried = previews(replace(source, epoch="1970-01-01") if unknown else source, [g.file for g in glances], tables)
    questions = [p.problem for p in tried if p.problem]
    questions += [FROM_WHEN] if unknown else []
    why = f"the columns {', '.join(source.match.columns[:5])} tell an export of {source.label}"
    files = tuple(g.file.shown for g in glances)
    return ProposedSource(name, files, "", why, tuple(tried), tuple(dict.fromkeys(questions)))


def _new(
    glances: Sequence[Glance], tables: Mapping[str, Table], names: set[str], zone: str | None
) -> ProposedSource | None:
    glance = glances[0]
    path, columns = _columns(glance)
    ranked = fits(tables, columns, glance.file.stem)
    if not ranked:
        return None
    name = _name(glance.file.stem, names)
    files = tuple(g.file.shown for g in glances)
    options = _options(glance, path, columns, ranked[0])
    text = source_text(name, files, glance.file, glance.format, options, columns, ranked[0], ranked[1:], zone)
    source = declaration(YamlFile(yaml.safe_load(text), f"sources/{name}.yml", text), Source)
    tried = previews(source, [g.file for g in glances], tables)
    questions = [line.strip(" #").removeprefix("QUESTION: ") for line in text.splitlines() if "# QUESTION: " in line]
    why = f"its columns fit {ranked[0].table.table} best"
    return ProposedSource(name, files, text, why, tuple(tried), tuple(questions))


def _columns(glance: Glance) -> tuple[str | None, dict[str, Kind]]:
    """Where the records are, and the kind of each of their columns, values in objects by dotted names."""
    path = max(glance.records, key=lambda p: (len(glance.records[p]), p)) if glance.format == "json" else ""
    flat = [dict(_flat(record)) for record in glance.at(path)]
    names = glance.names or tuple(dict.fromkeys(name for record in flat for name in record))
    return path or None, {name: kind_of(record.get(name) for record in flat) for name in names}


def _flat(record: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in record.items():
        if isinstance(value, dict) and before.count(".") < _DEEPEST - 1:
            found += _flat(value, f"{before}{key}.")
        elif not isinstance(value, (dict, list)):
            found.append((before + key, value))
    return found


def _options(glance: Glance, path: str | None, columns: Mapping[str, Kind], best: Fit) -> dict[str, Any]:
    options: dict[str, Any] = {"records": path} if path else {}
    if glance.shape is not None:
        options |= {"delimiter": glance.shape.delimiter} if glance.shape.delimiter != "," else {}
        options |= {"encoding": glance.encoding} if glance.encoding != "utf-8" else {}
        base = [name.rpartition(".")[0] for name in glance.names if name.rpartition(".")[2].isdecimal()]
        options |= {"repeated": "number"} if set(base) & set(glance.names) else {}
    nulls = sorted({null for one in best.matched for null in columns[one.theirs].nulls})
    return options | ({"null": ["", *nulls]} if nulls else {})


def _name(stem: str, taken: set[str]) -> str:
    words = [part for part in parts(stem) if part.isascii() and part.isalnum()]
    name = "_".join(words) or squashed(stem) or "export"
    name = name if name[0].isalpha() else f"export_{name}"
    number = 2
    chosen = name
    while chosen in taken:
        chosen, number = f"{name}_{number}", number + 1
    return chosen
