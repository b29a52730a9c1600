"""Expression tree → SQL text, in the spelling of one engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from opstally.engines.engine import Engine
from opstally.expression import Call, Column, Expr, Literal

_OPEN = frozenset({"+", "-", "*", "/", "=", "!=", "<", "<=", ">", ">=", "and", "or", "not", "neg", "in", "is_null"})

_NUMBER = re.compile(r"[0-9.]+(?:e[-+]?[0-9]+)?(?![\w])")
"""A constant as an engine writes it, perhaps with its type after it."""


def spell(expr: Expr, engine: Engine, column: Callable[[Column], str]) -> str:
    """The SQL of an expression; `column` says how a column is called where the text will stand.

    Raises EngineError for a word that the engine does not offer.
    """
    match expr:
        case Column():
            return column(expr)
        case Literal(value):
            return engine.literal(value)
        case Call("and" | "or" as sign):
            return f" {sign.upper()} ".join(_inside(arg, sign, engine, column) for arg in _flat(expr, sign))
        case Call("not", (Call("is_null", (inner,)),)):
            return f"{_argument('not', inner, engine, column)} IS NOT NULL"
        case Call(name, args):
            return engine.say(name, *(_argument(name, arg, engine, column) for arg in args))


def _flat(expr: Expr, sign: str) -> list[Expr]:
    if isinstance(expr, Call) and expr.name == sign:
        return [leaf for arg in expr.args for leaf in _flat(arg, sign)]
    return [expr]


def _inside(expr: Expr, sign: str, engine: Engine, column: Callable[[Column], str]) -> str:
    text = spell(expr, engine, column)
    return f"({text})" if isinstance(expr, Call) and expr.name in ("and", "or") and expr.name != sign else text


def _argument(outer: str, arg: Expr, engine: Engine, column: Callable[[Column], str]) -> str:
    text = spell(arg, engine, column)
    return f"({text})" if outer in _OPEN and _is_open(arg) else text


def _is_open(expr: Expr) -> bool:
    """Whether the text of an operator around it could reach into its own."""
    match expr:
        case Call(name):
            return name in _OPEN
        case Literal(int() | float() as value):
            return value < 0
    return False


def case(args: Sequence[str]) -> str:
    """The SQL of `case`, which all engines share: (when, then, …, else)."""
    whens = " ".join(f"WHEN {w} THEN {t}" for w, t in zip(args[:-1:2], args[1:-1:2], strict=True))
    otherwise = "" if args[-1] == "NULL" else f" ELSE {args[-1]}"
    return f"CASE {whens}{otherwise} END"


def divide(args: Sequence[str], double: str) -> str:
    """The SQL of real division, NULL by zero; a constant that is not zero needs no guard."""
    above, below = (
        a if a.startswith("CAST(") and a.endswith(f" AS {double})") else f"CAST({a} AS {double})" for a in args
    )
    constant = _NUMBER.match(args[1])
    if constant is not None:
        return f"{above} / {args[1]}" if float(constant[0]) else f"CAST(NULL AS {double})"
    return f"{above} / NULLIF({below}, 0)"
