"""Every word of the vocabulary means the same on every engine: edge cases with results worked out by hand."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from opstally.engines import engine_class, names
from opstally.engines.engine import Engine
from opstally.engines.spell import spell
from opstally.expression import Column, Typed, check, parse
from opstally.expression.vocabulary import WORDS
from opstally.period import Calendar, Period
from opstally.planner.lower import Context, lower
from opstally.planner.metric import Basis

D, T = dt.date, dt.datetime
COLUMNS = {"t": "text", "u": "text", "i": "integer", "j": "integer", "n": "number", "m": "number", "b": "boolean",
           "c": "boolean", "d": "date", "e": "date", "at": "timestamp", "till": "timestamp"}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """An expression over rows of columns (those not given are NULL), and what it gives."""

    text: str
    gives: Any
    rows: Sequence[dict[str, Any]] = field(default_factory=lambda: ({},))
    zone: str = "UTC"

    def __str__(self) -> str:
        return f"{self.text} of {self.rows} in {self.zone}"


def ask(engine: Engine, case: Case) -> object:
    """What the engine gives."""
    calendar = Calendar(case.zone)
    context = Context(Period(D(2026, 6, 1), D(2026, 7, 1)), D(2026, 6, 30), calendar, {"saving_share": 0.3})

    def scope(column: Column) -> Typed:
        return Typed(COLUMNS[column.name])

    expr = parse(case.text)
    check(expr, scope)
    sql = spell(lower(expr, context, scope, Basis("during", "at", "till")), engine, lambda c: engine.identifier(c.name))
    rows = [
        ", ".join(engine.cast(engine.literal(row.get(name)), type_) for name, type_ in COLUMNS.items())
        for row in case.rows or ({},)
    ]
    columns = ", ".join(engine.identifier(name) for name in COLUMNS)
    values = ", ".join(f"({row})" for row in rows)
    only = "" if case.rows else " WHERE FALSE"
    [(value,)] = engine.run(f"SELECT {sql} FROM (VALUES {values}) AS r({columns}){only}")
    return value


def one(text: str, gives: Any, zone: str = "UTC", **row: Any) -> Case:
    return Case(text, gives, (row,), zone)


def col(text: str, gives: Any, **columns: Sequence[Any]) -> Case:
    """Rows given by column."""
    lengths = {len(values) for values in columns.values()}
    [length] = lengths or {0}
    return Case(text, gives, [{name: values[i] for name, values in columns.items()} for i in range(length)])


US = dt.timedelta(microseconds=1)
NOON = T(2026, 6, 10, 12)

CASES: dict[str, list[Case]] = {
    "+": [
        one("i + j", 5, i=2, j=3),
        one("i + n", 2.5, i=2, n=0.5),
        one("i + null", None, i=1),
        one("i + -1", 1, i=2),
        one("n + 0.1 + 0.2 = 0.1 + 0.2", True, n=0.0),
    ],
    "-": [one("i - j - 1", -2, i=2, j=3), one("i - (j - 1)", 0, i=2, j=3), one("i - -1", 3, i=2), one("n - n", None)],
    "*": [
        one("i * j", 6, i=2, j=3),
        one("i * 60 * 60 * 24 * 365 * 100", 3_153_600_000, i=1),
        one("60 * 60 * 24 * 365 * 100 + i", 3_153_600_001, i=1),
        one("i * 0.1", 0.1 * 3, i=3),
        one("i * 0.1 = 0.3", False, i=3),
        one("-i * j", -6, i=2, j=3),
    ],
    "/": [
        one("i / j", 0.5, i=1, j=2),
        one("i / 2", 3.5, i=7),
        one("1 / 3", 1 / 3),
        one("i / j", None, i=1, j=0),
        one("n / m", None, n=1.0, m=0.0),
        one("i / 0", None, i=1),
        one("i / 0.0", None, i=1),
        one("i / -2", -3.5, i=7),
        one("i / j / 2", 0.25, i=1, j=2),
        one("i / (j / 2)", 1.0, i=1, j=2),
        one("i / (j - 2)", None, i=1, j=2),
        one("0 / i", 0.0, i=5),
        one("(i + 1) / (j + 1)", 1.5, i=2, j=1),
        one("i / n", None, i=1),
    ],
    "neg": [
        one("-i", -2, i=2),
        one("- -i", 2, i=2),
        one("-(i + j)", -5, i=2, j=3),
        one("-n", None),
        one("j - -i", 5, i=2, j=3),
    ],
    "=": [
        one("t = 'a'", True, t="a"),
        one("t = 'A'", False, t="a"),
        one("t = 'a '", False, t="a"),
        one("t = 'a'", None),
        one("i = 1.0", True, i=1),
        one("(t = 'a') = b", True, t="a", b=True),
        one("t = 'it''s'", True, t="it's"),
        one("t = 'Zoë'", True, t="Zoë"),
        one("t = ''", False, t=" "),
        one("contains(t, 'x') = b", True, t="ax", b=True),
    ],
    "!=": [
        one("t != 'a'", False, t="a"),
        one("t != null", None, t="a"),
        one("d != date '2026-06-01'", True, d=D(2026, 6, 2)),
    ],
    "<": [
        one("t < u", True, t="Z", u="a"),
        one("t < u", True, t="z", u="é"),
        one("t < u", True, t="a", u="aa"),
        one("t < u", True, t="\uffff", u="😀"),
        one("i < j", None, i=1),
        one("n < 0.3", False, n=0.1 + 0.2),
        one("t < 'B'", False, t="a"),
    ],
    "<=": [
        one("at <= till", True, at=NOON, till=NOON),
        one("at <= till", False, at=NOON + US, till=NOON),
        one("t <= 'a-b'", True, t="a b"),
    ],
    ">": [one("n > i", True, n=2.5, i=2), one("t > u", True, t="_", u="Z"), one("at > as_of()", False, at=NOON)],
    ">=": [one("d >= e", True, d=D(2026, 6, 2), e=D(2026, 6, 2)), one("t >= u", True, t="ä", u="z")],
    "and": [
        one("b and c", True, b=True, c=True),
        one("b and c", None, b=True),
        one("b and c", False, b=False),
        one("b or c and b", True, b=True, c=False),
        one("(b or c) and not b", False, b=True, c=False),
    ],
    "or": [
        one("b or c", True, b=True),
        one("b or c", None, b=False),
        one("b or c", False, b=False, c=False),
        one("i = 1 or i = 2 and j = 3", True, i=1, j=0),
    ],
    "not": [
        one("not b", False, b=True),
        one("not b", None),
        one("not (b or c)", False, b=True, c=False),
        one("not i = 1", True, i=2),
    ],
    "in": [
        one("t in ('a', 'b')", True, t="b"),
        one("t in ('a', 'b')", None),
        one("t in ('a', null)", None, t="b"),
        one("t not in ('a')", True, t="b"),
        one("i in (1, 2.5, -3)", True, i=-3),
        one("t in (u)", True, t="x", u="x"),
        one("b in (i = 1)", True, b=True, i=1),
        one("contains(t, 'a') in (true)", True, t="a"),
    ],
    "is_null": [
        one("t is null", True),
        one("t is not null", True, t=""),
        one("(i = j) is null", True, i=1),
        one("b and t is null", True, b=True),
        one("contains(t, 'a') is null", True),
    ],
    "case": [
        one("case when b then i else j end", 2, b=False, i=1, j=2),
        one("case when b then i end", None, i=1),
        one("case when null then 1 when i = 1 then 2 end", 2, i=1),
        one("1 + case when b then i else n end", 2.5, i=1, n=1.5, b=False),
        one("case when i > 0 then n / i else 0 end", 0.5, n=1.0, i=2),
        one("case when b then date_of(at) end", D(2026, 6, 10), b=True, at=NOON),
    ],
    "coalesce": [one("coalesce(t, u, 'x')", "x"), one("coalesce(i, n)", 1, i=1, n=2.5), one("coalesce(n, 0)", 0)],
    "least": [
        one("least(i, j)", 1, i=2, j=1),
        one("least(i, j)", 2, i=2),
        one("least(i, j)", None),
        one("least(t, u)", "B", t="a", u="B"),
        one("least(at, till)", NOON, at=NOON + US, till=NOON),
        one("least(null, t, 'b')", "B", t="B"),
    ],
    "greatest": [
        one("greatest(i, n)", 2.5, i=2, n=2.5),
        one("greatest(d, e)", D(2026, 6, 1), d=D(2026, 6, 1)),
        one("greatest(t, u)", "é", t="z", u="é"),
    ],
    "abs": [one("abs(i)", 5, i=-5), one("abs(n)", 0.5, n=-0.5), one("abs(-5)", 5), one("abs(n)", None)],
    "floor": [
        one("floor(n)", 2.0, n=2.9),
        one("floor(n)", -3.0, n=-2.1),
        one("floor(i)", 2.0, i=2),
        one("floor(n)", -1.0, n=-0.5),
    ],
    "ceil": [one("ceil(n)", 3.0, n=2.1), one("ceil(n)", -2.0, n=-2.9), one("ceil(i / 2)", 2.0, i=3)],
    "ln": [
        one("ln(n)", 1.0, n=math.e),
        one("ln(n)", None, n=0.0),
        one("ln(n)", None, n=-1.0),
        one("ln(0)", None),
        one("ln(i)", 0.0, i=1),
        one("1 + ln(i)", 1.0, i=1),
    ],
    "lower": [
        one("lower(t) <= least(u, 'z') and lower(t) = coalesce(u, 'b')", True, t="B", u="b"),
        one("lower(t)", "ärger ß", t="ÄRGER ß"),
        one("lower(t)", "σ", t="Σ"),
        one("lower(t)", None),
        one("lower(t)", "", t=""),
    ],
    "contains": [
        one("contains(t, 'b')", True, t="abc"),
        one("contains(t, 'B')", False, t="abc"),
        one("contains(t, '%')", False, t="abc"),
        one("contains(t, '')", True, t="abc"),
        one("contains(t, 'x')", None),
        one("not contains(t, 'é')", False, t="café"),
    ],
    "starts_with": [
        one("starts_with(t, 'ab')", True, t="abc"),
        one("starts_with(t, 'b')", False, t="abc"),
        one("starts_with(t, '_')", False, t="abc"),
        one("starts_with(t, '')", True, t="abc"),
    ],
    "seconds_between": [
        one("seconds_between(at, till)", 1e-6, at=NOON, till=NOON + US),
        one("seconds_between(at, till)", -60.0, at=NOON, till=T(2026, 6, 10, 11, 59)),
        one("seconds_between(at, till)", None, at=NOON),
        one("2 * seconds_between(at, till)", 20.0, at=NOON, till=T(2026, 6, 10, 12, 0, 10)),
    ],
    "minutes_between": [
        one("minutes_between(at, till)", 0.1, at=NOON, till=T(2026, 6, 10, 12, 0, 6)),
        one("minutes_between(at, as_of())", 720.0, at=T(2026, 6, 30, 12)),
    ],
    "hours_between": [
        one("hours_between(at, till)", 2 / 60, at=T(2026, 6, 10, 10, 59), till=T(2026, 6, 10, 11, 1)),
        one("hours_between(at, till)", 24.0, "Europe/Berlin", at=T(2026, 3, 28, 12), till=T(2026, 3, 29, 12)),
        one("hours_between(at, till) / 2", 12.0, at=T(2026, 3, 28), till=T(2026, 3, 29)),
        one("hours_between(at, till)", 1234567 / 3.6e9, at=NOON, till=NOON + 1234567 * US),
    ],
    "days_between": [
        one("days_between(d, e)", 28.0, d=D(2026, 2, 1), e=D(2026, 3, 1)),
        one("days_between(d, e)", -1.0, d=D(2026, 2, 2), e=D(2026, 2, 1)),
        one("days_between(at, till)", 0.5, at=T(2026, 6, 10, 18), till=T(2026, 6, 11, 6)),
        one("days_between(d, e)", None, d=D(2026, 1, 1)),
    ],
    "add_days": [
        one("add_days(d, 28)", D(2026, 3, 1), d=D(2026, 2, 1)),
        one("add_days(d, -1)", D(2026, 1, 31), d=D(2026, 2, 1)),
        one("add_days(d, n)", D(2026, 2, 3), d=D(2026, 2, 1), n=2.9),
        one("add_days(d, n)", D(2026, 1, 31), d=D(2026, 2, 1), n=-0.5),
        one("add_days(d, i)", D(2026, 2, 4), d=D(2026, 2, 1), i=3),
        one("add_days(at, 0.5)", T(2026, 6, 11), at=NOON),
        one("add_days(at, n)", NOON + 2 * US, at=NOON, n=2.4e-6 / 86400),
        one("add_days(at, n)", NOON - 28_800 * 10**6 * US, at=NOON, n=-1 / 3),
        one("add_days(at, 1) > till", True, at=NOON, till=NOON),
        one("add_days(d, n)", None, d=D(2026, 1, 1)),
        one("add_days(date_of(as_of()), -7) = date '2026-06-24'", True),
    ],
    "add_minutes": [
        one("add_minutes(at, 1.5)", T(2026, 6, 10, 12, 1, 30), at=NOON),
        one("add_minutes(at, n)", T(2026, 6, 10, 12, 0, 20), at=NOON, n=1 / 3),
        one("add_minutes(at, -60 * 24 * 365)", T(2025, 6, 10, 12), at=NOON),
        one("date_of(add_minutes(at, 600))", D(2026, 6, 11), "Europe/Berlin", at=NOON),
    ],
    "date_of": [
        one("date_of(at)", D(2026, 6, 10), at=T(2026, 6, 10, 23, 59, 59, 999999)),
        one("date_of(at)", D(2026, 6, 11), "Europe/Berlin", at=T(2026, 6, 10, 22)),
        one("date_of(at)", D(2026, 6, 10), "Europe/Berlin", at=T(2026, 6, 10, 21, 59, 59)),
        one("date_of(at)", D(2026, 6, 9), "America/New_York", at=T(2026, 6, 10, 3, 59)),
        one("date_of(at)", D(1969, 12, 31), at=T(1969, 12, 31, 23, 59)),
        one("date_of(at)", D(2026, 6, 11), "Asia/Kathmandu", at=T(2026, 6, 10, 18, 15)),
        one("date_of(period_end())", D(2026, 7, 1), "Europe/Berlin"),
        one("date_of(at)", None),
    ],
    "hour_of": [
        one("hour_of(at)", 12, at=NOON),
        one("hour_of(at)", 14, "Europe/Berlin", at=NOON),
        one("hour_of(at)", 3, "Europe/Berlin", at=T(2026, 3, 29, 1)),
        one("hour_of(at)", 1, "Europe/Berlin", at=T(2026, 3, 29, 0, 59)),
        one("hour_of(at)", 2, "Europe/Berlin", at=T(2026, 10, 25, 0)),
        one("hour_of(at)", 2, "Europe/Berlin", at=T(2026, 10, 25, 1)),
        one("hour_of(at) + 1", 13, at=NOON),
    ],
    "weekday_of": [
        one("weekday_of(d)", 1, d=D(2026, 6, 1)),
        one("weekday_of(d)", 7, d=D(2026, 6, 7)),
        one("weekday_of(at)", 2, "Europe/Berlin", at=T(2026, 6, 1, 22)),
        one("weekday_of(at)", 7, "America/New_York", at=T(2026, 6, 1, 3)),
    ],
    "as_of": [one("as_of()", T(2026, 7, 1)), one("as_of()", T(2026, 6, 30, 22), "Europe/Berlin")],
    "as_of_date": [one("as_of_date()", D(2026, 6, 30))],
    "period_start": [one("period_start()", T(2026, 5, 31, 22), "Europe/Berlin")],
    "period_end": [one("period_end()", T(2026, 7, 1))],
    "period_days": [one("period_days()", 30.0), one("i / period_days()", 2.0, i=60)],
    "overlap_minutes": [
        one("overlap_minutes()", 60.0, at=T(2026, 5, 31, 23), till=T(2026, 6, 1, 1)),
        one("overlap_minutes()", 60.0, at=T(2026, 6, 30, 23)),
        one("overlap_minutes()", 0.0, at=NOON, till=NOON - 60 * US),
        one("overlap_minutes()", 30 * 1440.0, at=T(2020, 1, 1), till=T(2030, 1, 1)),
    ],
    "setting": [one("setting('saving_share') * i", 3.0, i=10), one("-setting('saving_share')", -0.3)],
    "count": [
        col("count()", 3, t=["a", None, "b"]),
        col("count(t)", 2, t=["a", None, "b"]),
        col("count()", 0),
        col("count(t)", 0),
    ],
    "count_if": [
        col("count_if(i > 1)", 1, i=[1, 2, None]),
        col("count_if(b)", 0),
        col("count_if(b) / count()", 0.5, b=[True, None]),
        col("count_if(b) / count()", None),
    ],
    "count_distinct": [
        col("count_distinct(t)", 2, t=["a", "a", None, "A"]),
        col("count_distinct(t)", 0),
        col("count_distinct(n)", 2, n=[1.0, 2.5, 1.0]),
    ],
    "sum": [
        col("sum(i)", 3, i=[1, 2, None]),
        col("sum(n)", None, n=[None]),
        col("sum(i)", None),
        col("sum(i)", 2 * (2**62), i=[2**62, 2**62]),
        col("sum(i) / sum(j)", 0.75, i=[1, 2], j=[2, 2]),
        col("sum(n) * 2", 3.0, n=[1.0, 0.5]),
        col("sum(case when b then i end)", 1, i=[1, 2], b=[True, None]),
    ],
    "avg": [col("avg(i)", 1.5, i=[1, 2, None]), col("avg(n)", None), col("avg(i)", 4 / 3, i=[1, 1, 2])],
    "min": [col("min(t)", "B", t=["a", "B", None]), col("min(at)", NOON, at=[NOON + US, NOON]), col("min(i)", None)],
    "max": [
        col("max(t)", "é", t=["z", "é"]),
        col("max(d)", D(2026, 6, 2), d=[D(2026, 6, 2), D(2026, 6, 1)]),
        col("max(n)", -0.5, n=[-0.5, -1.0]),
    ],
    "quantile": [
        col("quantile(n, 0.5)", 1.5, n=[1.0, 2.0, None]),
        col("quantile(i, 0.9)", 2.8, i=[1, 2, 3]),
        col("quantile(i, 0)", 1.0, i=[3, 1, 2]),
        col("quantile(i, 1)", 3.0, i=[3, 1, 2]),
        col("quantile(i, 0.5)", None),
        col("quantile(i, 0.25)", 7.0, i=[7]),
        col("median(i)", 2.5, i=[4, 1, 2, 3]),
    ],
    "variance": [
        col("variance(i)", 1.0, i=[1, 2, 3, None]),
        col("variance(i)", None, i=[1]),
        col("variance(n)", None),
        col("variance(n)", 0.0, n=[0.1, 0.1]),
    ],
    "last": [
        col("last(t, at)", "b", t=["a", "b"], at=[NOON, NOON + US]),
        col("last(t, d)", "a", t=["a", "B"], d=[D(2026, 1, 1)] * 2),
        col("last(i, j)", 1, i=[1, None, 5], j=[2, 3, None]),
        col("last(t, u)", "y", t=["x", "y"], u=["B", "a"]),
        col("last(t, at)", None),
        col("last('x', at)", "x", at=[NOON, None]),
        col("last(n, j)", 2.5, n=[2.5, -1.0, 9.0], j=[2, 2, 1]),
        col("last(b, i)", True, b=[False, True, None], i=[1, 1, 2]),
    ],
    "first": [
        col("first(t, at)", "a", t=["a", "b"], at=[NOON, NOON + US]),
        col("first(t, d)", "B", t=["a", "B"], d=[D(2026, 1, 1)] * 2),
        col("first(i, j)", 1, i=[None, 1, 5], j=[1, 2, 2]),
        col("first(d, at)", D(2026, 1, 1), d=[D(2026, 1, 1)], at=[NOON]),
    ],
}

IN_STEPS = {"union_minutes"}
"""What is not a word to the engines: the planner writes it out in steps."""


def test_every_word_is_here() -> None:
    assert set(CASES) | IN_STEPS == set(WORDS)


@pytest.mark.parametrize("case", [c for cases in CASES.values() for c in cases], ids=str)
def test_word(engine: Engine, case: Case) -> None:
    value = ask(engine, case)
    if isinstance(case.gives, float):
        assert isinstance(value, int | float)
        assert value == pytest.approx(case.gives, rel=1e-12, abs=1e-15)
    else:
        assert (value, isinstance(value, bool)) == (case.gives, isinstance(case.gives, bool))


def test_division_by_zero_is_a_number_that_is_missing(engine: Engine) -> None:
    """In a step of its own, a NULL without a type would be a text on PostgreSQL."""
    nothing = engine.say("/", "i", engine.literal(0))
    sql = f"SELECT coalesce(i, x), count(x) OVER () FROM (SELECT i, {nothing} AS x FROM (VALUES (2)) AS r(i)) AS s"
    assert engine.run(sql) == [(2, 0)]


LOWERED = {name for name, word in WORDS.items() if word.kind != "context"} - {"and", "or", "date_of", *IN_STEPS} | {
    "count_rows",
    "day",
    "local_time",
    "shift_seconds",
    "just_before",
    "dates_every",
    "add_days_to_date",
    "collate",
    "last_by_key",
    "quantiles",
    "first_by_key",
    "nth_least",
    "same",
    "sqrt",
    "total",
}
"""What is left for engines to spell when the words about the period and the project are replaced."""


@pytest.mark.parametrize("name", names())
def test_every_engine_spells_each_word_or_says_why_not(name: str) -> None:
    kind = engine_class(name)
    assert set(kind.spelling) | set(kind.not_offered) == LOWERED
    assert not set(kind.spelling) & set(kind.not_offered)
    assert all(len(reason) > 10 for reason in kind.not_offered.values())
