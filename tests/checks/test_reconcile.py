"""What vendors computed beside ours, with the reasons of differences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from opstally.checks.reconcile import EQUAL, MISSING, OTHER, ROUNDING, Reconciled
from opstally.errors import UnknownName
from opstally.workspace import Workspace

Write = Callable[[str, str], Path]

TICKETS = """\
ticket_id,created_at,status,vendor_first_response_minutes,first_response_business_minutes
T1,2026-01-05 10:00,open,30,
T2,2026-01-05 10:00,open,30,
T3,2026-01-05 10:00,open,5,5
T4,2026-01-05 10:00,open,2,
T5,2026-01-05 10:00,open,30,
T6,2026-01-05 10:00,open,90,
T7,2026-01-05 10:00,open,,
T8,2026-01-05 10:00,open,200,
"""

EVENTS = """\
event_id,ticket_id,at,actor_type,is_public,field
1,T1,2026-01-05 10:30,human,true,comment
2,T2,2026-01-05 10:30:40,human,true,comment
3,T3,2026-01-05 12:00,human,true,comment
4,T4,2026-01-05 10:02,bot,true,comment
5,T4,2026-01-05 11:00,human,true,comment
6,T6,2026-01-05 10:10,human,true,comment
7,T6,2026-01-05 11:30,human,true,comment
8,T8,2026-01-05 10:10,human,true,comment
9,T1,2026-01-05 10:05,human,false,comment
"""


def load(folder: Path) -> None:
    assert Workspace.open(folder).load().errors == ()


def reconciled(folder: Path) -> dict[str, Reconciled]:
    load(folder)
    workspace = Workspace.open(folder)
    try:
        return {one.column: one for one in workspace.reconcile()}
    finally:
        workspace.close()


def test_first_replies_by_hand(folder: Path, write: Write) -> None:
    """T2 is 40 s off; T3 counts business hours, T4 a bot, T6 the last reply; T5's is not loaded; T8 is a riddle."""
    write("data/support_tickets.csv", TICKETS)
    write("data/ticket_events.csv", EVENTS)
    found = reconciled(folder)["vendor_first_response_minutes"]
    assert {reason.reason: reason.rows for reason in found.reasons} == {
        EQUAL: 1,
        ROUNDING: 1,
        "business hours instead of elapsed time": 1,
        "the reply of a bot counted": 1,
        "the last reply counted": 1,
        "the history of the ticket was not loaded": 1,
        OTHER: 1,
    }
    assert (found.rows, found.differing, found.missing) == (7, 4, 1)
    assert found.key == ("ticket_id",)
    assert sorted((*row.key, row.vendor, row.ours, row.difference) for row in found.differing_rows) == [
        ("T3", 5, 120, -115), ("T4", 2, 60, -58), ("T5", 30, None, None), ("T6", 90, 10, 80), ("T8", 200, 10, 190),
    ]  # fmt: skip
    [riddle] = [row for row in found.differing_rows if row.reason == OTHER]
    assert riddle.key == ("T8",)


def test_who_replied_is_told_by_the_agents(folder: Path, write: Write) -> None:
    """An export with numbers of people only: 501 is an agent, 9001 asked; 777 is nobody that is known."""
    write(
        "data/support_tickets.csv",
        "ticket_id,created_at,status,requester,vendor_first_response_minutes\n"
        "T1,2026-01-05 10:00,open,9001,45\nT2,2026-01-05 10:00,open,9001,20\nT3,2026-01-05 10:00,open,9001,20\n",
    )
    write("data/agents.csv", "agent_id,agent_name\n501,Ada\n")
    write(
        "data/ticket_events.csv",
        "event_id,ticket_id,at,actor,is_public,field\n"
        "1,T1,2026-01-05 10:10,9001,true,comment\n2,T1,2026-01-05 10:45,501,true,comment\n"
        "3,T2,2026-01-05 10:20,777,true,comment\n4,T3,2026-01-05 10:15,501,false,comment\n",
    )
    found = reconciled(folder)["vendor_first_response_minutes"]
    assert {reason.reason: reason.rows for reason in found.reasons} == {EQUAL: 1, MISSING: 2}


