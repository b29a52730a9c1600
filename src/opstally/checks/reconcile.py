"""Values that a vendor computed, beside ours: how many agree, why the others do not, and which rows those are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, cast

from opstally.checks.ground import Ground
from opstally.engines.spell import spell
from opstally.errors import UnknownName
from opstally.expression import Column as Named
from opstally.expression import Typed, check, parse
from opstally.model.table import Column, Lookup, Reconciliation, Table
from opstally.model.unit import ColumnType
from opstally.planner.lower import Context, lower
from opstally.planner.schema import Schema
from opstally.result import Value

EQUAL: Final = "equal"
ROUNDING: Final = "rounding"
MISSING: Final = "ours is missing: an event that the vendor knows was not loaded"
OTHER: Final = "none of the known reasons"

_AGREE: Final = (EQUAL, ROUNDING)
_EXACT: Final = "1e-6"
"""Differences below it are those of binary fractions."""


@dataclass(frozen=True)
class Row:
    """One row that differs: its key, the vendor's value, ours, theirs less ours (of numbers), and why."""

    key: tuple[Value, ...]
    vendor: Value
    ours: Value
    difference: float | None
    reason: str


@dataclass(frozen=True)
class Reason:
    """Rows that agree, or differ for one reason."""

    reason: str
    rows: int

    @property
    def agrees(self) -> bool:
        return self.reason in _AGREE


@dataclass(frozen=True)
class Reconciled:
    """One column of a vendor's: rows = the sum of its reasons' rows; those that agree, differ, or lack ours."""

    table: str
    column: str
    description: str
    ours: str
    """Our value, as the column's declaration writes it."""
    key: tuple[str, ...]
    """The columns of the keys in `differing_rows`."""
    rows: int
    differing: int
    missing: int
    """Rows without a value of ours."""
    reasons: tuple[Reason, ...]
    differing_rows: tuple[Row, ...]
    """Those that differ or lack ours, by reason, then by key."""
    sql: str
    """Gives the rows of this column: key, vendor, ours, reason."""


def reconcile(
    ground: Ground, tables: Mapping[str, Table], limit: int | None, only: str | None = None
) -> Iterator[Reconciled]:
    """Every column that a vendor computed and that has values, in tables that are loaded, or `only` one of them.

    Lists at most `limit` differing rows of each reason, all of them for None.

    Raises:
        UnknownName: no table has the column that is asked for.
    """
    told = {
        f"{name}.{column}": (name, column, declared.reconciles)
        for name in sorted(tables)
        for column, declared in tables[name].columns.items()
        if declared.reconciles is not None
    }
    asked = [where for where, (_, column, _) in told.items() if only in (None, where, column)]
    if not asked:
        raise UnknownName("column of a vendor's", str(only), told)
    there = ground.engine.tables(tables)
    for where in asked:
        name, column, beside = told[where]
        if name in there:
            found = _Beside(ground, tables[name], column, beside, there).found(limit)
            if found.rows:
                yield found


