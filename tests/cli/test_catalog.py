"""`opstally catalog`: lists, and one thing in full."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from opstally.library import load


@pytest.fixture(autouse=True)
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where there is no project, the packaged declarations are shown."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_there_is(opstally: Any) -> None:
    done = opstally("catalog")
    assert done.code == 0
    assert f"Metrics  {len(load().metrics)} " in done.out
    assert opstally("catalog", "--format", "json").object()["reports"] == list(load().reports)


@pytest.mark.parametrize("kind", ["tables", "metrics", "reports", "sources"])
def test_every_kind_lists_every_name(opstally: Any, kind: str) -> None:
    listed = {word for line in opstally("catalog", kind).out.splitlines() for word in line.split()}
    assert set(getattr(load(), kind)) <= listed


def test_a_metric_in_full(opstally: Any) -> None:
    text = opstally("catalog", "metrics", "first_response_sla").out
    for told in (
        "First-response SLA met  metric first_response_sla",
        "Value                count_if(first_response_outcome = 'met')",
        "Made of              support_tickets.first_response_outcome, support_tickets.status",
        "Guardrails           reopen_rate, csat",
        "Owner                Support operations",
        "Declared in          catalog/metrics/support/first_response_sla.yml",
    ):
        assert told in text
    shown_in = next(line for line in text.splitlines() if line.startswith("Shown in"))
    assert "support-tickets" in shown_in


def test_kind_may_be_left_out_or_singular(opstally: Any) -> None:
    whole = opstally("catalog", "metrics", "csat")
    assert opstally("catalog", "csat").out == whole.out
    assert opstally("catalog", "metric", "csat").out == whole.out


def test_a_metric_made_of_metrics(opstally: Any) -> None:
    told = opstally("catalog", "metrics", "cost_per_customer", "--format", "json").object()
    assert told["metric"] == "cost_per_customer"
    assert all(name in load().metrics for name in told["made_of"])
    assert "operations-dashboard" in told["used_by"]["Shown in"]


def test_a_table_in_full(opstally: Any) -> None:
    text = opstally("catalog", "tables", "support_tickets").out
    assert re.search(r"One row is +one ticket\n", text)
    assert "first_response_outcome" in text
    assert "Rows go to quarantine unless" in text
    told = opstally("catalog", "tables", "support_tickets", "--format", "json").object()
    assert told["columns"]["status"]["allowed"][0] == "new"


def test_a_report_in_full(opstally: Any) -> None:
    text = opstally("catalog", "reports", "support-tickets").out
    assert "By week and priority, by week, ticket_priority" in text
    assert "Needs tables  support_tickets" in text


def test_markdown(opstally: Any) -> None:
    assert opstally("catalog", "csat", "--format", "md").out.startswith("# Satisfaction\n\n`csat`\n")


@pytest.mark.parametrize("asked", [(), ("reports",), ("metrics", "csat")])
def test_a_text_file_holds_what_the_terminal_shows(opstally: Any, outside: Path, asked: tuple[str, ...]) -> None:
    shown = opstally("catalog", *asked).out
    assert opstally("catalog", *asked, "--out", "x.txt").out == ""
    assert (outside / "x.txt").read_text(encoding="utf-8") == shown


def test_an_override_is_visible(opstally: Any, outside: Path) -> None:
    (outside / "opstally.yml").write_text("name: x\n", encoding="utf-8")
    (outside / "metrics").mkdir()
    (outside / "metrics" / "csat.yml").write_text(
        "metric: csat\nlabel: Ours\ndescription: Ours.\ndomain: support\ntable: support_tickets\n"
        "value: avg(satisfaction_score)\nunit: score\ngood: up\n",
        encoding="utf-8",
    )
    text = opstally("catalog", "csat").out
    assert "metrics/csat.yml, in place of catalog/metrics/support/csat.yml" in text
    assert "metrics/csat.yml is in place of catalog/metrics/support/csat.yml.\n" in opstally("check").err


def test_errors(opstally: Any) -> None:
    for arguments, sentence in (
        (("metrics", "cst"), "There is no metric 'cst'. Did you mean 'csat'?"),
        (("metrcs",), "There is no kind or name 'metrcs'. Did you mean 'metrics'"),
        (("nope",), "There is no kind or name 'nope'. 'opstally catalog' shows what there is."),
        (("questions",), "There are no questions yet: they come with a later version."),
        (("csat", "--format", "html"), "The format html is not offered here: table, json, md."),
    ):
        done = opstally("catalog", *arguments)
        assert (done.code, done.out) == (2, "")
        assert sentence in done.err
