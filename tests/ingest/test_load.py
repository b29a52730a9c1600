"""Loads as a user sees them: what is merged, what is put aside and why, what is refused whole."""

from __future__ import annotations

import datetime as dt
import gzip
import json

import pytest
from tests.ingest.desk import TICKETS, Desk, counts

from opstally.errors import UnknownName

GOOD = "T{},2026-01-0{} 10:00:00,open,2026-02-01 00:00:00,high,5,"


def good(count: int) -> list[str]:
    return [GOOD.format(i, i) for i in range(1, count + 1)]


# -- the plain case ----------------------------------------------------------------------------------------------------


def test_rows_become_typed_rows(desk: Desk) -> None:
    desk.tickets("T1,2026-01-01 10:00:00,Resolved,2026-02-01T00:00:00+02:00, high ,5,2026-01-01 12:30:00")
    assert counts(desk.take()) == (1, 1, 0, 0, 0)
    assert desk.rows(
        "SELECT ticket_id, created_at, status, updated_at, ticket_priority, satisfaction_score, resolution_hours, team "
        "FROM support_tickets"
    ) == [("T1", dt.datetime(2026, 1, 1, 10), "resolved", dt.datetime(2026, 1, 31, 22), "high", 5.0, 2.5, None)]


def test_what_a_load_records(desk: Desk) -> None:
    path = desk.tickets(*good(3), "T9,never,open,,,,")
    desk.take()
    [row] = desk.rows(
        "SELECT load_id, source, table_name, files[1].path, files[1].bytes, length(files[1].sha256), rows_read, "
        "merged, unchanged, duplicate, quarantined, finished_at >= started_at FROM opstally.loads"
    )
    assert row == (
        1, "support_tickets", "support_tickets", "data/support_tickets.csv", path.stat().st_size, 64,
        4, 3, 0, 0, 1, True,
    )  # fmt: skip


def test_loading_again_changes_nothing(desk: Desk) -> None:
    desk.tickets(*good(4), good(1)[0], "T9,never,open,,,,")
    assert counts(desk.take()) == (6, 4, 0, 1, 1)
    before, aside = desk.content("support_tickets"), desk.aside()
    assert counts(desk.take()) == (6, 0, 4, 1, 1)
    assert (desk.content("support_tickets"), desk.aside()) == (before, aside)


def test_only_the_named_sources_or_tables(desk: Desk) -> None:
    desk.tickets(*good(2))
    desk.write("data/services.csv", "service_name,tier\napi,1\n")
    assert [row.table for row in desk.load("services").loaded] == ["services"]
    with pytest.raises(
        UnknownName, match=r"There is no source 'servces' with files in this project. Did you mean 'serv"
    ):
        desk.load("servces")


# -- formats -----------------------------------------------------------------------------------------------------------


RECORDS = [
    {"ticket_id": "T1", "created_at": "2026-01-01T10:00:00Z", "status": "open", "satisfaction_score": 4.5},
    {"ticket_id": "T2", "created_at": "2026-01-02T10:00:00Z", "status": "closed", "escalated": True},
]
EXPECTED = [
    ("T1", dt.datetime(2026, 1, 1, 10), "open", 4.5, None),
    ("T2", dt.datetime(2026, 1, 2, 10), "closed", None, True),
]
SHOWN = "SELECT ticket_id, created_at, status, satisfaction_score, escalated FROM support_tickets ORDER BY ticket_id"
CSV = (
    "ticket_id,created_at,status,satisfaction_score,escalated\n"
    "T1,2026-01-01T10:00:00Z,open,4.5,\nT2,2026-01-02T10:00:00Z,closed,,true\n"
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("support_tickets.csv", CSV.encode()),
        ("support_tickets.csv", CSV.replace(",", ";").encode()),
        ("support_tickets.tsv", CSV.replace(",", "\t").encode()),
        ("support_tickets.txt", CSV.replace(",", "|").encode()),
        ("support_tickets.csv", CSV.replace("\n", "\r\n").encode()),
        ("support_tickets.csv", CSV.replace("\n", "\r").encode()),
        ("support_tickets.csv", CSV.rstrip("\n").encode()),
        ("support_tickets.csv", b"\xef\xbb\xbf" + CSV.encode()),
        ("support_tickets.csv", b"\n\n" + CSV.encode()),
        ("support_tickets.csv", CSV.encode("utf-16")),
        ("support_tickets.csv", ('"' + CSV.strip().replace(",", '","').replace("\n", '"\n"') + '"\n').encode()),
        ("support_tickets.csv.gz", gzip.compress(CSV.encode(), mtime=0)),
        ("support_tickets/2026.csv", CSV.encode()),
        ("Support_Tickets.jsonl".lower(), "".join(json.dumps(r) + "\n" for r in RECORDS).encode()),
        ("support_tickets.ndjson.gz", gzip.compress("\n\n".join(json.dumps(r) for r in RECORDS).encode(), mtime=0)),
        ("support_tickets.json", json.dumps(RECORDS, indent=2).encode()),
        ("support_tickets.json", "".join(json.dumps(r) + "\n" for r in RECORDS).encode()),
        ("support_tickets.json.gz", gzip.compress(json.dumps(RECORDS).encode(), mtime=0)),
    ],
)
def test_every_format_gives_the_same_rows(desk: Desk, name: str, content: bytes) -> None:
    desk.write(f"data/{name}", content)
    assert counts(desk.take()) == (2, 2, 0, 0, 0)
    assert desk.rows(SHOWN) == EXPECTED


