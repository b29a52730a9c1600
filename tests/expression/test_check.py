"""Types and units: every word of the vocabulary, and what does not fit."""

from __future__ import annotations

import pytest

from opstally.errors import BadExpression
from opstally.expression import Column, Typed, check, parse
from opstally.expression.vocabulary import EXPANSIONS, WORDS

COLUMNS = {
    "t": Typed("text"), "i": Typed("integer"), "n": Typed("number"), "b": Typed("boolean"),
    "d": Typed("date"), "at": Typed("timestamp"), "at2": Typed("timestamp"),
    "minutes": Typed("number", "minutes"), "hours": Typed("number", "hours"), "cost": Typed("number", "currency"),
    "percent": Typed("number", "percent"), "share": Typed("number", "ratio"), "touches": Typed("integer", "count"),
    "score": Typed("number", "score"),
}  # fmt: skip


def scope(column: Column) -> Typed:
    return COLUMNS[column.name]


def typed(text: str) -> Typed:
    return check(parse(text), scope)


GIVES: dict[str, list[tuple[str, str, str | None]]] = {
    "+": [("i + 1", "integer", None), ("i + n", "number", None), ("minutes + 1", "number", "minutes")],
    "-": [("i - n", "number", None), ("minutes - minutes", "number", "minutes")],
    "*": [
        ("i * 2", "integer", None),
        ("minutes * touches", "number", "minutes"),
        ("minutes * cost", "number", None),
        ("share * 100", "number", "percent"),
        ("100.0 * share", "number", "percent"),
        ("percent * share", "number", "percent"),
    ],
    "/": [
        ("i / i", "number", None),
        ("minutes / minutes", "number", "ratio"),
        ("minutes / touches", "number", "minutes"),
        ("cost / minutes", "number", None),
        ("percent / 100", "number", "ratio"),
        ("touches / touches", "number", "ratio"),
    ],
    "neg": [("-i", "integer", None), ("-minutes", "number", "minutes")],
    "=": [
        ("t = 'x'", "boolean", None),
        ("i = 1.5", "boolean", None),
        ("b = true", "boolean", None),
        ("t = null", "boolean", None),
    ],
    "!=": [("d != date '2026-01-01'", "boolean", None)],
    "<": [("t < 'x'", "boolean", None)],
    "<=": [("at <= at2", "boolean", None)],
    ">": [("n > i", "boolean", None)],
    ">=": [("d >= as_of_date()", "boolean", None)],
    "and": [("b and i = 1", "boolean", None)],
    "or": [("b or null", "boolean", None)],
    "not": [("not b", "boolean", None)],
    "in": [("t in ('a', null)", "boolean", None), ("i in (1, 2.5)", "boolean", None)],
    "is_null": [("t is null", "boolean", None), ("b is not null", "boolean", None)],
    "case": [
        ("case when b then i else n end", "number", None),
        ("case when b then t end", "text", None),
        ("case when b then minutes else 0 end", "number", "minutes"),
        ("case when null then 1 end", "integer", None),
    ],
    "coalesce": [
        ("coalesce(t, 'x')", "text", None),
        ("coalesce(i, n)", "number", None),
        ("coalesce(minutes, 0)", "number", "minutes"),
    ],
    "least": [("least(d, as_of_date())", "date", None)],
    "greatest": [("greatest(minutes, 0)", "number", "minutes")],
    "abs": [("abs(i)", "integer", None)],
    "floor": [("floor(minutes)", "number", "minutes")],
    "ceil": [("ceil(i)", "number", None)],
    "ln": [("ln(minutes)", "number", None)],
    "lower": [("lower(t)", "text", None)],
    "contains": [("contains(t, 'x')", "boolean", None)],
    "starts_with": [("starts_with(t, t)", "boolean", None)],
    "seconds_between": [("seconds_between(at, at2)", "number", "seconds")],
    "minutes_between": [("minutes_between(at, as_of())", "number", "minutes")],
    "hours_between": [("hours_between(at, at2)", "number", "hours")],
    "days_between": [("days_between(d, d)", "number", "days"), ("days_between(at, at2)", "number", "days")],
    "add_days": [("add_days(d, 1)", "date", None), ("add_days(at, 1.5)", "timestamp", None)],
    "add_minutes": [("add_minutes(at, minutes)", "timestamp", None)],
    "date_of": [("date_of(at)", "date", None)],
    "hour_of": [("hour_of(at)", "integer", None)],
    "weekday_of": [("weekday_of(at)", "integer", None), ("weekday_of(d)", "integer", None)],
    "as_of": [("as_of()", "timestamp", None)],
    "as_of_date": [("as_of_date()", "date", None)],
    "period_start": [("period_start()", "timestamp", None)],
    "period_end": [("period_end()", "timestamp", None)],
    "period_days": [("period_days()", "number", "days")],
    "overlap_minutes": [("overlap_minutes()", "number", "minutes")],
    "setting": [("setting('saving_share')", "number", None)],
    "count": [("count()", "integer", "count"), ("count(t)", "integer", "count")],
    "count_if": [("count_if(b)", "integer", "count"), ("count_if(b) / count()", "number", "ratio")],
    "count_distinct": [("count_distinct(t)", "integer", "count")],
    "sum": [
        ("sum(i)", "integer", None),
        ("sum(minutes)", "number", "minutes"),
        ("sum(overlap_minutes())", "number", "minutes"),
    ],
    "avg": [("avg(i)", "number", None), ("avg(score)", "number", "score")],
    "min": [("min(t)", "text", None), ("min(at)", "timestamp", None)],
    "max": [("max(minutes)", "number", "minutes")],
    "quantile": [("quantile(minutes, 0.9)", "number", "minutes"), ("quantile(i, 1)", "number", None)],
    "variance": [("variance(minutes)", "number", None)],
    "last": [("last(t, at)", "text", None), ("last(minutes, d)", "number", "minutes"), ("last(b, i)", "boolean", None)],
    "first": [("first(d, at)", "date", None)],
    "union_minutes": [("union_minutes()", "number", "minutes")],
}


