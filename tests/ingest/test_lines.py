"""Files that ordinary reading garbles: a stray quote costs a line, not the rest of the file."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from pathlib import Path

import pytest
from tests.ingest.desk import TICKETS, Desk, counts

from opstally.ingest.delimited import Shape
from opstally.ingest.files import LONGEST, DataFile
from opstally.ingest.lines import mend

SHAPE = Shape(("a", "b", "c"), ",", '"', header=True)


def mended(tmp_path: Path, content: str | bytes, shape: Shape = SHAPE) -> tuple[list[list[str]], list[tuple[int, str]]]:
    """The good records with their line as last cell, and (line, reason) of the others."""
    path, copy = tmp_path / "in.csv", tmp_path / "out.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    laid, broken = mend(DataFile(path, "in.csv"), path, shape, copy)
    assert laid.before == 0
    with copy.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines)), [(b.line, b.reason) for b in broken]


UNCLOSED = "has a quote that is not closed, or text after a closing quote"


@pytest.mark.parametrize(
    ("content", "good", "broken"),
    [
        ("a,b,c\n1,2,3\n", [["1", "2", "3", "2"]], []),
        ("a,b,c\r\n1,2,3\n4,5,6\r\n", [["1", "2", "3", "2"], ["4", "5", "6", "3"]], []),
        ("a,b,c\r1,2,3\r", [["1", "2", "3", "2"]], []),
        ("a,b,c\n\n1,2,3\n   \n4,5,6", [["1", "2", "3", "3"], ["4", "5", "6", "5"]], []),
        ('a,b,c\n1,"x\ny",3\n4,5,6\n', [["1", "x\ny", "3", "2"], ["4", "5", "6", "4"]], []),
        ('a,b,c\n1,"x""\n""y",3\n', [["1", 'x"\n"y', "3", "2"]], []),
        ("a,b,c\n1,2\n4,5,6\n", [["4", "5", "6", "3"]], [(2, "has 2 columns instead of 3")]),
        ("a,b,c\n1\n4,5,6\n", [["4", "5", "6", "3"]], [(2, "has 1 column instead of 3")]),
        ("a,b,c\n1,2,3,4\n4,5,6\n", [["4", "5", "6", "3"]], [(2, "has 4 columns instead of 3")]),
        ('a,b,c\n1,"x,3\n4,5,6\n7,8,9\n', [["4", "5", "6", "3"], ["7", "8", "9", "4"]], [(2, UNCLOSED)]),
        ('a,b,c\n1,"x,3\n4,5,6\n7,"8,9\n', [["4", "5", "6", "3"]], [(2, UNCLOSED), (4, UNCLOSED)]),
        ('a,b,c\n1,"x"y,3\n4,5,6\n', [["4", "5", "6", "3"]], [(2, UNCLOSED)]),
        ('a,b,c\n1,x"y,3\n', [["1", 'x"y', "3", "2"]], []),
    ],
)  # fmt: skip
def test_records_and_what_is_none(
    tmp_path: Path, content: str, good: list[list[str]], broken: list[tuple[int, str]]
) -> None:
    assert mended(tmp_path, content) == (good, broken)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    good, broken = mended(tmp_path, b'a,b,c\n1,\xff,3\n4,5,6\n7,"\xff\n8",9\n')
    assert good == [["4", "5", "6", "3"]]
    assert [line for line, _ in broken] == [2, 4, 5]


def test_a_quote_never_closed_ends_with_the_largest_record(tmp_path: Path) -> None:
    rows = "".join(f"{i},{'x' * 1_000},y\n" for i in range(12_000))
    good, broken = mended(tmp_path, 'a,b,c\n1,"x,3\n' + rows + '9,x","y\n')
    assert (len(good), [line for line, _ in broken]) == (12_000, [2, 12_003])


def test_without_quotes_a_quote_is_text(tmp_path: Path) -> None:
    shape = Shape(("a", "b"), ";", "", header=False)
    assert mended(tmp_path, '1;"x\n', shape) == ([["1", '"x', "1"]], [])


# -- the same, loaded --------------------------------------------------------------------------------------------------


def test_a_stray_quote_costs_one_row(desk: Desk) -> None:
    rows = [f"T{i},2026-01-01,open,,high,," for i in range(2_000)]
    rows[700] = 'T700,2026-01-01,open,,"high,,'
    desk.tickets(*rows)
    assert counts(desk.take()) == (2_000, 1_999, 0, 0, 1)
    assert [row[:2] for row in desk.aside()] == [("data/support_tickets.csv", 702)]


@pytest.mark.parametrize("at", [0, 1, 1_999])
@pytest.mark.parametrize("name", ["data/support_tickets.csv", "data/support_tickets.csv.gz"])
def test_a_quote_that_is_never_closed_costs_one_row(desk: Desk, at: int, name: str) -> None:
    """The engine loses all that follows without a word."""
    rows = [f"T{i},2026-01-01,open,,high,,\n" for i in range(2_000)]
    rows[at] = f'T{at},2026-01-01,open,,"high,,\n'
    content = (TICKETS + "".join(rows)).encode()
    desk.write(name, gzip.compress(content) if name.endswith(".gz") else content)
    assert counts(desk.take()) == (2_000, 1_999, 0, 0, 1)
    assert [row[1] for row in desk.aside()] == [at + 2]


def test_garbled_files_among_others_keep_their_rows_and_lines(desk: Desk) -> None:
    good = "T{},2026-01-01 10:00:00,open,2026-02-01 00:00:00,high,5,"
    bad = good.replace("2026-01-01 10:00:00", "never")
    for file in range(4):
        lines = [good.format(f"{file}-{i}") for i in range(4)]
        lines[3] = lines[3].replace("high", '"hi\ngh"')  # so that all are read by one query
        if file % 2:  # what has no line of its own moves those behind it
            lines[1:1] = ['T"x,2026-01-01,"open,', "", bad.format(f"{file}-bad")]
        desk.tickets(*lines, name=f"data/support_tickets/{file}.csv")
    assert counts(desk.take()) == (20, 16, 0, 0, 4)
    assert [(file, line, column) for file, line, column, *_ in desk.aside()] == [
        (f"data/support_tickets/{file}.csv", *place)
        for file in (1, 3)
        for place in ((3, None), (5, "created_at"))
    ]  # fmt: skip
    ids = [f"T{file}-{i}" for file in range(4) for i in range(4)]
    assert desk.column("SELECT ticket_id FROM support_tickets ORDER BY 1") == ids


def test_a_header_over_several_lines(desk: Desk) -> None:
    desk.write("data/support_tickets.csv", 'ticket_id,"created\nat",status\nT1,2026-01-01,open\nT2,never,open\n')
    assert counts(desk.take()) == (2, 1, 0, 0, 1)
    assert [row[1] for row in desk.aside()] == [4]


def test_line_ends_of_two_kinds_are_no_fault(desk: Desk) -> None:
    desk.write(
        "data/support_tickets.csv", TICKETS + "T1,2026-01-01,open,,,,\r\nT2,2026-01-01,open,,,,\nT3,never,open,,,,\r\n"
    )
    assert counts(desk.take()) == (3, 2, 0, 0, 1)
    assert [row[1] for row in desk.aside()] == [4]


@pytest.mark.parametrize("rejects", [0, 1, 3])
@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("blanks", [False, True])
def test_lines_are_those_of_an_editor(desk: Desk, rejects: int, quoted: bool, blanks: bool) -> None:
    """Against counting in the text itself, with short rows, text over several lines and blank lines in any mixture."""
    chance = random.Random(f"{rejects}{quoted}{blanks}")
    text, bad = io.StringIO(), []
    text.write(TICKETS)
    line = 2
    for i in range(3_000):
        faulty = chance.random() < 0.02
        short = chance.random() < 0.005 * rejects
        label = f'"a{i}\n,b,\n"' if quoted and chance.random() < 0.1 else "high"
        row = f"S{i},2026\n" if short else f"T{i},{'never' if faulty else '2026-01-01'},open,,{label},,\n"
        if short or faulty:
            bad.append(line)
        text.write(row)
        line += row.count("\n")
        if blanks and chance.random() < 0.01:
            text.write("\n")
            line += 1
    desk.write("data/support_tickets.csv", text.getvalue())
    assert counts(desk.take()) == (3_000, 3_000 - len(bad), 0, 0, len(bad))
    assert [row[1] for row in desk.aside()] == bad


def test_short_lines_are_kept_as_they_stand_and_spaces_are_none(desk: Desk) -> None:
    good = [f"T{i},2026-01-01,open,,,," for i in range(10, 15)]
    desk.tickets("T1,2026-01-01,open,,high,,", 'T2,"2026-01-01, noon"', "   ", "T3", *good[:1], "T5,x,,,,,", *good[1:])
    assert counts(desk.take()) == (9, 6, 0, 0, 3)
    kept = desk.rows("SELECT line, reason, record->>'line' FROM opstally.quarantine ORDER BY line")
    assert [row[0] for row in kept] == [3, 5, 7]
    assert kept[0][1:] == ("has 2 columns instead of 7", 'T2,"2026-01-01, noon"')
    assert kept[1][1:] == ("has 1 column instead of 7", "T3")


def test_text_that_looks_like_rows_is_text(desk: Desk) -> None:
    """Threads that read one file from several places at once would take it for rows."""
    lines = "".join(f"X{i},2026-01-01,open,,high,,\n" for i in range(2_000))
    rows = [f'T{i},2026-01-01,open,,"{lines}",,' for i in range(400)]
    desk.tickets(*rows, "B,never,open,,,,")
    assert counts(desk.take()) == (401, 400, 0, 0, 1)
    assert desk.rows("SELECT count(DISTINCT ticket_priority), bool_and(ticket_id LIKE 'T%') FROM support_tickets") == [
        (1, True)
    ]


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
@pytest.mark.parametrize("size", [LONGEST - 20, LONGEST, 2 * LONGEST, 4 * LONGEST, 5 * LONGEST])
def test_a_line_that_is_too_long_is_put_aside(desk: Desk, size: int, suffix: str) -> None:
    """The engine skips one that is longer than what it reads at once, without a word."""
    rows = [f"t{n},2026-01-05 10:00:00,open,Core\n" for n in range(6)]
    rows[3] = rows[3].replace("Core", f'"{"x" * (size - 60)}"' if size < LONGEST else "x" * size)
    content = ("ticket_id,created_at,status,team\n" + "".join(rows)).encode()
    desk.write(f"data/support_tickets{suffix}", gzip.compress(content, 1) if suffix == ".csv.gz" else content)
    fits = size < LONGEST
    assert counts(desk.take()) == (6, 5 + fits, 0, 0, 1 - fits)
    assert [(row[1], row[-1]) for row in desk.aside()] == ([] if fits else [(5, f"is longer than {LONGEST} bytes")])


@pytest.mark.parametrize("size", [LONGEST - 100, LONGEST, 5 * LONGEST])
@pytest.mark.parametrize("name", ["support_tickets.jsonl", "support_tickets.jsonl.gz", "support_tickets.json"])
def test_a_record_of_json_that_is_too_long_is_told(desk: Desk, size: int, name: str) -> None:
    rows = [{"ticket_id": f"t{n}", "created_at": "2026-01-05 10:00:00", "status": "open"} for n in range(4)]
    rows[2]["team"] = "x" * size
    text = json.dumps(rows) if name.endswith(".json") else "".join(json.dumps(row) + "\n" for row in rows)
    desk.write(f"data/{name}", gzip.compress(text.encode(), 1) if name.endswith(".gz") else text)
    if size < LONGEST:
        assert counts(desk.take()) == (4, 4, 0, 0, 0)
    else:
        [error] = desk.load().errors
        assert error.startswith(f"data/{name}: record 3 is longer than {LONGEST} bytes. Take it out, or shorten")