def test_parquet_with_types_of_its_own(desk: Desk) -> None:
    import duckdb

    (desk.folder / "data").mkdir()
    duckdb.execute(
        "COPY (SELECT * FROM (VALUES ('T1', TIMESTAMPTZ '2026-01-01 12:00:00+02', 'open', CAST(4.5 AS FLOAT), NULL), "
        "('T2', TIMESTAMPTZ '2026-01-02 12:00:00+02', 'closed', NULL, true)) "
        "t(ticket_id, created_at, status, satisfaction_score, escalated)) "
        f"TO '{desk.folder}/data/support_tickets.parquet'"
    )
    assert counts(desk.take()) == (2, 2, 0, 0, 0)
    assert desk.rows(SHOWN) == EXPECTED


def test_parquet_faults_have_their_row(desk: Desk) -> None:
    import duckdb

    (desk.folder / "data").mkdir()
    duckdb.execute(
        "COPY (SELECT 'T' || i AS ticket_id, TIMESTAMP '2026-01-01' AS created_at, 'open' AS status, "
        "CASE WHEN i = 5 THEN CAST('nan' AS DOUBLE) ELSE 3 END AS satisfaction_score FROM range(9) t(i)) "
        f"TO '{desk.folder}/data/support_tickets.parquet'"
    )
    assert counts(desk.take()) == (9, 8, 0, 0, 1)
    [(file, line, column, value, _)] = desk.aside()
    assert (file, line, column, value) == ("data/support_tickets.parquet", 6, "satisfaction_score", "nan")


def test_no_text_holds_a_nul_character(desk: Desk) -> None:
    import duckdb

    header, *rows = "ticket_id,created_at,team", "T1,2026-01-01,Core", "T2,2026-01-02,Co\0re", "T3,2026-01-03,"
    records = [dict(zip(header.split(","), row.split(","), strict=True)) for row in rows]
    lines = "\n".join((header, *rows))
    for name, content, line in (
        ("a.csv", lines.encode(), 3),
        ("b.csv", lines.encode("utf-16"), 3),
        ("c.csv", f'{lines}\nT4,2026-01-04,"'.encode(), 3),
        ("d.json", json.dumps(records, indent=1).encode(), 2),
        ("e.jsonl", "\n".join(map(json.dumps, records)).encode(), 2),
        ("f.csv.gz", gzip.compress(lines.encode()), 3),
    ):
        desk.write(f"data/support_tickets/{name}", content)
        assert desk.take().quarantined >= 1
        assert (name, line, "team", "Co\0re", "holds a NUL character, which is no text") in [
            (file.split("/")[-1], *told) for file, *told in desk.aside()
        ]
    duckdb.execute(
        "COPY (SELECT 'T' || i AS ticket_id, DATE '2026-01-01' AS created_at, "
        "'Core' || chr(CAST(i AS INTEGER)) AS team "
        f"FROM range(2) t(i)) TO '{desk.folder}/data/support_tickets/g.parquet'"
    )
    assert desk.take().quarantined >= 1
    assert [told for file, *told in desk.aside() if file.endswith("parquet")] == [
        [1, "team", "Core\0", "holds a NUL character, which is no text"]
    ]
    assert desk.column("SELECT team FROM support_tickets ORDER BY ticket_id") == ["Core\1", None]


