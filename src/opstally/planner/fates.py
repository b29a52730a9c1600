"""What becomes of the rows of a period for a metric, used or left out and why: row by row, and in the fewest counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from opstally.expression import Call, Column, Expr, Literal
from opstally.expression.tree import TRUE, all_of
from opstally.planner.metric import USED, Basis, Linked, used
from opstally.planner.scan import Scan
from opstally.planner.schema import Schema
from opstally.planner.truth import apart, implies, known, parts, shorter, texts, texts_of

FALSE = Literal(False)
FILTERED = "outside the filter"
NOT_ABOUT, NOT_SETTLED = "not what the metric is about", "not settled yet"


# -- row by row --------------------------------------------------------------------------------------------------------


def fate(part: Linked, where: Expr | None = None) -> Expr:
    """Each row's one fate: used, or the first reason against it; `where` is a filter that comes before them all."""
    ladder: list[Expr] = [] if where is None else [_not(where), Literal(FILTERED)]
    counted = used(part)
    if counted is None:
        return Call("case", (*ladder, Literal(USED))) if ladder else Literal(USED)
    ladder += [counted, Literal(USED)]
    for reason, scope in ((NOT_ABOUT, part.where), (NOT_SETTLED, part.settled)):
        ladder += [_not(scope), Literal(reason)] if scope is not None else []
    for reason, condition in part.excludes:
        ladder += [condition, Literal(reason)]
    return Call("case", (*ladder, Literal(rest_of(part))))


def rest_of(part: Linked) -> str:
    """What is said of the rows that nothing speaks against, and that still are not used."""
    return "not counted" if part.counts else "no value"


def _not(condition: Expr) -> Expr:
    """Not true: false or NULL."""
    return Call("case", (condition, FALSE, TRUE))


# -- in counts ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Left:
    """Rows left out for a reason: those that one leaf counts, less those that others count among them."""

    reason: str
    among: str
    less: tuple[str, ...] = ()


@dataclass(frozen=True)
class Count:
    """The receipt of one metric in one scan: the names of the leaves that count its rows."""

    metric: str
    table: str
    basis: Basis
    period_rows: str
    used: str
    excluded: tuple[Left, ...]

    def leaves(self) -> list[str]:
        """The names, each once."""
        left = [name for left in self.excluded for name in (left.among, *left.less)]
        return list(dict.fromkeys([self.period_rows, self.used, *left]))


Rows = Callable[[Expr, str], str]
"""(condition, wanted name) → the name of the leaf that counts the rows for which the condition is true."""


def given(scan: Scan, schema: Schema) -> list[Expr]:
    """What is true of every row of a scan: its filter, and that its time and its key are known."""
    basis, table = scan.key.basis, schema.tables[scan.key.table]
    timed = [basis.start] if basis.kind in ("event", "during") else []
    there = [] if table.derived else dict.fromkeys((*timed, *table.key))  # those are columns of its source
    return [*parts(scan.where), *(known(Column((name,))) for name in there)]


def count(part: Linked, scan: Scan, schema: Schema, rows: Rows) -> Count:
    """The counts from which the number of rows of each fate follows.

    Counting a fate by its condition would ask every row again what it was asked for the metric itself. Most numbers
    follow from others: rows not used, where all but one reason are counted, have the last one.
    """
    every = rows(TRUE, f"{scan.key.table}_rows")
    counted = used(part)
    if counted is None:
        return Count(part.name, scan.key.table, scan.key.basis, every, every, ())
    kept = rows(counted, f"{part.name}_rows")
    left = tuple(_Leaving(part, scan, schema, rows).left(every, kept))
    return Count(part.name, scan.key.table, scan.key.basis, every, kept, left)


@dataclass(frozen=True)
class _Leaving:
    part: Linked
    scan: Scan
    schema: Schema
    rows: Rows

    def left(self, every: str, kept: str) -> Iterator[Left]:
        """In the order of the reasons. A row outside the scope is never used, so that the scope itself is counted."""
        part, among = self.part, every
        for reason, scope, suffix in ((NOT_ABOUT, part.where, "in_scope"), (NOT_SETTLED, part.scope, "settled")):
            inside = self.rows(scope or TRUE, f"{part.name}_{suffix}")
            if inside != among:
                yield Left(reason, among, (inside,))
            among = inside
        yield from self._excluded(among, kept)

    def _excluded(self, inside: str, kept: str) -> Iterator[Left]:
        """Of the rows inside the scope that are not used, those for which each reason is the first that holds."""
        before, told = [self._used], [kept]
        for reason, condition in self.part.excludes:
            if self._takes_the_rest(condition, before):
                yield Left(reason, inside, tuple(told))
                return
            first = condition
            if not all(self._apart(condition, earlier) for earlier in before):
                earlier_ones = [arg for earlier in before for arg in (earlier, FALSE)]
                first = Call("case", (*earlier_ones, condition, TRUE, FALSE))
            told.append(self.rows(all_of(self.part.scope, first) or TRUE, f"{self.part.name}_{_slug(reason)}"))
            yield Left(reason, told[-1])
            before.append(condition)

    def _takes_the_rest(self, reason: Expr, before: Sequence[Expr]) -> bool:
        """Whether every row that is not used, nor left out before, has the reason."""
        match reason:
            case Call("is_null", (x,)):
                passed = [Call("not", (Call("coalesce", (earlier, FALSE)),)) for earlier in before[1:]]
                otherwise = all_of(*given(self.scan, self.schema), self.part.scope, *passed, known(x)) or TRUE
                return implies(otherwise, self._used) or implies(self._expanded(otherwise), self._expanded(self._used))
        return self._all_texts([reason, *before])

    @cached_property
    def _used(self) -> Expr:
        return shorter(used(self.part) or TRUE)

    def _all_texts(self, conditions: Sequence[Expr]) -> bool:
        """Whether the conditions leave out none of the constants between which a column chooses."""
        told = [texts(shorter(condition, parts(self.part.scope))) for condition in conditions]
        about = told[0]
        if about is None:
            return False
        every = texts_of(self._expanded(about[0]))
        covered = {text for one in told if one is not None and one[0] == about[0] for text in one[1]}
        return every is not None and every <= covered

    def _apart(self, one: Expr, other: Expr) -> bool:
        return apart(one, other) or apart(self._expanded(one), self._expanded(other))

    def _expanded(self, condition: Expr) -> Expr:
        return self.schema.expand(self.scan.key.table, condition)


def _slug(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
