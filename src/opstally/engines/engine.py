"""What an engine is: a spelling of the vocabulary, and a way to run SQL."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from opstally.period import Grain

Scalar = str | int | float | bool | dt.date | dt.datetime | None
Spelling = str | Callable[[Sequence[str]], str]
"""A format text with {0}, {1}, …, or a function of the arguments' SQL."""


class Engine(ABC):
    """One SQL engine, connected.

    `spelling` has every word of the vocabulary (those of `opstally.expression.vocabulary`, with the words about the
    period already replaced) but those in `not_offered`, which gives the reason.
    """

    name: ClassVar[str]
    spelling: ClassVar[Mapping[str, Spelling]]
    not_offered: ClassVar[Mapping[str, str]] = {}
    types: ClassVar[Mapping[str, str]]
    """Column type → the engine's type."""

    @abstractmethod
    def version(self) -> str:
        """Name and version, as a receipt shows it."""

    @abstractmethod
    def run(self, sql: str) -> list[tuple[object, ...]]:
        """All rows of a query. Raises EngineError with the engine's own words."""

    @abstractmethod
    def tables(self) -> frozenset[str]:
        """The canonical tables that are there and hold at least one row."""

    @abstractmethod
    def bucket(self, day: str, grain: Grain, week_start: int, fiscal_start: int) -> str:
        """SQL of the first day of the bucket that holds `day`, as a date.

        week_start: 0 Monday … 6 Sunday; fiscal_start: the month (1–12) in which quarters and years start.
        """

    @abstractmethod
    def close(self) -> None:
        """Give the connection back."""

    def loaded_at(self, table: str) -> dt.datetime | None:  # noqa: ARG002
        """When a table was last loaded, in UTC; None where the engine does not know."""
        return None

    def quarantined(self) -> list[tuple[str, str, str, int, str]]:
        """(table, column, reason, rows, first as file:line value) of rows in quarantine; none where others load."""
        return []

    def identifier(self, name: str) -> str:
        """A name, quoted where it has to be."""
        plain = name.isascii() and name.replace("_", "a").isalnum() and name == name.lower() and not name[0].isdigit()
        return name if plain and name not in _KEYWORDS else '"' + name.replace('"', '""') + '"'

    def table(self, name: str) -> str:
        """Where a canonical table is."""
        return self.identifier(name)

    def literal(self, value: Scalar) -> str:
        """A constant."""
        match value:
            case None:
                return "NULL"
            case bool():
                return "TRUE" if value else "FALSE"
            case str():
                return "'" + value.replace("'", "''") + "'"
            case dt.datetime():
                return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
            case dt.date():
                return f"DATE '{value.isoformat()}'"
            case _:
                return repr(value)

    def cast(self, sql: str, type_: str) -> str:
        """The expression as another type."""
        return f"CAST({sql} AS {self.types[type_]})"


_KEYWORDS = frozenset(
    "all and any as asc at by case cast check column constraint create cross current_date default desc distinct do else end "
    "except false fetch for foreign from full grant group having in inner intersect into is join key last lateral left like "
    "limit not null offset on only or order outer primary references returning right row rows select table then to true "
    "union unique user using values when where window with date timestamp day week month year at timestamp".split()
)
