"""Every error that Opstally raises on purpose.

OpstallyError                 one sentence: what, where, what next
├── UsageError                the command or call is wrong                   exit code 2
│   ├── UnknownName           no such metric, dimension, report, …           names the nearest
│   ├── BadRange              a period or date that cannot be read
│   ├── BadExpression         a filter or definition that cannot be parsed or does not fit its table
│   │   └── Ambiguous         a name in it that could be one of several columns
│   └── NotShared             a dimension or filter that one of the facts does not have
├── DefinitionError           declarations with problems, all of them together  exit code 1
├── NoData                    a table that the question needs is not there   exit code 1
├── LoadError                 an export that cannot be taken in              exit code 1
├── StoreError                the project's database cannot be used          exit code 1
│   ├── StoreBehind           for columns were declared since it was written
│   └── DiskError             because its disk is full, or fails
└── EngineError               an engine refused, or does not offer a word    exit code 1
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar


class OpstallyError(Exception):
    """A sentence for the person who can mend it. Never shown as a traceback."""

    exit_code: ClassVar[int] = 1


class UsageError(OpstallyError):
    """The command, call or parameter is wrong."""

    exit_code = 2


class UnknownName(UsageError):
    """No such metric, dimension, report, table, …; says which names are near, or where to look them up."""

    LISTED: ClassVar[dict[str, str]] = {
        "metric": "'opstally catalog metrics' lists them.",
        "report": "'opstally catalog reports' lists them.",
        "table": "'opstally catalog tables' lists them.",
        "source": "'opstally catalog sources' lists them.",
        "kind or name": "'opstally catalog' shows what there is.",
        "dimension": "'opstally catalog metrics NAME' lists what a metric can be split by.",
    }

    def __init__(self, kind: str, name: str, known: Iterable[str], where: str = "") -> None:
        self.kind, self.name = kind, name
        place = f" {where}" if where else ""
        near = did_you_mean(name, known)
        if not near and kind in self.LISTED:
            near = f" {self.LISTED[kind]}"
        super().__init__(f"There is no {kind} {name!r}{place}.{near}")


class BadRange(UsageError):
    """A period, grain or date that cannot be read."""


class BadExpression(UsageError):
    """An expression that cannot be parsed, or does not fit the columns it names.

    `position` is the offset of the offending character in `text`.
    """

    def __init__(self, message: str, text: str = "", position: int = 0) -> None:
        self.message, self.text, self.position = message, text, position
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        if not self.text:
            return self.message
        start = max(0, self.position - 30)
        shown = self.text[start : self.position + 40].replace("\n", " ")
        whole = self.text.strip() if len(self.text) <= 400 else f"…{shown}…"
        return f"{self.message} (at {shown[self.position - start :].strip() or 'the end'!r} in {whole!r})"

    def within(self, text: str) -> BadExpression:
        """The same problem, with the text in which it stands, where that is not told yet."""
        return self if self.text else type(self)(self.message, text, self.position)


class Ambiguous(BadExpression):
    """A name that could be one of several columns; says which."""


class NotShared(UsageError):
    """A dimension or filter that one of the facts asked for does not have."""


class NoData(OpstallyError):
    """A table that the question needs is not loaded."""

    def __init__(self, tables: Sequence[str], what: str = "This") -> None:
        self.tables = tuple(tables)
        noun = "table" if len(self.tables) == 1 else "tables"
        super().__init__(f"{what} has no data: needs {noun} {', '.join(self.tables)}.")


class LoadError(OpstallyError):
    """An export that cannot be taken in; nothing of it was."""


class StoreError(OpstallyError):
    """The project's database cannot be opened, read or written."""


class StoreBehind(StoreError):
    """The project's database lacks columns that have been declared since it was written."""


class DiskError(StoreError):
    """The disk that the project's database is on is full, has become read-only, or fails."""


class EngineError(OpstallyError):
    """An engine refused a query, or does not offer a word of the vocabulary."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a declaration, as data: the file, its line, and what to do."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


class DefinitionError(OpstallyError):
    """Declarations that cannot be used, all problems together."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{count} problem{'s' if count != 1 else ''} in the definitions:"
        super().__init__("\n".join([head, *(f"  {problem}" for problem in self.problems)]))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """ " Did you mean 'x'?" with the nearest of the known names, or the names where they are few, or nothing."""
    names = sorted(set(known))
    near = nearest(name, names)
    if near:
        return f" Did you mean {' or '.join(map(repr, near))}?"
    return f" There are: {', '.join(names)}." if 0 < len(names) <= 12 else ""


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Up to three of the known names that resemble one, whatever their case; the most alike first."""
    lowered = {candidate.lower(): candidate for candidate in known}
    return [lowered[near] for near in difflib.get_close_matches(name.lower(), lowered, n=3, cutoff=0.6)]
