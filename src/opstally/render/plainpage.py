"""Plain tables as an HTML page of its own: no charts, no receipts, nothing that is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d2530; --soft: #5b6675; --line: #d9dee5; --bad: #b3261e; --doubt: #8a5a00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ecf1; --soft: #9aa5b4; --line: #38414d; --bad: #ff8a80; --doubt: #f0b84a; }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
td { overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
.error { color: var(--bad); } .warning { color: var(--doubt); } .soft { color: var(--soft); }
"""


@dataclass(frozen=True)
class Sheet:
    """A table under a title. `tones`: the class of each row's first cell, where it has one."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: frozenset[str] = frozenset()
    """The headings of columns of numbers."""
    tones: Sequence[str] = ()
    note: str = ""
    code: str = ""
    """Shown folded, below."""


def page(title: str, about: str, sheets: Sequence[Sheet], nothing: str = "") -> str:
    """One self-contained file; every text is escaped. `nothing` stands where there are no sheets."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}: {escape(about)}</title><style>{_STYLE}</style></head><body>",
        f'<h1>{escape(title)}</h1><p class="soft">{escape(about)}</p>',
        *(_sheet(sheet) for sheet in sheets),
    ]
    if not sheets:
        parts.append(f"<p>{escape(nothing)}</p>")
    return "\n".join([*parts, "</body></html>", ""])


def _sheet(sheet: Sheet) -> str:
    head = "".join(f'<th scope="col"{_class(sheet, name)}>{escape(name)}</th>' for name in sheet.headings)
    body = "\n".join(f"<tr>{_cells(sheet, at)}</tr>" for at in range(len(sheet.rows)))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"
    title = f"<h2>{escape(sheet.title)}</h2>" if sheet.title else ""
    note = f'<p class="soft">{escape(sheet.note)}</p>' if sheet.note else ""
    code = f"<details><summary>SQL</summary><pre>{escape(sheet.code)}</pre></details>" if sheet.code else ""
    return "\n".join(part for part in (title, note, table, code) if part)


def _cells(sheet: Sheet, at: int) -> str:
    first, *rest = sheet.rows[at]
    tone = f' class="{sheet.tones[at]}"' if at < len(sheet.tones) and sheet.tones[at] else ""
    cells = (f"<td{_class(sheet, n)}>{escape(text)}</td>" for n, text in zip(sheet.headings[1:], rest, strict=True))
    return f"<td{tone}>{escape(first)}</td>" + "".join(cells)


def _class(sheet: Sheet, heading: str) -> str:
    return ' class="n"' if heading in sheet.right else ""
