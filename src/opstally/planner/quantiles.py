"""How sure a quantile is: the values in order that bound it.

Where a table is not large, all values of a group are put in order for it, in the same step as everything else. A large
one would take all of the memory for that, and several times as long: there each group first tells, with its quantile,
between which two values the bounds surely lie, and in a second look only those between them are put in order.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from opstally.engines.engine import Engine
from opstally.engines.spell import spell
from opstally.expression import Call, Column, Expr, Literal, check
from opstally.expression.check import Scope
from opstally.expression.tree import NULL, any_of, columns, rewrite
from opstally.methods.order_statistics import centre, enough, fewest, spread
from opstally.planner.text import Cte, select
from opstally.planner.truth import known

BOUNDS = ("quantile_low", "quantile_high")
"""Leaves that bound the leaf `quantile` of the same arguments."""

_AROUND = 0.01
"""The share of the values on either side of a quantile among which its bounds are looked for in large groups."""
_LEAST, _MOST = -sys.float_info.max, sys.float_info.max
"""What no value is beyond: only finite ones are stored."""

Leaves = Mapping[str, Call]


@dataclass(frozen=True)
class Bounded:
    """A metric that is a quantile: the columns with its bounds, and the shares between which a group may choose."""

    low: str
    high: str
    shares: tuple[float, ...]


# -- which metrics -----------------------------------------------------------------------------------------------------


def shares(value: Expr, leaves: Leaves, typed: Scope) -> tuple[float, ...]:
    """The shares of the quantiles, one of which a metric over leaf names is, perhaps scaled or shifted.

    Which of them it is may depend only on texts that tell of the group, such as the direction of a promise. Empty where
    the metric is anything else: what is made of two quantiles is not bounded by their bounds.
    """
    found = _quantiles(value, leaves, typed) or []
    return tuple(dict.fromkeys(found)) if all(0 < share < 1 for share in found) else ()


def _quantiles(value: Expr, leaves: Leaves, typed: Scope) -> list[float] | None:
    match value:
        case Column((name,)):
            return [float(p)] if (p := _share(leaves.get(name))) is not None else None
        case Call("*", (Literal(int() | float() as factor), x)) | Call(
            "*" | "/", (x, Literal(int() | float() as factor))
        ) if factor > 0:
            return _quantiles(x, leaves, typed)
        case Call("+", (Literal(), x)) | Call("+" | "-", (x, Literal())):
            return _quantiles(x, leaves, typed)
        case Call("case", (*whens, otherwise)):
            picked = [_quantiles(then, leaves, typed) for then in (*whens[1::2], otherwise) if then != NULL]
            if all(_tells_of_the_group(c, leaves, typed) for when in whens[::2] for c in columns(when)):
                return None if None in picked else [share for found in picked for share in found or ()]
    return None


def _share(leaf: Call | None) -> float | None:
    match leaf:
        case Call("quantile", (_, Literal(int() | float() as share))):
            return float(share)
    return None


def _tells_of_the_group(column: Column, leaves: Leaves, typed: Scope) -> bool:
    match leaves.get(column.name):
        case Call("min" | "max", (x,)):
            return check(x, typed).type == "text"
    return False


def bound(value: Expr, names: Mapping[str, str]) -> Expr:
    """The metric over leaf names with the names of bounds in place of those of their quantiles."""
    return rewrite(value, lambda n: Column((names[n.name],)) if isinstance(n, Column) and n.name in names else None)


# -- their SQL ---------------------------------------------------------------------------------------------------------


def ranks(share: float, n: Expr) -> tuple[Expr, Expr]:
    """The places of the bounds among n values in order; NULL where there is none."""
    middle = Call("+", (Call("*", (Literal(share), n)), Literal(centre(share))))
    half = Call("*", (Literal(spread(share)), Call("sqrt", (n,))))
    low = Call("greatest", (Literal(1), Call("floor", (Call("-", (middle, half)),))))
    high = Call("least", (n, Call("ceil", (Call("+", (middle, half)),))))
    return _from(fewest(share), n, low), _from(fewest(1 - share), n, high)


def _from(least: int, n: Expr, value: Expr) -> Expr:
    return Call("case", (Call(">=", (n, Literal(least))), value, NULL))


@dataclass(frozen=True)
class _Near:
    """The values among which the bounds of one quantile are: how they are told from the others, in names of steps."""

    x: Expr
    share: float
    value: str
    n: str
    low: str
    high: str

    def ends(self) -> dict[str, Expr]:
        """Name → aggregate over a group: how many values, and the ends of the part that the bounds are in."""
        n = Call("count", (self.x,))
        large = Call(">=", (n, Literal(enough(self.share, _AROUND))))
        low, high = (
            Call("quantile", (self.x, Literal(min(max(round(self.share + side, 6), 0.0), 1.0))))
            for side in (-_AROUND, _AROUND)
        )
        return {
            self.n: n,
            self.low: Call("case", (large, low, Literal(_LEAST))),
            self.high: Call("case", (large, high, Literal(_MOST))),
        }

    def bounds(self) -> tuple[Expr, Expr]:
        """The bounds, over the rows that are looked at."""
        value, n, low, high = Column(("v", self.value)), *(Column(("g", end)) for end in (self.n, self.low, self.high))
        is_in = Call("and", (Call(">=", (value, low)), Call("<=", (value, high))))
        below = Call("count_if", (Call("<", (value, low)),))
        if self.is_high:
            below = Call("-", (n, Call("count_if", (Call(">=", (value, low)),))))
        first, last = (Call("nth_least", (value, is_in, Call("-", (rank, below)))) for rank in ranks(self.share, n))
        return first, last

    @property
    def is_high(self) -> bool:
        """Whether fewer values are above the part than below it, so that those below need not be looked at."""
        return self.share >= 0.5


@dataclass(frozen=True)
class Search:
    """How a scan finds the bounds of its quantiles; `leaves` and `groups` are the scan's."""

    leaves: Leaves
    groups: Sequence[str]
    engine: Engine
    is_large: bool

    @cached_property
    def _near(self) -> dict[tuple[Expr, ...], _Near]:
        """Arguments of a quantile → the values near it."""
        taken, found, values = {*self.leaves, *self.groups}, dict[tuple[Expr, ...], _Near](), dict[Expr, list[str]]()

        def free(wanted: str) -> str:
            while wanted in taken:
                wanted += "_"
            taken.add(wanted)
            return wanted

        for call in self.leaves.values():
            if call.name in BOUNDS and call.args not in found:
                x, share = call.args[0], _share(Call("quantile", call.args))
                assert share is not None
                own = next(name for name, leaf in self.leaves.items() if leaf == Call("quantile", call.args))
                value, n = values.get(x) or values.setdefault(x, [free(f"{own}_value"), free(f"{own}_n")])
                found[call.args] = _Near(x, share, value, n, free(f"{own}_from"), free(f"{own}_to"))
        return found

    def values(self) -> dict[str, Expr]:
        """What the rows give out to be put in order, by name."""
        return {near.value: near.x for near in self._near.values()}

    def in_order(self, leaf: Call) -> Expr:
        """A bound over the rows of a group, all of whose values are put in order."""
        near = self._near[leaf.args]
        value = Column((near.value,))
        rank = ranks(near.share, Call("count", (value,)))[BOUNDS.index(leaf.name)]
        return Call("nth_least", (value, known(value), rank))

    def ends(self) -> dict[str, Expr]:
        """Aggregates that the step with the groups gives out for a second look, by name; none where it needs none."""
        if not self.is_large:
            return {}
        return {name: expr for near in self._near.values() for name, expr in near.ends().items()}

    def steps(self, name: str, groups: str, rows: str) -> list[Cte]:
        """The second look: the bounds of each group, and under `name` the groups with them."""
        engine, keys = self.engine, [self.engine.identifier(group) for group in self.groups]
        outputs = [(f"g.{key}", key) for key in keys]
        for leaf, call in self._asked().items():
            found = self._near[call.args].bounds()[BOUNDS.index(call.name)]
            outputs.append((self._spell(found), engine.identifier(leaf)))
        ends = [f"g.{engine.identifier(end)}" for end in self.ends()]
        bounds = Cte(
            f"{name}_bounds",
            select(
                outputs,
                f"{groups} AS g",
                [self._spell(any_of(*self._looked_at()))],
                [*(f"g.{key}" for key in keys), *ends],
                joins=[self._join("JOIN", f"{rows} AS v", "v", keys)],
            ),
        )
        told = [
            (f"{'b' if leaf in self._asked() else 'g'}.{engine.identifier(leaf)}", engine.identifier(leaf))
            for leaf in self.leaves
        ]
        joins = [self._join("LEFT JOIN", f"{bounds.name} AS b", "b", keys)]
        return [bounds, Cte(name, select([*((f"g.{k}", k) for k in keys), *told], f"{groups} AS g", joins=joins))]

    def _looked_at(self) -> list[Expr]:
        """Conditions for a row to be looked at; one for all parts of the same values, with which engines can join."""
        sides: dict[tuple[str, bool], list[Expr]] = {}
        for near in self._near.values():
            end = near.low if near.is_high else near.high
            sides.setdefault((near.value, near.is_high), []).append(Column(("g", end)))
        return [
            Call(">=" if is_high else "<=", (Column(("v", value)), _outermost(ends, is_high)))
            for (value, is_high), ends in sides.items()
        ]

    def _asked(self) -> dict[str, Call]:
        return {name: call for name, call in self.leaves.items() if call.name in BOUNDS}

    def _join(self, how: str, source: str, alias: str, keys: Sequence[str]) -> str:
        same = [self.engine.say("same", f"g.{key}", f"{alias}.{key}") for key in keys]
        return f"{how} {source} ON {' AND '.join(same) or self.engine.literal(True)}"

    def _spell(self, expr: Expr) -> str:
        return spell(expr, self.engine, lambda c: f"{c.path[0]}.{self.engine.identifier(c.path[1])}")


def _outermost(ends: Sequence[Expr], is_high: bool) -> Expr:
    return ends[0] if len(ends) == 1 else Call("least" if is_high else "greatest", tuple(ends))
