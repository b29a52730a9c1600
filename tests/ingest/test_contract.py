"""What happens when an export is no longer what it was: columns, units, time zones, shares of faulty rows."""

from __future__ import annotations

import json

import pytest
from tests.ingest.desk import Desk, counts

SOURCE = """\
source: helpdesk
label: Our help desk
timezone: Europe/Berlin
files: [data/*.csv]
targets:
  - table: support_tickets
    columns:
      ticket_id: id
      created_at: opened
      status: {value: "'open'"}
      ticket_priority: priority
      team: group
      first_response_minutes: reply
"""

FIRST = "id,opened,priority,group,reply\nA1,2026-01-05 10:00,high,Core,30\nA2,2026-01-06 10:00,low,Core,40\n"


def declared(desk: Desk, contract: str = "", source: str = SOURCE) -> None:
    desk.write("sources/helpdesk.yml", source + (f"contract: {contract}\n" if contract else ""))


def begun(desk: Desk, contract: str = "") -> None:
    """A project that has loaded its first export."""
    declared(desk, contract)
    desk.write("data/1.csv", FIRST)
    assert counts(desk.take()) == (2, 2, 0, 0, 0)


# -- columns -----------------------------------------------------------------------------------------------------------


def test_a_renamed_column_is_told_by_name_and_refused(desk: Desk) -> None:
    begun(desk)
    before = desk.content("support_tickets")
    desk.write("data/2.csv", "id,opened,prio,group,reply\nA3,2026-01-07 10:00,high,Core,30\n")
    error = desk.error()
    assert "data/2.csv: column 'prio' is new, 'priority' is gone: renamed?" in error
    assert "read 'prio' instead of 'priority' in sources/helpdesk.yml" in error
    assert desk.content("support_tickets") == before


def test_a_renamed_column_is_read_where_the_contract_allows_it(desk: Desk) -> None:
    begun(desk, "{renamed: evolve}")
    desk.write("data/2.csv", "id,opened,prio,group,reply\nA3,2026-01-07 10:00,high,Core,30\n")
    summary = desk.load()
    assert "data/2.csv: column 'priority' is gone, 'prio' is read in its place." in summary.notes
    assert desk.column("SELECT ticket_priority FROM support_tickets ORDER BY ticket_id") == ["high", "low", "high"]


def test_rows_of_files_with_a_renamed_column_can_be_put_aside(desk: Desk) -> None:
    begun(desk, "{renamed: quarantine}")
    desk.write("data/2.csv", "id,opened,prio,group,reply\nA3,2026-01-07 10:00,high,Core,30\n")
    assert counts(desk.take()) == (3, 0, 2, 0, 1)
    [(file, line, column, value, reason)] = desk.aside()
    assert (file, line, column, value) == ("data/2.csv", 2, None, None)
    assert reason.startswith("is in a file whose columns have changed: column 'prio' is new, 'priority' is gone")


def test_a_new_column_is_told(desk: Desk) -> None:
    begun(desk)
    desk.write("data/2.csv", FIRST.replace("A", "B").replace("reply", "reply,mood").replace("0\n", "0,glad\n"))
    summary = desk.load()
    assert "data/2.csv: column 'mood' is new." in summary.notes
    assert desk.load().notes == ()  # told once


def test_a_new_column_is_refused_where_the_contract_says_so(desk: Desk) -> None:
    begun(desk, "{new: freeze}")
    desk.write("data/2.csv", FIRST.replace("reply", "reply,mood").replace("0\n", "0,glad\n"))
    assert "data/2.csv: column 'mood' is new. Nothing of helpdesk was loaded" in desk.error()


@pytest.mark.parametrize(
    ("contract", "fates"),
    [("", None), ("{missing: evolve}", (3, 1, 2, 0, 0)), ("{missing: quarantine}", (3, 0, 2, 0, 1))],
)
def test_a_missing_column(desk: Desk, contract: str, fates: tuple[int, ...] | None) -> None:
    begun(desk, contract)
    desk.write("data/2.csv", "id,opened,priority,reply\nA3,2026-01-07 10:00,high,30\n")
    if fates is None:
        assert "data/2.csv: column 'group', which is read, is gone" in desk.error()
        return
    assert counts(desk.take()) == fates
    if contract == "{missing: evolve}":
        assert desk.rows("SELECT ticket_id, team FROM support_tickets ORDER BY 1")[-1] == ("A3", None)


