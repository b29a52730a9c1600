"""Queries that differ only in their metrics are answered from one scan, and each as if it had been asked alone."""

from __future__ import annotations

import pytest
from tests.planner.company import JANUARY
from tests.planner.test_members import company

from opstally.measure import Measuring
from opstally.planner.query import Query

CHECKS, BOTH = ("checks_n", "ms"), ("ms", "incidents_n", "per_check", "minutes")


def query(*metrics: str, members: bool = False) -> Query:
    return Query(metrics, (("service", "service"),), None, JANUARY, JANUARY.last_day, members=members)


@pytest.fixture
def measuring() -> Measuring:
    return company().measuring()


@pytest.mark.parametrize("members", [False, True])
def test_shared_results_are_those_of_each_alone(members: bool, measuring: Measuring) -> None:
    """Service web has incidents and no checks: it is no row of a query about checks."""
    asked = [query(*CHECKS, members=members), query(*BOTH, members=members), query("checks_n", members=members)]
    alone = [measuring.measure(q) for q in asked]
    with measuring.sharing(asked):
        shared = [measuring.measure(q) for q in asked]
    for mine, theirs in zip(shared, alone, strict=True):
        assert (mine.columns, mine.rows, mine.intervals) == (theirs.columns, theirs.rows, theirs.intervals)
        assert mine.receipt.uses == theirs.receipt.uses
        assert mine.receipt.freshness == theirs.receipt.freshness
        assert mine.receipt.definitions == theirs.receipt.definitions


def test_one_scan_answers_both(measuring: Measuring) -> None:
    with measuring.sharing([query(*CHECKS), query("ms")]):
        first, second = measuring.measure(query(*CHECKS)), measuring.measure(query("ms"))
    assert first.receipt.sql == second.receipt.sql
    assert measuring.measure(query("ms")).receipt.sql != first.receipt.sql


def test_another_period_or_filter_is_another_scan(measuring: Measuring) -> None:
    other = Query(("ms",), (("service", "service"),), "week", JANUARY, JANUARY.last_day)
    with measuring.sharing([query(*CHECKS), other]):
        assert measuring.measure(other).receipt.sql != measuring.measure(query(*CHECKS)).receipt.sql
