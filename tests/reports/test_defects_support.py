"""What the module's SQL gets wrong about tickets, on the fewest rows that show it: its number, ours, and why."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.reports import module_sql, module_sql_reports, tables
from tests.reports.tables import Row

TODAY = dt.date(2026, 10, 31)
MONDAY = dt.date(2026, 10, 5)
SUNDAY = dt.date(2026, 10, 25)


def tickets(*given: Row) -> Any:
    """Tickets in an otherwise empty company: created on 6 October at ten and resolved, unless told."""
    usual = {"created_at": at(6, 10), "status": "resolved", "ticket_priority": "normal", "team": "tier 1"}
    return tables.filled(support_tickets=[usual | {"ticket_id": f"T{n}"} | row for n, row in enumerate(given)])


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    """An instant of October 2026."""
    return dt.datetime(2026, 10, day, hour, minute)


def test_averages_of_category_averages() -> None:
    """Tickets of 1 and 2 hours in one category and of 9 in another take 4 hours on average, not (1.5 + 9) / 2."""
    company = tickets(
        {"ticket_category": "a", "resolved_at": at(6, 11), "resolution_hours": 1},
        {"ticket_category": "a", "resolved_at": at(6, 12), "resolution_hours": 2},
        {"ticket_category": "b", "resolved_at": at(6, 19), "resolution_hours": 9},
    )
    assert module_sql.one(company, module_sql.SUPPORT_TICKETS, TODAY)["avg_resolution_hours"] == pytest.approx(5.3)
    [ours] = tables.records(tables.report(company, "support-tickets", TODAY))
    assert ours["avg_resolution_hours"] == 4


def test_resolution_rate_of_weeks_too_young_to_be_resolved() -> None:
    """Every ticket takes five days. The module shows 100 % and then 0 %, as if support had stopped working.

    Ours counts tickets that have had their seven days, says nothing of a week without any, and how many are open.
    """
    old = [{"created_at": at(6, 10), "resolved_at": at(11, 10), "resolution_hours": 120}] * 4
    young = [{"created_at": at(22, 10), "status": "open"}] * 4
    company = tickets(*old, *young)
    theirs = {r["week"]: r["resolution_rate"] for r in module_sql.run(company, module_sql.SUPPORT_TICKETS, SUNDAY)}
    assert list(theirs.values()) == [0, 100]
    report = tables.report(company, "support-tickets", SUNDAY)
    ours = [(r["resolved_within_7_days_pct"], r["open_tickets"]) for r in tables.records(report)]
    assert ours == [(None, 4), (100, 0)]
    [used] = [u for u in report.sections[0].result.receipt.uses if u.metric == "resolved_within_7_days"]  # type: ignore[union-attr]
    assert used.excluded == {"not settled yet": 4}


def test_running_week_beside_whole_ones() -> None:
    """On a Wednesday the module's last week has three days and looks like a fall; ours is the last whole week."""
    company = tickets(*[{"created_at": at(day, 10)} for day in range(12, 22)])
    wednesday = dt.date(2026, 10, 21)
    assert [r["total_tickets"] for r in module_sql.run(company, module_sql.SUPPORT_TICKETS, wednesday)] == [3, 7]
    assert [r["total_tickets"] for r in tables.records(tables.report(company, "support-tickets", wednesday))] == [7]


def test_resolved_without_closed() -> None:
    """Help desks close what was resolved some days ago: three closed and one resolved are four resolved, not one."""
    company = tickets({"status": "closed"}, {"status": "closed"}, {"status": "closed"}, {"status": "resolved"})
    theirs = module_sql.one(company, module_sql.SUPPORT_TICKETS, TODAY)
    assert (theirs["resolved_tickets"], theirs["resolution_rate"]) == (1, 25)
    [ours] = tables.records(tables.report(company, "support-tickets", TODAY))
    assert (ours["resolved_tickets"], ours["resolution_rate"]) == (4, 100)


def test_missing_first_response_counted_as_a_miss() -> None:
    """One answered in time, one unanswered for days, three that came half an hour before the end of the day.

    The module calls all four unanswered ones missed (20 %). The three still have time: one of two is met.
    """
    late = [{"created_at": at(25, 23, 30), "status": "new", "sla_target_minutes": 60}] * 3
    company = tickets(
        {"created_at": at(20, 10), "first_response_minutes": 5, "sla_target_minutes": 60},
        {"created_at": at(20, 10), "status": "open", "sla_target_minutes": 60},
        *late,
    )
    assert module_sql.one(company, module_sql.SUPPORT_TICKETS, SUNDAY)["sla_compliance"] == 20
    [ours] = tables.records(tables.report(company, "support-tickets", SUNDAY))
    assert (ours["sla_compliance"], ours["pending_first_response"]) == (50, 3)


def test_tickets_without_target_in_the_denominator() -> None:
    """Nothing was promised for three of the four, so nothing can be missed: 100 %, not 25 %."""
    promised = {"first_response_minutes": 5, "sla_target_minutes": 60}
    company = tickets(promised, *[{"first_response_minutes": 5}] * 3)
    assert module_sql.one(company, module_sql.SUPPORT_TICKETS, TODAY)["sla_compliance"] == 25
    [ours] = tables.records(tables.report(company, "support-tickets", TODAY))
    assert ours["sla_compliance"] == 100


