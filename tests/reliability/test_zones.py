"""The server's own time zone changes nothing: the same tables and reports, over days of 23 and 25 hours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from opstally import library

ZONES = (
    "UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo",
    "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tokyo", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham",
)  # fmt: skip
SMALL = 4
"""Of them in an ordinary run; OPSTALLY_ZONES=12 takes all."""

SOURCE = """\
source: desk
label: Our desk
timezone: Europe/Berlin
files: [data/desk.csv]
targets:
  - table: support_tickets
    columns: {ticket_id: id, created_at: opened, resolved_at: solved, status: state}
"""


REPORTS = sorted(library.load().reports)

ALL = """\
import sys
from opstally.cli.run import run
for command in sys.stdin.read().splitlines():
    print("==", command, flush=True)
    print("exit code", run(["--project", sys.argv[1], *command.split()]), flush=True)
"""
"""Runs commands, a line each, in one process: most of the time would go into starting them."""


def opstally(folder: Path, zone: str, *commands: str) -> dict[str, str]:
    """What commands print on a server in this zone, and their exit codes."""
    done = subprocess.run(
        [sys.executable, "-c", ALL, str(folder)], input="\n".join(commands),
        capture_output=True, text=True, timeout=300, check=False, env={**os.environ, "TZ": zone},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {text.partition("\n")[0]: text.partition("\n")[2] for text in done.stdout.split("== ")[1:]}


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


def write_others(folder: Path) -> None:
    """Exports whose times tell no zone, and whose source is none that could: they are UTC, wherever the server is."""
    data = folder / "data"
    rows = [
        f"I{day}-{n},api,{day} {n:02}:10:00,{day} {n:02}:40:00,{day} {n + 1:02}:20:00,high"
        for day in ("2026-03-29", "2026-10-25", "2026-10-26")
        for n in range(23)
    ]
    head = "incident_id,service_name,started_at,detected_at,resolved_at,severity"
    (data / "incidents.csv").write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    checks = [
        f"api,{day} {n // 4:02}:{n % 4 * 15:02}:00,{'down' if n % 9 == 0 else 'up'}"
        for day in ("2026-03-28", "2026-03-29", "2026-10-25", "2026-10-26")
        for n in range(96)
    ]
    head = "service_name,check_timestamp,status"
    (data / "infrastructure_monitoring.csv").write_text("\n".join([head, *checks, ""]), encoding="utf-8")
    steps = [
        f"X{n},1,Refund,check,{day} 0{n % 4}:00:00,{day} 0{n % 4 + 1}:30:00,completed"
        for n, day in enumerate(["2026-03-29", "2026-10-25"] * 6)
    ]
    head = "execution_id,step_sequence,process_name,step_name,started_at,completed_at,status"
    (data / "process_executions.csv").write_text("\n".join([head, *steps, ""]), encoding="utf-8")


def test_the_same_everywhere(tickets: Path) -> None:
    write_others(tickets)
    report = "report {} --as-of 2026-10-26 --format csv"
    commands = (
        "load",
        "query tickets_created resolution_hours_avg --grain day --range 2026-03-28..2026-10-27 --format csv",
        *(report.format(name) for name in REPORTS),
    )
    found = []
    for zone in ZONES[: int(os.environ.get("OPSTALLY_ZONES", SMALL))]:
        (tickets / "opstally.duckdb").unlink(missing_ok=True)
        found.append(opstally(tickets, zone, *commands))
    for told in found:
        assert told == found[0]
    assert told["load"].endswith("exit code 0\n"), told["load"]
    assert len(REPORTS) == 13
    answered = {name for name in REPORTS if told[report.format(name)].endswith("exit code 0\n")}
    assert {"support-tickets", "support-efficiency", "customer-impact", "service-reliability"} <= answered
    by_day = {line.split(",")[0]: line.split(",")[1] for line in told[commands[1]].splitlines()[1:-1]}
    assert {day: count for day, count in by_day.items() if count not in ("0", "")} == {
        "2026-03-28": "48", "2026-03-29": "46", "2026-03-30": "48",
        "2026-10-24": "48", "2026-10-25": "48", "2026-10-26": "48",
    }  # fmt: skip
