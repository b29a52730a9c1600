"""Derivations at the end of loads: from exports and opstally.yml to metrics, again and again."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Write

from opstally.errors import NoData, UsageError
from opstally.ingest import LoadSummary
from opstally.workspace import Workspace

TICKETS = """ticket_id,created_at,status,team,resolved_at,updated_at
1,2026-03-02 09:00:00,closed,Desk,,2026-03-04 09:00:00
2,2026-03-02 10:00:00,open,Desk,,2026-03-02 10:00:00
"""
EVENTS = """event_id,ticket_id,at,field,old_value,new_value,actor_type,is_public
1,1,2026-03-02 10:00:00,comment,,,human,true
2,1,2026-03-02 16:30:00,status,open,pending,human,true
3,1,2026-03-03 09:30:00,status,pending,open,customer,true
4,1,2026-03-03 10:00:00,status,open,solved,human,true
"""
PROJECT = """name: Test
calendars:
  office:
    timezone: UTC
    hours: {monday: ["09:00-12:00", "13:00-17:00"], tuesday: ["09:00-12:00"]}
    holidays: [2026-03-09]
    changes: [{valid_from: 2026-04-01, hours: {monday: ["10:00-11:00"]}}]
  night:
    hours: {monday: ["22:00-06:00"]}
calendar_for:
  - {calendar: office, team: [desk, Help]}
  - {calendar: night, service_tier: gold}
"""
MARCH = "2026-03-01..2026-04-01"


def load(folder: Path, *, fails: bool = False) -> LoadSummary:
    workspace = Workspace.open(folder)
    assert workspace.problems == ()
    summary = workspace.load()
    workspace.close()
    assert bool(summary.errors) == fails, summary.errors
    return summary


def ask(folder: Path, *metrics: str, **asked: Any) -> tuple[Any, ...]:
    workspace = Workspace.open(folder)
    result = workspace.query(metrics, range_=MARCH, **asked)
    workspace.close()
    return result.rows[0]


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    workspace = Workspace.open(folder)
    found = workspace.engine.run(sql)
    workspace.close()
    return found


def test_from_exports_to_business_time(folder: Path, write: Write) -> None:
    write("opstally.yml", PROJECT)
    write("data/support_tickets.csv", TICKETS)
    write("data/ticket_events.csv", EVENTS)
    made = load(folder).made
    assert ("ticket_statuses", None) in {(one.table, one.column) for one in made}
    columns = "first_response_minutes, resolution_hours, paused_minutes, business_calendar, resolution_business_minutes"
    [found] = rows(folder, f"SELECT {columns} FROM support_tickets WHERE ticket_id = '1'")
    # Seven hours on Monday, the last half of one paused, and half an hour on Tuesday.
    assert found == (60, 25, 17 * 60, "office", 7 * 60)
    assert ask(folder, "resolution_business_hours_avg", "backlog_at_end") == (7, 1)


def test_loading_again_changes_nothing_and_finds_nothing_changed(folder: Path, write: Write) -> None:
    write("opstally.yml", PROJECT)
    write("data/support_tickets.csv", TICKETS)
    write("data/ticket_events.csv", EVENTS)
    everything = "SELECT * FROM support_tickets ORDER BY ticket_id"
    first = load(folder)
    before = rows(folder, everything)
    second = load(folder)
    assert [(one.merged, one.unchanged) for one in second.loaded] == [(0, 2), (0, 4)]
    assert second.made == first.made
    assert rows(folder, everything) == before


def test_what_a_later_export_gives_takes_the_place_of_what_was_made(folder: Path, write: Write) -> None:
    write("data/support_tickets.csv", TICKETS)
    write("data/ticket_events.csv", EVENTS)
    load(folder)
    later = TICKETS.replace("closed,Desk,,2026-03-04", "closed,Desk,2026-03-03 12:00:00,2026-03-05")
    write("data/support_tickets.csv", later)
    load(folder)
    [found] = rows(
        folder,
        "SELECT resolved_at, resolution_hours, first_response_minutes FROM support_tickets WHERE ticket_id = '1'",
    )
    assert found == (dt.datetime(2026, 3, 3, 12), 27, 60)


def test_a_change_of_the_project_needs_a_load_only(folder: Path, write: Write) -> None:
    write("data/support_tickets.csv", TICKETS)
    write("data/ticket_events.csv", EVENTS)
    load(folder)
    assert ask(folder, "resolution_business_hours_avg") == (None,)
    write("opstally.yml", PROJECT + "histories: {pauses: []}\n")
    load(folder)
    assert ask(folder, "resolution_business_hours_avg") == (7.5 + 0.5,)


def test_notes_come_with_the_summary(folder: Path, write: Write) -> None:
    write("data/support_tickets.csv", TICKETS)
    write("data/ticket_events.csv", EVENTS.replace("solved", "Vanished"))
    assert any("Unknown ticket statuses: 'Vanished'." in note for note in load(folder).notes)


def test_a_calendar_that_cannot_be_used_stops_the_load_before_anything_is_changed(folder: Path, write: Write) -> None:
    pytest.importorskip("holidays", reason="the optional package holidays is not installed")
    write("data/support_tickets.csv", TICKETS)
    write("data/ticket_events.csv", EVENTS)
    load(folder)
    write("opstally.yml", PROJECT.replace("holidays: [2026-03-09]", "holidays_of: Atlantis"))
    with pytest.raises(UsageError, match=r"opstally.yml, calendar office: holidays_of: there is no country 'ATLANTIS'"):
        Workspace.open(folder).load()
    assert rows(folder, "SELECT resolution_hours FROM support_tickets WHERE ticket_id = '1'") == [(25,)]


def test_no_export_brings_a_table_that_is_made(folder: Path, write: Write) -> None:
    write("data/support_tickets.csv", TICKETS)
    write("data/outages.csv", "service_name,started_at\napi,2026-03-01 10:00:00\n")
    summary = load(folder)
    assert any("data/outages.csv" in note for note in summary.notes)
    assert rows(folder, "SELECT count(*) FROM outages") == [(0,)]
    source = "source: mine\nlabel: Mine\nfiles: [data/outages.csv]\ntargets:\n"
    write("sources/mine.yml", source + "  - {table: outages, columns: {service_name: service_name}}\n")
    [problem] = Workspace.open(folder).problems
    assert str(problem) == (
        "sources/mine.yml:5: outages is made from infrastructure_monitoring after every load; no export can bring it."
    )
    summary = Workspace.open(folder).load()
    assert summary.errors == ("Source mine: outages is made from infrastructure_monitoring; no export can bring it.",)


def test_no_outage_is_none_and_no_checks_is_no_data(folder: Path, write: Write) -> None:
    write("data/support_tickets.csv", TICKETS)
    load(folder)
    with pytest.raises(NoData, match="needs table infrastructure_monitoring"):
        ask(folder, "outage_count")
    with pytest.raises(NoData, match="needs table ticket_events"):
        ask(folder, "backlog_at_end")
    checks = (
        "service_name,check_id,check_timestamp,status\napi,a,2026-03-03 10:00:00,up\napi,a,2026-03-03 10:01:00,up\n"
    )
    write("data/infrastructure_monitoring.csv", checks)
    load(folder)
    assert ask(folder, "outage_count", "outage_minutes") == (0, 0)
    workspace = Workspace.open(folder)
    assert workspace.freshness["outages"].newest == dt.datetime(2026, 3, 3, 10, 1)
    assert workspace.freshness["outages"].rows == 0
    workspace.close()
