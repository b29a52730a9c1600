"""Several sources together: each file three times, in any order and any split, zipped or not, gives the same tables.

A longer search: HYPOTHESIS_PROFILE=search pytest tests/ingest/test_any_order.py
"""

from __future__ import annotations

import gzip
import os
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ingest.desk import Desk

FEW = 2
"""Examples in an ordinary run."""

DELETIONS = """\
source: crm
label: A CRM
timezone: UTC
files: ["crm/*"]
targets:
  - table: implementations
    deleted: state = 'gone'
    columns: {project_id: id, kickoff_date: begun, go_live_date: live, updated_at: changed}
"""


PROJECT = """\
name: Test
contracts:
  support_tickets: {max_bad_share: 1}
  focus_billing: {max_bad_share: 1}
"""
"""Of a few lines many may be bad."""


@dataclass(frozen=True)
class Feed:
    """An export in lines. Equal lines of a bill are so many charges, and stand together; others are told by a key."""

    place: str
    header: str
    lines: tuple[str, ...]
    bill: bool = False


def choose(*values: str) -> st.SearchStrategy[str]:
    return st.sampled_from(values)


days = choose("2026-01-01", "2026-01-02", "2026-01-03")
times = choose("2026-01-05 08:00:00", "2026-01-05 09:30:00", "2026-01-06 10:00:00", "2026-01-07 11:00:00")


def lines(*columns: st.SearchStrategy[str], most: int = 8) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.tuples(*columns).map(",".join), max_size=most).map(tuple)


def told(*columns: st.SearchStrategy[str], keys: Sequence[str]) -> st.SearchStrategy[tuple[str, ...]]:
    """At most one line for each of the keys: nothing tells which of two is newer."""
    return st.dictionaries(choose(*keys), st.tuples(*columns)).map(
        lambda found: tuple(f"{key},{','.join(rest)}" for key, rest in found.items())
    )


def charge(cost: str, kind: str, day: str, resource: str) -> str:
    return f"{cost},{cost},{kind},{day},{day},USD,{resource}"


tickets = lines(
    choose("T1", "T2", "T3"), choose("2026-01-04"), choose("open", "pending", "resolved", "never"),
    times, choose("", "1", "2"), choose("", "2026-01-05", "2026-01-08"),
)  # fmt: skip
services = told(choose("1", "2", "high"), choose("Ann", "Bob", ""), keys=("api", "web", "jobs"))
events = told(
    choose("T1", "T2", "T4"), times, choose("status", "assignee"), choose("open", "pending", "solved", "A1"),
    choose("human", "bot"), keys=[f"E{n}" for n in range(9)],
)  # fmt: skip
bill = lines(
    choose("1.5", "2", "-1", "x"),
    choose("Usage", "Tax"),
    choose("2026-01-01", "2026-01-02"),
    choose("", "vm-1", "vm-2"),
).map(lambda found: tuple(charge(*line.split(",")) for line in found))
projects = lines(choose("P1", "P2", "P3"), days, choose("", "2026-02-01"), times, choose("here", "gone"))
agents = told(choose("Ann", "Bob"), keys=("A1", "A2"))
teams = told(choose("Core", "Field"), keys=("A1", "A2", "A3"))

feeds = st.tuples(tickets, services, events, bill, projects, agents, teams).map(
    lambda found: [
        Feed("data/support_tickets", "ticket_id,created_at,status,updated_at,revision,resolved_at", found[0]),
        Feed("data/services", "service_name,tier,owner", found[1]),
        Feed("data/ticket_events", "event_id,ticket_id,at,field,new_value,actor_type", found[2]),
        Feed(
            "data/bills",
            "BilledCost,EffectiveCost,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,BillingCurrency,ResourceId",
            found[3], bill=True,
        ),
        Feed("crm", "id,begun,live,changed,state", found[4]),
        # Two kinds of files for one table, each with other columns.
        Feed("data/agents", "agent_id,agent_name", found[5]),
        Feed("data/agents", "agent_id,team", found[6]),
    ]
)  # fmt: skip


def split(feed: Feed, chance: random.Random) -> list[list[str]]:
    """The lines in files, in any order; equal lines of a bill in one."""
    units = [[line] * feed.lines.count(line) for line in dict.fromkeys(feed.lines)] if feed.bill else None
    units = units or [[line] for line in feed.lines]
    chance.shuffle(units)
    files: list[list[str]] = [[] for _ in range(chance.randint(1, 3))]
    for unit in units:
        chance.choice(files).extend(unit)
    return [file for file in files if file]


def write(desk: Desk, feed: Feed, name: str, found: Sequence[str], zipped: bool) -> None:
    content = "\n".join([feed.header, *found, ""]).encode()
    desk.write(f"{feed.place}/{name}.csv{'.gz' * zipped}", gzip.compress(content) if zipped else content)


def desk_at(folder: str) -> Desk:
    (Path(folder) / "opstally.yml").write_text(PROJECT, encoding="utf-8")
    desk = Desk(Path(folder))
    desk.write("sources/crm.yml", DELETIONS.replace("state = 'gone'", "\"state = 'gone'\""))
    # Of a few lines many may be bad.
    desk.write("contracts.txt", "")
    return desk


def everything(desk: Desk) -> dict[str, list[str]]:
    """All rows of all tables, also of those that are made from others; of the quarantine how often what is wrong."""
    names = desk.column(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'store' AND schema_name = 'main' ORDER BY 1"
    )
    faults = (
        "SELECT DISTINCT concat_ws(' ', table_name, column_name, value, reason) FROM opstally.quarantine ORDER BY 1"
    )
    return desk.content(*names) | {"quarantine": desk.column(faults)}


def loaded(desk: Desk) -> None:
    errors = [error for error in desk.load().errors if "no file matches" not in error]
    assert errors == []


@settings(max_examples=settings.default.max_examples if os.environ.get("HYPOTHESIS_PROFILE") else FEW)
@given(feeds, st.randoms(use_true_random=False))
def test_three_times_in_any_order_and_split(found: list[Feed], chance: random.Random) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as many:
        whole, parts = desk_at(one), desk_at(many)
        files = []
        for number, feed in enumerate(found):
            if feed.lines:
                write(whole, feed, f"all-{number}", feed.lines, zipped=False)
            for _ in range(3):
                files += [(feed, file) for file in split(feed, chance)]
        loaded(whole)
        chance.shuffle(files)
        for number, (feed, file) in enumerate(files):
            write(parts, feed, f"{chance.randint(0, 999)}-{number}", file, zipped=chance.random() < 0.3)
            if chance.random() < 0.15:
                loaded(parts)
        loaded(parts)
        assert everything(parts) == everything(whole)
        again = parts.load()
        assert [row.merged for row in again.loaded] == [0] * len(again.loaded)
        assert everything(parts) == everything(whole)
