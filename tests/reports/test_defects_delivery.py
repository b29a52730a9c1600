"""What the module's SQL gets wrong about onboarding, promises, processes and the month: its number, ours, and why."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
import pytest
from tests.reports import module_sql, module_sql_reports, tables
from tests.reports.tables import Row

TODAY = dt.date(2026, 10, 31)


def test_onboarding_of_finished_projects_only() -> None:
    """One project of 20 days is live; three begun 120 days ago are not. The module: 20 days, all on time.

    Ours has the same 20 days, and beside it that three are waiting, half of them for at least 120 days.
    """
    usual = {"customer_id": "C", "customer_segment": "enterprise", "implementation_type": "standard"}
    begun = dt.date(2026, 7, 4)
    done = {"kickoff_date": dt.date(2026, 9, 1), "go_live_date": dt.date(2026, 9, 21), "days_to_complete": 20}
    rows = [usual | {"project_id": f"P{n}", "status": "active", "kickoff_date": begun} for n in range(3)]
    company = tables.filled(
        implementations=[usual | done | {"project_id": "P", "status": "live"}, *rows],
        customers=[{"customer_id": "C", "status": "active", "contract_date": begun}],
    )
    theirs = module_sql.one(company, module_sql.ONBOARDING, TODAY)
    assert (theirs["implementations"], theirs["avg_days"], theirs["on_time_pct"]) == (1, 20, 100)
    [ours] = tables.records(tables.report(company, "onboarding", TODAY))
    assert (ours["implementations"], ours["avg_days"], ours["on_time_pct"]) == (1, 20, 100)
    assert (ours["open_projects"], ours["open_median_age_days"]) == (3, 120)


def test_projects_of_unknown_customers_vanish() -> None:
    """A project whose customer is not in the customer list is a project; the module's join drops it."""
    live = {"project_id": "P", "customer_id": "?", "status": "live", "go_live_date": dt.date(2026, 9, 21)}
    company = tables.filled(implementations=[live], customers=[{"customer_id": "C", "status": "active"}])
    assert module_sql.run(company, module_sql.ONBOARDING, TODAY) == []
    [ours] = tables.records(tables.report(company, "onboarding", TODAY))
    assert ours["implementations"] == 1


def promise(metric: str, operator: str, *versions: tuple[dt.date, float]) -> list[Row]:
    """The versions of one promise to the gold tier."""
    usual = {"sla_id": "S", "service_tier": "gold", "sla_metric": metric, "operator": operator}
    return [usual | {"valid_from": since, "sla_target": target} for since, target in versions]


def sla(promises: list[Row], *values: float, day: dt.date = dt.date(2026, 9, 15)) -> tuple[Any, Any]:
    """What the module and what we say of measurements of it."""
    usual = {"sla_id": "S", "measurement_date": day, "excluded": False}
    rows = [usual | {"measurement_id": f"M{n}", "actual_value": value} for n, value in enumerate(values)]
    company = tables.filled(sla_definitions=promises, sla_measurements=rows)
    [ours] = tables.records(tables.report(company, "sla-performance", TODAY))
    return module_sql.one(company, module_sql.SLA_PERFORMANCE, TODAY), ours


def test_at_most_the_target_for_uptime() -> None:
    """99.95 and 99.99 keep a promise of at least 99.9. The module asks whether they are below it: 0 %, Missing."""
    theirs, ours = sla(promise("uptime", "gte", (dt.date(2026, 1, 1), 99.9)), 99.95, 99.99)
    assert (theirs["sla_compliance_pct"], theirs["sla_status"]) == (0, "Missing")
    assert (ours["sla_compliance_pct"], ours["sla_status"]) == (100, "Exceeding")


def test_p95_where_more_is_better() -> None:
    """The tail that hurts an uptime of 90 and 100 is the low one: 90.5, not the 99.5 of the best."""
    theirs, ours = sla(promise("uptime", "gte", (dt.date(2026, 1, 1), 99.9)), 90, 100)
    assert theirs["p95_performance"] == 99.5
    assert ours["p95_performance"] == pytest.approx(90.5)


