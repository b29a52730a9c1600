"""Rows that the source deleted, periods that a load changed, and files in any order."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from tests.ingest.desk import Desk, counts

SNAPSHOT = """\
source: crm
label: Our customers
timezone: UTC
files: [data/*.csv]
targets:
  - table: customers
    snapshot: true
    columns: {customer_id: id, customer_name: name, status: state}
"""

HEAD = "id,name,state\n"


def customers(first: int, upto: int, state: str = "active") -> str:
    return "".join(f"C{i},Name {i},{state}\n" for i in range(first, upto))


def test_rows_that_a_complete_export_lacks_are_removed(desk: Desk) -> None:
    desk.write("sources/crm.yml", SNAPSHOT)
    desk.write("data/2026-01.csv", HEAD + customers(0, 20))
    desk.take()
    desk.write("data/2026-02.csv", HEAD + customers(2, 21))
    loaded = desk.take()
    assert (counts(loaded), loaded.removed) == ((19, 1, 18, 0, 0), 2)
    assert desk.column("SELECT count(*) FROM customers WHERE customer_id IN ('C0', 'C1')") == [0]
    loaded = desk.take()
    assert (counts(loaded), loaded.removed) == ((19, 0, 19, 0, 0), 0)


def test_or_marked_and_alive_again_when_they_come_back(desk: Desk) -> None:
    desk.write("sources/crm.yml", SNAPSHOT.replace("snapshot: true", "snapshot: true\n    gone: {status: churned}"))
    desk.write("data/2026-01.csv", HEAD + customers(0, 20))
    desk.take()
    desk.write("data/2026-02.csv", HEAD + customers(2, 20))
    assert desk.take().removed == 2
    status = "SELECT status FROM customers WHERE customer_id = 'C0'"
    assert desk.column(status) == ["churned"]
    assert desk.take().removed == 0
    desk.write("data/2026-03.csv", HEAD + customers(0, 20))
    desk.take()
    assert desk.column(status) == ["active"]


def test_an_export_that_is_suspiciously_small_is_refused(desk: Desk) -> None:
    desk.write("sources/crm.yml", SNAPSHOT)
    desk.write("data/2026-01.csv", HEAD + customers(0, 40))
    desk.take()
    desk.write("data/2026-02.csv", HEAD + customers(20, 40))
    error = desk.error()
    assert "data/2026-02.csv: 20 of the 40 rows of customers that crm had before are not in it." in error
    assert "Is it a complete export?" in error
    assert desk.column("SELECT count(*) FROM customers") == [40]
    desk.write("opstally.yml", "name: Test\ncontracts:\n  crm: {max_gone_share: 0.51}\n")
    assert desk.take().removed == 20


def test_nothing_is_removed_while_rows_cannot_be_read(desk: Desk) -> None:
    """A line that is no record may be the row that is missing; a faulty row whose key is known is there."""
    desk.write("sources/crm.yml", SNAPSHOT)
    desk.write("data/2026-01.csv", HEAD + customers(0, 20))
    desk.take()
    desk.write("data/2026-02.csv", HEAD + customers(2, 20) + "C1\n")
    summary = desk.load()
    assert summary.loaded[0].removed == 0
    assert any("2 rows of customers are not in the newest export, but stay" in note for note in summary.notes)
    desk.write("data/2026-02.csv", HEAD + customers(2, 20) + "C1,Name 1,asleep\n")
    assert desk.take().removed == 1
    assert desk.column("SELECT customer_id FROM customers WHERE customer_id IN ('C0', 'C1')") == ["C1"]


def test_rows_of_another_source_stay(desk: Desk) -> None:
    desk.write("sources/crm.yml", SNAPSHOT.replace("data/*.csv", "data/crm/*.csv"))
    desk.write("data/customers.csv", "customer_id,customer_name\nX1,Other\n")
    desk.write("data/crm/1.csv", HEAD + customers(0, 20))
    desk.load()
    desk.write("data/crm/2.csv", HEAD + customers(1, 20))
    [mine] = [row for row in desk.load().loaded if row.source == "crm"]
    assert mine.removed == 1
    assert desk.column("SELECT customer_id FROM customers WHERE customer_id IN ('X1', 'C0')") == ["X1"]


# -- records of deletions ----------------------------------------------------------------------------------------------

TOLD = """\
source: desk
label: Our tickets
timezone: UTC
files: [data/*.csv]
targets:
  - table: support_tickets
    deleted: gone = 'yes'
    columns: {ticket_id: id, created_at: opened, status: state, updated_at: changed}
"""

OPENED = "id,opened,state,changed,gone\n"
NEW = "T1,2026-01-01 10:00,open,2026-01-01 10:00,no\nT2,2026-01-01 10:00,open,2026-01-01 10:00,no\n"
DELETED = "T1,,,2026-01-03 10:00,yes\n"
LATE = "T1,2026-01-01 10:00,pending,2026-01-02 10:00,no\n"
RESTORED = "T1,2026-01-01 10:00,open,2026-01-04 10:00,no\n"


def test_a_record_of_a_deletion_removes_its_row(desk: Desk) -> None:
    desk.write("sources/desk.yml", TOLD)
    desk.write("data/1.csv", OPENED + NEW)
    desk.take()
    desk.write("data/2.csv", OPENED + DELETED)
    loaded = desk.take()
    assert (counts(loaded), loaded.removed) == ((3, 1, 2, 0, 0), 1)
    assert desk.column("SELECT ticket_id FROM support_tickets") == ["T2"]
    assert counts(desk.take()) == (3, 0, 3, 0, 0)


@pytest.mark.parametrize("gone", ["remove", "{status: deleted}"])
def test_the_order_in_which_deletions_arrive_does_not_matter(desk: Desk, gone: str) -> None:
    """Every order of four exports, each loaded alone and gone before the next one comes."""
    desk.write("sources/desk.yml", TOLD.replace("deleted:", f"gone: {gone}\n    deleted:"))
    exports = {"new": NEW, "deleted": DELETED, "late": LATE}
    found = set()
    for order in itertools.permutations(exports):
        (desk.folder / "opstally.duckdb").unlink(missing_ok=True)
        for name in order:
            path = desk.write("data/x.csv", OPENED + exports[name])
            assert desk.load().errors == ()
            path.unlink()
        found.add(tuple(desk.rows("SELECT ticket_id, status FROM support_tickets ORDER BY 1")))
    marked = (("T1", "deleted"), ("T2", "open"))
    assert found == {(("T2", "open"),)} if gone == "remove" else {marked}


def test_a_restored_row_is_back(desk: Desk) -> None:
    desk.write("sources/desk.yml", TOLD)
    desk.write("data/1.csv", OPENED + NEW + DELETED)
    desk.take()
    desk.write("data/2.csv", OPENED + RESTORED)
    desk.take()
    assert desk.column("SELECT status FROM support_tickets ORDER BY ticket_id") == ["open", "open"]


# -- restated periods --------------------------------------------------------------------------------------------------


def test_periods_that_a_load_changed_are_listed(desk: Desk) -> None:
    rows = [f"T{i},2026-0{month}-10 10:00:00,open,2026-04-01 00:00:00,high,," for i, month in enumerate((1, 2, 3))]
    desk.tickets(*rows)
    assert desk.take().restated == ()
    desk.tickets(
        "T0,2026-01-10 10:00:00,resolved,2026-04-02 00:00:00,high,,2026-02-01 00:00:00",
        *rows[1:],
        "L1,2026-01-20 10:00:00,open,2026-04-02 00:00:00,high,,",
        "L2,2026-03-20 10:00:00,open,2026-04-02 00:00:00,high,,",
    )
    told = [(r.grain, r.period, r.added, r.changed, r.removed) for r in desk.take().restated]
    assert told == [
        ("week", dt.date(2026, 1, 5), 0, 1, 0),
        ("week", dt.date(2026, 1, 19), 1, 0, 0),
        ("month", dt.date(2026, 1, 1), 1, 1, 0),
    ]
    assert desk.column("SELECT count(*) FROM opstally.restated") == [3]
    assert desk.take().restated == ()


def test_removed_rows_restate_their_period(desk: Desk) -> None:
    desk.write("sources/desk.yml", TOLD)
    desk.write("data/1.csv", OPENED + NEW + "T9,2026-03-01 10:00,open,2026-03-01 10:00,no\n")
    desk.take()
    desk.write("data/2.csv", OPENED + DELETED)
    assert [(r.grain, r.period, r.removed) for r in desk.take().restated] == [
        ("week", dt.date(2025, 12, 29), 1),
        ("month", dt.date(2026, 1, 1), 1),
    ]
