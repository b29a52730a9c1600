"""CSV: the first table, exact, as RFC 4180 says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opstally.errors import NoData
from opstally.render import csv_
from opstally.render.document import Document


def test_the_first_section(document: Document) -> None:
    assert csv_.render(document) == (
        "week,created,sla\r\n2026-08-03,100,80.0\r\n2026-08-10,200,\r\n2026-08-17,300,95.25\r\n2026-08-24,400,90.0\r\n"
    )


def test_quotes_and_formulas_stay_data() -> None:
    text = csv_.table(["a", "b"], [('say "hi", you', "=1+1"), (True, None), ("two\nlines", 1)])
    assert text == 'a,b\r\n"say ""hi"", you",=1+1\r\ntrue,\r\n"two\nlines",1\r\n'


def test_no_other_table_stands_in_for_a_missing_first_one(document: Document) -> None:
    turned = replace(document, sections=document.sections[::-1])
    with pytest.raises(NoData, match="implementation_stages"):
        csv_.render(turned)
