"""Derivations on real exports, against plain Python over the same files."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import re
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from tests.sources.conftest import SHARED, Loading, needs_shared

pytestmark = needs_shared

STATES = {
    "New": "new", "Active": "open", "Awaiting User Info": "pending", "Awaiting Problem": "hold",
    "Awaiting Vendor": "hold", "Awaiting Evidence": "hold", "Resolved": "resolved", "Closed": "closed",
}  # fmt: skip
DONE = ("resolved", "closed")


def real(folder: Path, *files: str) -> Loading:
    (folder / "opstally.yml").write_text("name: Real\n", encoding="utf-8")
    loading = Loading(folder)
    loading.put(*(SHARED / file for file in files))
    summary = loading.load()
    assert summary.errors == ()
    return loading


# -- ServiceNow --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def servicenow(tmp_path_factory: pytest.TempPathFactory) -> Loading:
    return real(tmp_path_factory.mktemp("servicenow"), "servicenow/incident_event_log_part.csv.gz")


@pytest.fixture(scope="module")
def updates() -> dict[str, list[dict[str, Any]]]:
    """The log by incident, in the order of its updates."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with gzip.open(SHARED / "servicenow/incident_event_log_part.csv.gz", "rt", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            at = dt.datetime.strptime(row["sys_updated_at"], "%d/%m/%Y %H:%M")
            opened = dt.datetime.strptime(row["opened_at"], "%d/%m/%Y %H:%M")
            found[row["number"]].append(row | {"at": at, "opened": opened, "state": STATES[row["incident_state"]]})
    for rows in found.values():
        rows.sort(key=lambda row: (row["at"], int(row["sys_mod_count"])))
    return found


def replay(rows: list[dict[str, Any]]) -> list[tuple[dt.datetime, dt.datetime | None, str]]:
    """The spans of one incident: from its opening it is new, then as its updates say; no span without length."""
    points = [(min(rows[0]["opened"], rows[0]["at"]), "new"), *((row["at"], row["state"]) for row in rows)]
    last = dict(points)
    turns: list[tuple[dt.datetime, str]] = []
    for at, state in sorted(last.items()):
        if not turns or turns[-1][1] != state:
            turns.append((at, state))
    ends = [at for at, _ in turns[1:]] + [None]
    return [(at, end, state) for (at, state), end in zip(turns, ends, strict=True)]


def test_servicenow_statuses_are_those_of_a_replay(
    servicenow: Loading, updates: dict[str, list[dict[str, Any]]]
) -> None:
    found = defaultdict(list)
    for number, start, end, status, known in servicenow.ask(
        "SELECT ticket_id, from_at, to_at, status, from_history FROM ticket_statuses ORDER BY ticket_id, from_at"
    ):
        assert known
        found[number].append((start, end, status))
    assert dict(found) == {number: replay(rows) for number, rows in updates.items()}
    assert len(found) == 4_983


def test_servicenow_reopenings(servicenow: Loading, updates: dict[str, list[dict[str, Any]]]) -> None:
    """From resolved or closed to anything else; compared with the tool's own counter too."""
    expected = {}
    for number, rows in updates.items():
        states = ["new", *(row["state"] for row in rows)]
        expected[number] = sum(a in DONE and b not in DONE for a, b in pairwise(states))
    found = dict(servicenow.ask("SELECT ticket_id, reopenings FROM support_tickets"))
    assert found == expected
    assert sum(expected.values()) > 50
    own = {number: int(rows[-1]["reopen_count"]) for number, rows in updates.items()}
    agree = sum(found[number] == own[number] for number in own)
    assert agree / len(own) > 0.98


def test_servicenow_pauses(servicenow: Loading, updates: dict[str, list[dict[str, Any]]]) -> None:
    """Minutes in the states called 'Awaiting …' until the tool's own resolved_at."""
    found = servicenow.ask(
        "SELECT ticket_id, resolved_at, paused_minutes FROM support_tickets WHERE status IN ('resolved', 'closed')"
    )
    paused = 0
    for number, resolved, minutes in found:
        expected = 0.0
        for start, end, state in replay(updates[number]):
            if state in ("pending", "hold") and resolved is not None:
                upto = min(end or resolved, resolved)
                expected += max((upto - start).total_seconds(), 0) / 60
        assert minutes == (pytest.approx(expected) if resolved is not None else None), number
        paused += expected > 0
    assert paused > 1_000


def test_servicenow_backlog(servicenow: Loading, updates: dict[str, list[dict[str, Any]]]) -> None:
    spans = [span for rows in updates.values() for span in replay(rows)]
    for day in (1, 2, 5, 10, 20):
        instant = dt.datetime(2016, 3, day, 17, 30)
        expected = sum(s <= instant and (e is None or e > instant) and state not in DONE for s, e, state in spans)
        [(found,)] = servicenow.ask(
            "SELECT count(*) FROM ticket_statuses WHERE status IN ('new', 'open', 'pending', 'hold') "
            f"AND from_at <= '{instant}' AND (to_at > '{instant}') IS NOT FALSE"
        )
        assert found == expected > 100, instant


