"""Plain tables as a page."""

from __future__ import annotations

from opstally.render.plainpage import Sheet, page


def test_every_text_is_escaped_and_nothing_is_fetched() -> None:
    sheet = Sheet("A <b>", ("<i>", "Rows"), [("a&b", "1,000")], frozenset({"Rows"}), ("error",), "not <u>", "x < y")
    text = page("T & U", "P <q>", [sheet])
    for escaped in ("<h2>A &lt;b&gt;</h2>", '<td class="error">a&amp;b</td>', '<td class="n">1,000</td>', "x &lt; y"):
        assert escaped in text
    assert "<title>T &amp; U: P &lt;q&gt;</title>" in text
    assert "http" not in text


def test_without_tables_it_says_so() -> None:
    assert "<p>nothing &amp; no one</p>" in page("T", "P", [], "nothing & no one")