def test_every_word_of_the_vocabulary_is_here() -> None:
    assert set(GIVES) == set(WORDS)


@pytest.mark.parametrize(("text", "type_", "unit"), [case for cases in GIVES.values() for case in cases])
def test_type_and_unit(text: str, type_: str, unit: str | None) -> None:
    found = typed(text)
    assert (found.type, found.unit) == (type_, unit)


@pytest.mark.parametrize(
    ("text", "type_", "unit"),
    [
        ("sum_if(minutes, b)", "number", "minutes"),
        ("avg_if(i, b)", "number", None),
        ("min_if(d, b)", "date", None),
        ("max_if(t, b)", "text", None),
        ("count_distinct_if(t, b)", "integer", "count"),
        ("median(hours)", "number", "hours"),
        ("quantile_if(hours, 0.9, b)", "number", "hours"),
        ("weighted_avg(minutes, touches)", "number", "minutes"),
    ],
)
def test_type_and_unit_of_short_words(text: str, type_: str, unit: str | None) -> None:
    assert (typed(text).type, typed(text).unit) == (type_, unit)
    assert text.split("(")[0] in EXPANSIONS


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("t + 1", "'+' takes numeric, not text"),
        ("-t", "'neg' takes numeric, not text"),
        ("at - at2", "'-' takes numeric, not timestamp"),
        ("b and i", "'and' takes boolean, not integer"),
        ("not t", "'not' takes boolean, not text"),
        ("t = 1", "compares number with text"),
        ("b < b", "'<' takes"),
        ("at = d", "date_of(…) gives the day of a timestamp"),
        ("at >= '2026-01-01'", "an instant is written timestamp '2026-10-31 18:30:00'"),
        ("d >= '2026-01-01'", "a day is written date '2026-10-31'"),
        ("i in (1, 'x')", "compares number with text"),
        ("coalesce(t, 0)", "compares number with text"),
        ("case when i then 1 end", "'when' takes a condition, not integer"),
        ("case when b then 1 else 'x' end", "'case' gives number and text"),
        ("case when b then d else at end", "'case' gives date and timestamp"),
        ("minutes + hours", "mixes the units hours and minutes"),
        ("minutes > hours", "mixes the units"),
        ("case when b then minutes else hours end", "mixes the units"),
        ("coalesce(minutes, cost)", "mixes the units"),
        ("lower(i)", "'lower' takes text, not integer"),
        ("hours_between(d, d)", "takes timestamp, not date"),
        ("days_between(d, at)", "compares date with timestamp"),
        ("days_between(d, period_end())", "date_of(…)"),
        ("add_days(t, 1)", "'add_days' takes date or timestamp, not text"),
        ("date_of(d)", "takes timestamp, not date"),
        ("setting(t)", "takes a name in quotes"),
        ("setting(5)", "takes a name in quotes"),
        ("count_if(i)", "'count_if' takes boolean, not integer"),
        ("sum(t)", "'sum' takes numeric, not text"),
        ("sum(b)", "'sum' takes numeric, not boolean"),
        ("max(b)", "'max' takes"),
        ("avg(sum(i))", "avg() stands around another aggregate"),
        ("sum(case when count() > 1 then 1 end)", "stands around another aggregate"),
        ("quantile(i, 1.5)", "a number from 0 to 1"),
        ("quantile(i, n)", "a number from 0 to 1"),
        ("quantile(t, 0.5)", "'quantile' takes numeric, not text"),
        ("count() + i", "mixes a value per row with an aggregate"),
        ("case when b then count() end", "mixes a value per row with an aggregate"),
        ("sum(i) > n", "mixes a value per row with an aggregate"),
        ("count() * overlap_minutes()", "mixes a value per row with an aggregate"),
    ],
)
def test_what_does_not_fit_is_refused(text: str, part: str) -> None:
    with pytest.raises(BadExpression) as caught:
        typed(text)
    assert part in str(caught.value)


def test_the_error_points_to_the_word() -> None:
    with pytest.raises(BadExpression) as caught:
        typed("b and (i = 1 or lower(i) = 'x')")
    assert caught.value.position == len("b and (i = 1 or lower(")


@pytest.mark.parametrize(
    "text", ["1 + 1", "'x'", "as_of()", "setting('x') * 2", "period_days() + 1", "coalesce(null, 1)"]
)
def test_constants_are_neither_per_row_nor_aggregated(text: str) -> None:
    assert typed(text).constant
    assert not typed(text).aggregated


@pytest.mark.parametrize(
    "text", ["sum(i) * setting('x')", "count() / period_days()", "case when count() > 0 then 'ok' end"]
)
def test_constants_go_with_aggregates(text: str) -> None:
    assert typed(text).aggregated


@pytest.mark.parametrize("text", ["i + 1", "overlap_minutes() / 60", "case when b then as_of() end"])
def test_constants_go_with_rows(text: str) -> None:
    assert not typed(text).aggregated
    assert not typed(text).constant
