"""Markdown: tables whose values can neither end a cell nor become markup."""

from __future__ import annotations

from opstally.render import markdown
from opstally.render.document import Document


def test_the_page(document: Document) -> None:
    text = markdown.render(document)
    assert text.startswith("# Support\n\n**03 Aug – 30 Aug 2026** · Are we keeping our promises?\n")
    assert "| Week | Tickets created | SLA met |\n| --- | ---: | ---: |\n| 03 Aug 2026 | 100 | 80.0% |\n" in text
    assert "| 10 Aug 2026 | 200 | – |" in text
    assert "| auth | 12.0 h | 10.0 h | ▲ 20.0% |" in text
    assert "| \\<ghost\\> | – | – | – |" in text
    assert "| Total | 10.5 h | 10.0 h | ▲ 5.0% |" in text
    assert "*no data: needs table implementation_stages*" in text
    assert "Receipt: 1,204 rows of support_tickets (left out: 41 pending, 13 no target) · data to 30 Aug 2026" in text
    assert text.endswith("Assumes: Support hourly cost 50, Saving share 0.3.\n")


def test_escapes() -> None:
    lines = list(markdown.table(["a|b"], [["*x* `y`\n[z] _a_b_"]]))
    assert lines == ["| a\\|b |", "| --- |", "| \\*x\\* \\`y\\` \\[z\\] \\_a_b\\_ |"]
