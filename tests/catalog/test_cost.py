"""What the packaged cost and finance metrics give on a few rows, worked out by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from opstally.period import Period

JUNE = dt.date(2026, 6, 1)


def days(company: Any, resource: str, first: int, last: int, **more: Any) -> None:
    """A row for each day of June from first to last."""
    company.add(
        "cloud_resources",
        *(
            {"resource_id": resource, "metric_date": JUNE + dt.timedelta(days=d - 1)} | more
            for d in range(first, last + 1)
        ),
    )


# -- resources over a period -------------------------------------------------------------------------------------------


def test_resources_are_classified_by_their_mean_over_the_period(company: Any) -> None:
    for name, use in {"idle": 10, "low": 20, "fit": 50, "busy": 90, "full": 90.1}.items():
        days(company, name, 1, 30, resource_type="compute", utilization_percent=use, daily_cost=2.0)
    days(company, "blind", 1, 30, resource_type="compute", daily_cost=2.0)
    assert company.ask("resource_count", by="utilization_status") == {
        "Severely Underutilized": 1, "Underutilized": 1, "Optimal": 2, "Near Capacity": 1, "Not Measured": 1,
    }  # fmt: skip


def test_each_measured_day_counts_once_in_a_mean(company: Any) -> None:
    """Three days at 10 and one at 50: 20, at the bound of Underutilized. The mean of two weekly means would be 30."""
    days(company, "a", 5, 7, utilization_percent=10.0, daily_cost=1.0)
    days(company, "a", 30, 30, utilization_percent=50.0, peak_utilization=80.0, daily_cost=1.0)
    days(company, "b", 30, 30, utilization_percent=100.0, daily_cost=1.0)
    assert company.ask("resource_count", by="utilization_status") == {"Underutilized": 1, "Near Capacity": 1}
    assert company.one("resource_period_utilization", "resource_period_peak") == pytest.approx((180 / 5, 100.0))
    assert company.one("resource_utilization", "resource_peak_utilization") == pytest.approx((36.0, 100.0))


def test_what_was_never_measured_is_left_out_by_that_reason(company: Any) -> None:
    """No day measured is a sum of nothing over no days, which is no measurement of anything."""
    days(company, "a", 30, 30, utilization_percent=20.0, daily_cost=1.0)
    days(company, "b", 30, 30, utilization_percent=80.0, daily_cost=1.0)
    days(company, "blind", 30, 30, daily_cost=1.0)
    assert company.fates("resource_period_utilization") == (2, {"never measured": 1})
    assert company.fates("potential_monthly_savings") == (1, {"never measured": 1, "not underutilized": 1})


def test_dead_resources_are_not_projected_to_a_month(company: Any) -> None:
    """24 June is the last of the seven days; the module would bill the dead one 30 × 5 a month."""
    days(company, "alive", 1, 24, utilization_percent=10.0, daily_cost=3.0, resource_type="compute")
    days(company, "dead", 1, 23, utilization_percent=10.0, daily_cost=5.0, resource_type="compute")
    days(
        company,
        "listed",
        1,
        2,
        utilization_percent=60.0,
        daily_cost=1.0,
        resource_type="compute",
        last_seen=dt.date(2026, 6, 30),
    )
    asked = ("resource_count", "resource_monthly_cost", "monthly_cost_per_resource", "potential_monthly_savings")
    assert company.one(*asked) == pytest.approx((2, 120.0, 60.0, 27.0))
    assert company.one("idle_monthly_cost") == pytest.approx(90.0)
    assert company.one("dead_resource_count", "dead_resource_cost") == (1, 115.0)
    assert company.one("resource_cost", "resources_seen") == (72 + 115 + 2, 3)


def test_resources_that_share_a_name_stay_apart(company: Any) -> None:
    """By name the module sees one resource at 45 %."""
    days(company, "1", 1, 30, resource_name="web", utilization_percent=10.0, daily_cost=1.0)
    days(company, "2", 1, 30, resource_name="web", utilization_percent=80.0, daily_cost=1.0)
    assert company.ask("resource_count", by="utilization_status") == {"Severely Underutilized": 1, "Optimal": 1}


def test_a_resource_and_its_days_are_split_by_the_same_type(company: Any) -> None:
    days(company, "a", 1, 30, resource_type="compute", utilization_percent=10.0, daily_cost=1.0)
    days(company, "b", 1, 30, resource_type="storage", utilization_percent=10.0, daily_cost=2.0)
    asked = company.ask("resource_monthly_cost", "resource_cost", by="resource_type")
    assert asked == {"compute": (30.0, 30.0), "storage": (60.0, 60.0)}


def test_types_of_other_times_are_not_members_of_this_one(company: Any) -> None:
    days(company, "a", 1, 30, resource_type="compute", daily_cost=1.0)
    company.add(
        "cloud_resources", {"resource_id": "z", "metric_date": dt.date(2020, 1, 1), "resource_type": "mainframe"}
    )
    assert company.ask("resource_count", by="resource_type", members=True) == {"compute": 1}


def test_infrastructure_metrics_as_given(company: Any) -> None:
    company.fill(
        "infrastructure_metrics",
        "resource_id metric_date utilization_percent peak_utilization",
        ("a", JUNE, 40.0, 70.0),
        ("a", dt.date(2026, 6, 2), 60.0, None),
        ("b", dt.date(2026, 6, 2), 80.0, 75.0),
    )
    asked = (
        "infrastructure_utilization",
        "infrastructure_peak_utilization",
        "infrastructure_resource_count",
        "infrastructure_days_measured",
    )
    assert company.one(*asked) == (60.0, 80.0, 2, 2)


# -- the bill ----------------------------------------------------------------------------------------------------------


def bill(company: Any, *lines: dict[str, Any]) -> None:
    common = {"charge_period_start": dt.datetime(2026, 6, 3), "charge_category": "Usage", "billed_cost": 0.0}
    company.add("cloud_costs", *(common | {"line_id": str(n)} | line for n, line in enumerate(lines)))


def test_commitments_by_the_rules_of_focus(company: Any) -> None:
    """Of a commitment of 100, 60 are used for what lists at 90; 30 on demand could be covered too; 10 are spot."""
    committed = {"pricing_category": "Committed", "commitment_discount_id": "c"}
    bill(
        company,
        {
            "charge_category": "Purchase",
            "billed_cost": 100.0,
            "effective_cost": 0.0,
            "list_cost": 100.0,
            "commitment_discount_id": "c",
        },
        {"effective_cost": 60.0, "list_cost": 90.0, "commitment_discount_status": "Used", "tags": '{"team": "a"}'}
        | committed,
        {"effective_cost": 40.0, "list_cost": 0.0, "commitment_discount_status": "Unused", "tags": "{}"} | committed,
        {"billed_cost": 30.0, "effective_cost": 30.0, "list_cost": 30.0, "pricing_category": "Standard"},
        {
            "billed_cost": 10.0,
            "effective_cost": 10.0,
            "list_cost": 40.0,
            "pricing_category": "Dynamic",
            "tags": '{"team": "b"}',
        },
    )
    assert company.one("billed_cost", "effective_cost", "list_cost") == (140.0, 140.0, 260.0)
    assert company.one("commitment_utilization", "unused_commitment_cost") == (60.0, 40.0)
    assert company.one("commitment_coverage") == pytest.approx(100 * 90 / 120)
    assert company.one("savings_vs_list") == pytest.approx(100 * (1 - 140 / 160))
    assert company.one("untagged_cost_share") == pytest.approx(50.0)


def test_savings_need_both_costs_of_a_line(company: Any) -> None:
    bill(company, {"effective_cost": 5.0, "list_cost": 10.0}, {"effective_cost": 100.0}, {"list_cost": 100.0})
    assert company.one("savings_vs_list") == 50.0


# -- operating cost, revenue, people -----------------------------------------------------------------------------------


@pytest.fixture
def books(company: Any) -> Any:
    """June: cost 100, of it 60 cost of revenue; revenue 200; 20 people; two customers, one for half the month."""
    company.fill(
        "costs",
        "cost_center operational_cost cost_class is_cogs one_off",
        ("cloud", 40.0, "hosting", True, False),
        ("desk", 20.0, "support", True, False),
        ("office", 30.0, "other", False, False),
        ("move", 10.0, "other", None, True),
        cost_date=JUNE,
    )
    company.add(
        "revenue",
        {"month": JUNE, "revenue_class": "subscription", "amount": 150.0},
        {"month": JUNE, "revenue_class": "services", "amount": 50.0},
    )
    for month in (4, 5, 6):
        company.add(
            "headcount", *({"month": dt.date(2026, month, 1), "function": f, "fte": month * 2 - 2.0} for f in "ab")
        )
    company.add("budgets", {"scope": "hosting", "month": JUNE, "amount": 80.0})
    company.fill(
        "customers",
        "customer_id contract_date",
        ("1", dt.date(2025, 1, 1)),
        ("2", dt.date(2026, 6, 16)),
        status="active",
    )
    company.add(
        "support_tickets",
        *({"ticket_id": str(n), "created_at": dt.datetime(2026, 6, 5), "status": "open"} for n in range(4)),
    )
    return company


def test_cost_and_margin_of_a_month(books: Any) -> None:
    assert books.one("operating_cost", "recurring_operating_cost", "one_off_cost", "operating_cost_millions") == (
        100.0,
        90.0,
        10.0,
        0.0001,
    )
    assert books.one("hosting_cost", "support_cost", "cogs") == (40.0, 20.0, 60.0)
    assert books.one("revenue", "subscription_revenue", "services_revenue") == (200.0, 150.0, 50.0)
    assert books.one("gross_profit", "gross_margin", "operating_margin") == (140.0, 70.0, 50.0)
    assert books.one("efficiency_ratio", "operating_cost_share", "hosting_cost_share", "support_cost_share") == (
        2.0,
        50.0,
        20.0,
        10.0,
    )


def test_no_cost_of_a_kind_is_told_apart_from_no_data(company: Any) -> None:
    company.add("costs", {"cost_date": JUNE, "cost_center": "a", "operational_cost": 1.0, "one_off": False})
    company.add("revenue", {"month": JUNE, "revenue_class": "subscription", "amount": 1.0})
    asked = ("one_off_cost", "services_revenue", "hosting_cost", "gross_margin")
    assert company.one(*asked) == (0.0, 0.0, None, None)
    july = Period(dt.date(2026, 7, 1), dt.date(2026, 8, 1))
    assert company.one(*asked, period=july) == (None, None, None, None)


def test_cost_per_customer_divides_by_the_mean_of_the_month(books: Any) -> None:
    assert books.one("cost_per_customer", "hosting_cost_per_customer", "support_cost_per_customer") == pytest.approx(
        (100 / 1.5, 40 / 1.5, 20 / 1.5)
    )
    assert books.one("revenue_per_customer", "gross_profit_per_customer") == pytest.approx((200 / 1.5, 140 / 1.5))
    assert books.one("ops_cost_per_ticket", "support_cost_per_ticket") == (25.0, 5.0)


def test_headcount_is_a_stock_never_added_over_months(books: Any) -> None:
    quarter = Period(dt.date(2026, 4, 1), dt.date(2026, 7, 1))
    assert books.one("fte", period=quarter) == 20.0
    assert books.ask("fte", grain="month", period=quarter) == {dt.date(2026, m, 1): m * 4 - 4.0 for m in (4, 5, 6)}
    assert books.one("revenue_per_fte", "operating_cost_per_fte", "customers_per_fte") == pytest.approx(
        (10.0, 5.0, 0.075)
    )


def test_budget_by_class(books: Any) -> None:
    assert books.one("budgeted_cost", "budget_variance", "budget_variance_share") == (80.0, 20.0, 25.0)
    assert books.ask("budget_variance", by="cost_class")["hosting"] == -40.0


def test_vendor_contracts_in_force(company: Any) -> None:
    rows: list[dict[str, Any]] = [
        {
            "ends": dt.date(2026, 9, 30),
            "annual_value": 1000.0,
            "notice_days": 90,
            "auto_renew": True,
            "seats": 100,
            "seats_used": 75,
        },
        {"ends": None, "annual_value": 300.0, "seats": 10, "seats_used": 12},
        {
            "ends": dt.date(2026, 9, 1),
            "annual_value": 50.0,
            "notice_days": 90,
            "auto_renew": True,
        },  # notice was due in June
        {"ends": dt.date(2026, 6, 15), "annual_value": 5000.0, "seats": 10, "seats_used": 0},  # over
    ]
    company.add(
        "vendor_contracts",
        *({"contract_id": str(n), "starts": dt.date(2025, 1, 1)} | row for n, row in enumerate(rows)),
    )
    assert company.one("vendor_contracts_in_force", "vendor_annual_spend", "vendor_notice_due") == (3, 1350.0, 1)
    assert company.one("licence_use") == pytest.approx(100 * 87 / 110)
    assert company.one("unused_licence_cost") == pytest.approx(250.0)
