"""Values that a vendor computed, beside ours: how many agree, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, cast

from opstally.checks.finding import shown
from opstally.checks.ground import Ground
from opstally.engines.spell import spell
from opstally.expression import Column as Named
from opstally.expression import Typed, check, parse
from opstally.model.table import Column, Lookup, Reconciliation, Table
from opstally.model.unit import ColumnType
from opstally.planner.lower import Context, lower
from opstally.planner.schema import Schema

EQUAL: Final = "equal"
ROUNDING: Final = "rounding"
MISSING: Final = "ours is missing: an event that the vendor knows was not loaded"
OTHER: Final = "none of the known reasons"
EXAMPLES: Final = 3

_EXACT: Final = "1e-6"
"""Differences below it are those of binary fractions."""


@dataclass(frozen=True)
class Example:
    """One row: its key, the vendor's value, and ours."""

    key: str
    vendor: object
    ours: object


@dataclass(frozen=True)
class Reason:
    """Rows that agree, or differ for one reason; the first of them."""

    reason: str
    rows: int
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Reconciled:
    """One column of a vendor's: rows = the sum of its reasons' rows."""

    table: str
    column: str
    rows: int
    differing: int
    reasons: tuple[Reason, ...]


def reconcile(ground: Ground, tables: Mapping[str, Table]) -> Iterator[Reconciled]:
    """Every column that a vendor computed and that has values, in tables that are loaded."""
    for name in sorted(ground.engine.tables(tables)):
        for column, declared in tables[name].columns.items():
            if declared.reconciles is not None:
                found = _Beside(ground, tables[name], column, declared.reconciles).found()
                if found.rows:
                    yield found


class _Beside:
    """One column and our value for it."""

    def __init__(self, ground: Ground, table: Table, column: str, told: Reconciliation) -> None:
        self.ground, self.table, self.column, self.told = ground, table, column, told
        self.engine = ground.engine
        looked = {name: Column(type=self._type(lookup)) for name, lookup in told.lookups.items()}
        wider = replace(table, columns={**table.columns, **looked})
        self.schema = Schema({**ground.schema.tables, table.table: wider})

    def found(self) -> Reconciled:
        """Counts by reason, equal ones first, then the most rows."""
        key = ", ".join(self.engine.identifier(name) for name in self.table.key)
        judged = f"SELECT {key}, vendor, ours, {self._reason()} AS reason FROM ({self._sides(key)}) AS sides"
        counts = self.engine.run(f"SELECT reason, count(*) FROM ({judged}) AS judged GROUP BY reason")
        rows = {str(reason): int(str(n)) for reason, n in counts}
        order = sorted(rows, key=lambda reason: (reason != EQUAL, reason != ROUNDING, -rows[reason], reason))
        reasons = tuple(Reason(reason, rows[reason], self._examples(judged, key, reason)) for reason in order)
        agreed = rows.get(EQUAL, 0) + rows.get(ROUNDING, 0)
        total = sum(rows.values())
        return Reconciled(self.table.table, self.column, total, total - agreed, reasons)

    def _sides(self, key: str) -> str:
        because = (f"{self._sql(condition)} AS b{at}" for at, condition in enumerate(self.told.because.values()))
        parts = [f"{self._sql(self.told.ours)} AS ours", *because]
        vendor = self.engine.identifier(self.column)
        return f"SELECT {key}, {vendor} AS vendor, {', '.join(parts)} FROM {self._rows()} WHERE {vendor} IS NOT NULL"

    def _rows(self) -> str:
        joins, names = "", ""
        for at, (name, lookup) in enumerate(self.told.lookups.items()):
            on = self.engine.identifier(lookup.on)
            where = f" WHERE {self._sql(lookup.where, lookup.table)}" if lookup.where else ""
            value = f"{self._sql(lookup.value, lookup.table)} AS {self.engine.identifier(name)}"
            source = f"SELECT {on}, {value} FROM {self.engine.table(lookup.table)}{where} GROUP BY {on}"
            joins += f" LEFT JOIN ({source}) AS l{at} ON l{at}.{on} = t.{on}"
            names += f", l{at}.{self.engine.identifier(name)}"
        return f"(SELECT t.*{names} FROM {self.engine.table(self.table.table)} AS t{joins}) AS wider"

    def _reason(self) -> str:
        is_truth = self.table.columns[self.column].type == "boolean"
        apart = "CASE WHEN vendor = ours THEN 0 ELSE 1 END" if is_truth else "abs(vendor - ours)"
        known = "".join(
            f" WHEN b{at} THEN {self.engine.literal(reason)}" for at, reason in enumerate(self.told.because)
        )
        literal = self.engine.literal
        rounding = f" WHEN {apart} <= {self.told.tolerance} THEN {literal(ROUNDING)}" if self.told.tolerance else ""
        return (
            f"CASE WHEN ours IS NULL THEN {literal(MISSING)} WHEN {apart} <= {_EXACT} THEN {literal(EQUAL)}"
            f"{rounding}{known} ELSE {literal(OTHER)} END"
        )

    def _examples(self, judged: str, key: str, reason: str) -> tuple[Example, ...]:
        if reason == EQUAL:
            return ()
        rows = self.engine.run(
            f"SELECT * FROM ({judged}) AS judged WHERE reason = {self.engine.literal(reason)} "
            f"ORDER BY {key} LIMIT {EXAMPLES}"
        )
        return tuple(Example(shown(list(row[:-3])), row[-3], row[-2]) for row in rows)

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
