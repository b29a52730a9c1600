"""A corpus of bad rows at about 1 %: every good row is loaded, every bad one put aside with its place and reason."""

from __future__ import annotations

import csv
import io

import pytest
from tests.ingest.desk import Desk, counts

COLUMNS = (
    "ticket_id", "created_at", "status", "updated_at", "first_response_at", "resolved_at", "sla_target_minutes",
    "satisfaction_score", "escalated", "handle_minutes", "agent_touches", "team",
)  # fmt: skip
GOOD = {
    "created_at": "2026-01-05 10:00:00", "status": "open", "updated_at": "2026-01-06 10:00:00",
    "sla_target_minutes": "60", "satisfaction_score": "4", "escalated": "no", "handle_minutes": "12.5",
    "agent_touches": "3", "team": "Core",
}  # fmt: skip

VALUES: list[tuple[str, str, str]] = [
    ("ticket_id", "", "is missing"),
    ("ticket_id", "   ", "is missing"),
    ("created_at", "", "is missing"),
    ("created_at", "never", "is not a timestamp"),
    ("created_at", "2026-02-30 10:00:00", "is not a timestamp"),
    ("created_at", "2026-13-01 10:00:00", "is not a timestamp"),
    ("created_at", "2025-02-29", "is not a timestamp"),
    ("created_at", "2026-01-05 25:00:00", "is not a timestamp"),
    ("created_at", "2026-01-05 10:61:00", "is not a timestamp"),
    ("created_at", "05/01/2026 10:00", "is not a timestamp"),
    ("created_at", "5. Januar 2026", "is not a timestamp"),
    ("created_at", "0000-00-00 00:00:00", "is not a timestamp"),
    ("created_at", "1767607200", "is not a timestamp"),
    ("created_at", "2026-01-05 10:00:00+99:00", "is not a timestamp"),
    ("created_at", "20260105", "is not a timestamp"),
    ("created_at", "2026-01-05T10:00:00 Europe/Berlin", "is not a timestamp"),
    ("created_at", "#VALUE!", "is not a timestamp"),
    ("created_at", "0026-01-05 10:00:00", "is not between 1800-01-01 and 2200-01-01"),
    ("created_at", "9999-12-31", "is not between 1800-01-01 and 2200-01-01"),
    ("team", "Co\0re", "holds a NUL character"),
    ("updated_at", "soon", "is not a timestamp"),
    ("resolved_at", "2026-01-04 10:00:00", "resolved before it was created"),
    ("first_response_at", "2026-01-04 10:00:00", "first response before it was created"),
    ("status", "asleep", "is not one of"),
    ("status", "open;", "is not one of"),
    ("sla_target_minutes", "-5", "is below 0"),
    ("sla_target_minutes", "1,000", "is not a number"),
    ("sla_target_minutes", "60 min", "is not a number"),
    ("sla_target_minutes", "1h", "is not a number"),
    ("sla_target_minutes", "sixty", "is not a number"),
    ("sla_target_minutes", "NaN", "is not a number"),
    ("sla_target_minutes", "inf", "is not a number"),
    ("sla_target_minutes", "1e999", "is not a number"),
    ("sla_target_minutes", "٦٠", "is not a number"),
    ("sla_target_minutes", "0x3C", "is not a number"),
    ("satisfaction_score", "0", "is below 1"),
    ("satisfaction_score", "9", "is above 5"),
    ("satisfaction_score", "4 of 5", "is not a number"),
    ("escalated", "perhaps", "is neither yes nor no"),
    ("escalated", "2", "is neither yes nor no"),
    ("handle_minutes", "-0.5", "is below 0"),
    ("handle_minutes", "12:30", "is not a number"),
    ("agent_touches", "2.5", "is not a whole number"),
    ("agent_touches", "three", "is not a whole number"),
    ("agent_touches", "99999999999999999999", "is not a whole number"),
]
"""(Column, text, what the reason says): one kind of bad value each."""

LINES: list[tuple[str, str]] = [
    ("X1,2026-01-05,open", "has 3 columns instead of 12"),
    (",".join(["X2", "2026-01-05", "open", *[""] * 9, "more"]), "has 13 columns instead of 12"),
    ('X3,2026-01-05,open,,,,,,,,,"Core" more', "quote"),
    ("just some text", "has 1 column"),
]
"""(Line that is no record, what the reason says)."""


def line_of(values: dict[str, str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([values.get(name, "") for name in COLUMNS])
    return text.getvalue()


def test_every_kind_of_bad_row(desk: Desk) -> None:
    """Each kind stands twice among 10,000 good rows."""
    kinds = [(line_of(GOOD | {"ticket_id": f"B{n}", c: v}), c, v, why) for n, (c, v, why) in enumerate(VALUES)]
    kinds += [(line, "", "", why) for line, why in LINES]
    assert len(kinds) >= 40
    lines, wanted, good = [",".join(COLUMNS)], [], 0
    for n in range(2 * len(kinds)):
        for _ in range(104):
            lines.append(line_of(GOOD | {"ticket_id": f"G{good}"}))
            good += 1
        line, column, value, why = kinds[n % len(kinds)]
        lines.append(line)
        wanted.append((len(lines), column, value, why))
    desk.write("data/support_tickets.csv", "\n".join(lines) + "\n")
    assert counts(desk.take()) == (good + len(wanted), good, 0, 0, len(wanted))
    for (file, line, column, value, reason), (at, named, text, why) in zip(desk.aside(), wanted, strict=True):
        assert (file, line) == ("data/support_tickets.csv", at)
        assert why in reason, (named, text, reason)
        if named:
            assert named in column.split(", "), (named, column)
        if text.strip() and named == column:
            assert value == text
    # No value of a good row has become empty on the way.
    filled = ", ".join(f"count({name})" for name in COLUMNS if name in GOOD)
    assert desk.rows(f"SELECT {filled} FROM support_tickets WHERE ticket_id LIKE 'G%'") == [(good,) * len(GOOD)]
    assert desk.column("SELECT count(*) FROM support_tickets") == [good]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b"\n\n\n", "is empty"),
        ("twice.csv", b"ticket_id,ticket_id\n1,2\n", "more than once"),
        ("latin.csv", "ticket_id,cr\xe9\xe9\n".encode("latin-1"), "not UTF-8"),
        ("no_key.csv", b"created_at,status\n2026-01-05,open\n", "ticket_id, which is required"),
        ("broken.csv.gz", b"no gzip at all", "cannot be read"),
        ("cut.jsonl.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "cannot be read"),
        ("broken.parquet", b"PAR1 and no more", "cannot be read as Parquet"),
        ("empty.json", b"", "is empty"),
        ("broken.json", b'[{"ticket_id": "1",', "broken.json"),
    ],
)
def test_every_kind_of_bad_file(desk: Desk, name: str, content: bytes, said: str) -> None:
    """One sentence each, and the data that were loaded before serve on."""
    desk.tickets("T1,2026-01-01 10:00:00,open,2026-02-01 00:00:00,high,5,", name="data/support_tickets/good.csv")
    desk.take()
    desk.write(f"data/support_tickets/{name}", content)
    error = desk.error()
    assert said in error, error
    assert name in error
    assert desk.column("SELECT ticket_id FROM support_tickets") == ["T1"]


def test_an_export_of_which_most_is_bad_is_refused(desk: Desk) -> None:
    rows = [f"T{i},{'never' if i % 10 < 6 else '2026-01-01'},open,,high,," for i in range(100)]
    desk.tickets(*rows)
    assert "60 of 100 rows for support_tickets are faulty" in desk.error()
    assert desk.column("SELECT count(*) FROM support_tickets") == [0]
