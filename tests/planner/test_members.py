"""Members without facts are rows that say so, and several facts never multiply each other."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.planner.company import Company, derived, metric, table

from opstally.period import Period

D = dt.date
FIRST, SECOND = D(2026, 1, 5), D(2026, 1, 12)
TWO_WEEKS = Period(FIRST, D(2026, 1, 19))
SERVICES = table(
    "services", "service text, tier text, slo number", "service", computed={"promised": {"value": "slo is not null"}}
)
OF = {"of": {"table": "services", "on": "service"}}
CHECKS = table("checks", "id text, day date, service text, ms number", "id", at="day", references=OF)
INCIDENTS = table("incidents", "id text, day date, service text, minutes number", "id", at="day", references=OF)
ROWS = {
    "services": [("api", "gold", 99.9), ("web", "gold", None), ("old", None, None)],
    "checks": [
        ("1", FIRST, "api", 10.0),
        ("2", SECOND, "api", 30.0),
        ("3", FIRST, "gone", 5.0),
        ("4", FIRST, None, 7.0),
    ],
    "incidents": [("1", FIRST, "api", 60.0), ("2", FIRST, "api", 30.0), ("3", SECOND, "web", 5.0)],
}
METRICS = [
    metric("checks_n", "checks", "count()"), metric("ms", "checks", "avg(ms)", "milliseconds"),
    metric("incidents_n", "incidents", "count()"), metric("minutes", "incidents", "sum(minutes)", "minutes"),
    metric("services_n", "services", "count()"), metric("per_check", None, "incidents_n / checks_n", "ratio"),
    metric("newest", "checks", "last(service, day)", "text"), metric("is_slow", "checks", "count_if(ms > 6)"),
]  # fmt: skip


def company(**rows: Any) -> Company:
    return Company([SERVICES, CHECKS, INCIDENTS], METRICS, ROWS | rows)


def test_facts_are_counted_each_by_itself() -> None:
    """Joined, the two incidents of api would count its checks twice."""
    assert company().ask("checks_n", "incidents_n", "per_check", by="service") == [
        ("api", 2, 2, 1.0), ("gone", 1, 0, 0.0), ("web", 0, 1, None), (None, 1, 0, 0.0)
    ]  # fmt: skip
    assert company().ask("checks_n", "incidents_n", "per_check") == [(4, 3, 0.75)]


def test_facts_share_the_buckets_of_time() -> None:
    assert company().ask("checks_n", "minutes", grain="week") == [(FIRST, 3, 90.0), (SECOND, 1, 5.0)]


def test_an_empty_fact_has_no_groups_and_no_sum() -> None:
    assert company(incidents=[]).ask("checks_n", "incidents_n", "minutes", "per_check", by="service") == [
        ("api", 2, 0, None, 0.0), ("gone", 1, 0, None, 0.0), (None, 1, 0, None, 0.0)
    ]  # fmt: skip
    assert company(incidents=[], checks=[]).ask("checks_n", "ms", "per_check") == [(0, None, None)]


def test_members_without_facts_are_rows() -> None:
    assert company().ask("checks_n", "ms", by="service", members=True) == [
        ("api", 2, 20.0), ("gone", 1, 5.0), ("old", 0, None), ("web", 0, None), (None, 1, 7.0)
    ]  # fmt: skip


def test_members_are_in_every_bucket() -> None:
    api = "service in ('api', 'old')"
    assert company().ask("checks_n", grain="week", by="service", members=True, where=api, period=TWO_WEEKS) == [
        (FIRST, "api", 1), (FIRST, "old", 0), (SECOND, "api", 1), (SECOND, "old", 0)
    ]  # fmt: skip
    assert company(checks=[]).ask("checks_n", "ms", grain="week", members=True, period=TWO_WEEKS) == [
        (FIRST, 0, None), (SECOND, 0, None)
    ]  # fmt: skip


def test_members_are_those_that_the_filter_leaves() -> None:
    assert company().ask("checks_n", by="service", members=True, where="of.tier = 'gold'") == [("api", 2), ("web", 0)]
    assert company().ask("checks_n", by="service", members=True, where="of.tier = 'gold' and ms > 20") == [
        ("api", 1),
        ("web", 0),
    ]
    assert company().ask("checks_n", by="of.promised", members=True) == [(False, 0), (True, 2), (None, 2)]


def test_members_are_not_invented() -> None:
    """Combinations of columns of several tables, or of columns of the fact itself, have no list of members."""
    assert company().ask("checks_n", by="service id", members=True, where="id = '1'") == [("api", "1", 1)]
    assert company().ask("services_n", by="tier", members=True) == [("gold", 2), (None, 1)]


def test_members_of_what_depends_on_the_bucket_are_not_looked_for() -> None:
    people = table(
        "people",
        "who text, since date",
        "who",
        computed={"age": {"value": "days_between(since, date_of(period_end()))"}},
    )
    calls = table(
        "calls", "id text, day date, who text", "id", at="day", references={"by": {"table": "people", "on": "who"}}
    )
    asked = Company(
        [people, calls], [metric("n", "calls", "count()")], {"people": [("a", FIRST)], "calls": [("1", FIRST, "a")]}
    )
    assert asked.ask("n", grain="week", by="by.age", members=True) == [(FIRST, 7.0, 1)]


def test_every_type_of_value_survives_the_union_of_facts() -> None:
    flags = [metric("any_fast", "checks", "case when last(ms < 8, day) then 'yes' else 'no' end", "text")]
    asked = Company([SERVICES, CHECKS, INCIDENTS], [*METRICS, *flags], ROWS)
    assert asked.ask("any_fast", "newest", "minutes", by="service") == [
        ("api", "no", "api", 90.0), ("gone", "yes", "gone", None), ("web", "no", None, 5.0), (None, "yes", None, None)
    ]  # fmt: skip


def test_a_metric_that_is_not_over_time_stands_beside_one_that_is() -> None:
    assert company().ask("services_n", "checks_n") == [(3, 4)]
    assert company().ask("services_n", "checks_n", by="service") == [
        ("api", 1, 2), ("gone", 0, 1), ("old", 1, 0), ("web", 1, 0), (None, 0, 1)
    ]  # fmt: skip


def test_one_table_on_two_time_bases_is_two_scans() -> None:
    tickets = table("tickets", "id text, opened date, closed date", "id", at="opened")
    metrics = [
        metric("opened_n", "tickets", "count()"), metric("closed_n", "tickets", "count()", at="closed"),
        metric("left", "tickets", "count()", at={"open_at_end": ["opened", "closed"]}),
        metric("net", None, "opened_n - closed_n"),
    ]  # fmt: skip
    rows = {"tickets": [("1", FIRST, SECOND), ("2", FIRST, None), ("3", SECOND, D(2026, 1, 13))]}
    assert Company([tickets], metrics, rows).ask("opened_n", "closed_n", "left", "net", grain="week") == [
        (FIRST, 2, 0, 2, 2), (SECOND, 1, 2, 1, -1), (D(2026, 1, 19), 0, 0, 1, 0), (D(2026, 1, 26), 0, 0, 1, 0)
    ]  # fmt: skip


def test_adding_what_is_unrelated_changes_nothing() -> None:
    more = ROWS["checks"] + [("9", D(2025, 1, 5), "api", 1000.0), ("8", D(2026, 2, 1), "api", 1000.0)]
    plain = company().ask("checks_n", "ms", by="service")
    assert company(checks=more).ask("checks_n", "ms", by="service") == plain
    asked = company().ask("checks_n", "ms", "minutes", by="service")
    assert [row[:3] for row in asked if row[1]] == plain


@pytest.mark.parametrize("by", ["", "service", "of.tier"])
@pytest.mark.parametrize("grain", [None, "day", "week", "month", "year"])
def test_the_whole_is_the_sum_of_its_parts(by: str, grain: Any) -> None:
    rows = company().ask("checks_n", "minutes", by=by, grain=grain)
    assert (sum(row[-2] for row in rows), sum(row[-1] or 0 for row in rows)) == (4, 95.0)


def test_entities_have_the_members_of_what_they_refer_to() -> None:
    entities = derived("service_periods", "checks", "service", {"mean": "avg(ms)"}, references=OF)
    slow = metric("slow", "service_periods", "count_if(mean > 6)")
    asked = Company([SERVICES, CHECKS, entities], [slow], {k: v for k, v in ROWS.items() if k != "incidents"})
    assert asked.ask("slow", by="service", members=True) == [("api", 1), ("gone", 0), ("old", 0), ("web", 0), (None, 1)]
