"""Names that stand for something else in the SQL do no harm: tables, columns, roles and metrics may have them."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.planner.company import JANUARY, Company, derived, metric, table

from opstally.errors import BadExpression
from opstally.planner.text import STEPS

D = dt.date
DAYS = [("1", D(2026, 1, 5)), ("2", D(2026, 1, 12)), ("3", D(2026, 1, 12))]
MONDAYS = [D(2025, 12, 29), D(2026, 1, 5), D(2026, 1, 12), D(2026, 1, 19), D(2026, 1, 26)]


@pytest.mark.parametrize("name", [*sorted(STEPS), "g_groups", "g_groups_rows", "order", "select", "t", "b"])
def test_a_table_may_have_the_name_of_a_step(name: str) -> None:
    first = table("g", "id text, day date", "id", at="day")
    named = table(
        name, "id text, day date, g text", "id", at="day", references={"of": {"table": "g", "on": {"g": "id"}}}
    )
    company = Company(
        [first, named], [metric("mine", name, "count()"), metric("others", "g", "count()")],
        {"g": DAYS, name: [("7", D(2026, 1, 5), "2")]},
    )  # fmt: skip
    assert company.ask("others", "mine", grain="week", members=True) == [
        (MONDAYS[0], 0, 0), (MONDAYS[1], 1, 1), (MONDAYS[2], 2, 0), (MONDAYS[3], 0, 0), (MONDAYS[4], 0, 0)
    ]  # fmt: skip
    assert company.ask("mine", by="of.day", members=True) == [(D(2026, 1, 5), 0), (D(2026, 1, 12), 1)]


TAKEN = ["newest", "bucket_week", "bucket_end_at", "week", "start_at", "days", "last_at", "span_start", "m_fate", "one"]


@pytest.mark.parametrize("name", [*TAKEN, "valid_until", "m", "f_rows", "group", "at", "bucket", "m_seconds"])
def test_a_column_may_have_the_name_of_what_the_planner_adds(name: str) -> None:
    columns = f"id text, {name} integer, began date, ended date"
    rows = [("1", 3, D(2026, 1, 5), D(2026, 1, 7)), ("2", 5, D(2026, 1, 6), None), ("1", 7, D(2026, 1, 14), None)]
    bases = {
        "latest": {"latest": "began", "per": ["id"]},
        "last": {"last": "began"},
        "during": {"during": ["began", "ended"]},
        "open": {"open_at_end": ["began", "ended"]},
    }
    metrics = [
        metric(f"m_{kind}", "f", f"sum({name})", at=at, where=f"{name} > 3", excludes={"odd": f"{name} = 3"})
        for kind, at in bases.items()
    ]
    united = metric("m", "f", "union_minutes()", "minutes", at={"during": ["began", "ended"]}, where=f"{name} > 3")
    company = Company([table("f", columns, "id began", at="began")], [*metrics, united], {"f": rows})
    assert company.ask("m_latest") == [(12,)]
    assert company.ask("m_last") == [(7,)]
    assert company.ask("m_during") == [(12,)]
    assert company.ask("m_open") == [(12,)]
    assert company.ask("m_latest", "m_last", "m_open", "m", grain="week", by=f"called={name}") == [
        (MONDAYS[1], 3, None, None, None, 0.0),
        (MONDAYS[1], 5, 5, 5, 5, 6 * 1440.0),
        (MONDAYS[2], 5, 5, None, 5, 7 * 1440.0),
        (MONDAYS[2], 7, 7, 7, 7, 5 * 1440.0),
        (MONDAYS[3], 5, 5, None, 5, 7 * 1440.0),
        (MONDAYS[3], 7, 7, None, 7, 7 * 1440.0),
        (MONDAYS[4], 5, 5, None, 5, 6 * 1440.0),
        (MONDAYS[4], 7, 7, None, 7, 6 * 1440.0),
    ]


@pytest.mark.parametrize("role", ["t", "b", "d", "order", "other"])
def test_a_role_may_have_the_name_of_an_alias(role: str) -> None:
    other = table("o", "k text, size integer", "k")
    fact = table("f", "id text, day date, k text", "id", at="day", references={role: {"table": "o", "on": "k"}})
    snapshot = metric("n", "f", f'sum("{role}".size)', at={"last": "day"})
    company = Company(
        [other, fact], [snapshot], {"o": [("x", 4)], "f": [("1", D(2026, 1, 5), "x"), ("2", D(2026, 1, 4), "x")]}
    )
    assert company.ask("n", grain="week", by=f"{role}.size") == [(MONDAYS[0], 4, 4), (MONDAYS[1], 4, 4)]


def test_a_column_may_have_the_name_of_the_end_of_a_version() -> None:
    versions = table("v", "k text, since date, valid_until text, price integer", "k since")
    reference = {"table": "v", "on": "k", "valid_from": "since", "at": "day"}
    fact = table("f", "id text, day date, k text", "id", at="day", references={"version": reference})
    rows = {
        "v": [("x", D(2026, 1, 1), "why", 1), ("x", D(2026, 1, 6), "not", 2)],
        "f": [("1", D(2026, 1, 5), "x"), ("2", D(2026, 1, 6), "x")],
    }
    assert Company([versions, fact], [metric("n", "f", "sum(version.price)")], rows).ask("n", by="valid_until") == [
        ("not", 2),
        ("why", 1),
    ]


def test_a_metric_may_have_the_name_of_a_counter() -> None:
    fact = table("f", "id text, day date, n integer", "id", at="day")
    rows = [("1", D(2026, 1, 5), 40), ("2", D(2026, 1, 6), 2), ("3", D(2026, 1, 6), None)]
    metrics = [
        metric("m", "f", "avg(n)"), metric("m_rows", "f", "sum(n)"), metric("f_rows", "f", "max(n)"),
        metric("m_variance", "f", "min(n)"), metric("share", "f", "count_if(n > 2) / count()", "percent"),
        metric("share_count", "f", "count(n) * 100"), metric("share_count_if", "f", "count(n) * 1000"),
    ]  # fmt: skip
    names = [m.metric for m in metrics]
    result = Company([fact], metrics, {"f": rows}).result(*names)
    assert result.rows == (pytest.approx((21.0, 42, 40, 2, 100 / 3, 200, 2000)),)
    assert {use.metric: (use.period_rows, use.used) for use in result.receipt.uses} == {
        **dict.fromkeys(names, (3, 2)), "share": (3, 3)
    }  # fmt: skip
    assert (result.intervals[0]["m"].n, result.intervals[0]["share"].n) == (2, 3)
    assert result.intervals[0]["m"].low == pytest.approx(21 - 12.706205 * 19)


def test_a_dimension_may_be_called_like_another_column() -> None:
    fact = table(
        "f",
        "id text, day date, a text, b text",
        "id",
        at="day",
        computed={"same": {"value": "a = b"}, "status": {"value": "coalesce(a, b)"}},
    )
    company = Company([fact], [metric("n", "f", "count_if(a = 'x')")], {"f": [("1", D(2026, 1, 5), "x", "y")]})
    assert company.ask("n", by="b=same") == [(False, 1)]
    assert company.ask("n", by="a=status b=a") == [("x", "x", 1)]


@pytest.mark.parametrize(
    ("metrics", "asked"),
    [(("n", "n"), {}), (("n",), {"by": "a a"}), (("n",), {"by": "n=a"}), (("n",), {"by": "week=a", "grain": "week"})],
)
def test_two_columns_of_one_name_are_refused(metrics: tuple[str, ...], asked: dict[str, str]) -> None:
    fact = table("f", "id text, day date, a text", "id", at="day")
    with pytest.raises(BadExpression, match="Two columns of the result would be called"):
        Company([fact], [metric("n", "f", "count()")]).ask(*metrics, **asked)


def test_entities_keep_apart_what_is_called_alike() -> None:
    fact = table("f", "id text, day date, days integer", "id", at="day")
    entities = derived("e", "f", "days", {"share_of_days": "count() / period_days()", "n": "count()"})
    company = Company(
        [fact, entities],
        [metric("mean", "e", "avg(share_of_days)", "ratio")],
        {"f": [("1", D(2026, 1, 5), 2), ("2", D(2026, 1, 6), 2)]},
    )
    assert company.ask("mean", period=JANUARY) == [(2 / 31,)]
    assert company.ask("mean", grain="week", by="days") == [(MONDAYS[1], 2, 2 / 7)]
