"""A real FOCUS bill: sums and rows equal the file's, against plain Python."""

from __future__ import annotations

import csv
import math
from collections import Counter

import pytest
from tests.ingest.desk import Desk, counts
from tests.real.conftest import Find

BILL = "focus/focus_1.0_sample_1000.csv"


@pytest.fixture
def lines(shared: Find) -> list[dict[str, str]]:
    with shared(BILL).open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def amount(text: str) -> float:
    return 0.0 if text == "NULL" else float(text)


def test_the_bill_adds_up(desk: Desk, shared: Find, lines: list[dict[str, str]]) -> None:
    (desk.folder / "data").mkdir()
    (desk.folder / "data" / "bill.csv").symlink_to(shared(BILL))
    assert counts(desk.take()) == (1000, 1000, 0, 0, 0)
    [sums] = desk.rows(
        "SELECT sum(billed_cost), sum(effective_cost), sum(list_cost), sum(contracted_cost) FROM cloud_costs"
    )
    names = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
    assert sums == pytest.approx([math.fsum(amount(line[name]) for line in lines) for name in names], rel=1e-12)
    for column, theirs in (("provider_name", "ProviderName"), ("region_id", "RegionId"), ("tags", "Tags")):
        counted = dict(desk.rows(f"SELECT {column}, count(*) FROM cloud_costs GROUP BY 1"))
        values = [line[theirs].strip() for line in lines]
        expected = Counter(None if value in ("", "NULL") else value for value in values)
        assert counted == expected
    assert counts(desk.take()) == (1000, 0, 1000, 0, 0)


def test_equal_lines_of_one_bill_all_count_and_a_bill_loaded_twice_counts_once(desk: Desk, shared: Find) -> None:
    text = shared(BILL).read_text(encoding="utf-8").splitlines(keepends=True)
    desk.write("data/bill.csv", "".join([*text, text[1], text[1]]))
    desk.write("data/bill-again.csv", "".join([*text, text[1], text[1]]))
    assert counts(desk.take()) == (2004, 1002, 0, 1002, 0)
