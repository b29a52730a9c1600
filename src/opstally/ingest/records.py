"""The records of an export as they are read: their columns, and the cleaned text of each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from opstally.errors import LoadError, did_you_mean
from opstally.quoting import text

LONGEST_SHOWN: Final = 10_000
"""Characters kept of a line that is no record."""


@dataclass(frozen=True)
class Records:
    """SQL of records with the columns r0, r1, … (for names[0], names[1], …), and the file's position in `file_index`.

    native: the engine's types of typed files, "VARCHAR" for all else. numbered: `_line` holds the line of each record.
    raw: SQL of the whole record as JSON text. broken: SQL that is true for what is no record at all.
    """

    sql: str
    names: tuple[str, ...]
    shown: str
    """The file that a message about the columns names."""
    native: tuple[str, ...]
    raw: str
    numbered: bool = False
    broken: str = ""
    stems: tuple[str, ...] = ()
    """The names of the files, without extensions, by their position."""
    astray: tuple[tuple[str, str], ...] = ()
    """(Name, SQL of the text) of what should hold other values and, where the text is not NULL, does not."""
    width: int = 0
    """The columns of delimited text, in which those that a record lacks are NULL; 0 for what cannot lack any."""
    delimiter: str = ""
    nul: bool = True
    """Whether a text may hold a NUL character: to look for one in every text takes time."""
    lacking: frozenset[str] = frozenset()
    """Columns that earlier files had, and that these may lack."""
    refused: str = ""
    """Why none of the records are taken."""

    @property
    def short(self) -> str:
        """SQL that is true for a record that has too few columns."""
        return f"r{self.width - 1} IS NULL" if self.width > 1 else ""

    @property
    def blank(self) -> str:
        """SQL that is true for a line that is blank, and so no record."""
        if self.broken:
            return "line IS NULL"
        return f"({self.short} AND r1 IS NULL AND trim(r0) = '')" if self.short else ""

    @property
    def line(self) -> str:
        """SQL of the text of a record that has too few columns, as JSON."""
        doubled, special = "'\"' || replace({0}, '\"', '\"\"') || '\"'", f"contains({{0}}, {text(self.delimiter)})"
        cell = f"CASE WHEN {special} OR contains({{0}}, '\"') THEN {doubled} ELSE {{0}} END"
        cells = ", ".join(cell.format(f"r{i}") for i in range(self.width))
        return (
            f"CAST(json_object('line', left(concat_ws({text(self.delimiter)}, {cells}), {LONGEST_SHOWN})) AS VARCHAR)"
        )

    def find(self, name: str) -> int | None:
        """The position of a column: by its exact name, or else the one that differs in case and separators only."""
        if name in self.names:
            return self.names.index(name)
        near = [i for i, other in enumerate(self.names) if squashed(other) == squashed(name)]
        return near[0] if len(near) == 1 else None

    def position(self, name: str) -> int:
        """The same, raising LoadError where there is none."""
        found = self.find(name)
        if found is None:
            raise LoadError(f"{self.shown} has no column {name!r}.{did_you_mean(name, self.names)}")
        return found

    def cleaned(self, at: int, nulls: Sequence[str]) -> str:
        """SQL of a column's text without spaces around it, NULL for nothing and for the texts that mean "no value"."""
        raw = f"r{at}" if self.native[at] == "VARCHAR" else f"CAST(r{at} AS VARCHAR)"
        listed = ", ".join(map(text, ["", *sorted({null.strip() for null in nulls} - {""})]))
        # Few values have spaces around them, and to look for them takes a sixth of the time of taking them off.
        spaced, trimmed = f"{raw} LIKE ' %' OR {raw} LIKE '% '", f"trim({raw})"
        kept = (f"WHEN {value} NOT IN ({listed}) THEN {value}" for value in (trimmed, raw))
        return f"CASE WHEN {spaced} THEN CASE {next(kept)} END {next(kept)} END"


def squashed(name: str) -> str:
    """A name without what spellings differ in: "BilledCost", "billed_cost" and "Billed cost" are alike."""
    return re.sub(r"[\W_]+", "", name).casefold()


def whole_record(names: Sequence[str], typed: bool = False) -> str:
    """SQL of a record as JSON text, by its export's names; a value that is empty is null."""
    # Not a struct: its names may not differ in case only, and those of an export may.
    values = (f"r{i}" if typed else f"nullif(r{i}, '')" for i in range(len(names)))
    pairs = ", ".join(f"{text(name)}, {value}" for name, value in zip(names, values, strict=True))
    return f"CAST(json_object({pairs}) AS VARCHAR)"