def test_satisfaction_divided_by_unrated_tickets() -> None:
    """The only customer who answered is satisfied. Silence is not dissatisfaction: 100 % of 1 of 4 asked, not 25 %."""
    asked = {"resolved_at": at(7, 10), "satisfaction_offered": True, "agent_id": "a"}
    company = tickets(asked | {"satisfaction_score": 5}, asked, asked, asked)
    assert module_sql.one(company, module_sql.SUPPORT_TEAMS, TODAY)["satisfaction_rate"] == 25
    [ours] = tables.records(tables.report(company, "support-teams", TODAY))
    assert (ours["satisfaction_rate"], ours["satisfaction_response_rate"]) == (100, 25)


def test_current_partial_month() -> None:
    """On 2 October the module's month is two days long; ours is September, and says so."""
    september = [{"created_at": dt.datetime(2026, 9, 9), "resolved_at": dt.datetime(2026, 9, 10), "agent_id": "a"}] * 9
    company = tickets(*september, {"created_at": at(1, 9), "resolved_at": at(2, 9), "agent_id": "a"})
    day = dt.date(2026, 10, 2)
    assert module_sql.one(company, module_sql.SUPPORT_TEAMS, day)["total_tickets"] == 1
    report = tables.report(company, "support-teams", day)
    assert tables.records(report)[0]["total_tickets"] == 9
    assert (report.period.start, report.period.end) == (dt.date(2026, 9, 1), dt.date(2026, 10, 1))


def test_reopen_rate_with_no_time_to_reopen() -> None:
    """One of two old resolutions was reopened. Eight of last week cannot have been yet: 50 %, not 10 %."""
    company = tickets(
        {"resolved_at": at(8, 10), "agent_id": "a", "reopened": True},
        {"resolved_at": at(8, 10), "agent_id": "a", "reopened": False},
        *[{"resolved_at": at(28, 10), "agent_id": "a", "reopened": False}] * 8,
    )
    assert module_sql.one(company, module_sql.SUPPORT_TEAMS, TODAY)["reopen_rate"] == 10
    [ours] = tables.records(tables.report(company, "support-teams", TODAY))
    assert ours["reopen_rate"] == 50


def test_averages_of_agents_averages() -> None:
    """Nine tickets of one hour and one of eleven take two hours each, whoever had them; the module says six."""
    quick = {"assigned_at": at(6, 11), "resolved_at": at(6, 12), "agent_id": "quick"}
    slow = {"assigned_at": at(6, 11), "resolved_at": at(6, 22), "agent_id": "slow"}
    company = tickets(*[quick] * 9, slow)
    assert module_sql.one(company, module_sql.SUPPORT_TEAMS, TODAY)["avg_handle_hours"] == 6
    [ours] = tables.records(tables.report(company, "support-teams", TODAY))
    assert ours["avg_handle_hours"] == 2


def test_boundaries_counted_as_hours() -> None:
    """10:59 to 11:01 crosses one full hour, which is what the module's DATEDIFF counts; it is two minutes."""
    company = tickets({"assigned_at": at(6, 10, 59), "resolved_at": at(6, 11, 1), "agent_id": "a"})
    assert module_sql.one(company, module_sql.SUPPORT_TEAMS, TODAY)["avg_handle_hours"] == 1
    [ours] = tables.records(tables.report(company, "support-teams", TODAY))
    assert ours["avg_handle_hours"] == pytest.approx(2 / 60)


def test_support_cost_of_elapsed_time_and_of_tickets_that_took_none() -> None:
    """Half an hour of work at 50 an hour is 25. The module charges 48 waiting hours, and a deflected ticket as much."""
    company = tickets(
        {"ticket_category": "bug", "resolution_hours": 48, "handle_minutes": 30, "self_service_deflected": False},
        {"ticket_category": "bug", "resolution_hours": 48, "self_service_deflected": True},
    )
    theirs = module_sql.one(company, module_sql_reports.SUPPORT_EFFICIENCY, TODAY)
    assert theirs["estimated_cost"] == 4800
    [ours] = tables.records(tables.report(company, "support-efficiency", TODAY))
    assert (ours["estimated_cost"], ours["self_service_rate"]) == (25, 50)


def test_averages_of_weekly_averages() -> None:
    """One week with three tickets of 2 hours, another with one of 10: 4 hours on average, not (2 + 10) / 2 = 6."""
    company = tickets(
        *[{"ticket_category": "bug", "resolution_hours": 2}] * 3,
        {"ticket_category": "bug", "resolution_hours": 10, "created_at": at(13, 10)},
    )
    assert module_sql.one(company, module_sql_reports.SUPPORT_EFFICIENCY, TODAY)["avg_resolution_hours"] == 6
    [ours] = tables.records(tables.report(company, "support-efficiency", TODAY))
    assert ours["avg_resolution_hours"] == 4
