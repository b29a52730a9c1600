"""`opstally reconcile`: a vendor's values beside ours, with the rows that differ, in every format."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

INCIDENTS = """\
incident_id,service_name,started_at,acknowledged_at,resolved_at,vendor_minutes_to_resolve
I1,api,2026-01-05 10:00,2026-01-05 10:10,2026-01-05 11:00,60
I2,api,2026-01-06 10:00,2026-01-06 10:10,2026-01-06 11:00,50
I2,<web>,2026-01-06 10:00,,2026-01-06 11:00,7
I3,api,2026-01-07 10:00,,,45
"""
VENDOR = ["incidents", "vendor_minutes_to_resolve"]


@pytest.fixture
def incidents(project: Path, opstally: Any) -> Path:
    (project / "data" / "incidents.csv").write_text(INCIDENTS, encoding="utf-8")
    assert opstally("load").code == 0
    return project


@pytest.mark.usefixtures("incidents")
def test_every_row_that_does_not_agree_as_csv(opstally: Any) -> None:
    done = opstally("reconcile", "--format", "csv")
    assert list(csv.reader(io.StringIO(done.out))) == [
        ["table", "column", "key", "vendor", "ours", "difference", "reason"],
        [*VENDOR, "I2, api", "50.0", "60.0", "-10.0", "counted from the acknowledgement"],
        [*VENDOR, "I3, api", "45.0", "", "", "it is not resolved with us"],
        [*VENDOR, "I2, <web>", "7.0", "60.0", "-53.0", "none of the known reasons"],
    ]  # fmt: skip
    assert done.code == 0


@pytest.mark.usefixtures("incidents")
def test_as_an_object(opstally: Any) -> None:
    [one] = opstally("reconcile", "vendor_minutes_to_resolve", "--format", "json").object()
    assert (one["table"], one["rows"], one["differing"], one["missing"]) == ("incidents", 4, 2, 1)
    assert one["reasons"][0] == {"reason": "equal", "rows": 1, "agrees": True}
    assert one["differing_rows"][0] == {
        "key": {"incident_id": "I2", "service_name": "api"},
        "vendor": 50.0,
        "ours": 60.0,
        "difference": -10.0,
        "reason": "counted from the acknowledgement",
    }
    assert "vendor_minutes_to_resolve" in one["sql"]


@pytest.mark.usefixtures("incidents")
def test_in_a_terminal_some_rows_of_each_reason(opstally: Any) -> None:
    done = opstally("reconcile", "--rows", "1")
    assert "Of 4 rows 2 differ, 1 have no value of ours." in done.out
    assert "I2, api" in done.out
    assert opstally("reconcile", "--rows", "0").out.count("I2") == 0


@pytest.mark.parametrize(
    ("name", "told"), [("r.md", "| I2, \\<web\\> |"), ("r.html", "<td>I2, &lt;web&gt;</td>"), ("r.txt", "I2, <web>")]
)
def test_in_a_file(opstally: Any, incidents: Path, name: str, told: str) -> None:
    done = opstally("reconcile", "--out", name)
    assert (done.code, done.out) == (0, "")
    text = (incidents / name).read_text(encoding="utf-8")
    assert told in text
    assert "counted from the acknowledgement" in text


@pytest.mark.usefixtures("incidents")
def test_a_column_that_no_table_has(opstally: Any) -> None:
    done = opstally("reconcile", "vendor_minutes_to_resolv")
    assert done.code == 2
    assert "Did you mean" in done.err or "There are:" in done.err


@pytest.mark.usefixtures("project")
def test_nothing_to_put_beside(opstally: Any) -> None:
    done = opstally("reconcile")
    assert (done.code, done.out) == (0, "")
    assert "No loaded column holds a value that a vendor computed." in done.err
    assert opstally("reconcile", "--format", "json").object() == []
