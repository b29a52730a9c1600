"""`opstally query`: metrics by dimensions, over time, compared, and their SQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

RANGE = ("--as-of", "2026-10-25", "--range", "3w")


def test_by_a_dimension_with_total(opstally: Any, project: Path) -> None:
    done = opstally(
        "query", "tickets_created", "first_response_sla", "--by", "team", "--total", *RANGE, "--format", "json"
    )
    [section] = done.object()["sections"]
    assert section["rows"] == [
        {"team": "Core", "tickets_created": 3, "first_response_sla": pytest.approx(200 / 3, rel=1e-12)},
        {"team": "Night", "tickets_created": 4, "first_response_sla": 50.0},
    ]
    assert section["total"] == {"team": None, "tickets_created": 7, "first_response_sla": 60.0}
    assert done.object()["report"] is None
    assert project.is_dir()


def test_names_may_be_joined_by_commas(opstally: Any, project: Path) -> None:
    one = opstally("query", "tickets_created,csat", "--by", "team,ticket_priority", *RANGE, "--format", "csv")
    two = opstally(
        "query", "tickets_created", "csat", "--by", "team", "--by", "ticket_priority", *RANGE, "--format", "csv"
    )
    assert one.out == two.out
    assert one.out.startswith("team,ticket_priority,tickets_created,csat\r\n")
    assert project.is_dir()


def test_over_time_and_compared(opstally: Any, project: Path) -> None:
    done = opstally(
        "query", "tickets_created", "--grain", "week", "--compare", "previous",
        "--as-of", "2026-10-25", "--range", "2026-10-12..2026-10-26", "--format", "csv",
    )  # fmt: skip
    assert done.out == (
        "week,tickets_created,tickets_created_before,tickets_created_change\r\n2026-10-12,2,0,2\r\n2026-10-19,3,2,1\r\n"
    )
    shown = opstally("query", "tickets_created", "--compare", "previous", *RANGE)
    assert "05 Oct – 25 Oct 2026 vs 14 Sep – 04 Oct 2026" in shown.out
    assert project.is_dir()


def test_a_month_that_is_not_over_is_compared_as_far_as_it_has_come(opstally: Any, project: Path) -> None:
    """With the whole month before, everything would seem to fall."""
    done = opstally("query", "tickets_created", "--range", "2026-10", "--as-of", "2026-10-15", "--compare", "previous")
    assert "01 Oct – 15 Oct 2026 vs 16 Sep – 30 Sep 2026" in done.out
    by_month = opstally("query", "tickets_created", "--range", "2026-10", "--as-of", "2026-10-15", "--grain", "month")
    assert "Oct 2026 …" in by_month.out
    assert "only partly in the period" in by_month.out
    report = opstally("report", "support-tickets", "--range", "2026-10", "--as-of", "2026-10-15", "--format", "json")
    assert report.object()["period"] == {"start": "2026-10-01", "end": "2026-10-16"}
    later = opstally("query", "tickets_created", "--range", "2026-11", "--as-of", "2026-10-15")
    assert later.code == 2
    assert "The period '2026-11' starts after 2026-10-15, which was to be the last day that counts." in later.err
    assert project.is_dir()


def test_the_newest_month_counts_whole_where_only_months_are_known(
    opstally: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert opstally("init", tmp_path / "books").code == 0
    monkeypatch.chdir(tmp_path / "books")
    months = "\n".join(f"2026-{month:02}-01,subscription,{month}" for month in range(1, 10))
    Path("data/revenue.csv").write_text(f"month,revenue_class,amount\n{months}\n")
    assert opstally("load").code == 0
    done = opstally("query", "revenue", "--range", "2 months", "--grain", "month", "--format", "csv")
    assert done.out == "month,revenue\r\n2026-08-01,8.0\r\n2026-09-01,9.0\r\n"
    note = "revenue is known by month: each month counts whole where its first day is in the period."
    assert note in opstally("query", "revenue", "--range", "13 weeks").out
    assert note not in opstally("query", "revenue", "--range", "2 months").out


def test_the_sql_can_be_pasted(opstally: Any, project: Path) -> None:
    arguments = ("query", "tickets_created", "--by", "team", *RANGE)
    sql = opstally(*arguments, "--sql")
    assert sql.code == 0
    with duckdb.connect(str(project / "opstally.duckdb"), read_only=True) as connection:
        rows = connection.execute(sql.out).fetchall()
    assert sorted(row[:2] for row in rows) == [("Core", 3), ("Night", 4)]


def test_the_sql_of_a_comparison_is_both(opstally: Any, project: Path) -> None:
    """Each says what it is, also those of the row over all groups."""
    asked = ("query", "tickets_created", "--compare", "previous", *RANGE, "--sql")
    now, before = "-- 2026-10-05..2026-10-26\n", "-- before: 2026-09-14..2026-10-05\n"
    both = opstally(*asked).out
    assert both.count(";\n") == 2
    assert both.startswith(now)
    assert both.index(now) < both.index(before)
    assert opstally(*asked, "--total").out == both
    split = opstally(*asked, "--by", "team", "--total").out
    assert [line for line in split.splitlines() if line.startswith("--")] == [
        "-- 2026-10-05..2026-10-26",
        "-- before: 2026-09-14..2026-10-05",
        "-- 2026-10-05..2026-10-26, over all groups",
        "-- before: 2026-09-14..2026-10-05, over all groups",
    ]
    with duckdb.connect(str(project / "opstally.duckdb"), read_only=True) as connection:
        assert sum(row[0] for row in connection.execute(both).fetchall()) == 0


def test_errors(opstally: Any, project: Path) -> None:
    for arguments, code, sentence in (
        (("csatt",), 2, "There is no metric 'csatt'. Did you mean 'csat'?"),
        (("csat", "--by", "tem"), 2, "There is no dimension 'tem' of support_tickets. Did you mean 'team'?"),
        (("csat", "--range", ""), 2, "The period '' cannot be read."),
        (("csat", "--grain", "fortnight"), 2, "There is no grain 'fortnight'."),
        (("csat", "--compare", "last"), 2, "There is no comparison 'last': previous or year."),
        (("csat", "--where", "team = "), 2, "The expression ends too early"),
        (("csat", "--where", "status = 'resolvd'"), 2, "status is never 'resolvd'. Did you mean 'resolved'?"),
        (("csat", "--where", "team = 5"), 2, "'=' compares number with text (at '= 5' in 'team = 5')"),
        (("incident_count",), 1, "incident_count has no data: needs table incidents."),
        (("csat", "uptime", "--by", "team"), 2, "which infrastructure_monitoring does not have"),
    ):
        done = opstally("query", *arguments)
        assert done.code == code
        assert sentence in done.err
        assert done.out == ""
    assert project.is_dir()
