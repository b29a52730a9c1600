"""Processes: true savings and true bottlenecks."""

from __future__ import annotations

import numpy as np
import pytest

from .conftest import Ask, Written


def test_automations_save_what_is_told_like_for_like(ask: Ask, company: Written) -> None:
    told = company.size("automation_savings")
    rows = ask("""
        SELECT process_name, case_type, automation_status, avg(execution_time_minutes), avg(cost_per_execution)
            FROM business_processes GROUP BY ALL""")
    mean = {(process, case, status): (minutes, cost) for process, case, status, minutes, cost in rows}
    assert len(told["processes"]) == 5
    for process, saved in told["processes"].items():
        by_case = [
            np.subtract(mean[process, case, "manual"], mean[process, case, "automated"])
            for case in ("simple", "complex")
        ]
        minutes, cost = np.mean(by_case, axis=0)
        assert minutes == pytest.approx(saved["minutes_saved_per_execution"], rel=0.1)
        assert cost == pytest.approx(saved["cost_saved_per_execution"], rel=0.1)
        assert (cost < 0) == (process == told["loss"])


def test_what_has_no_baseline_and_what_is_not_automated(ask: Ask, company: Written) -> None:
    statuses = {
        category: set(found)
        for category, found in ask(
            "SELECT process_category, list(DISTINCT automation_status) FROM business_processes GROUP BY 1"
        )
    }
    assert statuses[company.size("no_manual_baseline")["category"]] == {"automated"}
    assert statuses["sales operations"] == {"manual", "hybrid"}


def test_a_cheaper_automation_costs_more_in_total(ask: Ask) -> None:
    """The trap: total cost of automated executions above the manual ones', though each costs a tenth."""
    ((automated, manual, each_automated, each_manual),) = ask("""
        SELECT sum(cost_per_execution) FILTER (automation_status = 'automated'),
            sum(cost_per_execution) FILTER (automation_status = 'manual'),
            avg(cost_per_execution) FILTER (automation_status = 'automated'),
                avg(cost_per_execution) FILTER (automation_status = 'manual')
        FROM business_processes WHERE process_category = 'finance'""")
    assert automated > manual
    assert each_automated < each_manual / 5


def test_each_process_has_its_bottleneck(ask: Ask, company: Written) -> None:
    told = company.size("bottlenecks")["processes"]
    rows = ask("""
        SELECT workflow, activity, avg(queue_minutes::DOUBLE + date_diff('second', try_strptime("start",
            '%Y-%m-%d %H:%M:%S'),
            try_strptime("end", '%Y-%m-%d %H:%M:%S')) / 60) FROM steps GROUP BY ALL""")
    for process, bottleneck in told.items():
        minutes = {step: mean for name, step, mean in rows if name == process}
        longest = max(minutes, key=lambda step: minutes[step])
        assert longest == bottleneck["step"]
        assert minutes[longest] == pytest.approx(bottleneck["minutes"], rel=0.1)
        assert sum(minutes.values()) == pytest.approx(bottleneck["minutes_per_case"], rel=0.1)