def test_todays_target_applied_to_history() -> None:
    """45 minutes in September kept the 60 promised then; the 30 promised since October were not in force."""
    versions = promise("first response", "lte", (dt.date(2026, 1, 1), 60), (dt.date(2026, 10, 1), 30))
    theirs, ours = sla(versions, 45)
    assert (theirs["sla_target"], theirs["sla_compliance_pct"]) == (30, 0)
    assert (ours["sla_target"], ours["sla_compliance_pct"]) == (60, 100)


def executions(*given: tuple[str, int, float, float]) -> Any:
    """Executions of one category in September, given as (status, how many, minutes, cost)."""
    rows: list[Row] = []
    for status, times, minutes, cost in given:
        usual = {"process_name": "invoice", "process_category": "finance", "execution_date": dt.date(2026, 9, 9)}
        usual |= {"automation_status": status, "execution_time_minutes": minutes, "cost_per_execution": cost}
        rows += [usual | {"execution_id": f"{len(rows)}-{n}"} for n in range(times)]
    return tables.filled(business_processes=rows)


def test_total_costs_compared_whatever_the_volume() -> None:
    """Nine automated at 1 and one by hand at 5: the module sees a loss of 4 in what saved 9 × 4 = 36."""
    company = executions(("automated", 9, 2, 1), ("manual", 1, 10, 5))
    assert module_sql.one(company, module_sql.AUTOMATION_IMPACT, TODAY)["cost_savings"] == -4
    [ours] = tables.records(tables.report(company, "automation-impact", TODAY))
    assert ours["cost_savings"] == 36


def test_fully_automated_categories_filtered_away() -> None:
    """What is automated altogether is the greatest success; without a baseline its saving is unknown, not absent."""
    company = executions(("automated", 9, 2, 1))
    assert module_sql.run(company, module_sql.AUTOMATION_IMPACT, TODAY) == []
    [ours] = tables.records(tables.report(company, "automation-impact", TODAY))
    assert (ours["total_executions"], ours["automation_rate"]) == (9, 100)
    assert (ours["baseline"], ours["cost_savings"], ours["total_time_saved"]) == ("no baseline", None, None)


def test_improvement_beyond_all_time() -> None:
    """From 10 minutes to 2 is 80 % less. The module divides the other way round and reports 400 %."""
    company = executions(("automated", 1, 2, 1), ("manual", 1, 10, 5))
    assert module_sql.one(company, module_sql.AUTOMATION_IMPACT, TODAY)["efficiency_improvement_pct"] == 400
    [ours] = tables.records(tables.report(company, "automation-impact", TODAY))
    assert ours["efficiency_improvement_pct"] == pytest.approx(80)


def test_five_way_cross_join() -> None:
    """Two tickets × two resource days × one project × three cost lines × two customers: every sum is multiplied.

    Costs of 3 million become 24, 1.5 million per customer 12, one incident 12; without a project, all is empty.
    """
    october = [dt.date(2026, 10, day) for day in (5, 15, 25)]
    rows: dict[str, list[Row]] = {
        "support_tickets": [
            {"ticket_id": name, "created_at": dt.datetime(2026, 10, 9), "status": "open"} for name in "ab"
        ],
        "infrastructure_metrics": [
            {"resource_id": "R", "metric_date": day, "incident_count": n} for n, day in enumerate(october[:2])
        ],
        "incidents": [{"incident_id": "I", "service_name": "api", "started_at": dt.datetime(2026, 10, 15)}],
        "implementations": [{"project_id": "P", "status": "active", "kickoff_date": dt.date(2026, 9, 1)}],
        "costs": [{"cost_date": day, "cost_center": "all", "operational_cost": 1e6} for day in october],
        "customers": [{"customer_id": name, "status": "active", "contract_date": dt.date(2025, 1, 1)} for name in "ab"],
    }
    company = tables.filled(**rows)
    names = ("monthly_tickets", "infrastructure_incidents", "ops_cost_millions", "cost_per_customer")
    theirs = module_sql.one(company, module_sql_reports.OPERATIONS_DASHBOARD, TODAY)
    assert [theirs[n] for n in names] == [2, 12, 24, 12e6]
    [ours] = tables.records(tables.report(company, "operations-dashboard", TODAY))
    assert [ours[n] for n in names] == [2, 1, 3, 1.5e6]
    company.execute("DELETE FROM implementations")
    theirs = module_sql.one(company, module_sql_reports.OPERATIONS_DASHBOARD, TODAY)
    assert [theirs[n] for n in names] == [0, None, None, None]
    [ours] = tables.records(tables.report(company, "operations-dashboard", TODAY))
    assert [ours[n] for n in names] == [2, 1, 3, 1.5e6]


