"""Receipts in words."""

from __future__ import annotations

import datetime as dt

from opstally.render.document import Document
from opstally.render.receipt import assumption_texts, fresh_text, rows_text, summary
from opstally.result import Freshness, Use


def test_reasons_of_several_metrics_are_said_once_and_the_smallest_only_counted() -> None:
    uses = [
        Use("a", "tickets", "created_at", 1_000, 900, {"pending": 100}),
        Use("b", "tickets", "created_at", 1_000, 500, {"pending": 40, "not rated": 450, "spam": 7, "test": 3}),
        Use("c", "incidents", "started_at", 1, 1, {}),
    ]
    assert rows_text(uses) == [
        "1,000 rows of tickets (left out: 450 not rated, 100 pending, 7 spam and 1 more reason)",
        "1 row of incidents",
    ]


def test_freshness_names_the_oldest_where_tables_differ() -> None:
    one = Freshness("tickets", 9, dt.datetime(2026, 10, 31, 23, 4), None)
    two = Freshness("costs", 9, dt.date(2026, 9, 30), None)
    never = Freshness("agents", 9, None, None)
    assert fresh_text([one, never]) == "data to 31 Oct 2026"
    assert fresh_text([one, two]) == "data to 30 Sep 2026 (costs) … 31 Oct 2026 (tickets)"
    assert fresh_text([never]) == ""


def test_assumptions() -> None:
    assert assumption_texts({"support_hourly_cost": 50.0, "saving_share": 0.3}) == [
        "Support hourly cost 50",
        "Saving share 0.3",
    ]


def test_the_line_under_a_document(document: Document) -> None:
    assert summary(document) == [
        "1,204 rows of support_tickets (left out: 41 pending, 13 no target)",
        "data to 30 Aug 2026",
        "DuckDB 1.5.6",
    ]
