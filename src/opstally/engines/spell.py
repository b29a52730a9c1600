"""Expression tree → SQL text, in the spelling of one engine."""

from __future__ import annotations

from collections.abc import Callable

from opstally.engines.engine import Engine
from opstally.errors import EngineError
from opstally.expression import Call, Column, Expr, Literal

_OPEN = frozenset({"+", "-", "*", "/", "=", "!=", "<", "<=", ">", ">=", "and", "or", "not", "neg", "in", "is_null"})


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
            return _word(name, [_argument(name, arg, engine, column) for arg in args], engine)


def _flat(expr: Expr, sign: str) -> list[Expr]:
    if isinstance(expr, Call) and expr.name == sign:
        return [leaf for arg in expr.args for leaf in _flat(arg, sign)]
    return [expr]


def _inside(expr: Expr, sign: str, engine: Engine, column: Callable[[Column], str]) -> str:
    text = spell(expr, engine, column)
    return f"({text})" if isinstance(expr, Call) and expr.name in ("and", "or") and expr.name != sign else text


def _argument(outer: str, arg: Expr, engine: Engine, column: Callable[[Column], str]) -> str:
    text = spell(arg, engine, column)
    return f"({text})" if outer in _OPEN and isinstance(arg, Call) and arg.name in _OPEN | {"case"} else text


def _word(name: str, args: list[str], engine: Engine) -> str:
    if name in engine.not_offered:
        raise EngineError(f"{engine.name} does not offer {name}(): {engine.not_offered[name]}")
    spelling = engine.spelling.get(name if args or name != "count" else "count_rows")
    if spelling is None:
        raise EngineError(f"{engine.name} has no spelling for {name!r}: add it to opstally/engines/{engine.name}.py")
    return spelling.format(*args) if isinstance(spelling, str) else spelling(args)


def case(args: list[str] | tuple[str, ...]) -> str:
    """The SQL of `case`, which all engines share: (when, then, …, else)."""
    whens = " ".join(f"WHEN {w} THEN {t}" for w, t in zip(args[:-1:2], args[1:-1:2], strict=True))
    otherwise = "" if args[-1] == "NULL" else f" ELSE {args[-1]}"
    return f"CASE {whens}{otherwise} END"


def divide(args: list[str] | tuple[str, ...], double: str) -> str:
    """The SQL of real division, NULL by zero; a constant that is not zero needs no guard."""
    above, below = (a if a.startswith("CAST(") and a.endswith(f" AS {double})") else f"CAST({a} AS {double})" for a in args)
    try:
        return f"{above} / {args[1]}" if float(args[1]) else "NULL"
    except ValueError:
        return f"{above} / NULLIF({below}, 0)"
