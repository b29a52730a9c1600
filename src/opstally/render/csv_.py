"""The first table of a document as RFC 4180 text: exact values, ISO dates, nothing for what is missing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from opstally.errors import NoData
from opstally.render.document import Document
from opstally.render.json import plain
from opstally.result import Value


def render(document: Document) -> str:
    """Header and rows of the first section; lines end in CRLF, as the standard says.

    Raises:
        NoData: the first section has no data. Another section's table in its place would be taken for it.
    """
    section = document.sections[0]
    if section.result is None:
        raise NoData(section.needs, f"The first table of {document.title!r}")
    return table([column.name for column in section.result.columns], section.result.rows)


def table(header: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    """Rows as they are. Texts that a spreadsheet would take for a formula are not changed: data stay data."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([_text(value) for value in row] for row in rows)
    return out.getvalue()


def _text(value: Value) -> str:
    exact = plain(value)
    if exact is None:
        return ""
    if isinstance(exact, bool):
        return "true" if exact else "false"
    return str(exact)
