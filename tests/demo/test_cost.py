"""Resources, the bill and the books."""

from __future__ import annotations

import numpy as np
import pytest

from .conftest import Ask, Written


def slope(x: list[float], y: list[float]) -> float:
    return float(np.polyfit(np.asarray(x, dtype=float), np.asarray(y, dtype=float), 1)[0])


def test_idle_and_dead_resources(ask: Ask, company: Written) -> None:
    told, dead = company.size("idle_resources"), company.size("dead_resource")
    found = ask("""
        SELECT resource_id, sum(daily_cost) FILTER (metric_date = '2026-10-31') FROM cloud_resources
        WHERE metric_date >= '2026-08-01' GROUP BY 1 HAVING avg(utilization_percent) < 10
            AND max(metric_date) = '2026-10-31' ORDER BY 1""")
    assert [name for name, _ in found] == told["resources"]
    assert sum(cost for _, cost in found) == pytest.approx(told["daily_cost"], abs=0.01)
    ((last_seen,),) = ask(
        "SELECT date_diff('day', max(last_seen), DATE '2026-10-31') FROM cloud_resources "
        f"WHERE resource_id = '{dead['resource']}'"
    )
    assert last_seen == dead["days"]


def test_some_types_fill_up(ask: Ask, company: Written) -> None:
    told = company.size("filling_resources")
    weekly = ask("""
        SELECT resource_type, date_diff('day', DATE '2025-11-03', metric_date) // 7 AS week,
            avg(utilization_percent) FROM cloud_resources
        WHERE metric_date >= '2026-05-04' AND last_seen = '2026-10-31' GROUP BY ALL""")
    for kind in ("database", "storage", "cache"):
        points = [(week, used) for name, week, used in weekly if name == kind]
        a_week = slope([week for week, _ in points], [used for _, used in points])
        assert a_week == pytest.approx(told["points_a_week"].get(kind, 0.0), abs=0.06)


def test_the_bill_agrees_with_the_resources_and_the_books(ask: Ask) -> None:
    """Over a month: effective = billed, the resources' part is the resources' cost, and hosting is what was billed."""
    ((billed, effective, used),) = ask("""
        WITH line AS (SELECT DISTINCT ON ("identity/LineItemId") "lineItem/UnblendedCost"::DOUBLE AS billed,
            "reservation/EffectiveCost"::DOUBLE AS effective, "lineItem/ResourceId" AS resource FROM bill
            WHERE "lineItem/UnblendedCost" <> '#REF!' AND "lineItem/UsageStartDate" LIKE '2026-09%')
        SELECT sum(billed), sum(effective), sum(effective) FILTER (resource IS NOT NULL) FROM line""")
    ((cost,),) = ask(
        "SELECT sum(daily_cost) FROM cloud_resources WHERE metric_date BETWEEN '2026-09-01' AND '2026-09-30'"
    )
    ((booked,),) = ask("SELECT operational_cost FROM costs WHERE cost_class = 'hosting' AND cost_date = '2026-09-01'")
    assert billed == pytest.approx(effective, rel=1e-6)
    assert used == pytest.approx(cost, rel=1e-6)
    assert booked == pytest.approx(billed, rel=1e-6)


def test_costs_grow_more_slowly_than_customers(ask: Ask, company: Written) -> None:
    told = company.size("economies_of_scale")
    rows = ask("""
        WITH cost AS (SELECT cost_date AS month, sum(operational_cost) AS cost FROM costs WHERE NOT one_off
            GROUP BY 1),
        day AS (SELECT metric_date, count(*) FILTER (NOT churned) AS customers FROM customer_daily_metrics GROUP BY 1)
        SELECT ln(avg(customers)), ln(any_value(cost)) FROM day JOIN cost ON date_trunc('month',
            metric_date) = month GROUP BY month""")
    assert len(rows) == 24
    assert slope([x for x, _ in rows], [y for _, y in rows]) == pytest.approx(told["elasticity"], abs=0.06)
