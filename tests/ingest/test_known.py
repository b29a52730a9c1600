"""Files that have not changed since they were loaded are not read again; what they gave stays, and is counted."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from tests.ingest.desk import TICKETS, Desk, counts

from opstally.ingest import staging

ROW = "{},2026-01-01 10:00:00,open,{},high,5,"
BAD = ROW.format("B{}", "2026-02-01").replace("2026-01-01 10:00:00", "never")


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are read, in their order."""
    files: list[str] = []
    reading = staging._Reader.read

    def note(reader: staging._Reader, group: list[staging.Export]) -> None:
        files.extend(Path(export.file.shown).name for export in group)
        reading(reader, group)

    monkeypatch.setattr(staging._Reader, "read", note)
    return files


def ticket(number: int, updated: str = "2026-02-01") -> str:
    return ROW.format(f"T{number}", updated)


def test_the_same_files_again(desk: Desk, read: list[str]) -> None:
    desk.tickets(ticket(1), ticket(2), ticket(2), BAD.format(1), name="data/support_tickets/1.csv")
    desk.tickets(ticket(2, "2026-03-01"), ticket(3), "short", name="data/support_tickets/2.csv")
    assert counts(desk.take()) == (7, 3, 0, 2, 2)
    before, aside = desk.content("support_tickets"), desk.aside()
    for _ in range(2):
        again = desk.take()
        assert (counts(again), again.known) == ((7, 0, 3, 2, 2), 7)
    assert (desk.content("support_tickets"), desk.aside()) == (before, aside)
    assert read == ["1.csv", "2.csv"]


def test_a_new_file_is_read_alone(desk: Desk, read: list[str]) -> None:
    desk.tickets(ticket(1), ticket(2), BAD.format(1), name="data/support_tickets/1.csv")
    desk.take()
    desk.tickets(ticket(2, "2026-03-01"), ticket(3), BAD.format(2), name="data/support_tickets/2.csv")
    loaded = desk.take()
    assert (counts(loaded), loaded.known) == ((6, 2, 2, 0, 2), 3)
    assert read == ["1.csv", "2.csv"]
    assert desk.column("SELECT ticket_id FROM support_tickets ORDER BY 1") == ["T1", "T2", "T3"]
    assert [row[:2] for row in desk.aside()] == [("data/support_tickets/1.csv", 4), ("data/support_tickets/2.csv", 4)]


@pytest.mark.parametrize("name", ["support_tickets.csv", "support_tickets.csv.gz"])
def test_a_file_of_the_same_size_with_other_rows_is_read(desk: Desk, read: list[str], name: str) -> None:
    def write(updated: str) -> None:
        content = (TICKETS + ticket(1, updated) + "\n").encode()
        desk.write(f"data/{name}", gzip.compress(content, 0, mtime=0) if name.endswith("gz") else content)

    for month in (2, 3):
        write(f"2026-0{month}-01")
        assert counts(desk.take()) == (1, 1, 0, 0, 0)
    assert read == [name, name]


def test_a_file_under_another_name_is_read(desk: Desk, read: list[str]) -> None:
    desk.tickets(ticket(1), name="data/support_tickets/1.csv").rename(desk.folder / "kept.csv")
    (desk.folder / "kept.csv").rename(desk.folder / "data/support_tickets/1.csv")
    desk.take()
    (desk.folder / "data/support_tickets/1.csv").rename(desk.folder / "data/support_tickets/2.csv")
    assert counts(desk.take()) == (1, 0, 1, 0, 0)
    assert read == ["1.csv", "2.csv"]


@pytest.mark.parametrize(
    "changed",
    [
        ("opstally.yml", "name: Test\ntimezone: Europe/Berlin\n"),
        ("opstally.yml", "name: Test\ncontracts:\n  support_tickets: {max_bad_share: 0.9}\n"),
        ("tables/support_tickets.yml", None),
    ],
)
def test_what_would_read_it_otherwise_reads_it_again(
    desk: Desk, read: list[str], changed: tuple[str, str | None]
) -> None:
    desk.tickets(ticket(1))
    desk.take()
    name, content = changed
    if content is None:  # a check more; nothing of the mapping is another
        packaged = Path(staging.__file__).parents[1] / "catalog" / name
        content = packaged.read_text().replace("\nchecks:", "\nchecks:\n  - {expect: status <> 'hold', message: held}")
    desk.write(name, content)
    desk.load()
    desk.load()
    assert read == ["support_tickets.csv"] * 2


def test_a_table_whose_rows_another_source_took_out(desk: Desk, read: list[str]) -> None:
    """What this source still has comes back, as if it were read for the first time."""
    desk.write("data/services.csv", "service_name,tier\napi,1\nweb,2\n")
    assert counts(desk.take()) == (2, 2, 0, 0, 0)
    with desk.store() as store:
        store.connection.execute("DELETE FROM services WHERE service_name = 'web'")
        store.connection.execute(
            "INSERT INTO opstally.loads BY NAME SELECT 2 AS load_id, 'other' AS source, 'services' AS table_name, "
            "1 AS removed"
        )
    assert counts(desk.take()) == (2, 1, 1, 0, 0)
    assert counts(desk.take()) == (2, 0, 2, 0, 0)
    assert read == ["services.csv"] * 2


def test_json_leaves_out_what_is_empty_so_its_files_are_read_together(desk: Desk, read: list[str]) -> None:
    def write(name: str, **fields: str) -> None:
        record = {"ticket_id": "T1", "created_at": "2026-01-01", "status": "open", **fields}
        desk.write(f"data/support_tickets/{name}.jsonl", json.dumps(record) + "\n")

    write("1", ticket_priority="high", updated_at="2026-01-02")
    desk.take()
    write("2", updated_at="2026-01-03")  # not high any more
    desk.take()
    assert desk.rows("SELECT ticket_priority FROM support_tickets") == [(None,)]
    desk.take()
    assert read == ["1.jsonl", "1.jsonl", "2.jsonl"]


def test_a_known_file_still_counts_for_the_share_of_bad_rows(desk: Desk) -> None:
    desk.tickets(*(ticket(i) for i in range(9)), name="data/support_tickets/1.csv")
    desk.take()
    desk.tickets(*(BAD.format(i) for i in range(4)), name="data/support_tickets/2.csv")
    assert counts(desk.take()) == (13, 0, 9, 0, 4)
    desk.tickets(*(BAD.format(i) for i in range(20)), name="data/support_tickets/3.csv")
    assert "24 of 33 rows for support_tickets are faulty" in desk.error()