class _Beside:
    """One column and our value for it."""

    def __init__(
        self, ground: Ground, table: Table, column: str, told: Reconciliation, there: frozenset[str] | set[str]
    ) -> None:
        self.ground, self.table, self.column, self.told, self.there = ground, table, column, told, there
        self.engine = ground.engine
        looked = {name: Column(type=self._type(lookup)) for name, lookup in told.lookups.items()}
        wider = replace(table, columns={**table.columns, **looked})
        self.schema = Schema({**ground.schema.tables, table.table: wider})

    def found(self, limit: int | None) -> Reconciled:
        """Counts by reason, equal ones first, then the most rows; and the rows that differ."""
        key = ", ".join(self.engine.identifier(name) for name in self.table.key)
        judged = f"SELECT {key}, vendor, ours, {self._reason()} AS reason FROM ({self._sides(key)}) AS sides"
        counts = self.engine.run(f"SELECT reason, count(*), count(ours) FROM ({judged}) AS judged GROUP BY reason")
        rows = {str(reason): int(str(n)) for reason, n, _ in counts}
        known = sum(int(str(n)) for *_, n in counts)
        order = sorted(rows, key=lambda reason: (reason != EQUAL, reason != ROUNDING, -rows[reason], reason))
        agreed = sum(rows.get(reason, 0) for reason in _AGREE)
        total = sum(rows.values())
        reasons = tuple(Reason(reason, rows[reason]) for reason in order)
        return Reconciled(
            self.table.table, self.column, self.table.columns[self.column].description, self.told.ours,
            self.table.key, total, known - agreed, total - known, reasons,
            self._rows_of(judged, key, order, limit) if total > agreed and limit != 0 else (), judged,
        )  # fmt: skip

    def _sides(self, key: str) -> str:
        conditions = (*self.told.because.values(), *self.told.missing.values())
        parts = [f"{self._sql(self.told.ours)} AS ours"]
        parts += [f"{self._sql(condition)} AS b{at}" for at, condition in enumerate(conditions)]
        vendor = self.engine.identifier(self.column)
        return f"SELECT {key}, {vendor} AS vendor, {', '.join(parts)} FROM {self._wider()} WHERE {vendor} IS NOT NULL"

    def _wider(self) -> str:
        """The table's rows with what is looked up; a table that is not there gives nothing."""
        joins, names = "", ""
        for at, (name, lookup) in enumerate(self.told.lookups.items()):
            called = self.engine.identifier(name)
            if lookup.table not in self.there:
                names += f", {self.engine.cast('NULL', self._type(lookup))} AS {called}"
                continue
            on = self.engine.identifier(lookup.on)
            where = f" WHERE {self._sql(lookup.where, lookup.table)}" if lookup.where else ""
            value = f"{self._sql(lookup.value, lookup.table)} AS {called}"
            source = f"SELECT {on}, {value} FROM {self.engine.table(lookup.table)}{where} GROUP BY {on}"
            joins += f" LEFT JOIN ({source}) AS l{at} ON l{at}.{on} = t.{on}"
            names += f", l{at}.{called}"
        return f"(SELECT t.*{names} FROM {self.engine.table(self.table.table)} AS t{joins}) AS wider"

    def _reason(self) -> str:
        literal = self.engine.literal
        apart = "CASE WHEN vendor = ours THEN 0 ELSE 1 END" if self._is_truth else "abs(vendor - ours)"
        whys = (*self.told.because, *self.told.missing)
        cases = [f" WHEN b{at} THEN {literal(why)}" for at, why in enumerate(whys)]
        known, absent = "".join(cases[: len(self.told.because)]), "".join(cases[len(self.told.because) :])
        rounding = f" WHEN {apart} <= {self.told.tolerance} THEN {literal(ROUNDING)}" if self.told.tolerance else ""
        return (
            f"CASE WHEN ours IS NULL THEN CASE{absent} WHEN true THEN {literal(MISSING)} END "
            f"WHEN {apart} <= {_EXACT} THEN {literal(EQUAL)}{rounding}{known} ELSE {literal(OTHER)} END"
        )

    def _rows_of(self, judged: str, key: str, order: list[str], limit: int | None) -> tuple[Row, ...]:
        apart = [reason for reason in order if reason not in _AGREE]
        listed = ", ".join(self.engine.literal(reason) for reason in apart)
        few = f"WHERE place <= {limit}" if limit is not None else ""
        rows = self.engine.run(
            f"SELECT {key}, vendor, ours, reason FROM (SELECT judged.*, "
            f"row_number() OVER (PARTITION BY reason ORDER BY {key}) AS place FROM ({judged}) AS judged "
            f"WHERE reason IN ({listed})) AS placed {few} ORDER BY {key}"
        )
        found = [self._row(cast("tuple[Value, ...]", row)) for row in rows]
        return tuple(sorted(found, key=lambda row: apart.index(row.reason)))

    def _row(self, values: tuple[Value, ...]) -> Row:
        *key, vendor, ours, reason = values
        numbers = not self._is_truth and vendor is not None and ours is not None
        difference = float(str(vendor)) - float(str(ours)) if numbers else None
        return Row(tuple(key), vendor, ours, difference, str(reason))

    @property
    def _is_truth(self) -> bool:
        return self.table.columns[self.column].type == "boolean"

    def _type(self, lookup: Lookup) -> ColumnType:
        found = check(parse(lookup.value), lambda c: self.ground.schema.typed(lookup.table, c))
        return cast("ColumnType", found.type)

    def _sql(self, text: str, table: str | None = None) -> str:
        name = table or self.table.table

        def typed(column: Named) -> Typed:
            return self.schema.typed(name, column)

        context = Context(None, self.ground.today, self.ground.calendar, self.ground.assumptions)
        lowered = lower(self.schema.expand(name, parse(text)), context, typed)
        return spell(lowered, self.engine, lambda c: self.engine.identifier(c.name))
