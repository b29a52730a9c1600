"""Rows that their source deleted: absent from its newest complete export, or told so by a record."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from opstally.errors import LoadError
from opstally.ingest.mapping import FAULTY, GOOD
from opstally.ingest.merge import compared
from opstally.ingest.restated import Restating
from opstally.ingest.staging import Staged
from opstally.model.contract import Contract
from opstally.model.source import Target
from opstally.quoting import quoted, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FEW: Final = 5
"""So many rows may always go."""


@dataclass(frozen=True)
class Buried:
    """Records that told of deletions: those that took a row out, or marked it; those with nothing left to do; and older
    versions of deleted rows that came with them."""

    removed: int = 0
    unchanged: int = 0
    older: int = 0


class Gone:
    """What is gone of one table, as one target of a source tells it."""

    def __init__(self, connection: DuckDBPyConnection, staged: Staged, target: Target, source: str) -> None:
        self.connection, self.staged, self.target, self.source = connection, staged, target, source
        self.table = f"main.{quoted(staged.table.table)}"
        self.key = [quoted(name) for name in staged.table.key]
        self.keys = ", ".join(self.key)
        self.present, self.known = f"temp.present{staged.number}", f"temp.known{staged.number}"

    # -- absent from a complete export -----------------------------------------------------------------------------

    def note_present(self) -> None:
        """Remember which keys the export has, also those of rows that cannot be read otherwise."""
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {self.present} AS SELECT DISTINCT {self.keys} FROM {self.staged.name} "
            f"WHERE _fate IN ({GOOD}, {FAULTY}) AND {self._named()}"
        )
        [(nameless,)] = self.connection.execute(
            f"SELECT count(*) FROM {self.staged.name} WHERE _fate = {FAULTY} AND NOT ({self._named()})"
        ).fetchall()
        self.unreadable = nameless + self.staged.rejected

    def _named(self) -> str:
        """SQL that is true for rows that tell their key; of a record that is too short nobody knows what it lacks."""
        return f'{self._all("IS NOT NULL")} AND (_fate = {GOOD} OR _faults[1]."column" IS NOT NULL)'

    def note_known(self) -> None:
        """Before the merge: the keys that this source brought before."""
        book = self._book("keys")
        if self._exists(book):
            query = f"SELECT {self.keys} FROM {book}"
        elif self._alone():
            query = f"SELECT {self.keys} FROM {self.table}"
        else:
            query = f"SELECT {self.keys} FROM {self.table} LIMIT 0"
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {self.known} AS {query}")

    def drop_absent(self, contract: Contract, restating: Restating, where: str) -> tuple[int, str]:
        """After the merge: how many rows have gone, and a note on what was not done. Raises LoadError for too many."""
        absent = (
            f"SELECT t.rowid FROM {self.table} AS t JOIN {self.known} AS k ON {self._same('t', 'k')} "
            f"WHERE NOT EXISTS (SELECT 1 FROM {self.present} AS p WHERE {self._same('t', 'p')})"
        )
        [(gone,)] = self.connection.execute(f"SELECT count(*) FROM ({absent}{self._unmarked()})").fetchall()
        [(known,)] = self.connection.execute(f"SELECT count(*) FROM {self.known}").fetchall()
        if gone and self.unreadable:
            return 0, (
                f"{self.source}: {gone:,} rows of {self.staged.table.table} are not in the newest export, but stay: "
                f"{self.unreadable:,} of its rows cannot be read, and could be those. Mend them and load again."
            )
        if gone > max(_FEW, contract.max_gone_share * known) or (gone == known and gone > 0):
            file = self.staged.files[-1].file.shown
            raise LoadError(
                f"{file}: {gone:,} of the {known:,} rows of {self.staged.table.table} that {self.source} had before "
                f"are not in it. Is it a complete export? If it is, allow it in {where} with contract: "
                f"{{max_gone_share: {min(1.0, gone / known + 0.01):.2f}}}; else export it again. Nothing was loaded."
            )
        self._take_out(absent + self._unmarked(), restating)
        self.connection.execute(f"CREATE OR REPLACE TABLE {self._book('keys')} AS FROM {self.present}")
        return gone, ""

    # -- told by a record ------------------------------------------------------------------------------------------

    def bury(self, restating: Restating) -> Buried:
        """Before the merge: take deleted rows out of the table and out of what is staged."""
        book = self._book("deleted")
        self._keep_newest(book)
        [(told,)] = self.connection.execute(f"SELECT count(*) FROM {self.staged.name} WHERE _gone").fetchall()
        # Of those told now; rows that an earlier record deleted are out already.
        dead = (
            f"SELECT t.rowid FROM {self.table} AS t JOIN {book} AS d ON {self._same('t', 'd')} "
            f"WHERE NOT {self._newer('t')}{self._unmarked()}"
        )
        [(removed,)] = self.connection.execute(f"SELECT count(*) FROM ({dead})").fetchall()
        self._take_out(dead, restating)
        self.connection.execute(f"DELETE FROM {self.staged.name} WHERE _gone")
        late = (
            f"SELECT s.rowid FROM {self.staged.name} AS s JOIN {book} AS d ON {self._same('s', 'd')} "
            f"WHERE NOT {self._newer('s')}"
        )
        older = 0
        if self.target.gone == "remove":
            out = f"DELETE FROM {self.staged.name} WHERE rowid IN ({late}) RETURNING _file"
            files = Counter(at for (at,) in self.connection.execute(out).fetchall())
            older = self.staged.count_duplicates(files.items())
        else:
            self.connection.execute(f"UPDATE {self.staged.name} SET {self._marks()} WHERE rowid IN ({late})")
        return Buried(min(removed, told), told - min(removed, told), older)

    def _keep_newest(self, book: str) -> None:
        """One entry a key: the newest record that told of its deletion."""
        order = [quoted(n) for n in (self.staged.table.recency, self.staged.table.revision) if n]
        columns = ", ".join(dict.fromkeys([*self.key, *order]))
        if not self._exists(book):
            self.connection.execute(f"CREATE TABLE {book} AS SELECT {columns} FROM {self.staged.name} LIMIT 0")
        newest = "".join(f"{name} DESC NULLS LAST, " for name in order) + self.keys
        self.connection.execute(
            f"CREATE OR REPLACE TABLE {book} AS SELECT {columns} FROM (SELECT {columns} FROM {book} "
            f"UNION SELECT {columns} FROM {self.staged.name} WHERE _gone) "
            f"QUALIFY row_number() OVER (PARTITION BY {self.keys} ORDER BY {newest}) = 1 ORDER BY {self.keys}"
        )

    def _newer(self, row: str) -> str:
        """SQL of whether a row came after its deletion, as when it was restored."""
        newer = "false"
        for name in (self.staged.table.revision, self.staged.table.recency):
            if name:
                newer = compared(quoted(name), newer, row, "d")
        return f"({newer})"

    # -- both ------------------------------------------------------------------------------------------------------

    def _take_out(self, rows: str, restating: Restating) -> None:
        at = self.staged.table.at
        if at is not None:
            how = "removed" if self.target.gone == "remove" else "changed"
            restating.rows(how, f"SELECT {quoted(at)} FROM {self.table} WHERE rowid IN ({rows})")
        if self.target.gone == "remove":
            self.connection.execute(f"DELETE FROM {self.table} WHERE rowid IN ({rows})")
        else:
            self.connection.execute(f"UPDATE {self.table} SET {self._marks()} WHERE rowid IN ({rows})")

    def _marks(self) -> str:
        assert isinstance(self.target.gone, dict)
        return ", ".join(f"{quoted(name)} = {text(value)}" for name, value in self.target.gone.items())

    def _unmarked(self) -> str:
        """SQL that leaves out the rows `t` that are marked already."""
        if self.target.gone == "remove":
            return ""
        differs = (f"t.{quoted(name)} IS DISTINCT FROM {text(value)}" for name, value in self.target.gone.items())
        return f" AND ({' OR '.join(differs)})"

    def _book(self, what: str) -> str:
        return f"opstally.{quoted(f'{what}_{self.source}_{self.staged.table.table}')}"

    def _exists(self, book: str) -> bool:
        name = book.removeprefix("opstally.").strip('"')
        there = "database_name = current_database() AND schema_name = 'opstally' AND table_name = ?"
        return bool(self.connection.execute(f"SELECT 1 FROM duckdb_tables() WHERE {there}", [name]).fetchall())

    def _alone(self) -> bool:
        """Whether no other source has ever fed the table."""
        others = "SELECT 1 FROM opstally.loads WHERE table_name = ? AND source <> ? LIMIT 1"
        return not self.connection.execute(others, [self.staged.table.table, self.source]).fetchall()

    def _all(self, condition: str) -> str:
        return " AND ".join(f"{name} {condition}" for name in self.key)

    def _same(self, one: str, other: str) -> str:
        return " AND ".join(f"{one}.{name} = {other}.{name}" for name in self.key)
