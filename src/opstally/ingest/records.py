"""The records of an export as they are read: their columns, and the cleaned text of each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from opstally.errors import LoadError, did_you_mean
from opstally.store import text


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
    lacking: frozenset[str] = frozenset()
    """Columns that earlier files had, and that these may lack."""
    refused: str = ""
    """Why none of the records are taken."""

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
        absent = sorted({null.strip() for null in nulls} - {""})
        if not absent:
            return f"nullif(trim({raw}), '')"
        listed = ", ".join(map(text, ["", *absent]))
        return f"CASE WHEN trim({raw}) NOT IN ({listed}) THEN trim({raw}) END"


def squashed(name: str) -> str:
    """A name without what spellings differ in: "BilledCost", "billed_cost" and "Billed cost" are alike."""
    return re.sub(r"[\W_]+", "", name).casefold()


def whole_record(names: Sequence[str]) -> str:
    """SQL of a record as JSON text, by its export's names."""
    # Not a struct: its names may not differ in case only, and those of an export may.
    return f"CAST(json_object({', '.join(f'{text(name)}, r{i}' for i, name in enumerate(names))}) AS VARCHAR)"
