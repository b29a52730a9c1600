"""`opstally load` and `opstally check`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

BAD = "t8,2026-10-21 09:00:00,2026-10-20 09:10:00,,open,low,Night,,3\nt9,yesterday,,,open,low,Night,,\n"


def rows(text: str) -> dict[str, list[str]]:
    """The summary's counts by table."""
    lines = [line.split() for line in text.splitlines()[2:]]
    return {line[1] if len(line) == 7 else line[0]: line[-5:] for line in lines}


def test_again_changes_nothing(opstally: Any, project: Path) -> None:
    done = opstally("load")
    assert done.code == 0
    assert rows(done.out) == {"support_tickets": ["7", "0", "7", "0", "0"], "Total": ["7", "0", "7", "0", "0"]}
    assert "support_tickets: 7 rows read" in done.err
    assert project.is_dir()


def test_a_source_that_cannot_be_used_is_told(opstally: Any, project: Path) -> None:
    """Its files would else seem to be nobody's."""
    (project / "data" / "outages.csv").write_text("id,service,began\ni1,api,2026-10-05 09:00:00\n", encoding="utf-8")
    (project / "sources").mkdir()
    (project / "sources" / "outages.yml").write_text(
        "source: outages\nlabel: Outages\nfiles: [data/outages.csv]\nformt: csv\n"
        "targets: [{table: incidents, columns: {incident_id: id, service_name: service, started_at: began}}]\n",
        encoding="utf-8",
    )
    done = opstally("load")
    assert done.code == 1
    assert "opstally: sources/outages.yml:4: unknown key 'formt'. Did you mean 'format'" in done.err
    assert rows(done.out)["Total"] == ["7", "0", "7", "0", "0"]
    named = opstally("load", "outages")
    assert named.code == 1
    assert "sources/outages.yml:4: unknown key" in named.err
    assert opstally("load", "support_tickets").code == 0


def test_bad_rows_are_set_aside_with_their_reasons(opstally: Any, project: Path) -> None:
    with (project / "data" / "support_tickets.csv").open("a", encoding="utf-8") as file:
        file.write(BAD)
    done = opstally("load")
    assert done.code == 0
    assert rows(done.out)["Total"] == ["9", "0", "7", "0", "2"]
    assert "In quarantine, and in no number" in done.err
    assert "data/support_tickets.csv:10 yesterday" in done.err
    checked = opstally("check")
    assert checked.code == 1
    assert "data/support_tickets.csv:10 yesterday" in checked.out
    assert "2 kinds of error" in checked.err
    told = opstally("check", "--format", "json").object()
    assert told["failed"] is True
    assert {finding["column"] for finding in told["findings"]} >= {"created_at"}


def test_json(opstally: Any, project: Path) -> None:
    told = opstally("load", "--format", "json").object()
    [loaded] = told["loaded"]
    assert loaded["read"] == loaded["merged"] + loaded["unchanged"] + loaded["duplicate"] + loaded["quarantined"]
    assert project.is_dir()


def test_a_source_that_is_not_there(opstally: Any, project: Path) -> None:
    done = opstally("load", "support_tikets")
    assert done.code == 2
    assert "support_tickets" in done.err
    assert project.is_dir()


def test_a_refused_source_fails_the_load(opstally: Any, project: Path) -> None:
    (project / "data" / "agents.csv").write_text("agent,nickname\n1,x\n", encoding="utf-8")
    done = opstally("load")
    assert done.code == 1
    assert "agents" in done.err
    assert "Traceback" not in done.err


def test_nothing_wrong(opstally: Any, project: Path) -> None:
    done = opstally("check")
    assert (done.code, done.out) == (0, "")
    assert done.err == "No problems in the definitions, none in the data.\n"
    assert project.is_dir()


def test_problems_in_definitions(opstally: Any, project: Path) -> None:
    (project / "metrics").mkdir()
    (project / "metrics" / "x.yml").write_text(
        "metric: x\nlabel: X\ndescription: X.\ndomain: support\ntable: support_tickets\n"
        "value: sum(handle_minuts)\nunit: minutes\ngood: up\n",
        encoding="utf-8",
    )
    done = opstally("check")
    assert done.code == 1
    assert done.out.startswith("metrics/x.yml:6: ")
    assert "Did you mean 'handle_minutes'" in done.out


def test_before_anything_is_loaded(opstally: Any, project: Path) -> None:
    (project / "opstally.duckdb").unlink()
    done = opstally("check")
    assert done.code == 0
    assert "No data is loaded yet: put exports into data/ and run 'opstally load'." in done.err


