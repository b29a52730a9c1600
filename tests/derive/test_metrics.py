"""What the packaged metrics say of derived columns and tables, worked out by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.catalog.conftest import Company
from tests.derive.loaded import Loaded
from tests.derive.test_business import OFFICE, resolved, ticket
from tests.derive.test_outages import checks
from tests.derive.test_stages import incident, update
from tests.derive.test_statuses import event

from opstally.model.calendar import CalendarRule
from opstally.period import Period

MARCH = Period(dt.date(2026, 3, 2), dt.date(2026, 3, 7))
"""Monday to Friday."""


def reply(number: int, ticket: str, when: str) -> dict[str, Any]:
    return event(number, ticket, when, None) | {"field": "comment", "actor_type": "human", "is_public": True}


@pytest.fixture(scope="module")
def company() -> Company:
    """A week of two desks, of which the first keeps office hours (09:00-12:00, 13:00-17:00) and the second none."""
    made = Company()
    loaded = Loaded(made.engine.connection)
    loaded.add(
        "support_tickets",
        resolved("a", "2 10:00", "3 11:00", team="desk", sla_target_minutes=60.0, resolution_target_minutes=240.0),
        resolved("b", "2 16:30", "3 09:45", team="desk", sla_target_minutes=40.0, resolution_target_minutes=60.0),
        ticket("c", "6 16:00", team="desk", sla_target_minutes=61.0, resolution_target_minutes=30.0),
        ticket("d", "5 16:00", team="desk", sla_target_minutes=60.0, status="pending", resolution_target_minutes=600.0),
        resolved("e", "2 10:00", "3 10:00", team="others", sla_target_minutes=60.0, resolution_target_minutes=1.0),
        ticket("f", "2 10:00", team="desk", sla_target_minutes=10.0, status="deleted"),
    )  # fmt: skip
    loaded.add(
        "ticket_events",
        event(1, "a", "2 11:00", "pending"), event(2, "a", "2 16:00", "open"), event(3, "a", "3 11:00", "solved"),
        event(4, "b", "3 09:30", "solved"), event(5, "b", "3 09:40", "open"), event(6, "b", "3 09:45", "solved"),
        event(7, "d", "6 10:00", "hold"),
        event(8, "a", "2 10:05", "Bo") | {"field": "assignee"}, event(9, "a", "2 10:10", "Cy") | {"field": "assignee"},
        event(10, "b", "2 17:00", "Bo") | {"field": "assignee"}, reply(11, "a", "2 11:00"), reply(12, "b", "3 09:15"),
    )  # fmt: skip
    checks(loaded, "2 10:00", "uudddu" + "u" * 20 + "du", every=10)
    checks(loaded, "2 10:00", "du", service="web", every=60)
    loaded.add("incidents", incident())
    loaded.add("incident_updates", update(1, "2 09:10", "identified"), update(2, "2 09:40", "resolved"))
    loaded.derive(calendars={"office": OFFICE}, calendar_for=(CalendarRule(calendar="office", team=("desk",)),))
    return made


def test_first_responses_in_business_time(company: Company) -> None:
    """a: 60 minutes; b: 30 in the evening and 15 in the morning. c is due a minute after the week, on Monday."""
    asked = company.one("first_response_business_median", "first_response_median", period=MARCH)
    assert asked == (pytest.approx((60 + 45) / 2), pytest.approx((60 + 1005) / 2))
    # a met; b breached; d, due at the close of Thursday, breached; c pending; e without a calendar; f deleted.
    assert company.one("first_response_sla_business", period=MARCH) == pytest.approx(100 / 3)


def test_resolutions_in_business_time(company: Company) -> None:
    """a: 8 hours less 4 of pause; b: half an hour and 45 minutes. d stands still with 120 of 600 minutes spent."""
    asked = company.one("resolution_business_hours_avg", "resolution_business_hours_median", period=MARCH)
    assert asked == pytest.approx(((4 + 1.25) / 2, (4 + 1.25) / 2))
    # a met to the minute; b late; c late on Friday; d pending.
    assert company.one("resolution_sla_business", period=MARCH) == pytest.approx(100 / 3)


def test_the_backlog_by_history(company: Company) -> None:
    asked = company.ask("backlog_at_end", grain="day", period=MARCH)
    # Monday: a, b and e; Tuesday evening: none; Thursday: d; Friday: c and d.
    assert [asked[dt.date(2026, 3, 2 + i)] for i in range(5)] == [3, 0, 0, 1, 2]
    assert company.one("backlog_waiting_share", period=MARCH) == pytest.approx(100.0)  # d; nobody has c's history


def test_minutes_in_status(company: Company) -> None:
    """a: new 60, pending 300, open 1140; b: new 1020, open 5; d: new 1080, on hold until the week's end 840."""
    asked = company.ask("status_minutes", by="status", period=MARCH)
    minutes = {"new": 60 + 1020 + 1080, "pending": 300, "open": 1145, "hold": 840}
    assert {status: asked[status] for status in minutes} == pytest.approx(minutes)
    assert sum(filter(None, asked.values())) == pytest.approx(sum(minutes.values()))
    assert company.one("ticket_waiting_share", period=MARCH) == pytest.approx(100 * 1140 / (2160 + 1140 + 1145))


def test_turns(company: Company) -> None:
    assert company.one("reopenings", "reassignment_rate", period=MARCH) == (1, pytest.approx(50.0))
    assert company.ask("backlog_at_end", by="team", period=MARCH) == {"desk": 2, "others": 0}


def test_outages(company: Company) -> None:
    """api: 10:20 to 10:50, and 14:20 to 14:30; web: 10:00 to 11:00."""
    asked = company.one("outage_count", "outage_minutes", "outage_minutes_avg", period=MARCH)
    assert asked == pytest.approx((3, 100, 100 / 3))
    assert company.ask("outage_minutes", by="service_name", period=MARCH) == pytest.approx({"api": 40, "web": 60})


def test_incident_stages(company: Company) -> None:
    asked = company.ask("incident_stage_minutes_median", "incident_stage_minutes", by="stage", period=MARCH)
    assert asked == {"started": (10, 10), "identified": (30, 30)}


def test_without_calendars_and_histories_there_is_no_number_rather_than_a_wrong_one() -> None:
    made = Company()
    loaded = Loaded(made.engine.connection)
    loaded.add("support_tickets", resolved("a", "2 10:00", "3 11:00", sla_target_minutes=60.0))
    loaded.derive()
    metrics = (
        "first_response_business_median", "first_response_sla_business", "resolution_business_hours_avg",
        "resolution_sla_business", "reassignment_rate", "reopenings",
    )  # fmt: skip
    assert made.one(*metrics, period=MARCH) == (None,) * len(metrics)
