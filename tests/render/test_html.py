"""One self-contained page: no requests, real headers, charts with words, receipts."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from opstally.render import html
from opstally.render.document import Document

VOID = {"meta", "input", "br", "link", "img", "hr"}


class Tags(HTMLParser):
    """Every tag with its attributes; complains of tags that are not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def page(document: Document) -> str:
    return html.render(document)


def test_well_formed_with_scoped_headers(page: str) -> None:
    headers = [attributes for tag, attributes in Tags(page).found if tag == "th"]
    assert headers
    assert {attributes.get("scope") for attributes in headers} == {"col", "row"}


def test_nothing_is_fetched(page: str) -> None:
    for _, attributes in Tags(page).found:
        assert {"src", "href", "srcset", "data", "action"}.isdisjoint(attributes)
    assert set(re.findall(r"url\((.)", page)) <= {"#"}
    assert "@import" not in page
    assert "<script" not in page
    addresses = set(re.findall(r"[a-z]+://[^\"' <]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}  # names, never fetched


def test_names_are_there_once(page: str) -> None:
    names = re.findall(r' id="([^"]+)"', page)
    assert len(names) == len(set(names))
    for name in re.findall(r"url\(#([^)]+)\)", page):
        assert name in names


def test_values_are_escaped(page: str) -> None:
    assert "&lt;ghost&gt;" in page
    assert "<ghost>" not in page


def test_charts_follow_light_and_dark_and_are_told_in_words(page: str) -> None:
    charts = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(charts) == 2
    for chart in charts:
        assert 'aria-hidden="true"' in chart
        assert "#2a5bd7" not in chart
        assert "var(--series-1)" in chart
    assert "prefers-color-scheme: dark" in page
    assert "Tickets created by week: from 100 at the start to 400 at the end" in page
    assert "Mean hours by service: from 9.0 h (search) to 12.0 h (auth)." in page


def test_status_is_shape_and_word(page: str) -> None:
    assert "✗ off target" in page
    assert re.search(r"✓</span> 95\.2%<span class=\"unseen\">, on target</span>", page)


def test_a_bound_that_there_is_not_is_said(page: str) -> None:
    assert "8.0 h or more, n 40, at least 72 values are needed for an upper bound" in page
    assert "n 12, fewer than 30 rows" in page


def test_the_receipt_is_there(page: str) -> None:
    for told in ("1,204 rows of support_tickets", "1a2b3c4d", "SELECT 1 AS one", "41 pending, 13 no target", "61,204"):
        assert told in page


def test_missing_is_said(page: str) -> None:
    assert "no data: needs table implementation_stages" in page
    assert "fewer than 30 rows" in page
