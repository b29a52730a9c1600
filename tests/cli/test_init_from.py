"""`opstally init --from`: exports looked at, sources written, and a project that loads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

DESK = """\
Ticket No;Created;Solved;State;Prio
T1;2026-01-13 09:00:00;2026-01-14 10:00:00;Done;High
T2;2026-01-14 09:00:00;;Open;Low
T3;2026-01-14 09:30:00;;Parked;Low
"""
CHECKS = "monitor_id,status,msg,time,ping,duration,important\n1,1,ok,2026-01-01 00:00:00,12,0,1\n"


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "desk.csv").write_text(DESK, encoding="utf-8")
    (folder / "heartbeat.csv").write_text(CHECKS, encoding="utf-8")
    (folder / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    return folder


def test_from_exports_to_a_load(opstally: Any, tmp_path: Path, exports: Path) -> None:
    shop = tmp_path / "shop"
    # A shell writes FILES* out as several arguments.
    done = opstally("init", shop, "--from", *sorted(exports.iterdir()), "--timezone", "Europe/Berlin")
    assert done.code == 0
    assert "desk.csv: a new source desk, as its columns fit support_tickets best." in done.out
    assert "support_tickets: 2 rows, 1 would be put aside" in done.out
    assert "such as 'Parked'" in done.out
    assert "heartbeat.csv: the shipped source uptime_kuma_heartbeats" in done.out
    assert "other.csv: no table fits. Its columns are a, b." in done.err
    assert f"Wrote {shop}/sources/desk.yml, {shop}/opstally.yml." in done.err
    loaded = opstally("load", "--project", shop, "--format", "json").object()
    assert {(one["source"], one["merged"], one["quarantined"]) for one in loaded["loaded"]} == {
        ("desk", 2, 1),
        ("uptime_kuma_heartbeats", 1, 0),
    }


def test_into_a_project_that_is_there(opstally: Any, tmp_path: Path, exports: Path) -> None:
    shop = tmp_path / "shop"
    opstally("init", shop)
    assert opstally("init", shop, "--from", exports / "desk.csv").code == 0
    assert (shop / "sources" / "desk.yml").is_file()
    again = opstally("init", shop, "--from", exports / "desk.csv")
    # The name is taken now, so that nothing is written over.
    assert again.code == 0
    assert (shop / "sources" / "desk_2.yml").is_file()


def test_files_of_the_project_are_named_from_there(opstally: Any, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    opstally("init", shop)
    (shop / "data" / "desk.csv").write_text(DESK, encoding="utf-8")
    assert opstally("init", shop, "--from", shop / "data" / "desk.csv").code == 0
    assert "files: [data/desk.csv]" in (shop / "sources" / "desk.yml").read_text(encoding="utf-8")


def test_a_file_that_is_not_there(opstally: Any, tmp_path: Path) -> None:
    done = opstally("init", tmp_path / "shop", "--from", tmp_path / "nothing.csv")
    assert (done.code, done.err) == (2, f"opstally: There is no file {tmp_path / 'nothing.csv'} to look at.\n")
    assert not (tmp_path / "shop").exists()


def test_a_zone_that_is_none(opstally: Any, tmp_path: Path, exports: Path) -> None:
    done = opstally("init", tmp_path / "shop", "--from", exports / "desk.csv", "--timezone", "Mars/Olympus")
    assert done.code == 2
    assert "Mars/Olympus" in done.err
    assert not (tmp_path / "shop").exists()


def test_two_folders(opstally: Any, tmp_path: Path) -> None:
    done = opstally("init", tmp_path / "a", tmp_path / "b")
    assert done.code == 2
    assert "Give one folder for the project" in done.err


def test_a_folder_of_exports(opstally: Any, tmp_path: Path, exports: Path) -> None:
    (exports / ".hidden.csv").write_text(DESK, encoding="utf-8")
    (exports / "more").mkdir()
    (exports / "other.csv").rename(exports / "more" / "other.csv")
    done = opstally("init", tmp_path / "shop", "--from", exports, "--timezone", "Europe/Berlin")
    assert done.code == 0
    assert "desk.csv: a new source desk" in done.out
    assert "more/other.csv: no table fits" in done.err
    assert ".hidden.csv" not in done.out + done.err
    (tmp_path / "empty").mkdir()
    done = opstally("init", tmp_path / "shop2", "--from", tmp_path / "empty")
    assert (done.code, done.err) == (2, f"opstally: There is no file in {tmp_path / 'empty'} to look at.\n")


def test_units_are_exact_and_a_vendors_own_values_are_not_guessed(opstally: Any, tmp_path: Path) -> None:
    (tmp_path / "probes.csv").write_text(
        "monitor,checked_at,result,latency_s\nweb,2026-10-01T00:00:00Z,OK,0.21\nweb,2026-10-01T00:05:00Z,DOWN,\n",
        encoding="utf-8",
    )
    (tmp_path / "cases.csv").write_text(
        "case number,opened,status,priority,vendor resolution minutes,origin\n"
        "1,2026-10-01T00:00:00Z,open,high,7,Phone\n2,2026-10-01T00:00:00Z,closed,low,8,Web\n",
        encoding="utf-8",
    )
    opstally("init", tmp_path / "shop", "--from", tmp_path / "probes.csv", tmp_path / "cases.csv")
    probes = (tmp_path / "shop" / "sources" / "probes.yml").read_text(encoding="utf-8")
    assert "response_time_ms: {from: latency_s, scale: 1000}" in probes
    cases = (tmp_path / "shop" / "sources" / "cases.yml").read_text(encoding="utf-8")
    assert "channel: origin" in cases
    assert "vendor_" not in cases
