"""What incidents do to the customers that they reach."""

from __future__ import annotations

import numpy as np
import pytest

from .conftest import Ask, Written


def slope(x: list[float], y: list[float]) -> float:
    return float(np.polyfit(np.asarray(x, dtype=float), np.asarray(y, dtype=float), 1)[0])


def test_exposure_costs_use(ask: Ask, company: Written) -> None:
    told = company.size("exposure_and_usage")
    rows = ask(f"""
        WITH hours AS (
            SELECT customer_id, exposure_started_at::DATE AS day, least(sum(exposure_minutes) / 60,
                {told["most_hours"]}) AS hours
            FROM incident_customers WHERE exposure_ended_at::DATE = exposure_started_at::DATE GROUP BY ALL)
        SELECT hours, ln(now.usage_minutes / now.active_users)
        FROM customer_daily_metrics now LEFT JOIN hours ON now.customer_id = hours.customer_id AND day = metric_date
        WHERE now.usage_minutes > 0 AND hours IS NOT NULL""")
    assert len(rows) > 2_000
    assert slope([x for x, _ in rows], [y for _, y in rows]) == pytest.approx(-told["log_loss_per_hour"], rel=0.15)


def test_exposure_costs_goodwill(ask: Ask) -> None:
    ((after, otherwise),) = ask("""
        WITH hit AS (SELECT DISTINCT customer_id, exposure_started_at::DATE AS day FROM incident_customers
            WHERE exposure_minutes > 60)
        SELECT avg(nps_score) FILTER (recent), avg(nps_score) FILTER (NOT recent) FROM (
            SELECT nps_score, EXISTS (FROM hit h WHERE h.customer_id = m.customer_id
                AND metric_date - day BETWEEN 0 AND 5) AS recent
            FROM customer_daily_metrics m WHERE nps_score IS NOT NULL)""")
    assert -1.2 < after - otherwise < -0.3


def test_exposed_customers_leave(ask: Ask) -> None:
    """Customers who leave in a month were exposed longer in the 60 days before it than those who stay."""
    ((left, stayed, leavers),) = ask("""
        WITH month AS (SELECT unnest(generate_series(DATE '2025-01-01', DATE '2026-10-01',
            INTERVAL 1 MONTH)) AS month),
        pair AS (SELECT month, customer_id, coalesce(date_trunc('month', churned_at) = month, false) AS leaves
            FROM customers, month
            WHERE contract_date < month - INTERVAL 45 DAY AND (churned_at IS NULL OR churned_at >= month)),
        hours AS (SELECT month, p.customer_id, leaves, least(coalesce(sum(exposure_minutes) / 60, 0), 6) AS hours
            FROM pair p
            LEFT JOIN incident_customers i ON i.customer_id = p.customer_id
                AND exposure_started_at >= month - INTERVAL 60 DAY AND exposure_started_at < month GROUP BY ALL)
        SELECT avg(hours) FILTER (leaves), avg(hours) FILTER (NOT leaves), count(*) FILTER (leaves) FROM hours""")
    assert leavers > 30
    assert left > 1.2 * stayed


def test_customers_fade_before_they_leave(ask: Ask) -> None:
    ((ratio,),) = ask("""
        WITH days AS (SELECT c.customer_id, date_diff('day', metric_date, churned_at::DATE) AS left_in, usage_minutes
            FROM customer_daily_metrics m JOIN customers c USING (customer_id) WHERE churned_at IS NOT NULL)
        SELECT sum(usage_minutes) FILTER (left_in BETWEEN 1 AND 7) / sum(usage_minutes) FILTER (left_in BETWEEN 46
            AND 52) FROM days""")
    assert 0.40 < ratio < 0.75