# -- rows that cannot be taken -----------------------------------------------------------------------------------------


ROW = "B,2026-01-09 10:00:00,open,2026-02-01 00:00:00,high,5,"


@pytest.mark.parametrize(
    ("row", "column", "value", "reason"),
    [
        (
            ROW.replace("2026-01-09 10:00:00", "2026-02-30 10:00:00"),
            "created_at",
            "2026-02-30 10:00:00",
            "is not a timestamp",
        ),
        (ROW.replace("2026-01-09 10:00:00", "09/01/2026"), "created_at", "09/01/2026", "is not a timestamp"),
        (ROW.replace("2026-01-09", "0026-01-09"), "created_at", "0026-01-09 10:00:00", "is not between 1800-01-01 and"),
        (ROW + "9999-12-31", "resolved_at", "9999-12-31", "is not between 1800-01-01 and 2200-01-01 (where"),
        (ROW.replace("B", "B\0"), "ticket_id", "B\0", "holds a NUL character"),
        (ROW.replace("open", "open\0"), "status", "open\0", "is not one of new, open"),
        (ROW.replace("high", '"hi\n\0gh"'), "ticket_priority", "hi\n\0gh", "holds a NUL character"),
        (ROW.replace("2026-01-09 10:00:00", "infinity"), "created_at", "infinity", "is not a timestamp"),
        (ROW.replace("2026-01-09 10:00:00", "2026-01-09 25:00:00"), "created_at", "2026-01-09 25:00:00", "is not a"),
        (ROW.replace("2026-01-09 10:00:00", ""), "created_at", None, "is missing"),
        (ROW.replace("B,", ",", 1), "ticket_id", None, "is missing"),
        (ROW.replace("B,", "   ,", 1), "ticket_id", None, "is missing"),
        (ROW.replace("open", "opne"), "status", "opne", "is not one of new, open, pending, hold, resolved, closed"),
        (ROW.replace(",5,", ",five,"), "satisfaction_score", "five", "is not a number"),
        (ROW.replace(",5,", ",nan,"), "satisfaction_score", "nan", "is not a number"),
        (ROW.replace(",5,", ",1e999,"), "satisfaction_score", "1e999", "is not a number"),
        (ROW.replace(",5,", ',"1,000",'), "satisfaction_score", "1,000", "is not a number (write it without thousands"),
        (ROW.replace(",5,", ",6,"), "satisfaction_score", "6", "is above 5, the most possible"),
        (ROW.replace(",5,", ",-1,"), "satisfaction_score", "-1", "is below 1, the least possible"),
        (
            ROW + "2026-01-08 10:00:00",
            "resolved_at, created_at",
            "2026-01-08 10:00:00, 2026-01-09 10:00:00",
            "resolved before",
        ),
        (ROW.removesuffix(","), None, None, "has 6 columns instead of 7"),
        (ROW + ",extra", None, None, "has 8 columns instead of 7"),
        (ROW.replace("B,", '"B"x,', 1), None, None, "has a quote that is not closed, or text after a closing quote"),
    ],
)
def test_one_bad_row_is_put_aside_and_all_others_are_in(
    desk: Desk, row: str, column: str | None, value: str | None, reason: str
) -> None:
    desk.tickets(*good(2), row, *good(5)[2:])
    assert counts(desk.take()) == (6, 5, 0, 0, 1)
    assert desk.column("SELECT ticket_id FROM support_tickets ORDER BY 1") == ["T1", "T2", "T3", "T4", "T5"]
    [(file, line, at, what, why)] = desk.aside()
    assert (file, line, at, what) == ("data/support_tickets.csv", 4, column, value)
    if column != "resolution_hours":
        assert why.startswith(reason)


def test_all_faults_of_a_row_are_kept_and_the_record_with_them(desk: Desk) -> None:
    desk.tickets(*good(3), "B,never,opne,,high,77,")
    desk.take()
    [(faults, record)] = desk.rows("SELECT faults, record FROM opstally.quarantine")
    assert [(f["column"], f["value"]) for f in json.loads(faults)] == [
        ("created_at", "never"), ("status", "opne"), ("satisfaction_score", "77")
    ]  # fmt: skip
    names = TICKETS.strip().split(",")
    assert json.loads(record) == dict(zip(names, ["B", "never", "opne", None, "high", "77", None], strict=True))


