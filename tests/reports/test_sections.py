"""The shape of the packaged reports: the module's columns first, charts of columns there are, what is missing told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import duckdb
import pytest
from tests.reports import company, module_sql, module_sql_reports, tables
from tests.reports.test_reports import DAYS

from opstally import reports
from opstally.model.report import Chart

MODULE_SQL = {
    "support-tickets": module_sql.SUPPORT_TICKETS,
    "support-teams": module_sql.SUPPORT_TEAMS,
    "service-reliability": module_sql.SERVICE_RELIABILITY,
    "cost-efficiency": module_sql.COST_EFFICIENCY,
    "onboarding": module_sql.ONBOARDING,
    "sla-performance": module_sql.SLA_PERFORMANCE,
    "automation-impact": module_sql.AUTOMATION_IMPACT,
    "operations-dashboard": module_sql_reports.OPERATIONS_DASHBOARD,
    "support-efficiency": module_sql_reports.SUPPORT_EFFICIENCY,
    "component-health": module_sql_reports.COMPONENT_HEALTH,
    "customer-impact": module_sql_reports.CUSTOMER_IMPACT,
    "process-bottlenecks": module_sql_reports.PROCESS_BOTTLENECKS_THAT_RUNS,
}
CAPACITY = (
    "resource_type", "avg_utilization", "peak_utilization", "resource_count",
    "utilization_growth_per_week", "weeks_to_80_pct", "weeks_to_90_pct", "recommendation",
)  # fmt: skip
"""The end of the module's query is lost; these are the names that people know the report by."""


@pytest.fixture(scope="module")
def for_the_module() -> Iterator[duckdb.DuckDBPyConnection]:
    """The made-up company once more, to which the module's views are added."""
    connection = tables.filled(**company.rows())
    yield connection
    connection.close()


def columns(source: duckdb.DuckDBPyConnection, slug: str, section: int = 0) -> list[str]:
    result = tables.report(source, slug, DAYS[0]).sections[section].result
    assert result is not None
    return [column.name for column in result.columns]


@pytest.mark.parametrize("slug", sorted(MODULE_SQL))
def test_the_modules_columns_come_first_in_its_order(slug: str, for_the_module: duckdb.DuckDBPyConnection) -> None:
    wanted = list(module_sql.run(for_the_module, MODULE_SQL[slug], DAYS[0])[0])
    assert columns(for_the_module, slug)[: len(wanted)] == wanted


def test_capacity_has_its_columns_first(made_up: duckdb.DuckDBPyConnection) -> None:
    assert tuple(columns(made_up, "capacity-planning")[: len(CAPACITY)]) == CAPACITY


@pytest.mark.parametrize("slug", sorted(tables.REPORTS))
def test_charts_are_drawn_from_columns_that_there_are(slug: str, made_up: duckdb.DuckDBPyConnection) -> None:
    charts = 0
    for at, section in enumerate(tables.report(made_up, slug, DAYS[0]).sections):
        if isinstance(section.chart, Chart):
            charts += 1
            used = {name for name in (section.chart.x, section.chart.y, section.chart.color) if name}
            assert used <= set(columns(made_up, slug, at))
    assert charts


@pytest.mark.parametrize("slug", sorted(tables.REPORTS))
def test_a_report_says_for_whom_it_is_and_what_its_numbers_mean(slug: str) -> None:
    report = tables.REPORTS[slug]
    assert report.question.endswith("?")
    assert report.audience
    assert report.notes
    assert all(section.description for section in report.sections)


def test_without_any_table_every_section_names_what_it_needs() -> None:
    nothing = tables.empty()
    for slug in tables.REPORTS:
        for section in tables.report(nothing, slug, DAYS[0]).sections:
            assert section.result is None
            assert section.needs


def test_a_missing_table_empties_its_columns_only() -> None:
    ticket = {"ticket_id": "T", "created_at": dt.datetime(2026, 10, 9), "status": "open"}
    found = tables.report(tables.filled(support_tickets=[ticket]), "operations-dashboard", DAYS[0])
    [row] = tables.records(found)
    assert (row["monthly_tickets"], row["cost_per_customer"], row["cost_per_customer_change"]) == (1, None, None)
    result = found.sections[0].result
    assert result is not None
    assert "cost_per_customer: no data, needs table costs, customers" in result.notes


def test_the_window_may_be_another(made_up: duckdb.DuckDBPyConnection) -> None:
    found = tables.report(made_up, "support-teams", DAYS[0], "2026-08-01..2026-09-01")
    months = {row["month"] for row in tables.records(found, 1)}
    assert (found.period.start, found.period.end) == (dt.date(2026, 8, 1), dt.date(2026, 9, 1))
    assert months == {dt.date(2026, 8, 1)}


def test_assumptions_are_printed_with_the_numbers_that_use_them(made_up: duckdb.DuckDBPyConnection) -> None:
    usual = tables.report(made_up, "support-efficiency", DAYS[0])
    assert usual.assumptions == {"support_hourly_cost": 50.0}
    changed = tables.REPORTS["support-efficiency"], tables.measuring(tables.over(made_up), support_hourly_cost=100.0)
    dear = reports.run(*changed, DAYS[0])
    costs = [[r["estimated_cost"] for r in tables.records(found)] for found in (usual, dear)]
    assert costs[1] == pytest.approx([2 * cost for cost in costs[0]])
