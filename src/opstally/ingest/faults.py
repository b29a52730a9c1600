"""What can be wrong with a row, as SQL conditions with the words for a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from opstally.errors import BadExpression, LoadError
from opstally.expression import Typed
from opstally.expression.tree import columns
from opstally.ingest.expressions import Meaning, parsed
from opstally.ingest.values import Reading, listed
from opstally.model.table import Column, Table
from opstally.quoting import text


@dataclass(frozen=True)
class Fault:
    """`when` is SQL that is true for rows with the fault (never NULL), `value` SQL of the text to show."""

    column: str
    when: str
    value: str
    reason: str

    @property
    def sql(self) -> str:
        """SQL of the fault as a struct."""
        value = f"CAST({self.value} AS VARCHAR)"
        return f"{{'column': {text(self.column)}, 'value': {value}, 'reason': {text(self.reason)}}}"


FAULT_TYPE = 'STRUCT("column" VARCHAR, "value" VARCHAR, reason VARCHAR)[]'


def unread(name: str, raw: str, value: str, how: Reading, shown: str = "") -> list[Fault]:
    """The faults of a text that gives no value, or none that is sound."""
    lost, unsound = f"({raw} IS NOT NULL AND {value} IS NULL)", f"NOT coalesce({how.sound.format(value)}, true)"
    if how.unsound:
        return [Fault(name, lost, shown or raw, how.otherwise), Fault(name, unsound, shown or raw, how.unsound)]
    return [Fault(name, f"({lost} OR {unsound})" if how.sound else lost, shown or raw, how.otherwise)]


def too_short(columns: int) -> str:
    """SQL of the fault of a record that lacks some of so many columns, as a struct. Any of them may be wrong."""
    found = " + ".join(f"CAST(r{i} IS NOT NULL AS INTEGER)" for i in range(columns))
    word = "CASE WHEN r1 IS NULL THEN ' column' ELSE ' columns' END"
    return (
        f"{{'column': CAST(NULL AS VARCHAR), 'value': CAST(NULL AS VARCHAR), "
        f"'reason': concat('has ', {found}, {word}, ' instead of {columns}')}}"
    )


def absent(name: str, value: str, given: str) -> Fault:
    """A value that must be there. What is there but cannot be read is another fault."""
    return Fault(name, f"({value} IS NULL AND {given} IS NULL)", "NULL", "is missing")


def out_of_bounds(name: str, column: Column, value: str, given: str) -> list[Fault]:
    """A value below or above what is possible, or, filled in, not among those allowed."""
    shown = f"coalesce({given}, CAST({value} AS VARCHAR))"
    found = []
    for sign, bound, word in (("<", column.min, "below"), (">", column.max, "above")):
        if bound is not None:
            reason = f"is {word} {bound:g}, the {'least' if sign == '<' else 'most'} possible"
            found.append(Fault(name, f"coalesce({value} {sign} {bound!r}, false)", shown, reason))
    if column.allowed and column.fill:
        spelled = ", ".join(map(text, column.allowed))
        reason = f"is not one of {listed(column.allowed)}"
        found.append(Fault(name, f"coalesce({value} NOT IN ({spelled}), false)", shown, reason))
    return found


def broken_rules(table: Table, values: Mapping[str, str], types: Mapping[str, Typed], meaning: Meaning) -> list[Fault]:
    """The table's checks that a row does not meet; what a check cannot tell, for want of a value, is met."""
    found = []
    for rule in table.checks:
        expr = parsed(rule.expect)
        try:
            condition, _ = meaning.sql(expr, lambda c: types[c.name], lambda c: values[c.name])
        except (BadExpression, KeyError) as problem:
            raise LoadError(f"Table {table.table}: the check {rule.expect!r} cannot be used: {problem}") from None
        named = [c.name for c in columns(expr)]
        shown = " || ', ' || ".join(f"coalesce(CAST({values[n]} AS VARCHAR), 'nothing')" for n in named) or "NULL"
        found.append(Fault(", ".join(named), f"NOT coalesce({condition}, true)", shown, rule.message))
    return found
