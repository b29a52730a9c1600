"""What vendors computed beside ours, with the reasons of differences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from opstally.checks.reconcile import EQUAL, MISSING, OTHER, ROUNDING, Reconciled
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


def reconciled(folder: Path) -> dict[str, Reconciled]:
    assert Workspace.open(folder).load().errors == ()
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
        MISSING: 1,
        OTHER: 1,
    }
    assert (found.rows, found.differing) == (7, 5)
    [riddle] = [reason for reason in found.reasons if reason.reason == OTHER]
    assert [(e.key, e.vendor, e.ours) for e in riddle.examples] == [("T8", 200, 10)]


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
        EQUAL: 1, "counted from the acknowledgement": 1, MISSING: 1,
    }  # fmt: skip


def test_promises_that_the_vendor_says_were_kept(folder: Path, write: Write) -> None:
    """R1 agrees; R2 was late in elapsed time but not in business hours, which the vendor does not count."""
    write(
        "data/support_tickets.csv",
        "ticket_id,created_at,status,resolved_at,resolution_business_minutes,resolution_target_minutes,vendor_made_sla\n"
        "R1,2026-01-05 10:00,resolved,2026-01-05 11:00,60,120,true\n"
        "R2,2026-01-05 10:00,resolved,2026-01-06 11:00,60,120,false\n"
        "R3,2026-01-05 10:00,resolved,2026-01-05 11:00,60,,true\n",
    )
    found = reconciled(folder)["vendor_made_sla"]
    assert {reason.reason: reason.rows for reason in found.reasons} == {
        EQUAL: 1, "elapsed time instead of business hours": 1, MISSING: 1,
    }  # fmt: skip


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
