"""`opstally report` in every format."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from opstally.library import load

AS_OF = ("--as-of", "2026-10-25")


def test_the_table(opstally: Any, project: Path) -> None:
    done = opstally("report", "support-tickets", *AS_OF, "--range", "3w")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Support tickets  05 Oct – 25 Oct 2026\n")
    assert "Receipt  7 rows of support_tickets" in done.out
    assert not any(line != line.rstrip() for line in done.out.splitlines())
    assert "\x1b" not in done.out
    assert project.is_dir()


def test_json_has_the_documented_shape(opstally: Any, project: Path) -> None:
    told = opstally("report", "support-tickets", *AS_OF, "--range", "3w", "--format", "json").object()
    assert set(told) >= {"report", "title", "as_of", "period", "assumptions", "sections"}
    assert told["period"] == {"start": "2026-10-05", "end": "2026-10-26"}
    rows = told["sections"][0]["rows"]
    assert [(r["week"], r["ticket_priority"], r["total_tickets"], r["sla_compliance"]) for r in rows] == [
        ("2026-10-19", "high", 1, 0.0),
        ("2026-10-19", "low", 2, None),
        ("2026-10-12", "low", 2, 100.0),
        ("2026-10-05", "high", 2, 50.0),
    ]
    assert rows[3]["avg_resolution_hours"] == 13.0  # (2 + 24) / 2
    assert told["sections"][0]["receipt"]["sql"]
    assert project.is_dir()


def test_csv_is_the_first_table(opstally: Any, project: Path) -> None:
    done = opstally("report", "support-tickets", *AS_OF, "--range", "3w", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [(r["week"], r["total_tickets"]) for r in rows if r["ticket_priority"] == "high"] == [
        ("2026-10-19", "1"),
        ("2026-10-05", "2"),
    ]
    assert rows[1]["sla_compliance"] == ""
    assert project.is_dir()


def test_the_ending_tells_the_format(opstally: Any, project: Path) -> None:
    for name, start in (
        ("r.html", "<!doctype html>"),
        ("r.md", "# Support tickets"),
        ("r.json", "{"),
        ("r.txt", "Support"),
    ):
        done = opstally("report", "support-tickets", *AS_OF, "--out", name)
        assert (done.code, done.out, done.err) == (0, "", f"Wrote {name}\n")
        assert (project / name).read_text(encoding="utf-8").startswith(start)
    assert sorted(path.name for path in project.glob(".r*")) == []


def test_a_filter(opstally: Any, project: Path) -> None:
    done = opstally("report", "support-tickets", *AS_OF, "--where", "team = 'Core'", "--format", "json")
    [_, together] = done.object()["sections"]
    assert sum(row["total_tickets"] for row in together["rows"]) == 3
    assert "team = 'Core'" in done.object()["sections"][0]["receipt"]["filters"][0]
    assert project.is_dir()


def test_all_reports_say_what_they_lack(opstally: Any, project: Path) -> None:
    done = opstally("report", "--all", *AS_OF)
    assert done.code == 0
    assert "no data: needs table" in done.out
    assert "\nSupport teams" in done.out
    assert project.is_dir()


def test_all_as_json_is_a_list(opstally: Any, project: Path) -> None:
    told = opstally("report", "--all", *AS_OF, "--format", "json").object()
    assert [one["report"] for one in told] == list(load(project).reports)


def test_all_into_a_folder(opstally: Any, project: Path) -> None:
    done = opstally("report", "--all", *AS_OF, "--format", "csv", "--out", "reports")
    assert done.code == 0
    written = {path.stem for path in (project / "reports").iterdir()}
    assert {"support-tickets", "support-efficiency"} <= written
    assert "onboarding" not in written
    assert "Left out onboarding.csv: The first table of" in done.err
    assert opstally("report", "--all", *AS_OF, "--format", "json", "--out", "reports").code == 0
    assert json.loads((project / "reports" / "onboarding.json").read_text(encoding="utf-8"))["sections"]


def test_what_cannot_be_asked(opstally: Any, project: Path) -> None:
    assert "--all as csv" not in opstally("report", "--all", "--format", "json", *AS_OF).err
    for arguments, sentence in (
        (("--all", "--format", "html"), "All reports as html need --out FOLDER"),
        ((), "Say which report, or --all: automation-impact,"),
        (("suport-tickets",), "There is no report 'suport-tickets'. Did you mean 'support-tickets'"),
        (("support-tickets", "--range", ""), "The period '' cannot be read."),
        (("support-tickets", "--range", "soon"), "The period 'soon' cannot be read."),
        (("support-tickets", "--where", "teem = 'x'"), "support_tickets has no column 'teem'. Did you mean 'team'?"),
    ):
        done = opstally("report", *arguments)
        assert done.code == 2
        assert sentence in done.err
    assert project.is_dir()


def test_nowhere_to_write(opstally: Any, project: Path) -> None:
    done = opstally("report", "support-tickets", *AS_OF, "--out", "missing/r.json")
    assert done.code == 1
    assert done.err == "opstally: missing/r.json cannot be written: No such file or directory. Give another --out.\n"
    (project / "file").write_text("x", encoding="utf-8")
    done = opstally("report", "--all", *AS_OF, "--out", "file/reports")
    assert (done.code, "cannot be made" in done.err) == (1, True)


def test_the_sql(opstally: Any, project: Path) -> None:
    done = opstally("report", "support-tickets", *AS_OF, "--sql")
    assert done.out.startswith("-- Support tickets\n-- By week and priority\nWITH ")
    assert done.out.count(";\n") == 2
    assert project.is_dir()


def test_an_ending_of_no_format(opstally: Any, project: Path) -> None:
    """A table in a file called .pdf helps nobody."""
    done = opstally("report", "support-tickets", "--out", "x.pdf")
    assert (done.code, (project / "x.pdf").exists()) == (2, False)
    assert "'.pdf'" in done.err
    assert ".html" in done.err
    assert opstally("report", "support-tickets", "--out", "x.txt").code == 0
    assert opstally("report", "support-tickets", "--out", "x.pdf", "--format", "html").code == 0


def test_a_metric_that_is_broken_is_told_with_its_file(opstally: Any, project: Path) -> None:
    """Not by each report and metric that is made of it, too."""
    (project / "metrics").mkdir()
    (project / "metrics" / "csat.yml").write_text(
        "metric: csat\nlabel: Ours\ndescription: Ours.\ndomain: support\ntable: support_tickets\nat: created_at\n"
        "value: avg(satisfacton_score)\nunit: score\ngood: up\nowner: Me\ndecision: Do.\n",
        encoding="utf-8",
    )
    for command in (("report", "support-tickets"), ("query", "csat"), ("query", "csat", "--sql"), ("explain", "csat")):
        done = opstally(*command)
        assert done.code == 1, command
        [_, line] = done.err.splitlines()
        assert line.startswith("  metrics/csat.yml:7: support_tickets has no column 'satisfacton_score'.")
    assert opstally("check").out.count("satisfacton_score'.") == 1
    assert opstally("query", "tickets_created", "--where", "satisfacton_score > 1").code == 2


def test_what_is_wrong_in_a_report_is_told_with_its_file(opstally: Any, project: Path) -> None:
    """All of it; and whoever asks for a report by its name did not write those other names on the command line."""
    (project / "reports").mkdir()
    (project / "reports" / "ours.yml").write_text(
        "report: ours\ntitle: Ours\nquestion: What of it?\nwindow: 13 wekks\nsections:\n"
        "  - title: One\n    columns:\n      tickets: tickets_created\n      x: no_metric\n    by: [teem]\n",
        encoding="utf-8",
    )
    for more in ((), ("--range", "4 weeks")):
        done = opstally("report", "ours", *AS_OF, *more)
        assert done.code == 1
        window, dimension, metric = done.err.splitlines()[1:]
        assert window.startswith("  reports/ours.yml:4: The period '13 wekks' cannot be read.")
        assert dimension.startswith("  reports/ours.yml:6: There is no dimension 'teem' of support_tickets.")
        assert metric.startswith("  reports/ours.yml:9: There is no metric 'no_metric'.")
    assert opstally("report", "support-tickets", "--range", "13 wekks").code == 2