def test_bad_bytes_are_put_aside_with_what_to_do(desk: Desk) -> None:
    rows = "".join(row + "\n" for row in good(3)).encode()
    desk.write(
        "data/support_tickets.csv", TICKETS.encode() + rows + ROW.replace("high", "h\xe9").encode("cp1252") + b"\n"
    )
    assert counts(desk.take()) == (4, 3, 0, 0, 1)
    assert [row[1:] for row in desk.aside()] == [
        (5, None, None, "is not UTF-8 text; set options.encoding to the file's own")
    ]


def test_jsonl_lines_that_are_no_objects(desk: Desk) -> None:
    lines = [json.dumps(r) for r in RECORDS]
    desk.write("data/support_tickets.jsonl", "\n".join([lines[0], "", "{broken", "[1, 2]", lines[1], *lines]) + "\n")
    assert counts(desk.take()) == (6, 2, 0, 2, 2)
    assert [(line, why) for _, line, _, _, why in desk.aside()] == [
        (3, "is not a JSON object"),
        (4, "is not a JSON object"),
    ]


def test_a_row_that_is_mended_leaves_the_quarantine(desk: Desk) -> None:
    desk.tickets(*good(3), "B,never,open,,,,")
    desk.take()
    assert len(desk.aside()) == 1
    desk.tickets(*good(3), "B,2026-01-01,open,,,,")
    assert counts(desk.take()) == (4, 1, 3, 0, 0)
    assert desk.aside() == []