def test_length_of_unfinished_projects() -> None:
    """The module asks how long the active projects took to complete, which none has; ours asks those of the month."""
    live = {"kickoff_date": dt.date(2026, 9, 1), "go_live_date": dt.date(2026, 10, 11), "days_to_complete": 40}
    company = tables.filled(
        support_tickets=[{"ticket_id": "a", "created_at": dt.datetime(2026, 10, 9), "status": "open"}],
        infrastructure_metrics=[{"resource_id": "R", "metric_date": dt.date(2026, 10, 9)}],
        implementations=[
            {"project_id": "P", "status": "active", "kickoff_date": dt.date(2026, 9, 1)},
            {"project_id": "Q", "status": "live"} | live,
        ],
        costs=[{"cost_date": dt.date(2026, 10, 9), "cost_center": "all", "operational_cost": 1}],
        customers=[{"customer_id": "C", "status": "active", "contract_date": dt.date(2025, 1, 1)}],
    )
    theirs = module_sql.one(company, module_sql_reports.OPERATIONS_DASHBOARD, TODAY)
    assert (theirs["active_implementations"], theirs["avg_implementation_days"]) == (1, None)
    [ours] = tables.records(tables.report(company, "operations-dashboard", TODAY))
    assert (ours["active_implementations"], ours["avg_implementation_days"]) == (1, 40)


def steps(*given: tuple[str, str, float, bool]) -> Any:
    """Steps of invoices in October, given as (case, step, minutes, whether it had to be done again)."""
    usual = {"process_name": "invoice", "execution_date": dt.date(2026, 10, 9), "wait_time_minutes": 0}
    return tables.filled(
        process_executions=[
            usual
            | {"execution_id": case, "step_name": step, "step_sequence": ord(step[0])}
            | {"step_duration_minutes": minutes, "rework_required": again, "error_occurred": False}
            for case, step, minutes, again in given
        ]
    )


def test_window_function_inside_an_aggregate() -> None:
    """The module's query is no SQL and gives nothing at all; ours names the slowest step, and both where they tie."""
    company = steps(("a", "check", 20, False), ("a", "approve", 50, False), ("a", "pay", 50, False))
    with pytest.raises(duckdb.BinderException, match="window function"):
        module_sql.run(company, module_sql_reports.PROCESS_BOTTLENECKS, TODAY)
    [ours] = tables.records(tables.report(company, "process-bottlenecks", TODAY))
    assert (ours["total_time_minutes"], ours["bottleneck_minutes"]) == (120, 50)
    assert ours["bottleneck_steps"] == "approve, pay"


def test_unweighted_rework() -> None:
    """Nine checks without rework, one payment done again: 1 of 10 executions, not the mean of 0 % and 100 %."""
    company = steps(*[(f"c{n}", "check", 40, False) for n in range(9)], ("c0", "pay", 5, True))
    theirs = module_sql.one(company, module_sql_reports.PROCESS_BOTTLENECKS_THAT_RUNS, TODAY)
    assert theirs["rework_rate_pct"] == 50
    [ours] = tables.records(tables.report(company, "process-bottlenecks", TODAY))
    assert ours["rework_rate_pct"] == 10


def test_steps_that_few_cases_go_through_counted_for_all() -> None:
    """One of ten cases is escalated for 100 minutes. A case takes 40 + 10 minutes; the module says 140."""
    company = steps(*[(f"c{n}", "check", 40, False) for n in range(10)], ("c0", "escalate", 100, False))
    theirs = module_sql.one(company, module_sql_reports.PROCESS_BOTTLENECKS_THAT_RUNS, TODAY)
    assert (theirs["total_time_minutes"], theirs["bottleneck_minutes"]) == (140, 100)
    [ours] = tables.records(tables.report(company, "process-bottlenecks", TODAY))
    assert (ours["total_time_minutes"], ours["bottleneck_minutes"], ours["bottleneck_steps"]) == (50, 40, "check")
