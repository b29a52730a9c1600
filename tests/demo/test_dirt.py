"""The dirt in the raw files is what truth.json says, counted without any of the code that planted it."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from .conftest import Written

Record = dict[str, str]
Fault = Callable[[Record], str | None]


def records(files: list[Path], delimiter: str = ",") -> Iterator[Record | None]:
    """Every record of the files; None for one that has not as many fields as the header."""
    for file in files:
        with file.open(encoding="utf-8", newline="") as lines:
            reader = csv.reader(lines, delimiter=delimiter)
            header = next(reader)
            for fields in reader:
                yield dict(zip(header, fields, strict=True)) if len(fields) == len(header) else None


def is_written(text: str, how: str) -> bool:
    try:
        datetime.strptime(text, how)
    except ValueError:
        return False
    return True


def counted(
    found: Iterator[Record | None], fault: Fault, key: tuple[str, ...], recency: str = ""
) -> tuple[int, Counter[str]]:
    """Rows, and rows by what is wrong with them. Good versions of a row are told apart by `recency`."""
    rows, kinds, good, keys, versions = 0, Counter[str](), Counter[tuple[str, ...]](), set(), set()
    for record in found:
        rows += 1
        kind = "ragged_row" if record is None else fault(record)
        if kind:
            kinds[kind] += 1
        elif record:
            good[tuple(record.values())] += 1
            keys.add(tuple(record[name] for name in key))
            versions.add((*(record[name] for name in key), record.get(recency, "")))
    kinds["exact_duplicate"] = good.total() - len(good)
    kinds["superseded"] = len(versions) - len(keys)
    assert len(versions) == len(good), "two versions of a row that differ, with the same recency"
    return rows, kinds


def ticket_fault(ticket: Record) -> str | None:
    how = "%d.%m.%Y %H:%M:%S"
    if not ticket["Ticket No"]:
        return "missing_key"
    if not is_written(ticket["Created"], how):
        return "bad_date"
    if ticket["Status"] not in {"New", "Open", "Pending", "On hold", "Solved", "Closed", "Deleted"}:
        return "unknown_value"
    if not ticket["Replies"].isdigit():
        return "not_a_number"
    solved = ticket["Solved"] and datetime.strptime(ticket["Solved"], how)
    return "negative_duration" if solved and solved < datetime.strptime(ticket["Created"], how) else None


def check_fault(check: Record) -> str | None:
    if not is_written(check["time"], "%Y-%m-%dT%H:%M:%SZ"):
        return "bad_date"
    if check["result"] not in {"OK", "SLOW", "FAIL", "NO DATA", "PAUSED"}:
        return "unknown_value"
    return "negative_duration" if check["latency_ms"].startswith("-") else None


def bill_fault(line: Record) -> str | None:
    if not is_written(line["lineItem/UsageStartDate"], "%Y-%m-%dT%H:%M:%SZ"):
        return "bad_date"
    try:
        float(line["lineItem/UnblendedCost"])
    except ValueError:
        return "not_a_number"
    return None


def project_fault(project: Record) -> str | None:
    if project["Kick-off"] and not is_written(project["Kick-off"], "%m/%d/%Y"):
        return "bad_date"
    if project["State"] not in {"Planned", "In progress", "On hold", "Live", "Cancelled"}:
        return "unknown_value"
    live, kickoff = project["Actual go-live"], project["Kick-off"]
    is_early = live and datetime.strptime(live, "%m/%d/%Y") < datetime.strptime(kickoff, "%m/%d/%Y")
    return "negative_duration" if is_early else None


def step_fault(step: Record) -> str | None:
    how = "%Y-%m-%d %H:%M:%S"
    if not is_written(step["start"], how):
        return "bad_date"
    if step["performed_by"] not in {"SYSTEM", "PERSON"}:
        return "unknown_value"
    is_backwards = step["end"] and datetime.strptime(step["end"], how) < datetime.strptime(step["start"], how)
    return "negative_duration" if is_backwards else None


def incident_fault(incident: Record) -> str | None:
    try:
        began = datetime.fromisoformat(incident["began"])
    except ValueError:
        return "bad_date"
    if incident["noticed_by"] not in {"monitoring", "customer report", "employee"}:
        return "unknown_value"
    closed = incident["closed"]
    return "negative_duration" if closed and datetime.fromisoformat(closed) < began else None


SOILED: dict[str, tuple[str, str, Fault, tuple[str, ...], str]] = {
    "helpdesk": ("helpdesk/tickets-*.csv", ";", ticket_fault, ("Ticket No",), "Updated"),
    "uptime_checker": ("uptime/*.csv", ",", check_fault, ("monitor", "probe", "time"), ""),
    "cloud_bill": ("billing/*.csv", ",", bill_fault, ("identity/LineItemId",), ""),
    "psa_projects": ("onboarding/*.csv", ",", project_fault, ("Project #",), "Last modified"),
    "workflow_engine": ("workflow/*.csv", "\t", step_fault, ("case", "seq"), ""),
}


@pytest.mark.parametrize("source", SOILED)
def test_the_dirt_of_each_csv_source_is_as_told(small: Written, source: str) -> None:
    pattern, delimiter, fault, key, recency = SOILED[source]
    found = records(sorted(small.data.glob(pattern)), delimiter)
    assert_as_told(small, source, *counted(found, fault, key, recency))


def test_the_dirt_of_the_incident_tool_is_as_told(small: Written) -> None:
    lines = (small.data / "oncall" / "incidents.jsonl").read_text(encoding="utf-8").splitlines()
    found = iter([{name: str(value or "") for name, value in json.loads(line).items()} for line in lines])
    assert_as_told(small, "incident_tool", *counted(found, incident_fault, ("incident", "component"), "last_change"))


def assert_as_told(written: Written, source: str, rows: int, kinds: Counter[str]) -> None:
    (told,) = [load for load in written.truth.as_json()["loads"] if load["source"] == source]
    dirt = Counter(told["dirt"])
    dirt["superseded"] = dirt.pop("late_update", 0) + dirt.pop("older_version", 0)
    assert rows == told["read"]
    assert +kinds == +dirt
    assert dirt["exact_duplicate"]
    assert len(+dirt) > 2
    assert told["read"] == told["merged"] + told["duplicate"] + told["quarantined"]


def test_the_larger_company_has_late_updates_in_later_files(company: Written) -> None:
    """A ticket open at a month's end is in that month's file as open, and in a later one as solved."""
    october = {
        record["Ticket No"]: record
        for record in records([company.data / "helpdesk/tickets-2025-10.csv"], ";")
        if record
    }
    november = {
        record["Ticket No"]: record
        for record in records([company.data / "helpdesk/tickets-2025-11.csv"], ";")
        if record
    }
    again = [(october[ticket], november[ticket]) for ticket in sorted(october.keys() & november.keys() - {""})]
    moved = Counter((before["Status"], after["Status"]) for before, after in again)
    assert moved["Solved", "Closed"] > 50
    assert moved["Open", "Closed"] > 10


def test_numbers_are_clean_but_for_the_planted(small: Written) -> None:
    """No cell holds a number that is none, and nothing is below zero that cannot be."""
    may_be_negative = {
        "performance_degradation_30d",  # faster than before
        "lineItem/UnblendedCost", "reservation/EffectiveCost",  # credits
    }  # fmt: skip
    negative = Counter[str]()
    for file in sorted(small.data.rglob("*.csv")):
        delimiter = {"helpdesk": ";", "workflow": "\t"}.get(file.parent.name, ",")
        delimiter = "," if file.name.startswith("log-") else delimiter
        for record in records([file], delimiter):
            for name, text in (record or {}).items():
                assert text.lower() not in {"nan", "inf", "-inf", "nat", "none", "null"}, (file.name, name)
                if text.startswith("-") and name not in may_be_negative and math.isfinite(float(text)):
                    negative[name] += 1
    told = {load["source"]: load["dirt"] for load in small.truth.as_json()["loads"]}
    assert negative == Counter(latency_ms=told["uptime_checker"]["negative_duration"])
