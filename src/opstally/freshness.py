"""How new the stored tables are, and how many rows they hold: looked up when asked for, as counting is not free."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from opstally.engines.engine import Engine
from opstally.model.table import Table
from opstally.result import Freshness


@dataclass
class Looked(Mapping[str, Freshness]):
    """Table → its freshness, of the tables that hold rows; made ones too, if what they are made from does.

    What has been looked up is kept: make a new one when the tables have changed.
    """

    engine: Engine
    declared: Mapping[str, Table]
    _there: frozenset[str] | None = field(default=None, repr=False)
    _known: dict[str, Freshness | None] = field(default_factory=dict, repr=False)
    _last_of: dict[str, object] = field(default_factory=dict, repr=False)
    _loaded: Mapping[str, dt.datetime] | None = field(default=None, repr=False)

    def newest(self, tables: Iterable[str]) -> list[dt.date | dt.datetime]:
        """The newest default-time values of those tables that have any; instants in UTC."""
        # Asked one by one, DuckDB answers from what it knows of the table; together, it reads them all.
        found = [self._newest(table) for table in sorted(self.there & set(tables))]
        return [value for value in found if isinstance(value, dt.date)]

    @property
    def there(self) -> frozenset[str]:
        """The tables that are there, with rows or without."""
        if self._there is None:
            self._there = self.engine.there(self.declared)
        return self._there

    def __getitem__(self, table: str) -> Freshness:
        if table not in self._known:
            self._known[table] = self._look(table) if table in self.there else None
        found = self._known[table]
        if found is None:
            raise KeyError(table)
        return found

    def __iter__(self) -> Iterator[str]:
        return (table for table in sorted(self.there) if table in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _newest(self, table: str) -> object:
        if (known := self._known.get(table)) is not None:
            return known.newest
        if table not in self._last_of:
            [(self._last_of[table],)] = self.engine.run(f"SELECT {self._last(table)} FROM {self.engine.table(table)}")
        return self._last_of[table]

    def _look(self, table: str) -> Freshness | None:
        query = f"SELECT count(*), {self._last(table)} FROM {self.engine.table(table)}"
        [(rows, newest)] = self.engine.run(query)
        sources = [self[name] for name in self.declared[table].made_from if name in self]
        if sources:
            # A made table is as new as what it is made from; without rows it says that nothing of the kind happened.
            freshest = max(sources, key=lambda source: str(source.newest))
            return replace(freshest, table=table, rows=int(str(rows)))
        if not rows:
            return None
        if self._loaded is None:
            self._loaded = self.engine.loaded()
        return Freshness(
            table, int(str(rows)), newest if isinstance(newest, dt.date) else None, self._loaded.get(table)
        )

    def _last(self, table: str) -> str:
        at = self.declared[table].at
        return f"max({self.engine.identifier(at)})" if at else "NULL"