def test_nothing_to_load_is_said(opstally: Any, tmp_path: Path) -> None:
    opstally("init", tmp_path / "new")
    done = opstally("load", "--project", tmp_path / "new")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("There is nothing to load: put exports into data/")


def test_a_check_as_a_page(opstally: Any, project: Path) -> None:
    with (project / "data" / "support_tickets.csv").open("a", encoding="utf-8") as file:
        file.write(BAD)
    opstally("load")
    done = opstally("check", "--out", "quality.html")
    assert done.code == 1
    text = (project / "quality.html").read_text(encoding="utf-8")
    assert "data/support_tickets.csv:10 yesterday" in text
    assert text.startswith("<!doctype html>")


def test_a_check_at_a_day(opstally: Any, project: Path) -> None:
    assert project.is_dir()
    done = opstally("check", "--as-of", "2026-11-22")
    assert (done.code, "no rows for 28 days before 2026-11-22, at most 3 are usual" in done.out) == (0, True)


def test_what_was_restated_is_told(opstally: Any, project: Path) -> None:
    """A ticket of the first week comes late."""
    with (project / "data" / "support_tickets.csv").open("a", encoding="utf-8") as file:
        file.write("t0,2026-10-07 09:00:00,,,open,low,Night,,3\n")
    told = opstally("load", "--format", "json").object()
    assert told["loaded"][0]["restated"] == [
        {"table": "support_tickets", "grain": "week", "period": "2026-10-05", "added": 1, "changed": 0, "removed": 0}
    ]
    with (project / "data" / "support_tickets.csv").open("a", encoding="utf-8") as file:
        file.write("t00,2026-10-07 09:00:00,,,open,low,Night,,3\n")
    assert "Restated: support_tickets, week of 2026-10-05: 1 added" in opstally("load").err
    told = opstally("loads")
    assert ["3", "support_tickets", "support_tickets", "week", "of", "2026-10-05", "1", "0", "0"] in [
        line.split() for line in told.out.splitlines()
    ]
    assert "week of 2026-10-05" in opstally("loads", "3").out


def test_a_check_notes_what_the_newest_load_restated(opstally: Any, project: Path) -> None:
    """It is nothing wrong, and the next load without late rows makes an end of it."""
    tickets = project / "data" / "support_tickets.csv"
    with tickets.open("a", encoding="utf-8") as file:
        file.write("t0,2026-10-07 09:00:00,,,open,low,Night,,3\nt00,2026-10-13 09:00:00,,,open,low,Night,,3\n")
    opstally("load")
    done = opstally("check", "--as-of", "2026-10-25")
    assert done.code == 0
    assert "load 2 changed 2 weeks that were over" in done.out
    assert "week of 2026-10-05: 1 added" in done.out
    assert "none in the data" in done.err
    [note] = opstally("check", "--as-of", "2026-10-25", "--format", "json").object()["findings"]
    assert (note["severity"], note["table"], note["count"]) == ("note", "support_tickets", 2)
    opstally("load")
    assert opstally("check", "--as-of", "2026-10-25", "--format", "json").object()["findings"] == []


def test_all_that_is_wrong_is_told_at_once(opstally: Any, project: Path) -> None:
    (project / "opstally.yml").write_text(
        "name: X\ntimezone: Mars/Base\nweek_start: someday\nassumption: {}\nengine: duckdbb\n"
        "sources:\n  - {source: zendesk_tickets, timezone: Europe/Berlim}\n",
        encoding="utf-8",
    )
    (project / "metrics").mkdir()
    (project / "metrics" / "x.yml").write_text("metric: x\nlabel: [\n", encoding="utf-8")
    done = opstally("check")
    assert done.code == 1
    told = done.err
    for line in ("opstally.yml:2: There is no time zone 'Mars/Base'", "opstally.yml:3: week_start: 'someday'",
                 "opstally.yml:4: unknown key 'assumption'", "opstally.yml:5: There is no engine 'duckdbb'",
                 "opstally.yml:7: There is no time zone 'Europe/Berlim'", "metrics/x.yml:3: is not YAML"):  # fmt: skip
        assert line in told, line
    (project / "opstally.yml").write_text("name: X\nengine: duckdbb\n", encoding="utf-8")
    assert "opstally.yml:2: There is no engine 'duckdbb'" in opstally("report", "support-tickets").err