def test_a_key_that_is_gone_is_refused_whatever_the_contract_says(desk: Desk) -> None:
    begun(desk, "{missing: evolve}")
    desk.write("data/2.csv", "opened,priority,group,reply\n2026-01-07 10:00,high,Core,30\n")
    assert "has no column for support_tickets.ticket_id, which is required" in desk.error()


def test_a_column_that_nothing_reads_may_go(desk: Desk) -> None:
    declared(desk)
    desk.write("data/1.csv", FIRST.replace("reply", "reply,mood").replace("0\n", "0,glad\n"))
    desk.take()
    desk.write("data/2.csv", FIRST.replace("A", "B"))
    assert "data/2.csv: column 'mood' is gone; nothing reads it." in desk.load().notes


def test_files_that_name_their_columns_themselves(desk: Desk) -> None:
    """An update of some columns is welcome; a column under another name is not."""
    desk.tickets("T1,2026-01-01 10:00:00,open,2026-02-01 00:00:00,high,5,")
    desk.take()
    desk.write("data/support_tickets/more.csv", "ticket_id,created_at,status,prio\nT2,2026-01-01 10:00,open,high\n")
    assert "column 'prio' is new, 'ticket_priority' is gone: renamed?" in desk.error()
    desk.write("data/support_tickets/more.csv", "ticket_id,created_at,status\nT2,2026-01-01 10:00,open\n")
    assert desk.load().errors == ()


def test_the_projects_contract_goes_before_the_sources(desk: Desk) -> None:
    begun(desk)
    desk.write("opstally.yml", "name: Test\ncontracts:\n  helpdesk: {renamed: evolve}\n")
    desk.write("data/2.csv", "id,opened,prio,group,reply\nA3,2026-01-07 10:00,high,Core,30\n")
    assert desk.load().errors == ()


def test_other_values_in_a_column(desk: Desk) -> None:
    begun(desk)
    rows = "".join(f"C{i},2026-01-07 10:00,high,Core,30 min\n" for i in range(2))
    desk.write("data/2.csv", "id,opened,priority,group,reply\n" + rows)
    summary = desk.load()
    assert "data/2.csv: column 'reply' held numbers and now holds text, such as '30 min'." in summary.notes
    assert [row[2:] for row in desk.aside()] == [
        ("first_response_minutes", "30 min", "is not a number (write it without thousands separators or units)")
    ] * 2
    assert desk.load().notes == ()
    declared(desk, "{retyped: freeze, max_bad_share: 1}")
    desk.write("data/3.csv", "id,opened,priority,group,reply\n" + rows.replace("C", "D"))
    assert "column 'reply' held numbers and now holds text" in desk.error()


# -- shares, units, zones ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("share", "refused"), [("0.2", True), ("0.5", False)])
def test_the_share_of_faulty_rows(desk: Desk, share: str, refused: bool) -> None:
    declared(desk, f"{{max_bad_share: {share}}}")
    desk.write("data/1.csv", FIRST + "A3,never,high,Core,5\n")
    summary = desk.load()
    assert bool(summary.errors) is refused
    if refused:
        assert summary.errors[0].startswith(
            "helpdesk: 1 of 3 rows for support_tickets are faulty, most often: data/1.csv:4"
        )


def replies(desk: Desk, name: str, first: int, minutes: float) -> None:
    rows = "".join(f"A{first + i},2026-01-07 10:00,high,Core,{minutes * (1 + i / 10):g}\n" for i in range(30))
    desk.write(f"data/{name}.csv", "id,opened,priority,group,reply\n" + rows)


def test_a_changed_unit_is_doubted(desk: Desk) -> None:
    declared(desk)
    replies(desk, "1", 0, 30)
    desk.take()
    replies(desk, "2", 100, 30 * 60)
    error = desk.error()
    assert "data/2.csv: support_tickets.first_response_minutes (in minutes) is 60 times larger" in error
    assert "(median 4,410, before 73.5). Has the export's unit changed?" in error
    assert desk.column("SELECT count(*) FROM support_tickets") == [30]
    declared(desk, "{accept: [first_response_minutes]}")
    assert desk.load().errors == ()


