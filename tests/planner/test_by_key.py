"""The newest value of an entity: decided by the value only where two rows could have the same time."""

from __future__ import annotations

import datetime as dt

from tests.planner.company import Company, derived, metric, table

D = dt.date
READINGS = table("readings", "device text, day date, kind text", "device day", at="day")
VISITS = table("visits", "visit text, device text, day date, kind text", "visit", at="day")
NEWEST = {"kind": "last(kind, day)", "first_kind": "first(kind, day)"}
DEVICES = derived("devices", "readings", "device", NEWEST)
VISITED = derived("visited", "visits", "device", NEWEST)
METRICS = [metric("devices_n", "devices", "count()"), metric("visited_n", "visited", "count()")]
ROWS = {
    "readings": [
        ("a", D(2026, 1, 1), "old"), ("a", D(2026, 1, 2), "new"), ("a", D(2026, 1, 3), None),
        ("b", D(2026, 1, 1), None), ("b", D(2026, 1, 2), "only"), ("c", D(2026, 1, 1), None),
    ],
    "visits": [("1", "a", D(2026, 1, 2), "x"), ("2", "a", D(2026, 1, 2), "y"), ("3", "a", None, "z")],
}  # fmt: skip
COMPANY = Company([READINGS, VISITS, DEVICES, VISITED], METRICS, ROWS)


def test_rows_without_the_value_or_the_time_are_passed_over() -> None:
    assert COMPANY.ask("devices_n", by="kind") == [("new", 1), ("only", 1), (None, 1)]
    assert COMPANY.ask("devices_n", by="first_kind") == [("old", 1), ("only", 1), (None, 1)]


def test_the_larger_value_decides_where_times_are_equal() -> None:
    assert COMPANY.ask("visited_n", by="kind") == [("y", 1)]
    assert COMPANY.ask("visited_n", by="first_kind") == [("x", 1)]


def test_ties_are_only_decided_where_the_key_allows_them() -> None:
    assert "arg_max(kind, day) AS kind" in COMPANY.result("devices_n", by="kind").receipt.sql[0]
    assert "arg_max(kind, {" in COMPANY.result("visited_n", by="kind").receipt.sql[0]
