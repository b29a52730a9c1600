"""Types and units of an expression, given the columns it may name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

from opstally.errors import BadExpression
from opstally.expression.tree import Call, Column, Expr, Literal
from opstally.expression.vocabulary import WORDS, Word

NUMERIC = frozenset({"integer", "number"})
MOMENTS = frozenset({"date", "timestamp"})
_KINDS: dict[str, frozenset[str]] = {
    "numeric": NUMERIC,
    "moment": MOMENTS,
    "ordered": NUMERIC | MOMENTS | {"text"},
    "any": NUMERIC | MOMENTS | {"text", "boolean"},
    "same": NUMERIC | MOMENTS | {"text", "boolean"},
}
_PHYSICAL = frozenset({"milliseconds", "seconds", "minutes", "hours", "days", "currency", "percent", "bytes"})


@dataclass(frozen=True)
class Typed:
    """What an expression gives: its type ("null" for a bare NULL), unit, and whether it is per row or aggregated."""

    type: str
    unit: str | None = None
    aggregated: bool = False
    constant: bool = False
    """Neither: a literal, or a word about the period."""


Scope = Callable[[Column], Typed]
"""Gives the type of a column, or raises BadExpression naming the nearest one."""


def check(expr: Expr, scope: Scope) -> Typed:
    """The type and unit of the expression.

    Raises BadExpression where types or physical units do not fit, where an aggregate stands inside another,
    or where rows and aggregates are mixed.
    """
    match expr:
        case Column():
            return scope(expr)
        case Literal(value):
            return Typed(_literal_type(value), constant=True)
        case Call():
            given = [check(arg, scope) for arg in expr.args]
            try:
                return _call(expr, given)
            except BadExpression as problem:
                raise problem if problem.position else BadExpression(problem.message, position=expr.position) from None


def _literal_type(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case dt.datetime():
            return "timestamp"
        case dt.date():
            return "date"
        case _:
            return "text"


def _call(call: Call, given: list[Typed]) -> Typed:
    word = WORDS[call.name]
    if word.kind == "aggregate":
        return _aggregate(call, word, given)
    mixed = {t.aggregated for t in given if not t.constant}
    if len(mixed) > 1:
        raise BadExpression(f"{call.name!r} mixes a value per row with an aggregate", position=call.position)
    level = {"aggregated": True in mixed, "constant": bool(word.kind != "context" or not given) and not mixed}
    if call.name == "case":
        return replace(_case(given), **level)
    if word.kind == "context":
        constant = call.name != "overlap_minutes"
        return Typed(word.gives, word.unit, constant=constant)
    _require(call, word, given)
    return replace(Typed(_gives(call, word, given), _unit(call, word, given)), **level)


def _aggregate(call: Call, word: Word, given: list[Typed]) -> Typed:
    if any(t.aggregated for t in given):
        raise BadExpression(f"{call.name}() stands around another aggregate", position=call.position)
    if call.name == "quantile":
        share = call.args[1]
        if not (isinstance(share, Literal) and isinstance(share.value, int | float) and 0 <= share.value <= 1):
            raise BadExpression("The second argument of quantile() is a number from 0 to 1", position=call.position)
        _require(call, replace(word, takes=("numeric", "numeric")), given)
    else:
        _require(call, word, given)
    if word.unit is not None:
        unit: str | None = word.unit
    else:
        unit = None if call.name == "variance" else given[0].unit if given else None
    return Typed(_gives(call, word, given), unit, aggregated=True)


def _require(call: Call, word: Word, given: list[Typed]) -> None:
    for index, typed in enumerate(given):
        wanted = word.takes[min(index, len(word.takes) - 1)]
        allowed = _KINDS.get(wanted, frozenset({wanted}))
        if typed.type != "null" and typed.type not in allowed:
            what = wanted if wanted in ("numeric", "boolean", "text", "date", "timestamp") else " or ".join(sorted(allowed))
            raise BadExpression(
                f"{call.name!r} takes {what}, not {typed.type}", position=call.args[index].position or call.position
            )
    if {"same", "ordered"} & set(word.takes) and word.kind != "aggregate":
        _alike(call, given)


def _alike(call: Call, given: list[Typed]) -> None:
    kinds = {"number" if t.type in NUMERIC else t.type for t in given} - {"null"}
    if len(kinds) > 1:
        raise BadExpression(f"{call.name!r} compares {' with '.join(sorted(kinds))}", position=call.position)
    _same_unit(call.name, given, call.position)


def _same_unit(what: str, given: list[Typed], position: int = 0) -> str | None:
    units = {t.unit for t in given if t.unit is not None}
    physical = units & _PHYSICAL
    if len(physical) > 1:
        raise BadExpression(f"{what!r} mixes the units {' and '.join(sorted(physical))}", position=position)
    if physical:
        return physical.pop()
    return units.pop() if len(units) == 1 else None


def _gives(call: Call, word: Word, given: list[Typed]) -> str:
    if word.gives == "first":
        return given[0].type
    if word.gives != "same":
        return word.gives
    types = {t.type for t in given} - {"null"}
    if types == NUMERIC:
        return "number"
    return types.pop() if types else "null"


def _case(given: list[Typed]) -> Typed:
    conditions, results = given[:-1:2], [*given[1:-1:2], given[-1]]
    for condition in conditions:
        if condition.type not in ("boolean", "null"):
            raise BadExpression(f"'when' takes a condition, not {condition.type}")
    types = {t.type for t in results} - {"null"}
    if len(types - NUMERIC) > 1 or (types & NUMERIC and types - NUMERIC):
        raise BadExpression(f"'case' gives {' and '.join(sorted(types))}")
    kind = "number" if types == NUMERIC else types.pop() if types else "null"
    return Typed(kind, _same_unit("case", results))


def _unit(call: Call, word: Word, given: list[Typed]) -> str | None:
    match call.name:
        case "+" | "-":
            return _same_unit(call.name, given)
        case "*":
            return _product(given[0].unit, given[1].unit)
        case "/":
            return _quotient(given[0].unit, given[1].unit)
        case "neg" | "abs" | "floor" | "ceil" | "coalesce" | "least" | "greatest":
            return _same_unit(call.name, given)
        case _:
            return word.unit


def _product(left: str | None, right: str | None) -> str | None:
    if left in (None, "ratio", "count"):
        return right if right is not None else left
    return left if right in (None, "ratio", "count") else None


def _quotient(left: str | None, right: str | None) -> str | None:
    if left is not None and left == right:
        return "ratio"
    if right in (None, "ratio", "count"):
        return left
    return None
