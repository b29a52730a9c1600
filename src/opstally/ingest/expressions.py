"""Expressions of sources and tables → SQL over the columns of a load."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from opstally.engines.duckdb import DuckDB
from opstally.engines.spell import spell
from opstally.errors import BadExpression
from opstally.expression import Call, Column, Expr, Literal, Typed, check, parse
from opstally.expression.check import MOMENTS, NUMERIC
from opstally.expression.tree import walk
from opstally.expression.vocabulary import AGGREGATES, WORDS
from opstally.model.project import Project
from opstally.period import Calendar
from opstally.planner.lower import Context, lower

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from opstally.model.unit import ColumnType

_NOT_AT_LOAD = frozenset(n for n, w in WORDS.items() if w.kind == "context" and n != "setting") | AGGREGATES


@dataclass(frozen=True)
class Meaning:
    """What expressions need to know of the project."""

    engine: DuckDB
    calendar: Calendar
    assumptions: Mapping[str, float]

    @classmethod
    def of(cls, connection: DuckDBPyConnection, project: Project) -> Meaning:
        """In a project."""
        return cls(DuckDB(connection), project.calendar, asdict(project.assumptions))

    def sql(self, expr: Expr, typed: Callable[[Column], Typed], column: Callable[[Column], str]) -> tuple[str, str]:
        """SQL of a row-level expression, and its type ("null" for a bare NULL).

        Raises BadExpression where it does not fit its columns, or uses a word that has no meaning at load.
        """
        for node in walk(expr):
            if isinstance(node, Call) and node.name in _NOT_AT_LOAD:
                raise BadExpression(f"{node.name}() has no meaning while rows are loaded", position=node.position)
        kind = check(expr, typed).type
        context = Context(None, dt.date.max - dt.timedelta(days=2), self.calendar, self.assumptions)
        return spell(lower(expr, context, typed), self.engine, column), kind


def parsed(text: str) -> Expr:
    """The tree of an expression, without the positions that would tell equal columns apart."""
    return parse(text)


def types_by_use(exprs: Mapping[str, Expr]) -> dict[str, ColumnType]:
    """The type in which each column of an export is read, told by how expressions use it; text where nothing tells.

    Raises BadExpression for a column that is used as two types.
    """
    found: dict[str, ColumnType] = {}
    for expr in exprs.values():
        for node in walk(expr):
            if isinstance(node, Call):
                for column, type_ in _uses(node):
                    before = found.setdefault(column.name, type_)
                    if before != type_:
                        raise BadExpression(
                            f"{column.name!r} is used as {before} and as {type_}", position=column.position
                        )
    return found


def _uses(call: Call) -> list[tuple[Column, ColumnType]]:
    """The columns that are direct arguments of a call and must be of a type there."""
    word = WORDS[call.name]
    uses: list[tuple[Column, ColumnType]] = []
    alike = _alike(call)
    for i, arg in enumerate(call.args):
        if isinstance(arg, Column):
            wanted = _types(word.takes[min(i, len(word.takes) - 1)]) if word.takes else None
            if call.name == "case" and i % 2 == 0 and i < len(call.args) - 1:
                wanted = "boolean"
            if wanted or alike:
                uses.append((arg, wanted or alike or "text"))
    return uses


def _types(takes: str) -> ColumnType | None:
    match takes:
        case "numeric":
            return "number"
        case "moment" | "timestamp":
            return "timestamp"
        case "boolean" | "date" | "text":
            return takes
        case _:
            return None


def _alike(call: Call) -> ColumnType | None:
    """The type that a column beside these arguments must have, told by constants and calls among them."""
    if call.name == "is_null":
        return None
    args = [*call.args[1:-1:2], call.args[-1]] if call.name == "case" else call.args
    for arg in args:
        if isinstance(arg, Literal) and arg.value is not None:
            return _column_type(check(arg, _no_scope).type)
        if isinstance(arg, Call) and (gives := WORDS[arg.name].gives) not in ("same", "first", "case"):
            return _column_type(gives)
    return None


def _no_scope(column: Column) -> Typed:
    raise BadExpression(f"There is no column {column.name!r}", position=column.position)


def _column_type(type_: str) -> ColumnType | None:
    if type_ in NUMERIC:
        return "number"
    if type_ in MOMENTS | {"text", "boolean"}:
        return type_  # type: ignore[return-value]  # one of the column types
    return None
