"""A project read after an update that declares more columns: as if they had been there at the load, but for exports."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.ingest.desk import Desk

from opstally.errors import StoreBehind
from opstally.workspace import Workspace

PACKAGED = (Path(__file__).parents[2] / "src/opstally/catalog/tables/support_tickets.yml").read_text(encoding="utf-8")
NEW = ("channel", "resolution_hours", "resolution_business_minutes", "business_calendar")
"""A column that exports give, one that its table fills, and two that are made."""

TICKETS = """ticket_id,created_at,status,team,resolved_at,updated_at,channel
1,2026-03-02 09:00:00,closed,Desk,2026-03-03 10:00:00,2026-03-04 09:00:00,email
2,2026-03-02 10:00:00,open,Desk,,2026-03-02 10:00:00,chat
"""
EVENTS = """event_id,ticket_id,at,field,old_value,new_value,actor_type,is_public
1,1,2026-03-02 10:00:00,comment,,,human,true
2,1,2026-03-03 10:00:00,status,open,solved,human,true
"""
PROJECT = """name: Test
calendars:
  office:
    timezone: UTC
    hours: {monday: ["09:00-12:00", "13:00-17:00"], tuesday: ["09:00-12:00"]}
calendar_for:
  - {calendar: office, team: [Desk]}
"""


def without(columns: tuple[str, ...]) -> str:
    """The packaged declaration, before these columns were added to it."""
    text = PACKAGED
    for column in columns:
        text, cut = re.subn(rf"^  {column}:.*\n(?:   .*\n)*", "", text, flags=re.MULTILINE)
        assert cut == 1, column
    return text


@pytest.fixture
def older(desk: Desk) -> Desk:
    """What was loaded before the columns were declared."""
    desk.write("opstally.yml", PROJECT)
    desk.write("data/support_tickets.csv", TICKETS)
    desk.write("data/ticket_events.csv", EVENTS)
    desk.write("tables/support_tickets.yml", without(NEW))
    assert desk.load().errors == ()
    (desk.folder / "tables" / "support_tickets.yml").unlink()
    return desk


def tickets(folder: Path, told: list[str] | None = None) -> list[dict[str, Any]]:
    workspace = Workspace.open(folder, narrate=None if told is None else told.append)
    names = sorted(workspace.tables()["support_tickets"].columns)
    rows = workspace.engine.run(f"SELECT {', '.join(names)} FROM support_tickets ORDER BY ticket_id")
    workspace.close()
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_reading_adds_what_is_new_and_says_so(older: Desk) -> None:
    told: list[str] = []
    read = tickets(older.folder, told)
    again = tickets(older.folder, told)
    assert told == [
        "The project's database now has what was declared since it was loaded: support_tickets.channel and "
        "3 more. What the exports say of it is read by 'opstally load'."
    ]
    assert older.load().errors == ()
    loaded = tickets(older.folder)
    assert [row["channel"] for row in loaded] == ["email", "chat"]
    assert read == again == [row | {"channel": None} for row in loaded]
    assert [row["resolution_hours"] for row in read] == [25, None]
    assert (read[0]["resolution_business_minutes"], read[0]["business_calendar"]) == (480, "office")


def test_where_the_store_cannot_be_written_it_says_what_to_do(older: Desk) -> None:
    program = (
        "import sys, duckdb\n"
        f"held = duckdb.connect({str(older.folder / 'opstally.duckdb')!r}, read_only=True)\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ)) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"open\n"
        with pytest.raises(StoreBehind, match=r"and 3 more were declared\. 'opstally load' adds what is new\."):
            tickets(older.folder)
        reader.communicate(b"")
    assert len(tickets(older.folder)) == 2


def test_a_load_that_fails_leaves_it_as_reading_would(older: Desk) -> None:
    for name in ("support_tickets", "ticket_events"):
        older.write(f"data/{name}.csv", "")
    told: list[str] = []
    workspace = Workspace.open(older.folder, narrate=told.append)
    assert len(workspace.load().errors) == 2
    workspace.close()
    assert "support_tickets.channel and 3 more" in told[0]
    read = tickets(older.folder, told)
    assert len(told) == 1
    assert [row["resolution_hours"] for row in read] == [25, None]
    assert read[0]["resolution_business_minutes"] == 480
