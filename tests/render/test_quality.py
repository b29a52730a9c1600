"""The page of a check."""

from __future__ import annotations

from opstally.checks import CheckResult, Finding
from opstally.errors import Problem
from opstally.render.quality import page


def test_everything_is_there_and_escaped() -> None:
    finding = Finding("error", "agents", "team", "in quarantine: is <b>odd</b>", 1_234, "data/a.csv:2 <x>")
    text = page(CheckResult((Problem("metrics/x.yml", 6, "no & way"),), (finding,)), "A & B", "2026-11-01")
    assert "A &amp; B, 2026-11-01" in text
    assert "no &amp; way" in text
    assert "is &lt;b&gt;odd&lt;/b&gt;" in text
    assert '<td class="n">1,234</td>' in text
    assert '<td class="error">error</td>' in text


def test_nothing_wrong() -> None:
    assert "No problems in the definitions, none in the data." in page(CheckResult((), ()), "A", "2026-11-01")
