"""What an engine is: a spelling of the vocabulary, and a way to run SQL."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

from opstally.errors import EngineError
from opstally.period import Grain

Scalar = str | int | float | bool | dt.date | dt.datetime | None
Spelling = str | Callable[[Sequence[str]], str]
"""A format text with {0}, {1}, …, or a function of the arguments' SQL.

What is not an operator has to stand by itself wherever a value can stand: a call, a CASE, or in brackets.
"""


class Engine(ABC):
    """One SQL engine, connected.

    `spelling` has every word of the vocabulary (those of `opstally.expression.vocabulary`, with the words about the
    period already replaced) but those in `not_offered`, which gives the reason.
    """

    name: ClassVar[str]
    spelling: Mapping[str, Spelling]
    not_offered: ClassVar[Mapping[str, str]] = {}
    types: ClassVar[Mapping[str, str]]
    """Column type → the engine's type."""
    schema: str
    """Where the canonical tables are."""

    @abstractmethod
    def version(self) -> str:
        """Name and version, as a receipt shows it."""

    @abstractmethod
    def run(self, sql: str) -> list[tuple[object, ...]]:
        """All rows of a query. Raises EngineError with the engine's own words."""

    def tables(self, among: Collection[str] | None = None) -> frozenset[str]:
        """The tables that are there and hold at least one row; of those named, where some are.

        Only those named are looked into: a view of somebody else's may be slow, or not ours to read.
        """
        names = sorted(self.there(among))
        if not names:
            return frozenset()
        tests = (f"SELECT {self.literal(n)} WHERE EXISTS (SELECT 1 FROM {self.table(n)})" for n in names)
        return frozenset(str(name) for (name,) in self.run(" UNION ALL ".join(tests)))

    def there(self, among: Collection[str] | None = None) -> frozenset[str]:
        """The tables that are there, with rows or without; of those named, where some are."""
        names = frozenset(str(name) for (name,) in self.run(self._every_table()))
        return names if among is None else names & frozenset(among)

    @abstractmethod
    def _every_table(self) -> str:
        """SQL that lists the names of the tables and views that a query can read."""

    @abstractmethod
    def bucket(self, day: str, grain: Grain, week_start: int, fiscal_start: int) -> str:
        """SQL of the first day of the bucket that holds `day`, as a date.

        week_start: 0 Monday … 6 Sunday; fiscal_start: the month (1–12) in which quarters and years start.
        """

    @abstractmethod
    def close(self) -> None:
        """Give the connection back."""

    def loaded(self) -> dict[str, dt.datetime]:
        """When each table was last loaded, in UTC; without those of which the engine does not know."""
        return {}

    def quarantined(self) -> list[tuple[str, str, str, int, str]]:
        """(table, column, reason, rows, first as file:line value) of rows in quarantine; none where others load."""
        return []

    def refused(self) -> list[tuple[str, dt.datetime, str]]:
        """(source, when, reason) of sources whose last load was refused, so that older data serve; none where others
        load."""
        return []

    def restated(self) -> list[tuple[int, str, str, int, int, str]]:
        """(load, table, grain, periods, rows, first period in words) of the periods that were over before the newest
        load of a source changed them; none where others load."""
        return []

    def say(self, word: str, *args: str) -> str:
        """The SQL of a word of the vocabulary; `args` are SQL.

        Raises EngineError for a word that the engine does not offer.
        """
        if word in self.not_offered:
            raise EngineError(f"{self.name} does not offer {word}(): {self.not_offered[word]}")
        spelling = self.spelling.get("count_rows" if word == "count" and not args else word)
        if spelling is None:
            raise EngineError(f"{self.name} has no spelling for {word!r}: add it to opstally/engines/{self.name}.py")
        return spelling.format(*args) if isinstance(spelling, str) else spelling(args)

    def identifier(self, name: str) -> str:
        """A name, quoted where it has to be."""
        plain = name.isascii() and name.replace("_", "a").isalnum() and name == name.lower() and not name[0].isdigit()
        return name if plain and name not in _KEYWORDS else '"' + name.replace('"', '""') + '"'

    def table(self, name: str, *, qualified: bool = False) -> str:
        """Where a canonical table is; with its schema where the name alone could be taken for something else."""
        return f"{self.identifier(self.schema)}.{self.identifier(name)}" if qualified else self.identifier(name)

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


def plain(value: object) -> object:
    """A fetched value as Python's own: engines give decimals for sums of integers."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


_KEYWORDS = frozenset(
    """
    all analyse analyze and anti any array as asc asof asymmetric at authorization binary both by case cast check
    collate collation column concurrently constraint create cross current_catalog current_date current_role
    current_schema current_time current_timestamp current_user default deferrable desc describe distinct do else end
    except false fetch for foreign freeze from full glob grant group having ilike in initially inner intersect into
    is isnull join lambda lateral leading left like limit localtime localtimestamp natural not notnull null offset
    on only or order outer overlaps pivot pivot_longer pivot_wider placing positional primary qualify references
    returning right select semi session_user show similar some summarize symmetric system_user table tablesample
    then to trailing true union unique unpack unpivot user using variadic verbose when where window with
    """.split()  # noqa: SIM905  # a list would take a line for each
)
"""What cannot name a column or table on DuckDB or PostgreSQL without quotes; found by trying all their keywords."""
