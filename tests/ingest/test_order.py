"""Which version of a row is kept: neither the order of files, of rows nor of loads, nor their repetition, matters."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ingest.desk import Desk, counts

HEADER = "ticket_id,created_at,status,updated_at,revision,ticket_priority\n"

rows = st.lists(
    st.tuples(
        st.sampled_from(["T1", "T2", "T3"]),
        st.sampled_from(["new", "open", "closed"]),
        st.sampled_from(["2026-01-01", "2026-01-02 00:00:00", "2026-01-02T02:00:00+02:00"]),
        st.sampled_from(["", "1", "2", "10"]),
        st.sampled_from(["", "high", "low", " low "]),
    ).map(lambda r: f"{r[0]},2026-01-01,{r[1]},{r[2]},{r[3]},{r[4]}\n"),
    min_size=1,
    max_size=12,
)
"""Versions of few tickets, with many ties: of time, of revision, and of both."""


def desk_at(folder: str) -> Desk:
    (Path(folder) / "opstally.yml").write_text("name: Test\n", encoding="utf-8")
    return Desk(Path(folder))


@settings(max_examples=10)
@given(rows, st.randoms(use_true_random=False))
def test_any_split_order_and_repetition_of_files_gives_the_same_table(found: list[str], chance: random.Random) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as many:
        whole, parts = desk_at(one), desk_at(many)
        whole.write("data/support_tickets.csv", HEADER + "".join(found))
        whole.take()
        shuffled = [*found, *chance.sample(found, len(found) // 2)]
        chance.shuffle(shuffled)
        while shuffled:  # each load sees some files, and some of them again under another name
            for _ in range(chance.randint(1, 2)):
                taken, shuffled = shuffled[:3], shuffled[3:]
                name = f"data/support_tickets/{chance.randint(0, 10**9)}.csv"
                parts.write(name, HEADER + "".join(taken))
            parts.take()
        assert parts.content("support_tickets") == whole.content("support_tickets")
        assert counts(parts.take())[1] == 0


def test_recency_then_revision_then_content(desk: Desk) -> None:
    desk.write(
        "data/support_tickets.csv",
        HEADER
        + "T1,2026-01-01,open,2026-01-02,9,a\nT1,2026-01-01,closed,2026-01-03,1,b\n"  # the later time
        + "T2,2026-01-01,open,2026-01-02,10,a\nT2,2026-01-01,closed,2026-01-02,9,b\n"  # the larger number, not text
        + "T3,2026-01-01,open,,9,a\nT3,2026-01-01,closed,2026-01-02,,b\n"  # a time rather than none
        + "T4,2026-01-01,open,2026-01-02,,a\nT4,2026-01-01,open,2026-01-02,,b\n",  # the larger content
    )
    assert counts(desk.take()) == (8, 4, 0, 4, 0)
    assert desk.column("SELECT ticket_priority FROM support_tickets ORDER BY ticket_id") == ["b", "a", "b", "b"]


def test_an_older_version_that_comes_late_changes_nothing(desk: Desk) -> None:
    desk.write("data/support_tickets.csv", HEADER + "T1,2026-01-01,closed,2026-01-03,1,b\n")
    desk.take()
    desk.write(
        "data/support_tickets.csv", HEADER + "T1,2026-01-01,open,2026-01-02,5,a\nT2,2026-01-01,open,2026-01-02,,\n"
    )
    assert counts(desk.take()) == (2, 1, 0, 1, 0)
    assert desk.rows("SELECT ticket_id, status FROM support_tickets ORDER BY 1") == [("T1", "closed"), ("T2", "open")]


def test_a_newer_version_replaces_the_row(desk: Desk) -> None:
    desk.write("data/support_tickets.csv", HEADER + "T1,2026-01-01,closed,2026-01-03,1,b\n")
    desk.take()
    desk.write("data/support_tickets.csv", HEADER + "T1,2026-01-01,open,2026-01-04,1,\n")
    assert counts(desk.take()) == (1, 1, 0, 0, 0)
    assert desk.rows("SELECT status, ticket_priority FROM support_tickets") == [("open", None)]


# -- nothing tells which version is newer ------------------------------------------------------------------------------

SERVICES = "service_name,tier,owner\n"


def test_a_new_export_is_newer(desk: Desk) -> None:
    desk.write("data/services.csv", SERVICES + "api,1,Ann\nweb,2,Bob\n")
    desk.take()
    desk.write("data/services.csv", SERVICES + "api,1,Cy\nweb,2,Bob\n")
    assert counts(desk.take()) == (2, 1, 1, 0, 0)
    desk.write("data/services.csv", SERVICES + "api,1,Ann\nweb,2,Bob\n")  # the first one again brings nothing newer
    assert counts(desk.take()) == (2, 0, 1, 1, 0)
    assert desk.column("SELECT owner FROM services ORDER BY service_name") == ["Cy", "Bob"]


def test_beside_files_that_are_known_a_new_file_is_newer_whatever_its_name(desk: Desk) -> None:
    desk.write("data/services/b.csv", SERVICES + "api,1,Ann\n")
    desk.take()
    desk.write("data/services/a.csv", SERVICES + "api,1,Cy\n")
    for _ in range(2):
        desk.take()
        assert desk.column("SELECT owner FROM services") == ["Cy"]


def test_of_new_files_the_last_by_natural_name_is_newer_and_it_is_said(desk: Desk) -> None:
    desk.write("data/services/export-10.csv", SERVICES + "api,1,Ten\nweb,1,Ann\n")
    desk.write("data/services/export-9.csv", SERVICES + "api,1,Nine\nweb,1,Ann\n")
    summary = desk.load()
    assert [counts(row) for row in summary.loaded] == [(4, 2, 0, 2, 0)]
    assert summary.notes == (
        "services: 1 rows of services came again with other values, and nothing tells which is newer; "
        "the one read last was kept.",
    )
    assert desk.column("SELECT owner FROM services WHERE service_name = 'api'") == ["Ten"]


# -- what an export does not give --------------------------------------------------------------------------------------


CRM = "customer_id,customer_name,contract_date\nC1,Acme,2025-01-01\nC2,Bolt,2025-01-01\n"
MONEY = "customer_id,first_year_acv\nC1,{}\n"
KNOWN = "SELECT customer_name, first_year_acv FROM customers ORDER BY customer_id"


@pytest.mark.parametrize("names", [("crm", "money"), ("z-crm", "money")])
def test_columns_that_a_file_lacks_keep_their_values(desk: Desk, names: tuple[str, str]) -> None:
    """Whether the files come together, in either order of names, or one after the other."""
    desk.write(f"data/customers/{names[0]}.csv", CRM)
    desk.write(f"data/customers/{names[1]}.csv", MONEY.format(9000))
    assert counts(desk.take()) == (3, 3, 0, 0, 0)
    assert desk.rows(KNOWN) == [("Acme", 9000.0), ("Bolt", None)]
    assert counts(desk.take()) == (3, 0, 3, 0, 0)
    desk.write(f"data/customers/{names[1]}.csv", MONEY.format(9500))
    assert counts(desk.take()) == (3, 1, 2, 0, 0)
    assert desk.rows(KNOWN) == [("Acme", 9500.0), ("Bolt", None)]


def test_values_made_from_others_follow_them(desk: Desk) -> None:
    head = "ticket_id,created_at,status,updated_at,resolved_at\n"
    desk.write("data/support_tickets.csv", head + "T1,2026-01-01 00:00:00,closed,2026-01-02,2026-01-01 02:00:00\n")
    desk.take()
    desk.write("data/support_tickets.csv", head + "T1,2026-01-01 00:00:00,closed,2026-01-03,2026-01-01 05:00:00\n")
    desk.take()
    assert desk.column("SELECT resolution_hours FROM support_tickets") == [5.0]


KICKOFFS = "project_id,kickoff_date\nP1,2026-01-01\nP2,2026-01-01\n"
LIVE = "project_id,go_live_date\nP1,{}\n"
PROJECTS = "SELECT status, days_to_complete FROM implementations ORDER BY project_id"


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("names", [("a-kickoffs", "b-live"), ("b-kickoffs", "a-live")])
def test_values_made_from_columns_of_several_files_follow_them(
    desk: Desk, names: tuple[str, str], together: bool
) -> None:
    for name, content in sorted(zip(names, (KICKOFFS, LIVE.format("2026-01-11")), strict=True)):
        desk.write(f"data/implementations/{name}.csv", content)
        if not together:
            desk.take()
    desk.take()
    assert desk.rows(PROJECTS) == [("live", 10.0), ("active", None)]
    desk.write(f"data/implementations/{names[1]}.csv", LIVE.format("2026-01-21"))
    desk.take()
    assert desk.rows(PROJECTS) == [("live", 20.0), ("active", None)]
    assert counts(desk.take())[1] == 0


def test_a_value_that_an_export_gave_is_not_made_anew(desk: Desk) -> None:
    desk.write(
        "data/implementations/a.csv", "project_id,kickoff_date,status,days_to_complete\nP1,2026-01-01,on_hold,7\n"
    )
    desk.take()
    desk.write("data/implementations/b.csv", LIVE.format("2026-01-11"))
    desk.take()
    assert desk.rows(PROJECTS) == [("on_hold", 7.0)]


def test_a_corrected_mapping_replaces_what_the_same_file_gave(desk: Desk) -> None:
    desk.write("exports/t.csv", "no,opened,prio,changed\n1,2026-01-01,P1,2026-01-02\n")

    def source(priority: str) -> None:
        desk.write(
            "sources/desk.yml",
            "source: desk\nlabel: Desk\ntimezone: UTC\nfiles: [exports/*.csv]\n"
            "targets:\n  - table: support_tickets\n    columns:\n"
            "      ticket_id: no\n      created_at: opened\n      updated_at: changed\n"
            f"      ticket_priority: {{from: prio, map: {{P1: {priority}}}}}\n",
        )

    for priority in ("urgent", "most-urgent"):
        source(priority)
        assert counts(desk.take()) == (1, 1, 0, 0, 0)
        assert desk.column("SELECT ticket_priority FROM support_tickets") == [priority]
        assert counts(desk.take()) == (1, 0, 1, 0, 0)


BILL = "BilledCost,EffectiveCost,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,BillingCurrency\n"
CHARGE = "1.5,1.5,Usage,2026-01-01,2026-01-02,USD\n"


def test_equal_lines_of_one_bill_all_count_and_of_another_file_are_the_same_charges(desk: Desk) -> None:
    desk.write("data/bill-1.csv", BILL + CHARGE * 3)
    assert counts(desk.take()) == (3, 3, 0, 0, 0)
    desk.write("data/bill-2.csv", BILL + CHARGE * 2)
    assert desk.take().merged == 0
    assert desk.column("SELECT sum(billed_cost) FROM cloud_costs") == [4.5]
    desk.write("data/bill-3.csv", BILL + CHARGE * 4)  # as when it is exported again with one more
    assert desk.take().merged == 1
    assert desk.column("SELECT sum(billed_cost) FROM cloud_costs") == [6.0]
