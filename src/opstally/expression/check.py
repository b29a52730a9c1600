"""Types, units and possible texts of an expression, given the columns it may name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

from opstally.errors import BadExpression
from opstally.expression.possible import refuse_impossible, texts_given
from opstally.expression.tree import Call, Column, Expr, Literal
from opstally.expression.vocabulary import WORDS, Word

NUMERIC = frozenset({"integer", "number"})
MOMENTS = frozenset({"date", "timestamp"})
_ORDERED = NUMERIC | MOMENTS | {"text"}
_ANY = _ORDERED | {"boolean"}
_KINDS: dict[str, frozenset[str]] = {
    "numeric": NUMERIC,
    "moment": MOMENTS,
    "ordered": _ORDERED,
    "any": _ANY,
    "same": _ANY,
}
"""What a word takes, where that is several types; any other name is a type."""
_ALIKE = frozenset({"same", "ordered", "moment"})
"""Of these all arguments have to be of one type."""
_PHYSICAL = frozenset({"milliseconds", "seconds", "minutes", "hours", "days", "currency", "percent", "bytes"})
_KEEPS_UNIT = frozenset({"+", "-", "neg", "abs", "floor", "ceil", "coalesce", "least", "greatest"})
_HUNDRED = frozenset({Literal(100), Literal(100.0)})


@dataclass(frozen=True)
class Typed:
    """What an expression gives: its type ("null" for a bare NULL), unit, and whether it is per row or aggregated."""

    type: str
    unit: str | None = None
    aggregated: bool = False
    constant: bool = False
    """Neither: a literal, or a word about the period."""
    texts: tuple[str, ...] | None = None
    """The only texts it can be, beside NULL; None where it can be any."""


Scope = Callable[[Column], Typed]
"""Gives the type of a column, or raises BadExpression naming the nearest one."""


def check(expr: Expr, scope: Scope) -> Typed:
    """The type and unit of the expression.

    Raises BadExpression where types or physical units do not fit, where an aggregate stands inside another,
    where rows and aggregates are mixed, or where something is compared with a text that it cannot be.
    """
    match expr:
        case Column():
            return scope(expr)
        case Literal(value):
            return Typed(_literal_type(value), constant=True, texts=_literal_texts(value))
        case Call():
            given = [check(arg, scope) for arg in expr.args]
            typed = _call(expr, given)
            told = [t.texts for t in given]
            refuse_impossible(expr, told)
            return replace(typed, texts=texts_given(expr, told)) if typed.type == "text" else typed


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


def _literal_texts(value: object) -> tuple[str, ...] | None:
    return () if value is None else (value,) if isinstance(value, str) else None


def _call(call: Call, given: list[Typed]) -> Typed:
    word = WORDS[call.name]
    if word.kind == "aggregate":
        return _aggregate(call, word, given)
    if word.kind == "context":
        return _context(call, word)
    levels = {t.aggregated for t in given if not t.constant}
    if len(levels) > 1:
        raise BadExpression(f"{call.name!r} mixes a value per row with an aggregate", position=call.position)
    if call.name == "case":
        typed = _case(call, given)
    else:
        _require(call, word, given)
        typed = Typed(_gives(word, given), _unit(call, word, given))
    return replace(typed, aggregated=True in levels, constant=not levels)


def _context(call: Call, word: Word) -> Typed:
    if call.name == "setting":
        name = call.args[0]
        if not (isinstance(name, Literal) and isinstance(name.value, str)):
            raise BadExpression(
                "setting() takes a name in quotes, such as setting('saving_share')", position=call.position
            )
    return Typed(word.gives, word.unit, constant=call.name != "overlap_minutes")


def _aggregate(call: Call, word: Word, given: list[Typed]) -> Typed:
    if any(t.aggregated for t in given):
        raise BadExpression(f"{call.name}() stands around another aggregate", position=call.position)
    if call.name == "quantile":
        share = call.args[1]
        if not (isinstance(share, Literal) and isinstance(share.value, int | float) and 0 <= share.value <= 1):
            raise BadExpression("The second argument of quantile() is a number from 0 to 1", position=call.position)
        word = replace(word, takes=("numeric", "numeric"))
    _require(call, word, given)
    unit = word.unit or (given[0].unit if given and call.name != "variance" else None)
    return Typed(_gives(word, given), unit, aggregated=True)


def _require(call: Call, word: Word, given: list[Typed]) -> None:
    wanted = [word.takes[min(index, len(word.takes) - 1)] for index in range(len(given))]
    for arg, want, typed in zip(call.args, wanted, given, strict=True):
        allowed = _KINDS.get(want, frozenset({want}))
        if typed.type != "null" and typed.type not in allowed:
            several = " or ".join(sorted(allowed))
            what = want if want == "numeric" or len(allowed) == 1 else several
            raise BadExpression(f"{call.name!r} takes {what}, not {typed.type}", position=arg.position or call.position)
    if word.kind != "aggregate":
        _alike(call, [typed for want, typed in zip(wanted, given, strict=True) if want in _ALIKE])


def _alike(call: Call, given: list[Typed]) -> None:
    kinds = {_kind(t) for t in given} - {"null"}
    if len(kinds) > 1:
        raise BadExpression(
            f"{call.name!r} compares {' with '.join(sorted(kinds))}{_hint(kinds)}", position=call.position
        )
    _same_unit(call.name, given, call.position)


def _kind(typed: Typed) -> str:
    return "number" if typed.type in NUMERIC else typed.type


def _hint(kinds: set[str]) -> str:
    """How to write what was probably meant."""
    if kinds == {"date", "timestamp"}:
        return ": date_of(…) gives the day of a timestamp"
    if kinds == {"date", "text"}:
        return ": a day is written date '2026-10-31'"
    if kinds == {"timestamp", "text"}:
        return ": an instant is written timestamp '2026-10-31 18:30:00', and date_of(…) gives its day"
    return ""


def _same_unit(what: str, given: list[Typed], position: int = 0) -> str | None:
    units = {t.unit for t in given if t.unit is not None}
    physical = units & _PHYSICAL
    if len(physical) > 1:
        raise BadExpression(f"{what!r} mixes the units {' and '.join(sorted(physical))}", position=position)
    if physical:
        return physical.pop()
    return units.pop() if len(units) == 1 else None


def _gives(word: Word, given: list[Typed]) -> str:
    if word.gives == "first":
        return given[0].type
    if word.gives != "same":
        return word.gives
    return _common({t.type for t in given})


def _common(types: set[str]) -> str:
    """The type that values of these types have together."""
    known = types - {"null"}
    if known == NUMERIC:
        return "number"
    return known.pop() if known else "null"


def _case(call: Call, given: list[Typed]) -> Typed:
    conditions, results = given[:-1:2], [*given[1:-1:2], given[-1]]
    for condition in conditions:
        if condition.type not in ("boolean", "null"):
            raise BadExpression(f"'when' takes a condition, not {condition.type}", position=call.position)
    kinds = {_kind(t) for t in results} - {"null"}
    if len(kinds) > 1:
        raise BadExpression(f"'case' gives {' and '.join(sorted(kinds))}", position=call.position)
    return Typed(_common({t.type for t in results}), _same_unit("case", results, call.position))


def _unit(call: Call, word: Word, given: list[Typed]) -> str | None:
    if call.name in _KEEPS_UNIT:
        return _same_unit(call.name, given, call.position)
    if call.name == "*":
        return _product(call, *(t.unit for t in given))
    if call.name == "/":
        return _quotient(call, *(t.unit for t in given))
    return word.unit


def _product(call: Call, left: str | None, right: str | None) -> str | None:
    if "ratio" in (left, right) and _HUNDRED & set(call.args):
        return "percent"
    if left in (None, "ratio", "count"):
        return right if right is not None else left
    return left if right in (None, "ratio", "count") else None


def _quotient(call: Call, left: str | None, right: str | None) -> str | None:
    if left == "percent" and call.args[1] in _HUNDRED:
        return "ratio"
    if left is not None and left == right:
        return "ratio"
    if right in (None, "ratio", "count"):
        return left
    return None
