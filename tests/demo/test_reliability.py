"""Services: how they fail, are checked, watched and changed."""

from __future__ import annotations

import numpy as np
import pytest

from .conftest import Ask, Written


def slope(x: list[float], y: list[float]) -> float:
    return float(np.polyfit(np.asarray(x, dtype=float), np.asarray(y, dtype=float), 1)[0])


def test_services_fail_together(ask: Ask, company: Written) -> None:
    told = company.size("correlated_failures")["probabilities"]
    ((gateway, webhooks),) = ask("""
        WITH root AS (SELECT id FROM incident WHERE service = 'api-gateway' AND cause <> 'dependency')
        SELECT count(*), count(*) FILTER (id IN (SELECT id FROM incident WHERE service = 'webhooks'
            AND cause = 'dependency')) FROM root""")
    assert gateway >= 8
    assert webhooks / gateway == pytest.approx(told["api-gateway"]["webhooks"], abs=0.3)


def test_one_service_wears_out(ask: Ask, company: Written) -> None:
    told = company.size("wearing_service")
    ((a_day_before, a_day_lately),) = ask(f"""
        SELECT count(*) FILTER (began < TIMESTAMP '2026-11-01' - INTERVAL {told["days"]} DAY) / (730 - {told["days"]}),
            count(*) FILTER (began >= TIMESTAMP '2026-11-01' - INTERVAL 120 DAY) / 120
        FROM incident WHERE service = '{told["service"]}' AND cause <> 'dependency'""")
    assert a_day_lately > 1.4 * a_day_before


def test_checks_fail_in_incidents_and_hardly_ever_otherwise(ask: Ask, company: Written) -> None:
    told = company.size("checks_in_incidents")["shares"]
    found = ask("""
        WITH checked AS (SELECT monitor, try_strptime(time, '%Y-%m-%dT%H:%M:%SZ') AS seen, result FROM checks)
        SELECT coalesce(severity, 'none'), avg((result = 'FAIL')::INTEGER), count(*) FROM checked
        LEFT JOIN incident ON service = monitor AND seen >= began AND seen < coalesce(closed, TIMESTAMP '2026-11-01')
        WHERE result IN ('OK', 'SLOW', 'FAIL') GROUP BY ALL""")
    failed = {severity: share for severity, share, _ in found}
    assert failed["SEV1"] == pytest.approx(told["SEV1"][2], abs=0.15)
    assert failed["SEV2"] == pytest.approx(told["SEV2"][2], abs=0.12)
    assert failed["none"] < 0.0005


def test_one_service_answers_ever_more_slowly(ask: Ask, company: Written) -> None:
    told = company.size("slowing_service")
    rows = ask("""
        SELECT monitor, date_diff('month', TIMESTAMP '2024-11-01', strptime(time, '%Y-%m-%dT%H:%M:%SZ')) AS month,
            median(latency_ms::INTEGER)
        FROM checks WHERE result = 'OK' AND try_strptime(time, '%Y-%m-%dT%H:%M:%SZ') IS NOT NULL GROUP BY ALL""")
    for service in ("search", "auth"):
        mine = [(month, latency) for name, month, latency in rows if name == service]
        growth = np.expm1(slope([m for m, _ in mine], [np.log(latency) for _, latency in mine]))
        assert growth == pytest.approx(told["growth_a_month"] if service == told["service"] else 0.0, abs=0.004)


def test_hand_placed_incidents_are_there(ask: Ask, company: Written) -> None:
    ((still_open, across_month, overlapping, across_window),) = ask("""
        SELECT count(*) FILTER (closed IS NULL), count(*) FILTER (began < '2026-10-01' AND closed > '2026-10-01'),
            count(*) FILTER (EXISTS (FROM incident o WHERE o.service = i.service AND o.id <> i.id
                AND o.began < i.closed AND o.closed > i.began
                AND i.service = 'billing-engine' AND i.began >= '2026-10-01')),
            count(*) FILTER (began < '2026-10-02' AND closed > '2026-10-02') FROM incident i""")
    assert still_open == company.size("staged_incidents")["open"] == 2
    assert across_month >= 1
    assert overlapping >= 2
    assert across_window >= 1


def test_one_service_has_incidents_but_no_checks(ask: Ask, company: Written) -> None:
    (name,) = company.size("unmonitored_service")["services"]
    ((checks, incidents),) = ask(
        f"SELECT (SELECT count(*) FROM checks WHERE monitor = '{name}'), "
        f"(SELECT count(*) FROM incident WHERE service = '{name}')"
    )
    assert checks == 0
    assert incidents > 3


def test_customers_notice_some_services_failures_first(ask: Ask, company: Written) -> None:
    told = company.size("unwatched_services")
    ((there, elsewhere),) = ask(f"""
        SELECT avg((noticed_by = 'customer report')::INTEGER) FILTER (list_contains({told["services"]}, service)),
            avg((noticed_by = 'customer report')::INTEGER) FILTER (NOT list_contains({told["services"]}, service))
        FROM incident WHERE cause <> 'dependency'""")
    assert there == pytest.approx(told["share"], abs=0.15)
    assert elsewhere == pytest.approx(told["share_elsewhere"], abs=0.1)


def test_one_service_cries_wolf(ask: Ask, company: Written) -> None:
    told = company.size("noisy_alerts")
    noise = dict(ask("SELECT service_name, count(*) FILTER (NOT actionable) FROM alerts GROUP BY ALL"))
    loudest = max(noise, key=lambda name: noise[name])
    assert loudest == told["service"]
    assert noise[loudest] / np.median(list(noise.values())) == pytest.approx(told["factor"], rel=0.2)


def test_deployments_cause_incidents(ask: Ask, company: Written) -> None:
    """Each incident caused by a deployment has one shortly before, which names it."""
    ((caused, named, share),) = ask("""
        SELECT count(*), count(*) FILTER (EXISTS (FROM deployments d WHERE d.incident_id = i.id
            AND d.service_name = i.service
            AND date_diff('second', finished_at, began) BETWEEN 100 AND 2500 AND result = 'failed')),
            count(*) / (SELECT count(*) FROM incident WHERE cause <> 'dependency')
        FROM incident i WHERE cause = 'deployment'""")
    assert caused == named > 30
    assert share == pytest.approx(company.size("failing_deployments")["share_of_incidents"], abs=0.1)
