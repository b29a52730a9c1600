"""Source declarations: how an export's columns become ours, and what is said where they cannot."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.ingest.desk import Desk, counts

BEGIN = "source: desk\nlabel: Desk\nfiles: [exports/*]\n"
UTC = "timezone: UTC\n"
TARGET = "targets:\n  - table: support_tickets\n    columns:\n"
ALWAYS = "      ticket_id: Nr\n      created_at: Opened\n"


def source(desk: Desk, columns: str, before: str = "", after: str = "") -> None:
    """A source of tickets: lines of `columns` beside the two that are always there."""
    zone = "" if "timezone:" in before else UTC
    desk.write("sources/desk.yml", BEGIN + zone + before + TARGET + ALWAYS + columns + after)


def export(desk: Desk, header: str, *rows: str) -> None:
    desk.write("exports/e.csv", "\n".join([f"Nr,Opened,{header}", *rows]) + "\n")


def one(desk: Desk, column: str) -> object:
    """Load what must be one good row, and give one of its columns."""
    assert counts(desk.take()) == (1, 1, 0, 0, 0)
    return desk.column(f"SELECT {column} FROM support_tickets")[0]


def day(number: int, hour: int) -> dt.datetime:
    """Half past an hour of a day in January."""
    return dt.datetime(2026, 1, number, hour, 30)


@pytest.mark.parametrize(
    ("column", "declared", "text", "value"),
    [
        ("team", "      team: Queue\n", " North ", "North"),
        ("team", "      team: {from: queue}\n", "North", "North"),
        ("team", "      team: {value: \"case when Queue = 'n' then 'North' else Queue end\"}\n", "n", "North"),
        ("team", "      team: {value: lower(Queue)}\n", "NORTH", "north"),
        ("team", "      team: {from: [Nr, Queue, Opened]}\n", "n", "1|n|2026-01-01 10:00:00"),
        ("team", "      team: {from: [Nr, Queue]}\n", "", "1|"),
        ("handle_minutes", "      handle_minutes: {value: Queue / 60}\n", "90", 1.5),
        ("handle_minutes", "      handle_minutes: {from: Queue, scale: 60}\n", "1.5", 90.0),
        ("handle_minutes", '      handle_minutes: {from: Queue, decimal: ","}\n', '"1,5"', 1.5),
        ("handle_minutes", "      handle_minutes: {value: 'coalesce(Queue * 2, 7)'}\n", "", 7.0),
        ("agent_touches", "      agent_touches: {value: Queue + 1}\n", "3", 4),
        ("escalated", "      escalated: {value: Queue > 2}\n", "3", True),
        ("escalated", "      escalated: {from: Queue, map: {L1: no, L2: yes}}\n", "l2", True),
        ("channel", "      channel: {from: Queue, map: {P1: urgent}, otherwise: normal}\n", "P9", "normal"),
        ("channel", "      channel: {from: Queue, map: {P1: urgent}, otherwise: normal}\n", "", None),
        ("ticket_priority", '      ticket_priority: {value: lower(Queue), map: {p1: urgent}}\n', "P1", "urgent"),
        ("resolved_at", '      resolved_at: {from: Queue, format: "%d.%m.%Y %H:%M"}\n', "02.01.2026 10:30", day(2, 10)),
        ("resolved_at", "      resolved_at: {from: Queue, timezone: Europe/Berlin}\n", "2026-01-02 10:30", day(2, 9)),
        ("resolved_at", "      resolved_at: {value: 'add_minutes(Opened, Queue)'}\n", "30", day(1, 10)),
        ("resolved_at", "      resolved_at: {from: Gone, optional: true}\n", "x", None),
        ("team", "      team: {value: \"'constant'\"}\n", "x", "constant"),
    ],
)  # fmt: skip
def test_columns_are_made_as_declared(desk: Desk, column: str, declared: str, text: str, value: object) -> None:
    source(desk, declared)
    export(desk, "Queue", f"1,2026-01-01 10:00:00,{text}")
    assert one(desk, column) == value


def test_a_digest_tells_records_apart_and_equal_ones_of_a_file_too(desk: Desk) -> None:
    desk.write(
        "sources/bill.yml",
        "source: bill\nlabel: Bill\ntimezone: UTC\nfiles: [exports/*]\ntargets:\n  - table: cloud_costs\n    columns:\n"
        '      line_id: "*"\n      billed_cost: Cost\n      charge_period_start: Day\n',
    )
    desk.write("exports/a.csv", "Cost,Day,Note\n1,2026-01-01,\n1,2026-01-01,\n1,2026-01-01,x\n2,2026-01-01,\n")
    assert counts(desk.take()) == (4, 4, 0, 0, 0)
    assert desk.column("SELECT sum(billed_cost) FROM cloud_costs") == [5.0]
    # Other columns order, an empty column more, and other quotes: the same records.
    desk.write(
        "exports/a.csv", 'Note,Day,New,Cost\n,2026-01-01,,"1"\n,2026-01-01,,1\nx,2026-01-01,,1\n,2026-01-01,,2\n'
    )
    assert counts(desk.take()) == (4, 0, 4, 0, 0)


def test_texts_that_mean_no_value(desk: Desk) -> None:
    source(desk, "      team: Queue\n      satisfaction_score: Stars\n", 'options: {null: ["", "?", "N/A"]}\n')
    export(desk, "Queue,Stars", "1,2026-01-01, ? ,N/A")
    assert one(desk, "(team, satisfaction_score)") == (None, None)


def test_options_of_the_file(desk: Desk) -> None:
    source(desk, "      team: Queue\n", "options: {delimiter: ';', quote: \"'\", encoding: cp1252}\n")
    desk.write("exports/e.csv", "Nr;Opened;Queue\n1;2026-01-01;'Nord; S\xfcd'\n".encode("cp1252"))
    assert one(desk, "team") == "Nord; Süd"


def test_a_file_without_a_header(desk: Desk) -> None:
    desk.write(
        "sources/desk.yml",
        BEGIN + UTC + "options: {header: false}\n" + TARGET + "      ticket_id: column1\n      created_at: column2\n",
    )
    desk.write("exports/e.csv", "1,2026-01-01\n2,never\n3,2026-01-01\n")
    assert counts(desk.take()) == (3, 2, 0, 0, 1)
    assert [row[1] for row in desk.aside()] == [2]


def test_records_inside_a_document_and_names_inside_records(desk: Desk) -> None:
    source(desk, "      team: group.name\n", "format: json\noptions: {records: page.items}\n")
    desk.write("exports/e.json", '{"page": {"items": [{"Nr": 1, "Opened": "2026-01-01", "group": {"name": "North"}}]}}')
    assert one(desk, "team") == "North"


def test_where_leaves_records_out_and_says_so(desk: Desk) -> None:
    source(
        desk,
        "      team: Queue\n",
        after="    where: Kind = 'ticket' and Weight > 1\n    exclude_note: only heavy ones\n",
    )
    export(
        desk, "Queue,Kind,Weight",
        "1,2026-01-01,a,ticket,2", "2,2026-01-01,a,task,2", "3,2026-01-01,a,ticket,1", "4,2026-01-01,a,,9",
        "5,2026-01-01,a,ticket,heavy", "6,never,a,task,2", "7,2026-01-01,b,ticket,3",
    )  # fmt: skip
    summary = desk.load()
    [loaded] = summary.loaded
    assert (counts(loaded), loaded.left_out) == ((3, 2, 0, 0, 1), 4)
    assert [row[1:4] for row in desk.aside()] == [(6, "Weight", "heavy")]
    assert summary.notes == ("desk: 4 records are no rows of support_tickets: only heavy ones",)


def test_a_feed_tells_files_and_time_zone(desk: Desk) -> None:
    desk.write("sources/desk.yml", (BEGIN + TARGET + ALWAYS).replace("files: [exports/*]\n", ""))
    desk.write(
        "opstally.yml", "name: T\nsources:\n  - {source: desk, files: [elsewhere/*.csv], timezone: America/New_York}\n"
    )
    desk.write("elsewhere/e.csv", "Nr,Opened\n1,2026-01-01 10:00:00\n")
    assert one(desk, "created_at") == dt.datetime(2026, 1, 1, 15)


def test_one_export_feeds_several_tables_or_none(desk: Desk) -> None:
    desk.write(
        "sources/desk.yml",
        BEGIN + UTC + TARGET + ALWAYS + "  - table: customers\n    columns:\n      customer_id: Who\n",
    )
    export(desk, "Who", "1,2026-01-01,C1", "2,2026-01-01,C1", "3,never,C2")
    assert [counts(row) for row in desk.load().loaded] == [(3, 2, 0, 0, 1), (3, 2, 0, 1, 0)]
    export(desk, "Who", "4,2026-01-01,", "5,2026-01-01,")
    [error] = desk.load().errors
    assert "2 of 2 rows for customers are faulty, most often: exports/e.csv:2: customer_id is missing" in error
    assert desk.column("SELECT count(*) FROM support_tickets") == [2]


# -- what cannot be used -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("      team: Quue\n", "exports/e.csv has no column 'Quue'. Did you mean 'Queue'?"),
        ("      team: {value: lower(Quue)}\n", "exports/e.csv has no column 'Quue'. Did you mean 'Queue'?"),
        (
            "      handle_minutes: {value: \"Queue = 'a'\"}\n",
            "the value of support_tickets.handle_minutes is boolean, not number",
        ),
        ("      handle_minutes: {value: \"case when Queue = 'a' then 1 else Queue * 2 end\"}\n", "'Queue' is used as"),
        (
            "      handle_minutes: {value: 'minutes_between(Opened, as_of())'}\n",
            "as_of() has no meaning while rows are loaded",
        ),
        ("      handle_minutes: {value: sum(Queue)}\n", "sum() has no meaning while rows are loaded"),
    ],
)
def test_what_does_not_fit_is_said_in_one_sentence(desk: Desk, columns: str, message: str) -> None:
    source(desk, columns)
    export(desk, "Queue", "1,2026-01-01,a")
    error = desk.error()
    assert message in error
    assert "\n" not in error


def test_a_value_that_an_expression_cannot_read_is_put_aside(desk: Desk) -> None:
    source(desk, "      handle_minutes: {value: Seconds / 60}\n      agent_touches: {value: Seconds / 60}\n")
    export(desk, "Seconds", "1,2026-01-01,120", "2,2026-01-01,2m", "3,2026-01-01,90", "4,2026-01-01,")
    assert counts(desk.take()) == (4, 2, 0, 0, 2)
    assert [row[1:4] for row in desk.aside()] == [(3, "Seconds", "2m"), (4, "agent_touches", "1.5")]


def test_what_a_map_does_not_name_is_put_aside_with_what_it_names(desk: Desk) -> None:
    source(desk, "      ticket_priority: {from: Prio, map: {P1: urgent, P2: high}}\n")
    export(desk, "Prio", "1,2026-01-01,P1", "2,2026-01-01,high")
    assert counts(desk.take()) == (2, 1, 0, 0, 1)
    assert [row[2:] for row in desk.aside()] == [("ticket_priority", "high", "is not one of P1, P2")]


def test_a_time_that_clocks_skipped_is_put_aside(desk: Desk) -> None:
    source(desk, "", "timezone: Europe/Berlin\n")
    export(desk, "x", "1,2026-03-29 02:30:00,", "2,2026-03-29 03:30:00,")
    assert counts(desk.take()) == (2, 1, 0, 0, 1)
    assert "or is skipped by the clocks of Europe/Berlin" in desk.aside()[0][4]