MANY = gzip.compress((CSV + "".join(f"N{i},2026-01-01,open,,\n" for i in range(50_000))).encode(), mtime=0)
TRUNCATED, FLIPPED = MANY[: len(MANY) // 2], MANY[:-40] + bytes(b ^ 1 for b in MANY[-40:])


# -- files that cannot be taken ----------------------------------------------------------------------------------------


def test_mostly_bad_files_are_refused_whole_and_the_last_good_data_stay(desk: Desk) -> None:
    desk.tickets(*good(4))
    desk.take()
    before = desk.content("support_tickets")
    desk.tickets("N1,2026-01-01,open,,,,", *["B,never,open,,,,", "C,never,open,,,,"])
    assert desk.error() == (
        "support_tickets: 2 of 3 rows for support_tickets are faulty, most often: data/support_tickets.csv:3: "
        "created_at 'never' is not a timestamp (such as 2026-10-31 14:05:00 or 2026-10-31T14:05:00+01:00). "
        "Nothing of it was loaded; mend the source's description or the export."
    )
    assert desk.content("support_tickets") == before
    assert desk.rows("SELECT count(*) FROM opstally.loads") == [(1,)]


def test_half_bad_is_still_taken(desk: Desk) -> None:
    desk.tickets(*good(2), "B,never,open,,,,", "C,never,open,,,,")
    assert counts(desk.take()) == (4, 2, 0, 0, 2)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "support_tickets.csv",
            b"",
            "data/support_tickets.csv is empty: it has not even a header. Export it again, or",
        ),
        ("support_tickets.csv", b"\n \n", "data/support_tickets.csv is empty"),
        ("support_tickets.json", b"", "data/support_tickets.json is empty"),
        ("support_tickets.csv", b"ticket_id,created_at,status,status\n", "has the column 'status' more than once"),
        (
            "support_tickets.csv",
            b"ticket_id,cr\xe9\xe9,status\n",
            "data/support_tickets.csv:1: the header is not UTF-8 text",
        ),
        (
            "support_tickets.csv",
            CSV.encode("utf-16-le"),
            "data/support_tickets.csv:1: the header holds NUL characters. Set options.encoding to the file's own, such",
        ),
        (
            "support_tickets.csv",
            b"ticket_id,status\nT1,open\n",
            "has no column for support_tickets.created_at, which is requ",
        ),
        ("support_tickets.csv.gz", b"not zipped", "data/support_tickets.csv.gz cannot be read"),
        (
            "support_tickets.csv.gz",
            gzip.compress(CSV.encode(), mtime=0)[:40],
            "data/support_tickets.csv.gz cannot be read",
        ),
        ("support_tickets.csv.gz", TRUNCATED, "data/support_tickets.csv.gz cannot be read"),
        ("support_tickets.csv.gz", FLIPPED, "data/support_tickets.csv.gz cannot be read"),
        ("support_tickets.parquet", b"PAR1 no", "data/support_tickets.parquet cannot be read as Parquet"),
        ("support_tickets.json", b'{"a": [1, 2', "data/support_tickets.json:1: this is not JSON"),
        ("support_tickets.json", b'[{"ticket_id": NaN}]', "data/support_tickets.json holds NaN"),
        ("support_tickets.json", b'{"page": {"items": [{"a": 1}]}}', "Set options.records to 'page.items'"),
        ("support_tickets.json", b"[1, 2]", "data/support_tickets.json holds no JSON objects"),
        ("support_tickets.json", b'"\xe9"', "data/support_tickets.json is not UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(desk: Desk, name: str, content: bytes, message: str) -> None:
    desk.write("data/services.csv", "service_name\napi\n")
    desk.write(f"data/{name}", content)
    summary = desk.load()
    [error] = summary.errors
    assert message in error
    assert "\n" not in error
    assert summary.exit_code == 1
    assert [(row.table, row.merged) for row in summary.loaded] == [("services", 1)]


def test_a_header_alone_is_no_error(desk: Desk) -> None:
    desk.tickets()
    assert counts(desk.take()) == (0, 0, 0, 0, 0)


def test_an_empty_list_is_no_error(desk: Desk) -> None:
    desk.write("data/support_tickets.json", "[]")
    summary = desk.load()
    assert (summary.loaded, summary.errors) == ((), ())
    assert summary.notes == ("data/support_tickets.json holds no records.",)


def test_the_nearest_column_is_named(desk: Desk) -> None:
    desk.write("data/support_tickets.csv", "ticket_id,craeted_at,status\nT1,2026-01-01,open\n")
    assert desk.error().endswith("which is required. Did you mean 'craeted_at'?")


def test_unknown_columns_and_unknown_files_are_told(desk: Desk) -> None:
    desk.write("data/support_tickets.csv", "ticket_id,created_at,status,colour,Mood\nT1,2026-01-01,open,red,low\n")
    desk.write("data/budget.xlsx", b"PK")
    desk.write("data/.hidden.csv", "a\n")
    desk.write("data/README.md", "notes")
    assert desk.load().notes == (
        "data/budget.xlsx is not loaded: .xlsx is no format that can be read. Save it as CSV (or JSON, Parquet, XES).",
        "data/support_tickets.csv: support_tickets has no place for colour, Mood; not loaded.",
    )


def test_columns_are_found_by_their_aliases_in_any_spelling(desk: Desk) -> None:
    desk.write(
        "data/cloud_costs.csv",
        "LineItemId,BilledCost,ChargePeriodStart,Charge Category\nL1,1.5,2026-01-01 00:00:00,usage\n",
    )
    assert counts(desk.take()) == (1, 1, 0, 0, 0)
    assert desk.rows("SELECT line_id, billed_cost, charge_category FROM cloud_costs") == [("L1", 1.5, "Usage")]


def test_a_name_of_its_own_goes_before_an_alias(desk: Desk) -> None:
    desk.write(
        "data/support_tickets.csv",
        "ticket_id,created_at,status,closed_at,resolved_at\nT1,2026-01-01,closed,2026-01-05,2026-01-03\n",
    )
    desk.take()
    assert desk.column("SELECT resolved_at FROM support_tickets") == [dt.datetime(2026, 1, 3)]


def test_progress_is_told(desk: Desk) -> None:
    from opstally import ingest, library

    told: list[object] = []

    class Told:
        def source(self, name: str, files: int, bytes: int) -> None:
            told.append((name, files, bytes))

        def step(self, what: str, share: float) -> None:
            assert 0 <= share <= 1
            told.append(what)

        def done(self, loaded: object) -> None:
            told.append(loaded)

    path = desk.tickets(*good(2))
    with desk.store() as store:
        summary = ingest.load(
            store, library.load(desk.folder), library.read_project(desk.folder)[0], desk.folder, (), Told()
        )
    assert told[0] == ("support_tickets", 1, path.stat().st_size)
    assert "support_tickets: reading data/support_tickets.csv" in told
    assert told[-1] == list(summary.loaded)
