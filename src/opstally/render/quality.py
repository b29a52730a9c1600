"""What a check found, as a page of its own."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from opstally.checks import CheckResult

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2530; --soft: #5b6675; --line: #d9dee5; --bad: #b3261e; --doubt: #8a5a00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ecf1; --soft: #9aa5b4; --line: #38414d; --bad: #ff8a80; --doubt: #f0b84a; }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
td { overflow-wrap: anywhere; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
.error { color: var(--bad); } .warning { color: var(--doubt); } .soft { color: var(--soft); }
"""


def page(found: CheckResult, project: str, day: object) -> str:
    """One self-contained HTML file; every text of the project is escaped."""
    problems = [("definition", p.file, f"{p.line}" if p.line else "", p.message) for p in found.problems]
    findings = [
        (f.severity, f"{f.table}.{f.column}" if f.column else f.table, f"{f.count:,}", f.reason, f.first)
        for f in found.findings
    ]
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Data quality: {escape(project)}</title><style>{_STYLE}</style></head><body>",
        f'<h1>Data quality</h1><p class="soft">{escape(project)}, {escape(str(day))}</p>',
    ]
    if problems:
        parts.append(_table("Problems in the definitions", ("Kind", "File", "Line", "What"), problems))
    if findings:
        parts.append(_table("Found in the data", ("Severity", "Where", "Rows", "What", "First"), findings))
    if not problems and not findings:
        parts.append("<p>No problems in the definitions, none in the data.</p>")
    return "\n".join([*parts, "</body></html>", ""])


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col"{_class(heading)}>{heading}</th>' for heading in headings)
    body = "\n".join(f"<tr>{_cells(headings, row)}</tr>" for row in rows)
    return f"<h2>{title}</h2>\n<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"


def _cells(headings: Sequence[str], row: Sequence[str]) -> str:
    first = f'<td class="{"warning" if row[0] == "warning" else "error"}">{escape(row[0])}</td>'
    rest = (f"<td{_class(heading)}>{escape(text)}</td>" for heading, text in zip(headings[1:], row[1:], strict=True))
    return first + "".join(rest)


def _class(heading: str) -> str:
    return ' class="n"' if heading in ("Rows", "Line") else ""
