"""Names and texts as SQL."""

from __future__ import annotations

from opstally.quoting import quoted, text


def test_quoting() -> None:
    assert quoted('a"b') == '"a""b"'
    assert text("it's") == "'it''s'"
