"""Lists in a terminal: as columns where the window is wide enough, else with what does not fit below or beside."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console

from opstally.render.facts import table

PROBLEMS = (
    ("error", "cloud_costs.billed_cost", "20", "is not a number (write it without units)", "data/bill.csv:1442"),
    ("warning", "agents.team", "1,300", "is missing", "data/agents.csv:7"),
)


def printed(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int, right: Sequence[bool] = ()) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False, markup=False, emoji=False)
    console.print(table(headings, rows, width, right))
    assert all(len(line) <= width for line in out.getvalue().splitlines()), out.getvalue()
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def problems(width: int) -> str:
    return printed(("Severity", "Where", "Rows", "What", "First"), PROBLEMS, width, (False, False, True))


def test_what_fits_stands_in_columns() -> None:
    expected = """\
Severity  Where                     Rows  What                                      First
──────────────────────────────────────────────────────────────────────────────────────────────────────
error     cloud_costs.billed_cost     20  is not a number (write it without units)  data/bill.csv:1442
warning   agents.team              1,300  is missing                                data/agents.csv:7
"""
    assert problems(130) == expected


def test_texts_that_do_not_fit_stand_below_their_row() -> None:
    expected = """\
Severity  Where                     Rows
────────────────────────────────────────
error     cloud_costs.billed_cost     20
    What   is not a number (write it without units)
    First  data/bill.csv:1442
warning   agents.team              1,300
    What   is missing
    First  data/agents.csv:7
"""
    assert problems(60) == expected


def test_a_long_text_below_is_folded_under_itself() -> None:
    expected = """\
Severity  Where                     Rows
────────────────────────────────────────
error     cloud_costs.billed_cost     20
    What   is not a number (write it
           without units)
    First  data/bill.csv:1442
warning   agents.team              1,300
    What   is missing
    First  data/agents.csv:7
"""
    assert problems(42) == expected


def test_numbers_that_do_not_fit_stand_in_a_table_of_their_own() -> None:
    headings = ("Load", "Source", "Read", "Unchanged", "Duplicate", "Quarantined")
    loaded = ("7", "helpdesk", "117,004", "116,900", "12", "92")
    expected = """\
Load  Source       Read  Unchanged
──────────────────────────────────
7     helpdesk  117,004    116,900

Load  Duplicate  Quarantined
────────────────────────────
7            12           92
"""
    assert printed(headings, [loaded], 40, (False, False, *[True] * 4)) == expected


def test_nothing_is_written_below_for_an_empty_text() -> None:
    expected = """\
Metric              Unit
───────────────────────────
first_response_sla  percent
"""
    assert printed(("Metric", "Unit", "From"), [("first_response_sla", "percent", "")], 28) == expected
