"""Values inside values: dotted names that go down into JSON, and a record for each element of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from opstally.errors import LoadError, did_you_mean
from opstally.expression import parse
from opstally.expression.tree import columns
from opstally.ingest.records import Records
from opstally.model.source import Field_, Source, Target
from opstally.quoting import text

POSITION = "#"
"""Stands for the position of an element in its list, from 1."""
FILE = "$file"
"""Stands for the name of the file, without extensions."""


def used(target: Target) -> set[str]:
    """The names of the export that a target's columns and expressions use, those of elements included."""
    found: set[str] = set()
    for column in target.columns.values():
        told = column if isinstance(column, str) else column.source
        found.update((told,) if isinstance(told, str) else told or ())
        if isinstance(column, Field_) and column.value:
            found.update(c.name for c in columns(parse(column.value)))
    if target.where:
        found.update(c.name for c in columns(parse(target.where)))
    return found | ({target.recency} if target.recency else set())


def dotted(source: Source) -> set[str]:
    """The names with dots that a source's records must have: those used and the lists opened, not those of elements."""
    found: set[str] = set()
    for target in source.targets:
        others = {*target.each, *source.lookups}
        found |= {name for name in (*used(target), *target.each.values()) if _first(name) not in others}
    return {name for name in found if "." in name}


def json_path(steps: Sequence[str]) -> str:
    """JSONPath of steps; a number is a position in a list, from 0, and a negative one counts from its end."""
    return "$" + "".join(map(_step, steps))


def _step(step: str) -> str:
    if step.isdecimal():
        return f"[{step}]"
    if step[:1] == "-" and step[1:].isdecimal():
        return f"[#{step}]"
    return '."' + step.replace('"', '\\"') + '"'


def _taken(cell: str, steps: Sequence[str]) -> str:
    """SQL of what a text column holds at a path, NULL where it is no JSON."""
    return f"CASE WHEN json_valid({cell}) THEN json_extract_string({cell}, {text(json_path(steps))}) END"


def _first(name: str) -> str:
    return name.split(".")[0]


def opened(read: Records, source: Source, target: Target) -> Records:
    """The records with what lies inside them: one for each element of the lists under `each`, and a column for each
    dotted name that leads into a text column.

    Raises LoadError where there is no such list.
    """
    opening = _Opening(read, source)
    for alias, where in target.each.items():
        opening.each(alias, where, target)
    for name in sorted(used(target) - {"*"}):
        if _first(name) in target.each or read.find(name) is None:
            opening.name(name)
    return opening.records()


