"""A fact and the per-entity tables made from it, read once where what is asked adds up."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from pydantic import TypeAdapter
from tests.planner.company import Company, derived, metric, table

from opstally.model.table import Table
from opstally.result import Result

D = dt.date
RUNS = TypeAdapter(Table).validate_python(
    {
        "table": "runs", "label": "runs", "description": "runs", "key": ["id"], "at": "day",
        "columns": {
            "id": {"type": "text"}, "day": {"type": "date"}, "process": {"type": "text"}, "room": {"type": "text"},
            "how": {"type": "text", "allowed": ["hand", "machine"]}, "urgent": {"type": "boolean"},
            "minutes": {"type": "number"}, "people": {"type": "integer"},
        },
        "references": {"place": {"table": "rooms", "on": {"room": "room_id"}}},
    }
)  # fmt: skip
ROOMS = table("rooms", "room_id text, floor text", "room_id")
ROWS = {
    "rooms": [("a", "low"), ("b", "high")],
    "runs": [
        ("1", D(2026, 1, 1), "pay", "a", "hand", True, 10.0, 2),
        ("2", D(2026, 1, 2), "pay", "a", "machine", False, 4.0, None),
        ("3", D(2026, 1, 3), "pay", "b", "machine", None, None, 1),
        ("4", D(2026, 1, 4), "ship", "a", None, True, 7.0, None),
        ("5", D(2026, 1, 5), "ship", "b", "by post", None, None, None),
        ("6", D(2026, 1, 6), None, None, "hand", None, None, 3),
        ("7", D(2026, 2, 1), "pay", "a", "hand", True, 99.0, 9),
    ],
}
PROCESSES = derived(
    "processes",
    "runs",
    "process",
    {
        "by_machine": "count_if(how = 'machine')",
        "saved": "avg_if(minutes, how = 'hand') - avg_if(minutes, how = 'machine')",
        "middle": "median(minutes)",
    },
)
METRICS = [
    metric("runs_n", "runs", "count()"),
    metric("timed", "runs", "count(minutes)"),
    metric("by_hand", "runs", "count_if(how = 'hand')"),
    metric("either", "runs", "count_if((how = 'hand' and minutes is not null) or (how = 'machine' and urgent))"),
    metric("hand_minutes", "runs", "avg_if(minutes, how = 'hand') + 0", "minutes"),
    metric("machine_minutes", "runs", "sum_if(minutes, how = 'machine')", "minutes"),
    metric("most_people", "runs", "max(people)", "ratio"),
    metric("first_room", "runs", "min_if(room, how != 'hand')", "text"),
    metric("median_minutes", "runs", "median(minutes)", "minutes"),
    metric("rooms", "runs", "count_distinct(room)"),
    metric("minutes_saved", "processes", "sum(saved * by_machine)", "minutes"),
    metric("middles", "processes", "max(middle)", "minutes"),
]
COMPANY = Company([RUNS, PROCESSES, ROOMS], METRICS, ROWS)
ONCE = "runs_subtotals AS ("


def asked(*metrics: str, **more: Any) -> Result:
    return COMPANY.result(*metrics, "minutes_saved", **more)


def test_what_adds_up_is_read_once() -> None:
    names = "runs_n", "timed", "by_hand", "either", "hand_minutes", "machine_minutes", "most_people", "first_room"
    result = asked(*names, by="process")
    assert [row[:-1] for row in result.rows] == [
        ("pay", 3, 2, 1, 1, 10.0, 4.0, 2, "a"),
        ("ship", 2, 1, 0, 0, None, None, None, "b"),
        (None, 1, 0, 1, 0, None, None, 3, None),
    ]
    assert [row[-1] for row in result.rows] == [12.0, None, None]
    [sql] = result.receipt.sql
    assert ONCE in sql
    assert sql.count("FROM runs AS t") == 1
    assert "GROUP BY process, how, urgent" in sql


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("(how = 'hand' and urgent) or (how = 'hand' and minutes > 5)", 1),
        ("minutes > 5 or urgent", 2),
        ("minutes > 5 or how = 'hand'", 3),
        ("(how = 'hand' and minutes is null) or (how = 'machine' and minutes > 1)", 2),
        ("(how is null or how != 'hand') and room = 'a'", 2),
        ("place.floor = 'low'", 3),
        ("not urgent", 1),
    ],
)
def test_a_row_that_meets_two_conditions_counts_once(condition: str, rows: int) -> None:
    some = metric("some", "runs", f"count_if({condition})")
    result = Company([RUNS, PROCESSES, ROOMS], [*METRICS, some], ROWS).result("some", "minutes_saved")
    assert result.rows == ((rows, 12.0),)
    assert ONCE in result.receipt.sql[0]


def test_what_is_said_of_a_bucket_s_ends_reads_the_rows() -> None:
    late = metric("late", "runs", "count_if(days_between(day, date_of(period_end())) < 3)")
    result = Company([RUNS, PROCESSES, ROOMS], [*METRICS, late], ROWS).result("late", "minutes_saved", grain="week")
    assert [row[:2] for row in result.rows] == [(D(2025, 12, 29), 2), (D(2026, 1, 5), 0)]
    assert ONCE not in result.receipt.sql[0]


def test_a_value_that_is_not_declared_is_a_part_of_its_own() -> None:
    """`by post` is not among the values that are allowed; nobody keeps the tables of others to them."""
    total = asked("runs_n", "by_hand", "first_room")
    assert total.rows == ((6, 2, "a", 12.0),)
    assert ONCE in total.receipt.sql[0]


def test_nothing_has_counts_of_zero_and_no_values() -> None:
    nobody = asked("runs_n", "timed", "by_hand", "hand_minutes", "machine_minutes", where="process = 'none'")
    assert nobody.rows == ((0, 0, 0, None, None, None),)
    assert ONCE in nobody.receipt.sql[0]


def test_the_rows_are_cut_by_time_as_well() -> None:
    result = asked("runs_n", "by_hand", by="process", grain="week")
    assert result.rows[0] == (D(2025, 12, 29), "pay", 3, 1, 12.0)
    assert ONCE in result.receipt.sql[0]


def test_a_filter_by_the_entity_s_key_is_of_the_rows() -> None:
    result = asked("runs_n", "by_hand", where="process in ('pay', 'none')")
    assert result.rows == ((3, 1, 12.0),)
    assert ONCE in result.receipt.sql[0]


@pytest.mark.parametrize("metric_", ["median_minutes", "rooms"])
def test_what_does_not_add_up_reads_the_rows(metric_: str) -> None:
    result = asked("runs_n", metric_)
    assert result.rows[0][0] == 6
    assert ONCE not in result.receipt.sql[0]


def test_an_entity_that_does_not_add_up_reads_the_rows() -> None:
    result = COMPANY.result("runs_n", "middles")
    assert result.rows == ((6, 7.0),)
    assert ONCE not in result.receipt.sql[0]


def test_one_scan_alone_reads_its_rows() -> None:
    assert ONCE not in COMPANY.result("runs_n", "by_hand").receipt.sql[0]
    assert ONCE not in COMPANY.result("minutes_saved").receipt.sql[0]


def test_an_entity_of_some_rows_only_reads_for_itself() -> None:
    some = derived("processes", "runs", "process", {"n": "count()"}, where="urgent")
    company = Company([RUNS, some, ROOMS], [METRICS[0], metric("urgent_n", "processes", "count()")], ROWS)
    result = company.result("runs_n", "urgent_n")
    assert result.rows == ((6, 2),)
    assert ONCE not in result.receipt.sql[0]


def test_groups_that_the_entities_do_not_tell_apart_are_no_part_of_theirs() -> None:
    """A room may have any name: grouping by it as well could make far more groups than there are processes."""
    rooms = derived("rooms_", "runs", "room", {"n": "count()"}, references={})
    company = Company([RUNS, PROCESSES, ROOMS, rooms], [*METRICS, metric("rooms_n", "rooms_", "sum(n)")], ROWS)
    result = company.result("runs_n", "minutes_saved", "rooms_n")
    assert result.rows == ((6, 12.0, 6),)
    assert ONCE in result.receipt.sql[0]
    assert result.receipt.sql[0].count("FROM runs AS t") == 2


def test_an_entity_of_a_few_rows_reads_for_itself() -> None:
    """The steps of a case come once; the checks of a service come every minute."""
    for key, once in (("process id", False), ("process day", True), ("id", True), ("process", False)):
        runs = replace(RUNS, key=tuple(key.split()))
        sql = Company([runs, PROCESSES, ROOMS], METRICS, ROWS).result("runs_n", "minutes_saved").receipt.sql[0]
        assert (ONCE in sql) == once
