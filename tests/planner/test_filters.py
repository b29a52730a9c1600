"""Filters and conditions: they never let in what the period, or another condition, keeps out."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.planner.company import Company, derived, metric, table

from opstally.errors import BadExpression, NotShared

D = dt.date
FACT = table("f", "id text, day date, kind text, n integer", "id", at="day")
ROWS = [
    ("1", D(2026, 1, 5), "a", 1),
    ("2", D(2026, 1, 6), "b", 10),
    ("3", D(2026, 1, 7), "c", 100),
    ("4", D(2025, 1, 5), "b", 1000),
    ("5", D(2026, 1, 8), None, 10000),
]
TOTAL = metric("total", "f", "sum(n)")


def total(where: str) -> object:
    [row] = Company([FACT], [TOTAL], {"f": ROWS}).ask("total", where=where)
    return row[0]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("kind = 'a' or kind = 'b'", 11),
        ("kind = 'a' or kind = 'b' and n > 50", 1),
        ("not (kind = 'a' or kind = 'b')", 100),
        ("kind is null or n = 100", 10100),
        ("case when kind = 'b' then true end", 10),
        ("n in (1, 1000)", 1),
        ("kind != 'a'", 110),
    ],
)
def test_a_filter_stands_by_itself_beside_the_period(where: str, expected: int) -> None:
    """`day in January and kind = 'a' or kind = 'b'` would bring in row 4, of another year."""
    assert total(where) == expected


def test_the_filter_of_a_derived_table_stands_by_itself_too() -> None:
    entities = derived("e", "f", "kind", {"rows": "count()"}, where="kind = 'a' or kind = 'b'")
    company = Company([FACT, entities], [metric("rows_of_entities", "e", "sum(rows)")], {"f": ROWS})
    assert company.ask("rows_of_entities") == [(2,)]


def test_the_filter_of_members_stands_by_itself_too() -> None:
    kinds = table("kinds", "kind text, big boolean, old boolean", "kind")
    fact = table(
        "g", "id text, day date, kind text", "id", at="day", references={"of": {"table": "kinds", "on": "kind"}}
    )
    company = Company(
        [kinds, fact], [metric("rows", "g", "count()")],
        {"kinds": [("a", True, None), ("b", False, True), ("c", None, False)], "g": [("1", D(2026, 1, 5), "a")]},
    )  # fmt: skip
    assert company.ask("rows", by="kind", where="big or old", members=True) == [("a", 1), ("b", 0)]


def test_metric_conditions_stand_by_themselves_beside_those_of_the_aggregate() -> None:
    either = metric("either", "f", "count_if(n > 5 or n = 1)", where="kind = 'a' or kind = 'b'")
    assert Company([FACT], [either], {"f": ROWS}).ask("either") == [(2,)]


@pytest.mark.parametrize("where", ["n", "count() > 1", "null", "sum(n) = 3"])
def test_what_is_no_condition_on_rows_is_refused(where: str) -> None:
    with pytest.raises(BadExpression, match="A filter is a condition on rows"):
        total(where)


def test_a_filter_on_a_column_that_there_is_not_names_the_nearest() -> None:
    with pytest.raises(BadExpression, match=r"f has no column 'kinds'\. Did you mean 'kind'"):
        total("kinds = 'a'")


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        ("n > 1 and lot = 'samll'", r"lot is never 'samll'\. Did you mean 'small'\? .*at \"'samll'\" in"),
        ("kind = 5", r"'=' compares number with text \(at '= 5' in 'kind = 5'\)"),
        ("n > 1 and kinds = 'a'", r"f has no column 'kinds'.*\(at \"kinds = 'a'\" in"),
        ("zz = 'a'", r"f has no column 'zz'\. There are: "),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(where: str, sentence: str) -> None:
    lot = {"lot": {"value": "case when n > 5 then 'large' else 'small' end"}}
    sized = table("f", "id text, day date, kind text, n integer", "id", at="day", computed=lot)
    with pytest.raises(BadExpression, match=sentence):
        Company([sized], [TOTAL], {"f": ROWS}).ask("total", where=where)


def test_a_filter_applies_to_every_fact_or_is_refused_by_name() -> None:
    other = table("g", "id text, day date, sort text", "id", at="day")
    both = Company(
        [FACT, other], [TOTAL, metric("others", "g", "count()")], {"f": ROWS, "g": [("1", D(2026, 1, 5), "a")]}
    )
    with pytest.raises(NotShared, match=r"The filter 'kind' is f\.kind, which g does not have"):
        both.ask("total", "others", where="kind = 'a'")
    with pytest.raises(BadExpression, match="f has no column 'sort'"):
        both.ask("total", "others", where="sort = 'a'")