@dataclass
class _Opening:
    """SQL around SQL. Of each alias in `elements` the element is the column `_e_<alias>`, its place `_n_<alias>`."""

    read: Records
    source: Source
    sql: str = ""
    elements: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    astray: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sql = self.read.sql

    def each(self, alias: str, where: str, target: Target) -> None:
        """Records × elements. What is neither a list nor an object, nor empty, stays one record that is astray."""
        cell = self._list(where, target)
        self._number_lines()
        empty = "[NULL::JSON]" if target.keep_empty else "[]::JSON[]"
        if alias in target.split:
            self._split(alias, cell, target.split[alias], empty)
            return
        is_list = f"CASE WHEN json_valid({cell}) THEN json_type({cell}) END"
        whole = f"({self.read.broken})" if self.read.broken else "false"
        # An object's entries become elements of their own.
        entries = (
            f"list_transform(json_keys({cell}), lambda k: json_object('key', k, 'value', "
            f"json_extract({cell}, '$.\"' || replace(k, '\"', '\\\"') || '\"')))"
        )
        found = (
            f"CASE {is_list} WHEN 'ARRAY' THEN json_extract({cell}, '$[*]') WHEN 'OBJECT' THEN {entries} "
            f"WHEN 'NULL' THEN []::JSON[] END"
        )
        astray = f"({cell} IS NOT NULL AND {found} IS NULL)"
        made = f"CASE WHEN {astray} OR {whole} THEN [NULL::JSON] WHEN len({found}) > 0 THEN {found} ELSE {empty} END"
        self._unnest(alias, made, f", CASE WHEN {astray} THEN {cell} END AS _a_{alias}")
        self.astray.append((where, f"_a_{alias}"))

    def _split(self, alias: str, cell: str, separator: str, empty: str) -> None:
        parts = f"list_filter(string_split_regex({cell}, {text(separator)}), lambda part: trim(part) <> '')"
        found = f"list_transform({parts}, lambda part: to_json(trim(part)))"
        self._unnest(alias, f"CASE WHEN len({found}) > 0 THEN {found} ELSE {empty} END", "")

    def _unnest(self, alias: str, elements: str, beside: str) -> None:
        listed = f"_l_{alias}"
        self.sql = (
            f"(SELECT *, unnest({listed}) AS _e_{alias}, unnest(range(1, len({listed}) + 1)) AS _n_{alias} FROM ("
            f"SELECT *{beside}, {elements} AS {listed} FROM {self.sql}))"
        )
        self.elements.append(alias)

    def name(self, name: str) -> None:
        """A column for a name that is none of the records' own, where it leads anywhere."""
        alias, *steps = name.split(".")
        if name == FILE and self.read.stems:
            self.columns[name] = f"([{', '.join(map(text, self.read.stems))}])[CAST(file_index + 1 AS INTEGER)]"
        elif alias in self.elements:
            if steps == [POSITION]:
                self.columns[name] = f"CAST(_n_{alias} AS VARCHAR)"
            else:
                self.columns[name] = f"json_extract_string(_e_{alias}, {text(json_path(steps))})"
        elif alias not in self.source.lookups and (found := self._inside(name)):
            cell, steps = found
            self.columns[name] = _taken(cell, steps)
            self.astray.append((name, f"CASE WHEN NOT json_valid({cell}) THEN {cell} END"))

    def records(self) -> Records:
        """What was opened."""
        if not self.columns and not self.elements:
            return self.read
        read = self.read
        added = "".join(f", {sql} AS r{len(read.names) + i}" for i, sql in enumerate(self.columns.values()))
        return replace(
            read,
            sql=f"(SELECT *{added} FROM {self.sql})",
            names=(*read.names, *self.columns),
            native=(*read.native, *("VARCHAR" for _ in self.columns)),
            numbered=read.numbered or bool(self.elements and read.broken),
            astray=tuple(dict.fromkeys(self.astray)),
        )

    def _list(self, where: str, target: Target) -> str:
        """SQL of the text of a list."""
        alias, *steps = where.split(".")
        if alias in self.elements:
            return f"json_extract_string(_e_{alias}, {text(json_path(steps))})"
        at = self.read.find(where)
        if at is not None:
            return self._clean(at)
        if found := self._inside(where):
            return _taken(*found)
        if target.optional:
            return "CAST(NULL AS VARCHAR)"
        near = did_you_mean(where, self.read.names)
        raise LoadError(f"{self.read.shown} has no list {where!r}, of which {target.table} takes each element.{near}")

    def _inside(self, name: str) -> tuple[str, list[str]] | None:
        """The text column with the longest name that a dotted name begins with, and the steps down from there."""
        steps = name.split(".")
        for long in range(len(steps) - 1, 0, -1):
            at = self.read.find(".".join(steps[:long]))
            if at is not None:
                return self._clean(at), steps[long:]
        return None

    def _clean(self, at: int) -> str:
        return f"({self.read.cleaned(at, self.source.options.null)})"

    def _number_lines(self) -> None:
        """Once records are multiplied their number no longer tells their line; delimited text is read by lines then."""
        if self.elements or not self.read.broken:
            return
        counted = f"(SELECT *, row_number() OVER () AS _count FROM {self.sql})"
        self.sql = f"(SELECT *, _count - min(_count) OVER (PARTITION BY file_index) + 1 AS _line FROM {counted})"
