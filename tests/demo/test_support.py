"""Tickets: their seasons, the broken release, the slowing team, and what incidents add."""

from __future__ import annotations

import pytest

from .conftest import Ask, Written


def test_tickets_follow_the_week_and_the_holidays(ask: Ask) -> None:
    weekday = dict(ask("SELECT isodow(created), count(*) FROM ticket GROUP BY ALL"))
    assert weekday[1] / weekday[7] == pytest.approx(1.28 / 0.16, rel=0.2)
    ((christmas, usual),) = ask("""
        SELECT count(*) FILTER (created::DATE BETWEEN '2025-12-24' AND '2025-12-26') / 3,
            count(*) FILTER (created::DATE BETWEEN '2025-12-17' AND '2025-12-19') / 3 FROM ticket""")
    assert christmas / usual < 0.5


def test_a_release_breaks_one_category(ask: Ask, company: Written) -> None:
    told = company.size("broken_release")
    ((before, during, rated_before, rated_during),) = ask(f"""
        WITH day AS (SELECT *, created::DATE >= '{told["first_day"]}'
            AND created::DATE < '{told["mended"]}' AS broken FROM ticket),
            share AS (SELECT broken, count(*) FILTER (category = '{told["category"]}') / count(*) AS of_all,
                avg(rating) FILTER (category = '{told["category"]}') AS rating FROM day GROUP BY broken)
        SELECT any_value(of_all) FILTER (NOT broken), any_value(of_all) FILTER (broken),
            any_value(rating) FILTER (NOT broken), any_value(rating) FILTER (broken) FROM share""")
    odds = during / (1 - during) / (before / (1 - before))
    assert odds == pytest.approx(told["factor"], rel=0.15)
    assert rated_during - rated_before == pytest.approx(told["score_change"], abs=0.25)
    ((released,),) = ask(
        "SELECT count(*) FROM deployments "
        f"WHERE service_name = 'reporting' AND finished_at::DATE = '{told['first_day']}'"
    )
    assert released >= 1


def test_one_team_becomes_slower(ask: Ask, company: Written) -> None:
    told = company.size("slowing_team")
    ((before, lately, others_before, others_lately),) = ask(f"""
        SELECT avg(minutes) FILTER (mine AND created < '{told["since"]}'), avg(minutes) FILTER (mine
            AND created >= '2026-10-01'),
            avg(minutes) FILTER (NOT mine AND created < '{told["since"]}'), avg(minutes) FILTER (NOT mine
                AND created >= '2026-10-01')
        FROM (SELECT *, team = '{told["team"]}' AS mine FROM ticket WHERE NOT bot)""")
    assert lately / before == pytest.approx(1 + (told["factor"] - 1) * 0.93, rel=0.08)
    assert others_lately / others_before == pytest.approx(1.0, abs=0.05)


def test_service_levels_are_believable(ask: Ask) -> None:
    ((met, rating, escalated, deflected),) = ask("""
        SELECT avg(coalesce(epoch(replied - created) / 60 <= promised, false)::INTEGER) FILTER (promised IS NOT NULL),
            avg(rating), avg(escalated::INTEGER), avg(bot::INTEGER) FROM ticket""")
    assert 0.75 < met < 0.90
    assert 4.0 < rating < 4.25
    assert 0.04 < escalated < 0.12
    assert 0.08 < deflected < 0.18


def test_escalations_differ_by_category(ask: Ask, company: Written) -> None:
    told = company.size("escalations")["shares"]
    found = dict(
        ask("SELECT category, avg(escalated::INTEGER) FROM ticket WHERE NOT bot AND replied IS NOT NULL GROUP BY ALL")
    )
    assert max(found, key=lambda name: found[name]) == max(told, key=lambda name: told[name])
    assert found["Integrations"] == pytest.approx(told["Integrations"] * 1.07, rel=0.1)


def test_incidents_raise_tickets(ask: Ask, company: Written) -> None:
    """Those reached by a SEV1 or SEV2 write far more in the next three hours than a week before at the same time."""
    told = company.size("tickets_from_incidents")["chance"]
    ((hit, after, week_before),) = ask("""
        WITH reached AS (
            SELECT customer_id, exposure_started_at AS at FROM incident_customers
            JOIN incident ON id = incident_id AND service = service_name WHERE severity IN ('SEV1', 'SEV2')),
        utc AS (SELECT customer, timezone('Europe/Berlin', created)::TIMESTAMP AS at FROM ticket)
        SELECT (SELECT count(*) FROM reached),
            (SELECT count(*) FROM reached r JOIN utc t ON customer = customer_id AND t.at BETWEEN r.at
                AND r.at + INTERVAL 3 HOUR),
            (SELECT count(*) FROM reached r JOIN utc t ON customer = customer_id
                AND t.at BETWEEN r.at - INTERVAL 168 HOUR AND r.at - INTERVAL 165 HOUR)""")
    assert told["SEV2"] * 0.85 < (after - week_before) / hit < told["SEV1"] * 1.05
    assert after > 4 * week_before


def test_some_tickets_are_still_unanswered(ask: Ask) -> None:
    ((unanswered, unassigned, still_open),) = ask("""
        SELECT count(*) FILTER (replied IS NULL AND NOT bot AND status <> 'Deleted'),
            count(*) FILTER (status = 'New'),
            count(*) FILTER (status IN ('New', 'Open', 'Pending', 'On hold')) FROM ticket""")
    assert unanswered > 20
    assert unassigned > 2
    assert 100 < still_open < 600
