"""What the packaged process metrics give on a few rows, worked out by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

DAY = dt.date(2026, 6, 10)


def runs(
    company: Any, process: str, status: str, times: int, minutes: float | None, cost: float | None, **more: Any
) -> None:
    """So many equal executions."""
    row = {"process_name": process, "process_category": "billing", "automation_status": status, "execution_date": DAY}
    row |= {"execution_time_minutes": minutes, "cost_per_execution": cost} | more
    company.add("business_processes", *(row | {"execution_id": f"{process}{status}{n}{minutes}"} for n in range(times)))


def test_savings_are_unit_differences_times_volume(company: Any) -> None:
    """9 automated at 2 minutes and 1.0, 3 by hand at 10 and 5.0: the module saves 3 × 5 − 9 × 1 = 6, we 9 × 4."""
    runs(company, "invoice", "automated", 9, 2.0, 1.0)
    runs(company, "invoice", "manual", 3, 10.0, 5.0)
    assert company.one("executions", "automated_executions", "manual_executions", "automation_rate") == (12, 9, 3, 75.0)
    assert company.one("time_saved_per_execution", "total_time_saved", "cost_savings") == (8.0, 72.0, 36.0)
    assert company.one("efficiency_improvement") == pytest.approx(80.0)
    assert company.one("manual_unit_minutes", "automated_unit_minutes", "manual_unit_cost", "automated_unit_cost") == (
        10.0,
        2.0,
        5.0,
        1.0,
    )


def test_unit_times_weigh_executions_not_processes(company: Any) -> None:
    """Manual: 1 × 100 and 9 × 10 are 19 on average, where the module's mean of process means is 55."""
    runs(company, "a", "manual", 1, 100.0, 1.0)
    runs(company, "b", "manual", 9, 10.0, 1.0)
    assert company.one("manual_unit_minutes") == pytest.approx(19.0)


def test_a_category_without_manual_executions_stays_and_says_so(company: Any) -> None:
    runs(company, "a", "automated", 4, 2.0, 1.0)
    runs(company, "b", "automated", 1, 2.0, 1.0, process_category="hr")
    runs(company, "b", "manual", 1, 3.0, 1.0, process_category="hr")
    asked = company.ask(
        "executions", "time_saved_per_execution", "cost_savings", "automation_baseline", by="process_category"
    )
    assert asked == {"billing": (4, None, None, "no baseline"), "hr": (2, 1.0, 0.0, "ok")}


def test_mixed_executions_are_neither_automated_nor_by_hand(company: Any) -> None:
    runs(company, "a", "automated", 1, 3.0, 1.0)
    runs(company, "a", "manual", 1, 1.0, 1.0)
    runs(company, "a", "hybrid", 2, 500.0, 1.0)
    company.add("business_processes", {"execution_id": "?", "process_name": "a", "execution_date": DAY})
    assert company.one("executions", "automation_rate", "time_saved_per_execution") == (5, 25.0, -2.0)


def test_like_for_like_compares_within_process_and_kind(company: Any) -> None:
    """Long work by hand, short work automated: in a heap it seems to save much, in truth it loses 5 each."""
    runs(company, "long", "manual", 10, 100.0, 100.0)
    runs(company, "short", "manual", 1, 5.0, 5.0)
    runs(company, "short", "automated", 10, 10.0, 10.0)
    runs(company, "new", "automated", 10, 1.0, 1.0)
    assert company.one("like_for_like_time_saved", "like_for_like_cost_savings") == (-50.0, -50.0)
    assert company.one("processes_without_baseline") == 1
    assert company.one("total_time_saved") > 0


def test_kinds_of_case_are_compared_apart(company: Any) -> None:
    runs(company, "a", "manual", 2, 50.0, 50.0, case_type="hard")
    runs(company, "a", "manual", 2, 6.0, 6.0, case_type="easy")
    runs(company, "a", "automated", 2, 4.0, 4.0, case_type="easy")
    assert company.one("like_for_like_time_saved") == 4.0


def test_errors_interventions_and_people(company: Any) -> None:
    company.fill(
        "business_processes",
        "execution_id error_count manual_interventions human_minutes",
        ("1", 0, 0, 1.0),
        ("2", 0, 1, 2.0),
        ("3", 3, 0, None),
        ("4", None, None, 3.0),
        process_name="a",
        execution_date=DAY,
    )
    assert company.one("straight_through_rate", "error_free_rate") == pytest.approx((100 / 3, 200 / 3))
    assert company.one("errors_per_execution", "manual_interventions_per_execution") == pytest.approx((1.0, 1 / 3))
    assert company.one("manual_interventions", "human_minutes", "human_minutes_per_execution") == (1, 6.0, 2.0)


