"""Components and their failures."""

from __future__ import annotations

import numpy as np

from .conftest import Ask, Written


def test_failures_follow_the_signals(ask: Ask, company: Written) -> None:
    """Observed failures in the quarter of weeks with the highest planted risk, against the quarter with the lowest."""
    told = company.size("failures_follow_signals")
    rows = ask("""
        SELECT error_rate_7d, performance_degradation_30d,
            greatest(last_maintenance_days_ago / recommended_maintenance_interval - 1, 0),
            EXISTS (FROM component_failures f WHERE f.component_id = c.component_id AND failed_at >= observed_at
                AND failed_at < observed_at + INTERVAL 7 DAY)
        FROM infrastructure_components c
        WHERE error_rate_7d IS NOT NULL AND performance_degradation_30d IS NOT NULL
            AND last_maintenance_days_ago IS NOT NULL""")
    values = np.array(rows, dtype=float)
    risk = values[:, :3] @ [told["per_percent_errors"], told["per_percent_slower"], told["per_interval_overdue"]]
    failed = values[np.argsort(risk), 3]
    quarter = len(failed) // 4
    assert told["failures"] > 40
    assert failed[-quarter:].mean() > 3 * failed[:quarter].mean()
    ((unknown,),) = ask(
        "SELECT count(DISTINCT component_id) FROM infrastructure_components "
        "WHERE error_rate_7d IS NULL OR performance_degradation_30d IS NULL OR last_maintenance_days_ago IS NULL"
    )
    assert unknown == len(company.size("unknown_signals")["components"]) >= 2
