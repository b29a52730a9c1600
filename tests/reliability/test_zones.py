"""The server's own time zone changes nothing: the same tables and reports, over days of 23 and 25 hours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ZONES = (
    "UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo",
    "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tokyo", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham",
)  # fmt: skip
SMALL = 3
"""Of them in an ordinary run; OPSTALLY_ZONES=12 takes all."""

SOURCE = """\
source: desk
label: Our desk
timezone: Europe/Berlin
files: [data/*.csv]
targets:
  - table: support_tickets
    columns: {ticket_id: id, created_at: opened, resolved_at: solved, status: state}
"""


def opstally(folder: Path, zone: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "opstally", "--project", str(folder), *arguments],
        capture_output=True, text=True, timeout=300, check=False, env={**os.environ, "TZ": zone},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def tickets(folder: Path) -> Path:
    """A ticket for each half hour around both changes of clocks of 2026 in Berlin; 2:00 to 3:00 of 29 March is none."""
    (folder / "sources").mkdir()
    (folder / "sources" / "desk.yml").write_text(SOURCE, encoding="utf-8")
    (folder / "opstally.yml").write_text("name: Test\ntimezone: Europe/Berlin\n", encoding="utf-8")
    rows = [
        f"{day}-{n},{day} {n // 2:02}:{n % 2 * 30:02}:00,{day} 23:59:00,resolved"
        for day in ("2026-03-28", "2026-03-29", "2026-03-30", "2026-10-24", "2026-10-25", "2026-10-26")
        for n in range(48)
        if not (day == "2026-03-29" and n // 2 == 2)
    ]
    (folder / "data").mkdir()
    (folder / "data" / "desk.csv").write_text("id,opened,solved,state\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return folder


def test_the_same_everywhere(tickets: Path) -> None:
    found = set()
    for zone in ZONES[: int(os.environ.get("OPSTALLY_ZONES", SMALL))]:
        (tickets / "opstally.duckdb").unlink(missing_ok=True)
        opstally(tickets, zone, "load")
        told = opstally(
            tickets, zone, "query", "tickets_created", "resolution_hours_avg", "--grain", "day",
            "--range", "2026-03-28..2026-10-27", "--format", "csv",
        )  # fmt: skip
        report = opstally(tickets, zone, "report", "support-tickets", "--as-of", "2026-10-26", "--format", "csv")
        found.add((told, report))
    assert len(found) == 1
    [(told, _)] = found
    by_day = {line.split(",")[0]: line.split(",")[1] for line in told.splitlines()[1:]}
    assert {day: count for day, count in by_day.items() if count not in ("0", "")} == {
        "2026-03-28": "48", "2026-03-29": "46", "2026-03-30": "48",
        "2026-10-24": "48", "2026-10-25": "48", "2026-10-26": "48",
    }  # fmt: skip
