"""What the planner refuses, and in which words."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict

import pytest

from opstally import definitions, library
from opstally.errors import BadExpression, BadRange, NotShared, UnknownName
from opstally.expression import Column, parse
from opstally.model.project import Assumptions
from opstally.period import Calendar, Grain, Period
from opstally.planner.lower import Context
from opstally.planner.plan import Plan, plan
from opstally.planner.query import Query
from opstally.planner.schema import Schema

SCHEMA, METRICS = definitions.link(library.load())
OCTOBER = Period(dt.date(2026, 10, 1), dt.date(2026, 11, 1))


def planned(*metrics: str, by: tuple[str, ...] = (), grain: Grain | None = None, where: str | None = None) -> Plan:
    query = Query(metrics, tuple((b, b) for b in by), grain, OCTOBER, OCTOBER.last_day, parse(where) if where else None)
    return plan(query, SCHEMA, METRICS, Context(OCTOBER, OCTOBER.last_day, Calendar(), asdict(Assumptions()), grain))


@pytest.mark.parametrize("grain", ["day", "week"])
def test_a_monthly_fact_by_a_finer_grain(grain: Grain) -> None:
    with pytest.raises(BadRange, match=f"revenue is known by month, not by {grain}: ask for it by month or coarser"):
        planned("revenue", grain=grain)


def test_a_metric_of_a_monthly_and_a_daily_fact_is_monthly_too() -> None:
    with pytest.raises(BadRange, match="known by month"):
        planned("efficiency_ratio", grain="week")


@pytest.mark.parametrize("grain", ["month", "quarter", "year"])
def test_a_monthly_fact_by_months_and_coarser(grain: Grain) -> None:
    assert planned("revenue", grain=grain).scans


def test_a_dimension_that_one_fact_does_not_have_names_the_fact() -> None:
    with pytest.raises(
        NotShared, match=r"'ticket_priority' is support_tickets.ticket_priority, which incidents does not"
    ):
        planned("tickets_created", "incident_count", by=("ticket_priority",))


def test_a_filter_that_one_fact_does_not_have_names_the_fact() -> None:
    with pytest.raises(NotShared, match=r"which incidents does not have"):
        planned("tickets_created", "incident_count", where="ticket_priority = 'high'")


def test_a_dimension_that_both_facts_have_is_one() -> None:
    made = planned("tickets_created", "incident_count", by=("service_name",))
    assert [d.identity for d in made.dimensions] == [("services", "service_name")]


def test_a_metric_that_there_is_not() -> None:
    with pytest.raises(UnknownName, match=r"no metric 'tickets_creatd'\. Did you mean 'tickets_created'"):
        planned("tickets_creatd")


def test_a_dimension_that_nothing_resembles_says_where_to_look() -> None:
    with pytest.raises(UnknownName, match="lists what a metric can be split by"):
        planned("tickets_created", by=("zzz",))


@pytest.mark.parametrize(
    ("metric", "where", "sentence"),
    [
        (
            "csat",
            "status = 'resolvd'",
            r"status is never 'resolvd'\. Did you mean 'resolved'\? It can be 'new', 'open'",
        ),
        ("csat", "status = 'Resolved'", "Did you mean 'resolved'"),
        ("csat", "customer.status = 'actve'", r"customer\.status is never 'actve'\. Did you mean 'active'"),
        ("csat", "first_response_outcome = 'brached'", "Did you mean 'breached'"),
        ("csat", "team = 'x' or status in ('open', 'slved')", r"Did you mean 'resolved'\? .*\(at \"'slved'\)\" in"),
        (
            "csat",
            "zzz = 1",
            "support_tickets has no column 'zzz'. 'opstally catalog tables support_tickets' lists them",
        ),
    ],
)
def test_a_filter_by_what_there_never_is(metric: str, where: str, sentence: str) -> None:
    with pytest.raises(BadExpression, match=sentence):
        planned(metric, where=where)


@pytest.mark.parametrize("where", ["status = 'resolved'", "team = 'anything'", "coalesce(status, 'none') = 'none'"])
def test_a_filter_by_what_there_may_be(where: str) -> None:
    assert planned("csat", where=where).scans


def test_a_copy_that_declares_no_values_of_its_own_may_hold_others() -> None:
    assert planned("budgeted_cost", where="scope = 'marketing'").scans


def test_a_grain_among_the_dimensions() -> None:
    with pytest.raises(UnknownName, match="--grain week"):
        planned("tickets_created", by=("week",))


def test_a_table_whose_declaration_is_broken_is_told_and_no_bug() -> None:
    tables = {name: table for name, table in SCHEMA.tables.items() if name != "customers"}
    with pytest.raises(BadExpression, match="'customers' is not declared, or its declaration has problems"):
        Schema(tables).identity("support_tickets", Column(("customer_segment",)))
