"""References look things up and never multiply or lose a row."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.planner.company import Company, metric, table

from opstally.errors import Ambiguous, BadExpression, NotShared, UnknownName

D, T = dt.date, dt.datetime
DAY = D(2026, 1, 5)

REGIONS = table("regions", "region text, zone text", "region")
PEOPLE = table(
    "people", "person text, team text, region text, grade integer", "person",
    references={"region": {"table": "regions", "on": "region"}},
    computed={
        "rank": {"value": "coalesce(grade, 0)"}, "is_new": {"value": "grade is null"}, "double": {"value": "grade * 2"},
    },
)  # fmt: skip
TICKETS = table(
    "tickets", "id text, day date, opener text, closer text", "id", at="day",
    references={
        "opened_by": {"table": "people", "on": {"opener": "person"}},
        "closed_by": {"table": "people", "on": {"closer": "person"}},
    },
)  # fmt: skip
CALLS = table(
    "calls",
    "id text, day date, person text",
    "id",
    at="day",
    references={"caller": {"table": "people", "on": "person"}},
)
ROWS = {
    "regions": [("eu", "cold"), ("us", "warm")],
    "people": [("ann", "red", "eu", 3), ("bob", "blue", "us", None), ("cid", "red", None, 1)],
    "tickets": [("1", DAY, "ann", "bob"), ("2", DAY, "bob", "ann"), ("3", DAY, "ann", None), ("4", DAY, "dan", "ann")],
    "calls": [("1", DAY, "bob"), ("2", DAY, "eve"), ("3", DAY, None)],
}
COUNT, CALLED = metric("n", "tickets", "count()"), metric("calls_n", "calls", "count()")
COMPANY = Company([REGIONS, PEOPLE, TICKETS, CALLS], [COUNT, CALLED], ROWS)


def test_two_roles_to_one_table_are_two_dimensions() -> None:
    assert COMPANY.ask("n", by="opened_by.team") == [("blue", 1), ("red", 2), (None, 1)]
    assert COMPANY.ask("n", by="closed_by.team") == [("blue", 1), ("red", 2), (None, 1)]
    assert COMPANY.ask("n", by="opener=opened_by.team closer=closed_by.team") == [
        ("blue", "red", 1), ("red", "blue", 1), ("red", None, 1), (None, "red", 1)
    ]  # fmt: skip


def test_a_role_through_a_role() -> None:
    assert COMPANY.ask("n", by="opened_by.region.zone") == [("cold", 2), ("warm", 1), (None, 1)]


def test_a_filter_and_a_metric_through_roles() -> None:
    high = metric("grade", "tickets", "sum(opened_by.grade) - sum(closed_by.grade)")
    company = Company(COMPANY.tables, [high], ROWS)
    assert company.ask("grade") == [(3 + 3 - 6,)]
    assert company.ask("grade", where="opened_by.region.zone = 'cold' and closed_by.person is not null") == [(None,)]


def test_a_computed_column_of_a_row_that_is_not_there_is_null() -> None:
    """dan is nobody: neither new, nor of rank 0, which is what the expressions make of missing grades."""
    assert COMPANY.ask("n", by="opened_by.rank") == [(0, 1), (3, 2), (None, 1)]
    assert COMPANY.ask("n", by="opened_by.is_new") == [(False, 2), (True, 1), (None, 1)]
    assert COMPANY.ask("n", by="opened_by.double") == [(6, 2), (None, 2)]


def test_a_bare_name_goes_through_the_only_role_that_has_it() -> None:
    assert COMPANY.ask("calls_n", by="team") == [("blue", 1), (None, 2)]
    assert COMPANY.ask("calls_n", by="people.team") == [("blue", 1), (None, 2)]


@pytest.mark.parametrize(
    ("by", "sentence"),
    [
        ("team", "'team' of tickets could be opened_by.team or closed_by.team: say which"),
        ("people.team", "tickets refers to people as opened_by and as closed_by: say which"),
    ],
)
def test_a_name_that_two_roles_have_is_asked_back(by: str, sentence: str) -> None:
    with pytest.raises(Ambiguous, match=sentence):
        COMPANY.ask("n", by=by)


def test_facts_share_what_means_the_same_column() -> None:
    with pytest.raises(Ambiguous, match=r"people\.team of tickets could be opened_by\.team or closed_by\.team"):
        COMPANY.ask("calls_n", "n", by="caller.team")
    with pytest.raises(Ambiguous, match=r"people\.person of tickets could be opener or closer"):
        COMPANY.ask("calls_n", "n", by="person")
    assert COMPANY.ask("n", "calls_n", by="opener") == [
        ("ann", 2, 0),
        ("bob", 1, 1),
        ("dan", 1, 0),
        ("eve", 0, 1),
        (None, 0, 1),
    ]
    assert COMPANY.ask("n", "calls_n", by="opened_by.region.zone") == [("cold", 2, 0), ("warm", 1, 1), (None, 1, 2)]
    with pytest.raises(NotShared, match=r"'id' is tickets\.id, which calls does not have"):
        COMPANY.ask("n", "calls_n", by="id")


def test_a_copy_of_a_column_is_the_same_dimension() -> None:
    mails = table("mails", "id text, day date, team text=people.team", "id", at="day")
    company = Company(
        [*COMPANY.tables, mails],
        [CALLED, metric("mails_n", "mails", "count()")],
        ROWS | {"mails": [("1", DAY, "red"), ("2", DAY, "blue")]},
    )
    assert company.ask("mails_n", "calls_n", by="team") == [("blue", 1, 1), ("red", 1, 0), (None, 0, 2)]


def test_an_unknown_dimension_names_the_nearest() -> None:
    with pytest.raises(
        UnknownName, match=r"no dimension 'closed_by\.taem' of tickets\. Did you mean 'closed_by\.team'"
    ):
        COMPANY.ask("n", by="closed_by.taem")


PRICES = table("prices", "item text, since date, price number", "item since")
VERSIONED = {"price": {"table": "prices", "on": "item", "valid_from": "since", "at": "day"}}


def test_the_version_that_was_valid_then() -> None:
    sales = table("sales", "id text, day date, item text", "id", at="day", references=VERSIONED)
    rows = {
        "prices": [
            ("x", D(2026, 1, 10), 2.0), ("x", D(2026, 1, 1), 1.0), ("y", D(2026, 1, 1), 50.0),
            ("x", D(2026, 2, 1), 9.0),
        ],
        "sales": [
            ("0", D(2025, 12, 31), "x"), ("1", D(2026, 1, 1), "x"), ("2", D(2026, 1, 9), "x"),
            ("3", D(2026, 1, 10), "x"),
            ("4", D(2026, 1, 31), "x"), ("5", D(2026, 1, 31), "y"), ("6", D(2026, 1, 31), "z"),
            ("7", D(2026, 1, 31), None),
        ],
    }  # fmt: skip
    company = Company(
        [PRICES, sales], [metric("n", "sales", "count()"), metric("paid", "sales", "sum(price.price)")], rows
    )
    assert company.ask("n", by="price.price") == [(1.0, 2), (2.0, 2), (50.0, 1), (None, 2)]
    assert company.ask("paid") == [(56.0,)]


def test_a_version_may_be_picked_and_a_row_looked_up_by_a_computed_column() -> None:
    reference = {"price": {"table": "prices", "on": {"code": "item"}, "valid_from": "since", "at": "sold_on"}}
    sales = table(
        "sales", "id text, sold_at timestamp, label text", "id", at="sold_at", references=reference,
        computed={"sold_on": {"value": "date_of(sold_at)"}, "code": {"value": "lower(label)"}},
    )  # fmt: skip
    rows = {
        "prices": [("x", D(2026, 1, 1), 1.0), ("x", D(2026, 1, 10), 2.0)],
        "sales": [("1", T(2026, 1, 9, 23), "X"), ("2", T(2026, 1, 10), "x")],
    }
    company = Company([PRICES, sales], [metric("paid", "sales", "sum(price.price)")], rows)
    assert company.ask("paid", by="price.since") == [(D(2026, 1, 1), 1.0), (D(2026, 1, 10), 2.0)]


def test_a_key_of_two_columns() -> None:
    stock = table("stock", "item text, place text, shelf text", "item place")
    on = {"on": {"table": "stock", "on": {"item": "item", "at": "place"}}}
    picks = table("picks", "id text, day date, item text, at text", "id", at="day", references=on)
    rows = {
        "stock": [("x", "p", "s1"), ("x", "q", "s2")],
        "picks": [("1", DAY, "x", "p"), ("2", DAY, "x", "q"), ("3", DAY, "x", None), ("4", DAY, "x", "r")],
    }
    assert Company([stock, picks], [metric("n", "picks", "count()")], rows).ask("n", by="shelf") == [
        ("s1", 1),
        ("s2", 1),
        (None, 2),
    ]


def test_a_column_computed_from_itself_is_refused() -> None:
    loop = table("f", "id text, day date", "id", at="day", computed={"a": {"value": "b + 1"}, "b": {"value": "a + 1"}})
    with pytest.raises(BadExpression, match="is computed from itself"):
        Company([loop], [metric("n", "f", "sum(a)")], {}).ask("n")


def test_columns_computed_through_very_many_others_are_refused_and_not_a_crash() -> None:
    computed = {"c0": {"value": "n"}} | {f"c{i}": {"value": f"(c{i - 1} + 1) * 2 + 1"} for i in range(1, 90)}
    deep = table("f", "id text, day date, n integer", "id", at="day", computed=computed)
    assert Company([deep], [metric("n", "f", "count(c9)")], {"f": [("1", DAY, 1)]}).ask("n") == [(1,)]
    with pytest.raises(BadExpression, match="computed through too many other columns"):
        Company([deep], [metric("n", "f", "count(c89)")], {}).ask("n")
