# ruff: noqa: E501  # exports are as wide as they are
"""Columns looked up in an export beside the one that is loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .conftest import Loading

Write = Callable[[str, str], Path]

SOURCE = """
source: desk
label: Desk
files: [data/tickets.*]
format: {format}
timezone: UTC
lookups:
  group: {{files: ["groups.*"], on: {{id: group_id}}}}
targets:
  - table: support_tickets
    columns:
      ticket_id: id
      created_at: opened
      status: state
      team: {{value: 'coalesce("group.name", group_id)', optional: true}}
"""
TICKETS = (
    "id,opened,state,group_id\n1,2026-01-01,open,7\n2,2026-01-02,open,8\n3,2026-01-03,open,9\n4,2026-01-04,open,\n"
)
GROUPS = "id,name\n7,Billing\n8,Sales\n8,Sales\n"


def teams(loading: Loading) -> list[str | None]:
    return [row[0] for row in loading.ask("SELECT team FROM support_tickets ORDER BY ticket_id")]


def test_names_are_looked_up(loading: Loading, write: Write) -> None:
    write("sources/desk.yml", SOURCE.format(format="csv").lstrip())
    write("data/tickets.csv", TICKETS)
    write("data/groups.csv", GROUPS)
    loading.load()
    assert teams(loading) == ["Billing", "Sales", "9", None]
    assert loading.counts() == {("desk", "support_tickets"): (4, 0)}


def test_without_the_other_export_its_columns_are_missing(loading: Loading, write: Write) -> None:
    write("sources/desk.yml", SOURCE.format(format="csv").lstrip())
    write("data/tickets.csv", TICKETS)
    loading.load()
    assert teams(loading) == ["7", "8", "9", None]


def test_what_changes_there_changes_here(loading: Loading, write: Write) -> None:
    write("sources/desk.yml", SOURCE.format(format="csv").lstrip())
    write("data/tickets.csv", TICKETS)
    write("data/groups.csv", GROUPS)
    loading.load()
    write("data/groups.csv", "id,name\n7,Invoices\n")
    loading.load()
    assert teams(loading) == ["Invoices", "8", "9", None]
    assert sum(one.merged for one in loading.load().loaded) == 0


def test_bad_records_keep_their_lines(loading: Loading, write: Write) -> None:
    write("sources/desk.yml", SOURCE.format(format="csv").lstrip())
    lines = [f"{n},{'never' if n in (40, 4000) else '2026-01-01'},open,{n % 10}" for n in range(1, 5001)]
    write("data/tickets.csv", "\n".join(["id,opened,state,group_id", *lines]) + "\n")
    write("data/groups.csv", "\n".join(["id,name", *(f"{n},G{n}" for n in range(9, -1, -1))]) + "\n")
    loading.load()
    assert [fault[1] for fault in loading.faults()] == [41, 4001]


def test_json_beside_json(loading: Loading, write: Write) -> None:
    text = (
        SOURCE.format(format="json")
        .lstrip()
        .replace('{files: ["groups.*"], on', '{files: ["groups.*"], format: json, options: {records: groups}, on')
    )
    write("sources/desk.yml", text)
    write(
        "data/tickets.json",
        '[{"id": 1, "opened": "2026-01-01", "state": "open", "group_id": 7}, {"id": 2, "opened": "x", "state": "open", "group_id": 8}]',
    )
    write("data/groups.json", '{"groups": [{"id": 7, "name": "Billing"}, {"id": 8, "name": "Sales"}]}')
    loading.load()
    assert teams(loading) == ["Billing"]
    assert [fault[1] for fault in loading.faults()] == [2]
