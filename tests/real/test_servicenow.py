"""ServiceNow's incident log: every update accounted for, against plain Python over the file."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import random
from collections import Counter
from pathlib import Path

import pytest
from tests.ingest.desk import Desk, counts
from tests.real.conftest import Find

LOG = "servicenow/incident_event_log_part.csv.gz"
TABLES = ("support_tickets", "ticket_events", "sla_definitions", "sla_measurements")
Update = dict[str, str]


@pytest.fixture
def updates(shared: Find) -> list[Update]:
    with gzip.open(shared(LOG), "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def at(text: str) -> dt.datetime | None:
    return None if text == "?" else dt.datetime.strptime(text, "%d/%m/%Y %H:%M")


def newest(updates: list[Update]) -> dict[str, Update]:
    """The last state of each incident: by time of update, then by count of changes."""
    found: dict[str, Update] = {}
    for update in sorted(updates, key=lambda u: (at(u["sys_updated_at"]), int(u["sys_mod_count"]))):
        found[update["number"]] = update
    return found


def feed(desk: Desk, path: Path) -> None:
    (desk.folder / "data").mkdir(exist_ok=True)
    (desk.folder / "data" / path.name).symlink_to(path)


def test_every_update_is_accounted_for(desk: Desk, shared: Find, updates: list[Update]) -> None:
    feed(desk, shared(LOG))
    summary = desk.load()
    assert summary.errors == ()
    closed = [u for u in updates if u["incident_state"] == "Closed"]
    last = newest(updates)
    assert (len(updates), len(last)) == (34_953, 4_983)
    told = {row.table: (counts(row), row.left_out) for row in summary.loaded}
    assert told == {
        "support_tickets": ((34_953, 4_983, 0, 29_970, 0), 0),
        "ticket_events": ((34_953, 34_953, 0, 0, 0), 0),
        "sla_definitions": ((len(closed), 1, 0, len(closed) - 1, 0), 34_953 - len(closed)),
        "sla_measurements": ((len(closed), 4_983, 0, len(closed) - 4_983, 0), 34_953 - len(closed)),
    }
    tickets = desk.rows(
        "SELECT ticket_id, created_at, updated_at, revision, team, ticket_priority, reopened FROM support_tickets"
    )
    words = {"1 - Critical": "critical", "2 - High": "high", "3 - Moderate": "medium", "4 - Low": "low"}
    assert sorted(tickets, key=lambda t: t[0]) == [
        (
            number, at(u["opened_at"]), at(u["sys_updated_at"]), int(u["sys_mod_count"]),
            None if u["assignment_group"] == "?" else u["assignment_group"], words[u["priority"]],
            int(u["reopen_count"]) > 0,
        )
        for number, u in sorted(last.items())
    ]  # fmt: skip
    # Where the log says nothing, the events tell when it was resolved; that is another test's matter.
    known = {number: at(u["resolved_at"]) for number, u in last.items() if u["resolved_at"] != "?"}
    resolved = dict(desk.rows("SELECT ticket_id, resolved_at FROM support_tickets"))
    assert {number: resolved[number] for number in known} == known
    states = Counter((u["number"], at(u["sys_updated_at"])) for u in updates)
    assert Counter(desk.rows("SELECT ticket_id, \"at\" FROM ticket_events WHERE field = 'status'")) == states
    kept = Counter(u["made_sla"] for u in newest(closed).values())
    measured = dict(desk.rows("SELECT actual_value, count(*) FROM sla_measurements GROUP BY 1"))
    assert measured == {1.0: kept["true"], 0.0: kept["false"]}


def test_any_split_and_order_gives_the_same_tables(
    desk: Desk, shared: Find, updates: list[Update], tmp_path: Path
) -> None:
    """A quarter of the incidents, in three loads of shuffled parts, the first part twice."""
    feed(desk, shared(LOG))
    desk.load()
    numbers = {number for number in {u["number"] for u in updates} if int(number[3:]) % 4 == 0}
    some = [u for u in updates if u["number"] in numbers]
    random.Random(7).shuffle(some)
    other = Desk(tmp_path / "other")
    other.write("opstally.yml", "name: Other\n")
    for i in (0, 1, 2, 0):
        with (other.write(f"data/part-{9 - i}-{len(list(other.folder.glob('data/*')))}.csv", "")).open(
            "w", newline=""
        ) as part:
            writer = csv.DictWriter(part, fieldnames=list(updates[0]))
            writer.writeheader()
            writer.writerows(some[i::3])
        assert other.load().errors == ()
    keep = {"support_tickets": "ticket_id", "ticket_events": "ticket_id", "sla_measurements": "measurement_id"}
    for table, key in keep.items():
        sql = f"SELECT CAST(t AS VARCHAR) FROM {table} AS t WHERE CAST({key}[4:] AS INTEGER) % 4 = 0 ORDER BY 1"
        assert other.column(sql) == desk.column(sql)
