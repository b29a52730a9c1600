"""Expression trees: columns, literals and calls; an operator is a call whose name is its sign."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Column:
    """A column by its path: ("status",), or ("customer", "plan") through a reference."""

    path: tuple[str, ...]
    position: int = field(default=0, compare=False)

    @property
    def name(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True)
class Literal:
    """A constant; None is NULL. A datetime is an instant in UTC without a zone."""

    value: str | int | float | bool | dt.date | dt.datetime | None
    position: int = field(default=0, compare=False)

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))

    def __eq__(self, other: object) -> bool:  # 1, 1.0 and true are different constants
        return isinstance(other, Literal) and (type(self.value), self.value) == (type(other.value), other.value)


@dataclass(frozen=True)
class Call:
    """A word of the vocabulary with its arguments. `case` has (when, then, when, then, …, else)."""

    name: str
    args: tuple[Expr, ...] = ()
    position: int = field(default=0, compare=False)


Expr = Column | Literal | Call

TRUE, NULL = Literal(True), Literal(None)


def walk(expr: Expr) -> Iterator[Expr]:
    """Every node, parents first."""
    yield expr
    if isinstance(expr, Call):
        for arg in expr.args:
            yield from walk(arg)


def height(expr: Expr) -> int:
    """The levels of the tree, found without recursion, so that any tree can be asked."""
    level, levels = [expr], 0
    while level:
        levels += 1
        level = [arg for node in level if isinstance(node, Call) for arg in node.args]
    return levels


def columns(expr: Expr) -> list[Column]:
    """The columns named, each once, in order of appearance."""
    return list(dict.fromkeys(node for node in walk(expr) if isinstance(node, Column)))


def rewrite(expr: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """A tree in which each node for which `change` returns another is that other (which is not entered again)."""
    changed = change(expr)
    if changed is not None:
        return changed
    if isinstance(expr, Call) and expr.args:
        return Call(expr.name, tuple([rewrite(arg, change) for arg in expr.args]), expr.position)
    return expr


def all_of(*conditions: Expr | None) -> Expr | None:
    """The conditions joined by `and`; None where there is none."""
    present = [c for c in dict.fromkeys(conditions) if c is not None and c != TRUE]
    if not present:
        return None
    joined = present[0]
    for condition in present[1:]:
        joined = Call("and", (joined, condition))
    return joined


def any_of(*conditions: Expr) -> Expr:
    """The conditions (at least one) joined by `or`."""
    joined, *rest = dict.fromkeys(conditions)
    for condition in rest:
        joined = Call("or", (joined, condition))
    return joined


def show(expr: Expr) -> str:
    """The expression as a person would write it."""
    return _show(expr, 0)


RESERVED = frozenset(
    ["and", "or", "not", "in", "is", "null", "true", "false", "between", "case", "when", "then", "else", "end"]
)
"""Words of the language itself; a column of such a name is written in double quotes."""

_PLAIN = re.compile(r"[^\W\d]\w*")
_BINDING = {"or": 1, "and": 2, "not": 3, "=": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "in": 4, "is_null": 4,
            "+": 5, "-": 5, "*": 6, "/": 6, "neg": 7}  # fmt: skip


def _show(expr: Expr, outer: int) -> str:
    match expr:
        case Column():
            return ".".join(_show_name(part) for part in expr.path)
        case Literal(value):
            return show_literal(value)
        case Call(name, args):
            own = _BINDING.get(name, 8)
            text = _show_call(name, args, own)
            return f"({text})" if own < outer else text


def _show_call(name: str, args: tuple[Expr, ...], own: int) -> str:
    if name == "case":
        whens = [f"when {_show(w, 0)} then {_show(t, 0)}" for w, t in zip(args[:-1:2], args[1:-1:2], strict=True)]
        otherwise = [] if args[-1] == NULL else [f"else {_show(args[-1], 0)}"]
        return " ".join(["case", *whens, *otherwise, "end"])
    if name == "in":
        return f"{_show(args[0], 5)} in ({', '.join(_show(a, 0) for a in args[1:])})"
    if name == "is_null":
        return f"{_show(args[0], 5)} is null"
    if name == "not":
        return f"not {_show(args[0], own)}"
    if name == "neg":
        inner = _show(args[0], own)
        return f"-({inner})" if inner.startswith("-") else f"-{inner}"  # two signs would begin a comment
    if name in _BINDING:
        left = own + 1 if own == 4 else own
        return f"{_show(args[0], left)} {name} {_show(args[1], own + 1)}"
    return f"{name}({', '.join(_show(a, 0) for a in args)})"


def _show_name(name: str) -> str:
    plain = _PLAIN.fullmatch(name) and name.lower() not in RESERVED
    return name if plain else '"' + name.replace('"', '""') + '"'


def show_literal(value: str | int | float | bool | dt.date | dt.datetime | None) -> str:
    """A constant as it is written in an expression."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case dt.datetime():
            return f"timestamp '{value.isoformat(sep=' ')}'"
        case dt.date():
            return f"date '{value.isoformat()}'"
        case _:
            return repr(value)
