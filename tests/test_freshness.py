"""How new the tables are: looked up once for as long as nobody writes to the store, and anew after that."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from tests.conftest import Write

from opstally.engines.duckdb import DuckDB
from opstally.workspace import Workspace

HEADER = "ticket_id,created_at,status\n"


@pytest.fixture
def workspace(folder: Path, write: Write) -> Workspace:
    write("data/support_tickets.csv", HEADER + "1,2026-03-02 09:00:00,open\n2,2026-03-03 09:00:00,closed\n")
    Workspace.open(folder).load()
    return Workspace.open(folder)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The SQL that is run."""
    found: list[str] = []
    run = DuckDB.run
    monkeypatch.setattr(DuckDB, "run", lambda engine, sql: found.append(sql) or run(engine, sql))
    return found


def tickets(workspace: Workspace) -> tuple[object, dt.date]:
    """The number of tickets, and the day it is as of; the connection is given back."""
    result = workspace.query(["tickets_created"], range_="7 days")
    workspace.close()
    return result.rows[0][0], result.receipt.as_of


def test_a_second_connection_asks_only_the_question(workspace: Workspace, asked: list[str]) -> None:
    first = tickets(workspace)
    asked.clear()
    assert tickets(workspace) == first == (2, dt.date(2026, 3, 3))
    assert len(asked) == 1


def test_what_another_process_loads_is_seen(workspace: Workspace, write: Write) -> None:
    assert tickets(workspace) == (2, dt.date(2026, 3, 3))
    write("data/support_tickets.csv", HEADER + "3,2026-03-05 09:00:00,open\n")
    Workspace.open(workspace.folder).load()
    assert tickets(workspace) == (3, dt.date(2026, 3, 5))


def test_a_table_that_gets_its_first_rows_is_seen(workspace: Workspace, write: Write) -> None:
    assert "incidents" not in workspace.freshness
    workspace.close()
    write("data/incidents.csv", "incident_id,service_name,started_at\n1,web,2026-03-04 10:00:00\n")
    Workspace.open(workspace.folder).load()
    assert workspace.freshness["incidents"].rows == 1
    workspace.close()