def test_only_so_many_rows_of_each_reason(folder: Path, write: Write) -> None:
    write("data/support_tickets.csv", TICKETS + "T9,2026-01-05 10:00,open,300,\n")
    write("data/ticket_events.csv", EVENTS + "10,T9,2026-01-05 10:10,human,true,comment\n")
    load(folder)
    with_rows = Workspace.open(folder)
    try:
        [found] = with_rows.reconcile(1, "vendor_first_response_minutes")
        reasons = [row.reason for row in found.differing_rows]
        assert len(reasons) == len(set(reasons)) == 5
        assert (found.differing, found.missing) == (5, 1)
        assert with_rows.reconcile(0)[0].differing_rows == ()
        assert with_rows.reconcile(None, "support_tickets.vendor_made_sla") == ()
        with pytest.raises(UnknownName, match="support_tickets.vendor_made_sla"):
            with_rows.reconcile(None, "support_tickets.vendor_mad_sla")
    finally:
        with_rows.close()


def test_minutes_to_resolve(folder: Path, write: Write) -> None:
    write(
        "data/incidents.csv",
        "incident_id,service_name,started_at,acknowledged_at,resolved_at,vendor_minutes_to_resolve\n"
        "I1,api,2026-01-05 10:00,2026-01-05 10:10,2026-01-05 11:00,60\n"
        "I2,api,2026-01-06 10:00,2026-01-06 10:10,2026-01-06 11:00,50\n"
        "I3,api,2026-01-07 10:00,,,45\n",
    )
    found = reconciled(folder)["vendor_minutes_to_resolve"]
    assert {reason.reason: reason.rows for reason in found.reasons} == {
        EQUAL: 1, "counted from the acknowledgement": 1, "it is not resolved with us": 1,
    }  # fmt: skip


def test_promises_that_the_vendor_says_were_kept(folder: Path, write: Write) -> None:
    """R1 agrees; R2 was late in elapsed time but not in business hours, which the vendor does not count; R4 was closed
    too late; R5 is open and late, R6 open and not; R7 was late without its pause, which its vendor takes off."""
    write(
        "data/support_tickets.csv",
        "ticket_id,created_at,status,resolved_at,updated_at,resolution_business_minutes,paused_minutes,"
        "resolution_target_minutes,vendor_made_sla\n"
        "R1,2026-01-05 10:00,resolved,2026-01-05 11:00,2026-01-05 11:00,60,,120,true\n"
        "R2,2026-01-05 10:00,resolved,2026-01-06 11:00,2026-01-06 11:00,60,,120,false\n"
        "R3,2026-01-05 10:00,resolved,2026-01-05 11:00,2026-01-05 11:00,60,,,true\n"
        "R4,2026-01-05 10:00,closed,2026-01-05 11:00,2026-01-08 11:00,,,120,false\n"
        "R5,2026-01-05 10:00,open,,2026-01-05 13:00,,,120,false\n"
        "R6,2026-01-05 10:00,open,,2026-01-05 11:00,,,120,true\n"
        "R7,2026-01-05 10:00,resolved,2026-01-05 13:00,2026-01-05 13:00,,90,120,true\n",
    )
    write(
        "data/ticket_events.csv",
        "event_id,ticket_id,at,field,new_value\n"
        "1,R4,2026-01-05 11:00,status,resolved\n2,R4,2026-01-08 11:00,status,closed\n",
    )
    found = reconciled(folder)["vendor_made_sla"]
    assert {reason.reason: reason.rows for reason in found.reasons} == {
        EQUAL: 2,
        "elapsed time instead of business hours": 1,
        "counted to the closing, in elapsed time": 1,
        "without the time in which it was paused": 1,
        "the promise is not known": 1,
        "it is open, and its time has not run out": 1,
    }
    assert (found.differing, found.missing) == (3, 2)


def test_nothing_to_reconcile(folder: Path, write: Write) -> None:
    write("data/agents.csv", "agent_id,agent_name\n1,Ada\n")
    assert reconciled(folder) == {}


def test_a_comparison_that_does_not_fit_its_tables(folder: Path, write: Write) -> None:
    write(
        "tables/parcels.yml",
        "table: parcels\nlabel: Parcels\ndescription: Parcels\nkey: [parcel_id]\ncolumns:\n  parcel_id: {type: text}\n"
        "  vendor_hours:\n    type: number\n    reconciles: {ours: 'hours_betwen(sent_at, got_at)'}\n",
    )
    [problem] = Workspace.open(folder).problems
    assert (problem.file, problem.line) == ("tables/parcels.yml", 9)
    assert "hours_between" in problem.message
