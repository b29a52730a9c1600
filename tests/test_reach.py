"""How far the data reach, where exports end with a day of UTC and the project is elsewhere."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from tests.conftest import Write

from opstally.workspace import Workspace

TICKETS = "ticket_id,created_at,status\n1,2026-03-02T09:00:00Z,open\n2,{},closed\n"


def reached(folder: Path, write: Write, zone: str, tickets: str) -> dt.date:
    """The last day that counts for tickets, in a project of that zone."""
    write("opstally.yml", f"name: Test\ntimezone: {zone}\n")
    write("data/support_tickets.csv", tickets)
    assert not Workspace.open(folder).load().errors
    workspace = Workspace.open(folder)
    day = workspace.last_day({"support_tickets"})
    workspace.close()
    return day


@pytest.mark.parametrize(
    ("zone", "newest", "day"),
    [
        ("UTC", "2026-03-31T23:55:00Z", 31),
        ("Europe/Berlin", "2026-03-31T21:55:00Z", 31),
        ("Europe/Berlin", "2026-03-31T22:00:01Z", 31),  # the first second of April there
        ("Europe/Berlin", "2026-03-31T23:55:00Z", 31),
        ("Asia/Tokyo", "2026-03-31T23:55:00Z", 31),  # 08:55 on 1 April
        ("Pacific/Auckland", "2026-03-31T23:55:00Z", 31),
        ("America/New_York", "2026-03-31T23:55:00Z", 31),  # 19:55
        ("America/New_York", "2026-04-01T03:55:00Z", 31),  # 23:55
        ("Europe/Berlin", "2026-03-31T08:00:00Z", 31),  # in the midst of a day
        ("Europe/Berlin", "2026-03-31", 31),  # a day without a time, which starts on the 30th in UTC
        ("UTC", "2026-03-31", 31),
    ],
)
def test_a_day_that_has_only_begun_does_not_count(folder: Path, write: Write, zone: str, newest: str, day: int) -> None:
    assert reached(folder, write, zone, TICKETS.format(newest)) == dt.date(2026, 3, day)


@pytest.mark.parametrize(
    ("date", "last"),
    [
        ("2026-03-30", dt.date(2026, 3, 31)),  # the tickets reach further
        ("2026-04-01", dt.date(2026, 3, 31)),  # of the same hours as the tickets
        ("2026-04-02", dt.date(2026, 4, 2)),  # newer than the tickets
    ],
)
def test_tables_known_by_date_reach_no_further_than_the_hours_they_are_of(
    folder: Path, write: Write, date: str, last: dt.date
) -> None:
    write("data/business_processes.csv", f"execution_id,process_name,execution_date\n1,Invoicing,{date}\n")
    assert reached(folder, write, "Europe/Berlin", TICKETS.format("2026-03-31T23:55:00Z")) == last


def test_a_month_is_not_complete_by_the_first_hours_of_its_last_day(folder: Path, write: Write) -> None:
    reached(folder, write, "Europe/Berlin", TICKETS.format("2026-03-30T23:55:00Z"))  # 01:55 on the 31st
    workspace = Workspace.open(folder)
    assert str(workspace.query(["tickets_created"], range_="1 month").receipt.period) == "2026-02-01..2026-03-01"
    workspace.close()