# -- event logs --------------------------------------------------------------------------------------------------------


def xes(path: Path) -> dict[str, list[tuple[str, dt.datetime]]]:
    """Case → its steps with the time of each, in the log's order. The log knows completions only."""
    found = {}
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        root = ElementTree.parse(stream).getroot()
    for trace in (child for child in root if child.tag.endswith("trace")):
        [name] = [child.get("value") for child in trace if child.get("key") == "concept:name"]
        events = []
        for event in (child for child in trace if child.tag.endswith("event")):
            told = {child.get("key"): child.get("value") for child in event}
            at = dt.datetime.fromisoformat(told["time:timestamp"]).astimezone(dt.UTC).replace(tzinfo=None)
            events.append((told["concept:name"], at))
        found[name] = events
    return found


@pytest.mark.parametrize(
    ("file", "cases", "events"), [("helpdesk.xes.gz", 4_580, 21_348), ("running-example.xes", 6, 42)]
)
def test_event_logs(tmp_path: Path, file: str, cases: int, events: int) -> None:
    loading = real(tmp_path, f"process_logs/{file}")
    traces = xes(SHARED / "process_logs" / file)
    found = defaultdict(list)
    for case, step, start, end, work, wait, again in loading.ask(
        "SELECT execution_id, step_name, started_at, completed_at, step_duration_minutes, wait_time_minutes, "
        "rework_required FROM process_executions ORDER BY execution_id, step_sequence"
    ):
        assert (start, work) == (None, None)
        found[case].append((step, end, wait, again))
    assert len(found) == len(traces) == cases
    assert sum(map(len, found.values())) == events
    for case, steps in found.items():
        expected = sorted(traces[case], key=lambda step: step[1])
        assert [(step, end) for step, end, _, _ in steps] == expected, case
        waits = [None, *((b[1] - a[1]).total_seconds() / 60 for a, b in pairwise(expected))]
        assert [wait for _, _, wait, _ in steps] == pytest.approx(waits), case
        names = [step for step, _ in expected]
        assert [again for *_, again in steps] == [name in names[i + 1 :] for i, name in enumerate(names)], case


# -- status pages ------------------------------------------------------------------------------------------------------


def test_status_page_history(tmp_path: Path) -> None:
    files = sorted((SHARED / "status_pages/anthropic").glob("*.csv"))
    loading = real(tmp_path, *(f"status_pages/anthropic/{file.name}" for file in files))
    told = dict(pages(files))
    stages = defaultdict(set)
    for number, service, start, end, stage in loading.ask(
        "SELECT incident_id, service_name, from_at, to_at, stage FROM incident_stages"
    ):
        stages[number, service].add((start, end, stage))
    services = defaultdict(list)
    for number, service in loading.ask("SELECT incident_id, service_name FROM incidents"):
        services[number].append(service)
    assert set(services) == set(told)
    for number, updates in told.items():
        for service in services[number]:
            assert stages[number, service] == expected_stages(updates), (number, service)
    assert sum(map(len, stages.values())) > 150


def pages(files: list[Path]) -> Any:
    """(Incident, its updates as (time, title), oldest first); the page shows Pacific time."""
    for file in files:
        with file.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                updates = []
                for update in json.loads(row["Updates"]):
                    match = re.search(
                        r"([A-Z][a-z]{2} \d{1,2}, \d{4} - \d{2}:\d{2}) P[DS]T", update["Update_Timestamp"]
                    )
                    assert match is not None, update
                    local = dt.datetime.strptime(match[1], "%b %d, %Y - %H:%M").replace(
                        tzinfo=ZoneInfo("America/Los_Angeles")
                    )
                    updates.append((local.astimezone(dt.UTC).replace(tzinfo=None), update["Update_Title"].lower()))
                yield row["Incident_Link"].rsplit("/", 1)[-1], sorted(updates, key=lambda u: (u[0], ORDER.index(u[1])))


ORDER = ("investigating", "identified", "update", "monitoring", "resolved", "postmortem")


def expected_stages(updates: list[tuple[dt.datetime, str]]) -> set[tuple[dt.datetime, dt.datetime | None, str]]:
    turns: list[tuple[dt.datetime, str]] = []
    for at, title in updates:
        if title not in ("update", "postmortem") and (not turns or turns[-1][1] != title):
            turns.append((at, title))
    if updates[0][1] in ("update", "postmortem") and turns:
        turns.insert(0, (updates[0][0], "started"))
    ends = [at for at, _ in turns[1:]] + [None]
    spans = {(at, end, stage) for (at, stage), end in zip(turns, ends, strict=True)}
    return {(at, end, stage) for at, end, stage in spans if stage != "resolved" and at != end}
