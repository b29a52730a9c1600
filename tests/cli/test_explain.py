"""`opstally explain`: what became of every row, and rows that reproduce the number."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

RANGE = ("--as-of", "2026-10-25", "--range", "3w")


def test_the_page(opstally: Any, project: Path) -> None:
    done = opstally("explain", "first_response_sla", *RANGE)
    assert (done.code, done.err) == (0, "")
    for told in (
        "First-response SLA met  first_response_sla\n",
        "60.0%",
        "Definition           count_if(first_response_outcome = 'met') / ",
        "Counted when         first_response_outcome != 'pending'",
        "Left out: no target  first_response_outcome = 'not applicable'",
        "Period               05 Oct – 25 Oct 2026, days in UTC",
        "Owner                Support operations",
        "Data                 support_tickets: 7 rows, newest 25 Oct 2026 23:30, loaded ",
        "Engine               DuckDB 1.",
        "SQL\nWITH ",
        "Rows used  all 5;",
    ):
        assert told in done.out
    fates = done.out.partition("What became of the rows")[2].partition("SQL")[0]
    counts = [line.rsplit(None, 1) for line in fates.splitlines()[3:] if line]
    assert {name: int(count) for name, count in counts} == {
        "used": 5,
        "not settled yet": 1,
        "no target": 1,
        "in the period": 7,
    }
    assert project.is_dir()


def test_the_rows_reproduce_the_number(opstally: Any, project: Path) -> None:
    done = opstally("explain", "first_response_sla", *RANGE, "--rows", "1000", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    outcomes = [row["first_response_outcome"] for row in rows]
    assert sorted(row["ticket_id"] for row in rows) == ["t1", "t2", "t3", "t4", "t5"]
    assert 100 * outcomes.count("met") / (outcomes.count("met") + outcomes.count("breached")) == 60.0
    assert project.is_dir()


def test_json_adds_up(opstally: Any, project: Path) -> None:
    told = opstally("explain", "first_response_sla", *RANGE, "--rows", "2", "--format", "json").object()
    [part] = told["parts"]
    assert part["fates"][0] == {"fate": "used", "rows": 5}
    assert sum(fate["rows"] for fate in part["fates"]) == 7
    assert len(part["rows"]) == 2
    assert told["sections"][0]["receipt"]["uses"][0]["period_rows"] == 7
    assert project.is_dir()


def test_as_a_page(opstally: Any, project: Path) -> None:
    text = opstally("explain", "first_response_sla", *RANGE, "--format", "md").out
    assert "## Rows of support_tickets for first_response_sla" in text
    definition, fates = text.index("## Definition"), text.index("## Rows of")
    for told in (
        "| Definition | count_if(first_response_outcome = 'met') / ",
        "| Counted when | first_response_outcome != 'pending' |",
        "| Period | 05 Oct – 25 Oct 2026, days in UTC |",
        "| Data | support_tickets: 7 rows, newest 25 Oct 2026 23:30, loaded ",
    ):
        assert definition < text.index(told) < fates
    assert "| used | 5 |" in text
    assert "| in the period | 7 |" in text
    assert opstally("explain", "first_response_sla", *RANGE, "--format", "html").out.startswith("<!doctype html>")
    assert project.is_dir()


def test_the_fates_of_many_rows_add_up_on_a_page(project: Path) -> None:
    """Every other table shortens 13,838 to 13.8k; these are what an auditor adds up."""
    from dataclasses import replace

    from opstally.cli.explain import page_of
    from opstally.render import markdown
    from opstally.workspace import Workspace

    workspace = Workspace.open(project)
    found = workspace.explain("first_response_sla", rows=1)
    [part] = found.parts
    many = replace(found, parts=(replace(part, fates=(("used", 13_838), ("no target", 2_642))),))
    text = markdown.render(page_of(many, workspace))
    for line in ("| used | 13,838 |", "| no target | 2,642 |", "| in the period | 16,480 |", "The first 1 of 13,838"):
        assert line in text


def test_a_text_file_holds_what_the_terminal_shows(opstally: Any, project: Path) -> None:
    asked = ("explain", "first_response_sla", *RANGE)
    shown = opstally(*asked).out
    assert opstally(*asked, "--out", "x.txt").code == 0
    assert (project / "x.txt").read_text(encoding="utf-8") == shown


def test_no_rows_wanted(opstally: Any, project: Path) -> None:
    assert "Rows used" not in opstally("explain", "csat", *RANGE, "--rows", "0").out
    assert project.is_dir()


def test_several_tables_are_no_csv(opstally: Any, project: Path) -> None:
    (project / "data" / "agents.csv").write_text("agent_id,agent_name,team\na1,Ann,Core\n", encoding="utf-8")
    metric = """\
metric: a_ratio
label: A ratio
description: Of two tables.
domain: support
value: csat / an_agent
unit: ratio
good: up
"""
    agent = """\
metric: an_agent
label: Agents
description: All of them.
domain: support
table: agents
value: count()
unit: count
good: up
"""
    (project / "metrics").mkdir()
    (project / "metrics" / "a_ratio.yml").write_text(metric, encoding="utf-8")
    (project / "metrics" / "an_agent.yml").write_text(agent, encoding="utf-8")
    assert opstally("load").code == 0
    done = opstally("explain", "a_ratio", *RANGE, "--format", "csv")
    assert (done.code, done.out) == (2, "")
    assert "explain one of csat, an_agent as csv" in done.err
    assert len(opstally("explain", "a_ratio", *RANGE, "--format", "json").object()["parts"]) == 2
