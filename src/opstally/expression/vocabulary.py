"""The vocabulary: every function and operator of definitions, with its one written meaning.

An engine says how it spells each word, or declares that it does not offer it. Any other function fails at load.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal as OneOf

from opstally.expression.tree import NULL, Call, Expr, Literal

Kind = OneOf["operator", "scalar", "context", "aggregate"]
MANY = 50


@dataclass(frozen=True)
class Word:
    """One word: how it is written, what it takes and gives, and what it means.

    `takes` has a type for each argument, the last one repeating; "any", "same" (all alike), "ordered" and "duration"
    stand for several. `gives` is a type, or "same" for the type of the arguments.
    """

    usage: str
    kind: Kind
    takes: tuple[str, ...]
    gives: str
    meaning: str
    least: int = -1
    most: int = -1
    unit: str | None = None

    def __post_init__(self) -> None:
        if self.least < 0:
            object.__setattr__(self, "least", len(self.takes))
        if self.most < 0:
            object.__setattr__(self, "most", max(self.least, len(self.takes)))


@dataclass(frozen=True)
class Expansion:
    """A word that is short for others."""

    usage: str
    least: int
    most: int
    expand: Callable[[tuple[Expr, ...], int], Expr]
    meaning: str


def _operator(usage: str, takes: tuple[str, ...], gives: str, meaning: str, most: int = -1) -> Word:
    return Word(usage, "operator", takes, gives, meaning, most=most)


WORDS: dict[str, Word] = {
    "+": _operator("a + b", ("numeric", "numeric"), "same", "Sum; NULL where either is NULL."),
    "-": _operator("a - b", ("numeric", "numeric"), "same", "Difference; NULL where either is NULL."),
    "*": _operator("a * b", ("numeric", "numeric"), "same", "Product; NULL where either is NULL."),
    "/": _operator(
        "a / b", ("numeric", "numeric"), "number",
        "Real division, never integer; division by zero is NULL.",
    ),
    "neg": _operator("-a", ("numeric",), "same", "The number with its sign turned."),
    "=": _operator("a = b", ("same", "same"), "boolean", "Equal; NULL where either is NULL. Texts compare exactly."),
    "!=": _operator("a != b", ("same", "same"), "boolean", "Not equal; NULL where either is NULL."),
    "<": _operator("a < b", ("ordered", "ordered"), "boolean", "Less; texts by code point."),
    "<=": _operator("a <= b", ("ordered", "ordered"), "boolean", "Less or equal."),
    ">": _operator("a > b", ("ordered", "ordered"), "boolean", "Greater."),
    ">=": _operator("a >= b", ("ordered", "ordered"), "boolean", "Greater or equal."),
    "and": _operator("a and b", ("boolean", "boolean"), "boolean", "Three-valued: false wins over NULL."),
    "or": _operator("a or b", ("boolean", "boolean"), "boolean", "Three-valued: true wins over NULL."),
    "not": _operator("not a", ("boolean",), "boolean", "Three-valued: not NULL is NULL."),
    "in": _operator(
        "a in (b, …)", ("same",), "boolean",
        "Equal to one of the values; NULL where a is NULL.", most=1000,
    ),
    "is_null": _operator("a is null", ("any",), "boolean", "Whether there is no value; never NULL itself."),
    "case": _operator(
        "case when a then b else c end", ("any",), "case",
        "The first branch whose condition is true; else NULL.", most=1000,
    ),
    "coalesce": Word("coalesce(a, b, …)", "scalar", ("same",), "same", "The first that is not NULL.", most=MANY),
    "least": Word(
        "least(a, b, …)", "scalar", ("ordered",), "same",
        "The smallest of those that are not NULL.", least=2, most=MANY,
    ),
    "greatest": Word(
        "greatest(a, b, …)", "scalar", ("ordered",), "same",
        "The largest of those that are not NULL.", least=2, most=MANY,
    ),
    "abs": Word("abs(a)", "scalar", ("numeric",), "same", "The number without its sign."),
    "floor": Word("floor(a)", "scalar", ("numeric",), "number", "The largest whole number not above it."),
    "ceil": Word("ceil(a)", "scalar", ("numeric",), "number", "The smallest whole number not below it."),
    "ln": Word("ln(a)", "scalar", ("numeric",), "number", "Natural logarithm; NULL for zero and below."),
    "lower": Word("lower(text)", "scalar", ("text",), "text", "In lower case."),
    "contains": Word(
        "contains(text, part)", "scalar", ("text", "text"), "boolean",
        "Whether the part stands in the text, exactly.",
    ),
    "starts_with": Word(
        "starts_with(text, part)", "scalar", ("text", "text"), "boolean",
        "Whether the text starts with the part.",
    ),
    "seconds_between": Word(
        "seconds_between(start, end)", "scalar", ("timestamp", "timestamp"), "number",
        "Elapsed seconds from start to end; negative where end is earlier.", unit="seconds",
    ),
    "minutes_between": Word(
        "minutes_between(start, end)", "scalar", ("timestamp", "timestamp"), "number",
        "Elapsed seconds / 60, never boundaries crossed.", unit="minutes",
    ),
    "hours_between": Word(
        "hours_between(start, end)", "scalar", ("timestamp", "timestamp"), "number",
        "Elapsed seconds / 3600, never boundaries crossed.", unit="hours",
    ),
    "days_between": Word(
        "days_between(start, end)", "scalar", ("moment", "moment"), "number",
        "Between dates the number of days; between timestamps elapsed seconds / 86400.", unit="days",
    ),
    "add_days": Word(
        "add_days(moment, n)", "scalar", ("moment", "numeric"), "first",
        "The date, or instant, n days (of 86400 s) later.",
    ),
    "add_minutes": Word(
        "add_minutes(timestamp, n)", "scalar", ("timestamp", "numeric"), "timestamp",
        "The instant n minutes later.",
    ),
    "date_of": Word(
        "date_of(timestamp)", "scalar", ("timestamp",), "date",
        "The day on which the instant falls in the project's time zone.",
    ),
    "hour_of": Word(
        "hour_of(timestamp)", "scalar", ("timestamp",), "integer",
        "The hour 0–23 of the instant in the project's time zone.",
    ),
    "weekday_of": Word(
        "weekday_of(moment)", "scalar", ("moment",), "integer",
        "1 Monday … 7 Sunday, in the project's time zone.",
    ),
    "as_of": Word("as_of()", "context", (), "timestamp", "The instant at which the last day that counts ends."),
    "as_of_date": Word("as_of_date()", "context", (), "date", "The last day that counts."),
    "period_start": Word(
        "period_start()", "context", (), "timestamp",
        "The instant at which the row's bucket of the period starts.",
    ),
    "period_end": Word(
        "period_end()", "context", (), "timestamp",
        "The instant at which the row's bucket of the period ends (excluded).",
    ),
    "period_days": Word(
        "period_days()", "context", (), "number",
        "The days that the bucket of the period has.", unit="days",
    ),
    "overlap_minutes": Word(
        "overlap_minutes()", "context", (), "number",
        "For a `during` time basis: the minutes of the row's span inside the bucket.", unit="minutes",
    ),
    "setting": Word("setting('name')", "context", ("text",), "number", "An assumption of the project."),
    "count": Word(
        "count() or count(x)", "aggregate", ("any",), "integer",
        "Rows; with x, rows in which x is not NULL.", least=0, most=1, unit="count",
    ),
    "count_if": Word(
        "count_if(condition)", "aggregate", ("boolean",), "integer",
        "Rows for which the condition is true (not NULL).", unit="count",
    ),
    "count_distinct": Word(
        "count_distinct(x)", "aggregate", ("any",), "integer",
        "Different values of x that are not NULL, exactly.", unit="count",
    ),
    "sum": Word(
        "sum(x)", "aggregate", ("numeric",), "same",
        "Sum of the values that are not NULL; NULL where there is none.",
    ),
    "avg": Word("avg(x)", "aggregate", ("numeric",), "number", "Sum over count of the values that are not NULL."),
    "min": Word("min(x)", "aggregate", ("ordered",), "same", "The smallest value."),
    "max": Word("max(x)", "aggregate", ("ordered",), "same", "The largest value."),
    "quantile": Word(
        "quantile(x, p)", "aggregate", ("numeric", "share"), "number",
        "The exact quantile, interpolated linearly at p·(n − 1) (Hyndman–Fan type 7).",
    ),
    "variance": Word(
        "variance(x)", "aggregate", ("numeric",), "number",
        "Sample variance (n − 1); NULL below two values.",
    ),
    "last": Word(
        "last(x, by)", "aggregate", ("any", "ordered"), "first",
        "x of the row with the largest `by`; the largest x where several have it. Rows without x or by do not count.",
    ),
    "first": Word(
        "first(x, by)", "aggregate", ("any", "ordered"), "first",
        "x of the row with the smallest `by`; the smallest x where several have it. Rows without x or by do not count.",
    ),
    "union_minutes": Word(
        "union_minutes()", "aggregate", (), "number",
        "For a `during` time basis: minutes of the bucket covered by at least one row's span.", unit="minutes",
    ),
}  # fmt: skip


def _only_if(condition: Expr, value: Expr, position: int) -> Expr:
    return Call("case", (condition, value, NULL), position)


def _conditional(name: str) -> Expansion:
    def expand(args: tuple[Expr, ...], position: int) -> Expr:
        return Call(name, (_only_if(args[1], args[0], position),), position)

    meaning = f"{name}(x) over the rows for which the condition is true."
    return Expansion(f"{name}_if(x, condition)", 2, 2, expand, meaning)


def _weighted(args: tuple[Expr, ...], position: int) -> Expr:
    x, weight = args
    known = Call("not", (Call("is_null", (x,), position),), position)
    weighted = Call("sum", (Call("*", (x, weight), position),), position)
    return Call("/", (weighted, Call("sum", (_only_if(known, weight, position),), position)), position)


EXPANSIONS: dict[str, Expansion] = {
    **{f"{name}_if": _conditional(name) for name in ("sum", "avg", "min", "max", "count_distinct")},
    "median": Expansion("median(x)", 1, 1, lambda a, p: Call("quantile", (a[0], Literal(0.5)), p), "quantile(x, 0.5)."),
    "quantile_if": Expansion(
        "quantile_if(x, p, condition)", 3, 3,
        lambda a, p: Call("quantile", (_only_if(a[2], a[0], p), a[1]), p),
        "quantile(x, p) over the rows for which the condition is true.",
    ),
    "weighted_avg": Expansion(
        "weighted_avg(x, weight)", 2, 2, _weighted, "Sum of x·weight over sum of weight, over the rows that have x."
    ),
}  # fmt: skip


AGGREGATES = frozenset(name for name, word in WORDS.items() if word.kind == "aggregate")
"""The names of the aggregate words."""
