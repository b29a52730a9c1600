"""Each of the 13 reports equals an independent computation from the loaded rows, in every section, column and row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import duckdb
import pytest
from tests.reports import oracle_cost, oracle_delivery, oracle_reliability, oracle_support, tables
from tests.reports.arithmetic import Data, Oracle, Row

from opstally.measure import Measuring

ORACLES: dict[str, Oracle] = {
    "automation-impact": oracle_delivery.automation_impact,
    "capacity-planning": oracle_cost.capacity_planning,
    "component-health": oracle_reliability.component_health,
    "cost-efficiency": oracle_cost.cost_efficiency,
    "customer-impact": oracle_reliability.customer_impact,
    "onboarding": oracle_delivery.onboarding,
    "operations-dashboard": oracle_cost.operations_dashboard,
    "process-bottlenecks": oracle_delivery.process_bottlenecks,
    "service-reliability": oracle_reliability.service_reliability,
    "sla-performance": oracle_delivery.sla_performance,
    "support-efficiency": oracle_support.support_efficiency,
    "support-teams": oracle_support.support_teams,
    "support-tickets": oracle_support.support_tickets,
}
NOT_COMPUTED = {"trend_state", "trend_reason"}
"""Words of the trend about its own worth; tests/methods is about them."""

DAYS = [dt.date(2026, 10, 31), dt.date(2026, 9, 16), dt.date(2026, 8, 9)]
"""The end of a month, a day in the middle of week and month, and the end of a week."""


@pytest.mark.parametrize("as_of", DAYS, ids=str)
@pytest.mark.parametrize("slug", sorted(ORACLES))
def test_report_equals_its_oracle(slug: str, as_of: dt.date, measuring: Measuring, data: Data) -> None:
    found = tables.report(measuring, slug, as_of)
    wanted = ORACLES[slug](data, as_of)
    assert len(found.sections) == len(wanted)
    for at, (section, rows) in enumerate(zip(found.sections, wanted, strict=True)):
        equal(section.title, tables.records(found, at), rows)


def equal(title: str, found: Sequence[Row], wanted: Sequence[Row]) -> None:
    assert len(found) == len(wanted), title
    for n, (ours, theirs) in enumerate(zip(found, wanted, strict=True)):
        ours = {name: value for name, value in ours.items() if name not in NOT_COMPUTED}
        assert set(ours) == set(theirs), title
        for name, value in theirs.items():
            # Sums of doubles in another order differ by rounding, which near zero is not relative to the result.
            close = pytest.approx(value, rel=1e-9, abs=1e-12) if isinstance(value, float) else value
            assert ours[name] == close, f"{title}, row {n}, {name}: {ours}"


@pytest.mark.parametrize("as_of", DAYS, ids=str)
@pytest.mark.parametrize("slug", sorted(ORACLES))
def test_the_made_up_company_has_something_to_show_in_every_section(
    slug: str, as_of: dt.date, made_up: duckdb.DuckDBPyConnection
) -> None:
    assert all(ORACLES[slug](Data(made_up), as_of))


def test_every_packaged_report_has_an_oracle() -> None:
    assert set(ORACLES) == set(tables.REPORTS)