def test_a_change_that_is_no_unit_is_not_doubted(desk: Desk) -> None:
    declared(desk)
    replies(desk, "1", 0, 30)
    desk.take()
    replies(desk, "2", 100, 30 * 8)
    assert desk.load().errors == ()


def test_times_without_a_zone_are_asked_about(desk: Desk) -> None:
    declared(desk, source=SOURCE.replace("timezone: Europe/Berlin\n", ""))
    desk.write("data/1.csv", FIRST)
    error = desk.error()
    assert "data/1.csv: opened has times without an offset, such as '2026-01-05 10:00'" in error
    assert "sources/helpdesk.yml does not say their time zone" in error
    desk.write("data/1.csv", FIRST.replace("10:00", "10:00+01:00"))
    assert desk.load().errors == ()


# -- the record --------------------------------------------------------------------------------------------------------


def test_every_load_is_on_record(desk: Desk) -> None:
    begun(desk)
    [(names, kinds, used)] = desk.rows("SELECT names, kinds, used FROM opstally.columns")
    assert names == ["id", "opened", "priority", "group", "reply"]
    assert kinds == ["text", "dates", "text", "text", "numbers"]
    assert used == sorted(names)
    [(engine, reading, merging, left_out)] = desk.rows(
        "SELECT engine, reading_seconds, merging_seconds, left_out FROM opstally.loads"
    )
    assert engine.startswith("DuckDB 1.")
    assert reading > 0
    assert merging > 0
    assert left_out == 0


def test_every_refusal_is_on_record(desk: Desk) -> None:
    begun(desk)
    desk.write("data/2.csv", "id,opened,prio,group,reply\nA3,2026-01-07 10:00,high,Core,30\n")
    error = desk.error()
    assert desk.rows("SELECT source, reason FROM opstally.refused") == [("helpdesk", error)]
    assert desk.column("SELECT count(*) FROM opstally.loads") == [1]


def test_json_leaves_out_what_is_empty(desk: Desk) -> None:
    record = {"ticket_id": "T1", "created_at": "2026-01-01T10:00:00Z", "status": "open", "team": "Core"}
    desk.write("data/support_tickets/1.jsonl", json.dumps(record) + "\n")
    desk.take()
    del record["team"]
    desk.write("data/support_tickets/2.jsonl", json.dumps(record | {"ticket_id": "T2"}) + "\n")
    assert desk.load().errors == ()


def test_another_known_spelling_of_a_column_is_no_renaming(desk: Desk) -> None:
    """created_date and created_at are one column of ours, whichever a file has; an unknown name is asked about."""
    desk.write("data/support_tickets.csv", "ticket_id,created_date,status,priority\nT1,2026-01-01 10:00,open,high\n")
    desk.take()
    desk.write("data/support_tickets.csv", "ticket_id,created_at,status,team\nT2,2026-01-01 10:00,open,Core\n")
    summary = desk.load()
    assert summary.errors == ()
    assert (
        "data/support_tickets.csv: column 'created_date' is gone, 'created_at' is read in its place." in summary.notes
    )
    assert desk.rows("SELECT ticket_id, created_at IS NULL, team FROM support_tickets ORDER BY 1") == [
        ("T1", False, None), ("T2", False, "Core"),
    ]  # fmt: skip


def test_a_source_that_has_no_file_in_the_project_is_mended_in_its_contract(desk: Desk) -> None:
    desk.tickets("T1,2026-01-01 10:00:00,open,2026-02-01 00:00:00,high,5,")
    desk.take()
    desk.write("data/support_tickets/more.csv", "ticket_id,created_at,status,prio\nT2,2026-01-01 10:00,open,high\n")
    error = desk.error()
    assert "say in opstally.yml contracts: {support_tickets: {renamed: evolve}}" in error
    assert "sources/support_tickets.yml" not in error
    desk.write("opstally.yml", "name: Test\ncontracts: {support_tickets: {renamed: evolve}}\n")
    assert desk.load().errors == ()
    assert desk.column("SELECT ticket_priority FROM support_tickets ORDER BY ticket_id") == ["high", "high"]
