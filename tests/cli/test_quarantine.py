"""`opstally quarantine` and `opstally loads`: rows listed, mended and replayed, with books that add up."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

BAD = (
    "t8,yesterday,,,open,low,Night,,3\n"
    't9,2026-10-21 09:00:00,,,asleep,low,"Night, late",,4\n'
    "t10,2026-10-22 09:00:00,,,open\n"
)


@pytest.fixture
def put_aside(project: Path, opstally: Any) -> Path:
    """Three rows in quarantine, one of which has too few columns."""
    with (project / "data" / "support_tickets.csv").open("a", encoding="utf-8") as file:
        file.write(BAD)
    assert opstally("load").code == 0
    return project


def mend(path: Path, **values: dict[str, str]) -> None:
    """Set values in the rows of the tickets."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        row.update(values.get(row["ticket_id"] or row["line"].split(",")[0], {}))
    with path.open("w", encoding="utf-8", newline="") as stream:
        written = csv.DictWriter(stream, list(rows[0]))
        written.writeheader()
        written.writerows(rows)


def test_listed_and_filtered(opstally: Any, put_aside: Path) -> None:
    assert put_aside.is_dir()
    done = opstally("quarantine")
    assert done.code == 0
    assert "data/support_tickets.csv:9" in done.out
    assert "yesterday" in done.out
    assert "3 in quarantine" in done.err
    told = opstally("quarantine", "--reason", "not one of", "--format", "json").object()
    assert [(one["column"], one["value"], one["line"]) for one in told] == [("status", "asleep", 10)]
    assert opstally("quarantine", "--table", "agents").err == "Nothing is in quarantine.\n"
    done = opstally("quarantine", "--table", "agents", "--export", "none.csv")
    assert (done.code, done.err) == (0, "Nothing is in quarantine.\n")
    assert not (put_aside / "none.csv").exists()


def test_mended_rows_are_loaded_and_leave_the_quarantine(opstally: Any, put_aside: Path) -> None:
    fix = put_aside / "fix.csv"
    assert opstally("quarantine", "--export", fix).code == 0
    header = fix.read_text(encoding="utf-8").splitlines()[0]
    assert header.startswith("opstally_record,opstally_reason,ticket_id,created_at,")
    mend(fix, t8={"created_at": "2026-10-20 10:00:00"})
    done = opstally("quarantine", "--replay", fix)
    assert done.code == 1
    assert "1 mended and out of quarantine, 2 still faulty" in done.err
    whole = {"ticket_id": "t10", "created_at": "2026-10-22 09:00:00", "status": "open", "line": ""}
    mend(fix, t9={"status": "open"}, t10=whole)
    done = opstally("quarantine", "--replay", fix, "--format", "json")
    assert (done.code, done.object()["mended"]) == (0, 2)
    assert opstally("quarantine").err == "Nothing is in quarantine.\n"
    told = opstally("query", "tickets_created", "--range", "2026-10", "--format", "json")
    assert told.code == 0, told.err
    assert told.object()["sections"][0]["rows"] == [{"tickets_created": 10}]


def test_the_original_file_may_be_loaded_again(opstally: Any, put_aside: Path) -> None:
    """Its faulty rows are then older versions of the mended ones; the books add up."""
    fix = put_aside / "fix.csv"
    opstally("quarantine", "--reason", "timestamp", "--export", fix)
    mend(fix, t8={"created_at": "2026-10-20 10:00:00"})
    assert opstally("quarantine", "--replay", fix).code == 0
    [loaded] = opstally("load", "--format", "json").object()["loaded"]
    counts = [loaded[name] for name in ("read", "merged", "unchanged", "duplicate", "quarantined")]
    assert counts == [10, 0, 7, 1, 2]
    assert [one["line"] for one in opstally("quarantine", "--format", "json").object()] == [10, 11]


def test_records_inside_records_are_exported_as_lines(opstally: Any, project: Path) -> None:
    record = {"ticket_id": "j1", "created_at": "never", "status": "open", "tags": {"a": 1}}
    good = [record | {"ticket_id": f"j{n}", "created_at": "2026-10-02"} for n in range(2, 5)]
    folder = project / "data" / "support_tickets"
    folder.mkdir()
    (project / "data" / "support_tickets.csv").rename(folder / "first.csv")
    (folder / "more.jsonl").write_text("".join(json.dumps(r) + "\n" for r in [record, *good]), encoding="utf-8")
    assert opstally("load").code == 0
    done = opstally("quarantine", "--export", "fix.csv")
    assert (done.code, "give a name that ends in .jsonl" in done.err) == (2, True)
    assert opstally("quarantine", "--export", "fix.jsonl").code == 0
    text = (project / "fix.jsonl").read_text(encoding="utf-8")
    (project / "fix.jsonl").write_text(text.replace("never", "2026-10-01"), encoding="utf-8")
    done = opstally("quarantine", "--replay", "fix.jsonl")
    assert (done.code, "1 mended" in done.err) == (0, True)


def test_a_file_of_another_kind_is_refused(opstally: Any, put_aside: Path) -> None:
    done = opstally("quarantine", "--replay", put_aside / "data" / "support_tickets.csv")
    assert done.code == 1
    assert "it needs the column opstally_record" in done.err


@pytest.mark.parametrize(("name", "why"), [("nothing.csv", "No such file or directory"), ("data", "Is a directory")])
def test_a_file_that_is_not_there_is_told_in_words(opstally: Any, put_aside: Path, name: str, why: str) -> None:
    done = opstally("quarantine", "--replay", put_aside / name)
    assert done.code == 1
    assert done.err.endswith(f"{name} cannot be read: {why}. Give a file that 'opstally quarantine --export' wrote.\n")


def test_the_record_of_loads(opstally: Any, put_aside: Path) -> None:
    done = opstally("loads")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()[3:]] == ["2", "1"]
    told = opstally("loads", 2, "--format", "json").object()
    assert told["source"] == "support_tickets"
    [file] = told["files"]
    assert (file["path"], len(file["sha256"])) == ("data/support_tickets.csv", 64)
    [table] = told["tables"]
    assert (table["read"], table["unchanged"], table["quarantined"]) == (10, 7, 3)
    assert told["engine"].startswith("DuckDB")
    assert file["sha256"] in opstally("loads", "2").out
    (put_aside / "data" / "support_tickets.csv").write_text("ticket_id\n1\n", encoding="utf-8")
    opstally("load")
    assert "Refused" in opstally("loads").err


def test_a_load_that_is_not_there(opstally: Any, project: Path) -> None:
    assert project.is_dir()
    done = opstally("loads", 7)
    assert (done.code, done.err) == (2, "opstally: There is no load '7'. There are: 1.\n")


def test_names_that_nothing_has(opstally: Any, put_aside: Path) -> None:
    assert put_aside.is_dir()
    for option, near in (("--table", "support_tickets"), ("--source", "support_tickets")):
        done = opstally("quarantine", option, "support_ticket")
        assert done.code == 2
        assert near in done.err
    assert opstally("quarantine", "--table", "incidents").err == "Nothing is in quarantine.\n"
