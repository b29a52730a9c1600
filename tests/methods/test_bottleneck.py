"""The slowest step of a process: hand-computed values, guards, and the rows of a report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from opstally.errors import UnknownName
from opstally.methods.bottleneck import Step, apply, rework_percent, times
from opstally.result import Column, Value


def test_minutes_go_by_the_cases_of_the_process() -> None:
    """Ten cases; two of them need approval, at 50 minutes each. By its own mean approval would be the bottleneck."""
    found = times([Step("check", 200.0), Step("approve", 100.0)], cases=10)
    assert found is not None
    assert (found.total, found.slowest, found.steps) == (30.0, 20.0, ("check",))
    assert found.percent == pytest.approx(100 * 20 / 30)


def test_ties_are_all_listed() -> None:
    found = times([Step("a", 30.0), Step("b", 30.0 * (1 + 1e-12)), Step("c", 29.9)], cases=1)
    assert found is not None
    assert found.steps == ("a", "b")


@pytest.mark.parametrize(
    ("steps", "cases"),
    [([], 10), ([Step("a", 1.0)], None), ([Step("a", 1.0)], 0), ([Step("a", 1.0), Step("b", None)], 10)],
)
def test_what_is_not_known_is_not_computed(steps: list[Step], cases: int | None) -> None:
    assert times(steps, cases) is None


def test_a_process_that_takes_no_time_has_no_share() -> None:
    found = times([Step("a", 0.0), Step("b", 0.0)], cases=3)
    assert found is not None
    assert (found.total, found.percent, found.steps) == (0.0, None, ("a", "b"))


def test_rework_weighs_executions_and_leaves_out_what_is_not_recorded() -> None:
    """1 of 100 and 1 of 2: 2 / 102. The module's mean of the two rates is 25.5 %."""
    steps = [Step("a", 1.0, reworks=1, rework_known=100), Step("b", 1.0, reworks=1, rework_known=2)]
    assert rework_percent(steps) == pytest.approx(100 * 2 / 102)
    assert rework_percent([*steps, Step("c", 1.0), Step("d", 1.0, reworks=0, rework_known=0)]) == rework_percent(steps)
    assert rework_percent([Step("c", 1.0)]) is None


def test_the_planted_bottleneck_is_found() -> None:
    """200 processes of 2,000 cases and five steps with exponential times, of which the third takes 30 % longer."""
    minutes = np.random.default_rng(31).exponential([10, 10, 13, 10, 10], (200, 2000, 5)).sum(axis=1)
    found = [times([Step(str(n), m) for n, m in enumerate(row)], cases=2000) for row in minutes]
    assert sum(f is not None and f.steps == ("2",) for f in found) == 200
    assert np.mean([f.total for f in found if f is not None]) == pytest.approx(53, rel=0.01)


# -- as a step of a report ---------------------------------------------------------------------------------------------

NAMES = "process_name step_name minutes wait_minutes errors reworks rework_known cases"
COLUMNS = tuple(
    Column(n, n, "text" if n.endswith("name") else "number", is_dimension=n.endswith("name")) for n in NAMES.split()
)


def told(*rows: tuple[Value, ...], **options: Any) -> dict[Value, dict[str, Value]]:
    columns, made = apply(COLUMNS, rows, saving_share=0.3, **options)
    records = [dict(zip((c.name for c in columns), row, strict=True)) for row in made]
    return {record["process_name"]: record for record in records}


REFUND = [
    ("refund", "check", 200.0, 80.0, 3, 1, 12, 0),
    ("refund", "approve", 100.0, 90.0, 0, 0, 2, 2),
    ("refund", "pay", 100.0, None, None, None, 0, 8),
]


def test_a_row_for_each_process() -> None:
    """10 cases (2 ended at approve, 8 at pay): 400 / 10 minutes each, half of them in check; 1 of 14 done again."""
    assert told(*REFUND, ("hiring", "talk", 50.0, 0.0, 0, 0, 5, 5))["refund"] == {
        "process_name": "refund",
        "total_time_minutes": 40.0,
        "bottleneck_minutes": 20.0,
        "bottleneck_pct_of_total": 50.0,
        "bottleneck_steps": "check",
        "total_errors": 3,
        "rework_rate_pct": pytest.approx(100 / 14),
        "potential_time_savings": pytest.approx(12.0),
        "cases": 10,
        "delay_minutes": 170.0,
    }


def test_short_processes_are_left_out_and_unknown_ones_stay() -> None:
    short, unknown = ("hiring", "talk", 50.0, 0.0, 0, 0, 5, 5), ("audit", "read", None, None, 2, 0, 5, 5)
    found = told(*REFUND, short, unknown, minutes_from=10.0)
    assert set(found) == {"refund", "audit"}
    assert (found["audit"]["total_time_minutes"], found["audit"]["bottleneck_steps"]) == (None, None)
    assert (found["audit"]["total_errors"], found["audit"]["cases"]) == (2, 5)


def test_ties_are_named_in_one_cell() -> None:
    rows = [("a", "x", 10.0, 0.0, 0, 0, 1, 0), ("a", "y", 10.0, 0.0, 0, 0, 1, 1)]
    assert told(*rows)["a"]["bottleneck_steps"] == "x, y"


def test_further_dimensions_keep_groups_apart() -> None:
    columns = (Column("team", "Team", "text", is_dimension=True), *COLUMNS)
    made = apply(columns, [("north", *REFUND[0][:-1], 1), ("south", *REFUND[0][:-1], 2)], saving_share=0.3)
    assert [row[:3] for row in made[1]] == [("north", "refund", 200.0), ("south", "refund", 100.0)]


def test_a_section_without_a_needed_column_is_told() -> None:
    with pytest.raises(UnknownName, match=r"no column 'waiting'"):
        apply(COLUMNS, REFUND, saving_share=0.3, wait_minutes="waiting")