def test_return_on_automation(company: Any) -> None:
    """Saves 10 × 40; runs from 16 June, half a month of 30 days, for 24.35 a month; cost 1,000 to build."""
    runs(company, "a", "manual", 1, 50.0, 50.0)
    runs(company, "a", "automated", 10, 10.0, 10.0)
    company.fill(
        "automations",
        "process_name live_date retired_date build_cost monthly_run_cost automation_id",
        ("a", dt.date(2026, 6, 16), None, 1000.0, 24.35, "1"),
        ("b", dt.date(2025, 1, 1), dt.date(2026, 1, 1), 7.0, 9.0, "2"),
    )
    run = 24.35 * 15 / 30.4375
    assert company.one("automations_live", "automation_build_cost") == (1, 1000.0)
    assert company.one("automation_run_cost", "automation_net_savings", "automation_roi") == pytest.approx(
        (run, 400 - run, (400 - run) / 10)
    )
    assert company.ask("automation_roi", by="process_name")["a"] == pytest.approx((400 - run) / 10)


# -- steps and cases ---------------------------------------------------------------------------------------------------


def step(
    company: Any, case: str, number: int, name: str, minutes: float, wait: float | None = 0.0, **more: Any
) -> None:
    row = {
        "execution_id": case,
        "step_sequence": number,
        "process_name": "refund",
        "step_name": name,
        "execution_date": DAY,
    }
    company.add("process_executions", row | {"step_duration_minutes": minutes, "wait_time_minutes": wait} | more)


@pytest.fixture
def cases(company: Any) -> Any:
    """Case 1: check, approve; case 2: check twice (rework), pay. No step is in every case but check."""
    step(company, "1", 1, "check", 10, 5, rework_required=False, error_occurred=False, is_automated=True)
    step(company, "1", 2, "approve", 30, 15, rework_required=False, error_occurred=False)
    step(company, "2", 1, "check", 10, 10, rework_required=True, error_occurred=True, is_automated=True)
    step(company, "2", 2, "check", 10, 0, rework_required=False, error_occurred=False, is_automated=False)
    step(company, "2", 3, "pay", 20, None)
    step(company, "3", 1, "check", 99, 99, execution_date=dt.date(2026, 5, 31))
    return company


def test_minutes_go_by_case(cases: Any) -> None:
    assert cases.one("cases", "process_steps", "steps_per_case", "process_minutes", "minutes_per_case") == (
        2,
        5,
        2.5,
        110.0,
        55.0,
    )
    assert cases.one("process_wait_minutes", "wait_share") == (30.0, pytest.approx(100 * 30 / 90))
    assert cases.one("minutes_per_step", "automated_step_share") == pytest.approx((22.0, 200 / 3))


def test_rework_and_errors_weigh_executions(cases: Any) -> None:
    """check 1 of 3, approve 0 of 1, pay not recorded: 1 of 4; the module's mean of the steps' rates is 1/6."""
    assert cases.one("step_rework_rate", "step_error_rate") == (25.0, 25.0)
    assert cases.one("step_reworks", "steps_with_rework_known", "step_errors") == (1, 4, 1)


def test_cases_at_their_last_step_add_up_over_steps(cases: Any) -> None:
    """Both went through check, none ended there: counted at every step they are 4, and the process has 2."""
    split = cases.ask("cases", "process_case_count", "process_minutes", by="process_name step_name")
    assert split == {
        ("refund", "approve"): (1, 1, 45.0),
        ("refund", "check"): (2, 0, 45.0),
        ("refund", "pay"): (1, 1, 20.0),
    }
    assert cases.one("process_case_count") == sum(last for _, last, _ in split.values()) == 2


def test_whole_cases(cases: Any) -> None:
    assert cases.one("case_minutes_median", "case_minutes_p90") == pytest.approx((55.0, 59.0))
    assert cases.one("right_first_time_rate") == 50.0
    times = [dt.datetime(2026, 6, 10, h) for h in (8, 9, 12, 14)]
    step(cases, "4", 1, "check", 60, started_at=times[0], completed_at=times[1])
    step(cases, "4", 2, "pay", 120, started_at=times[2], completed_at=times[3])
    assert cases.one("case_elapsed_hours") == 6.0
