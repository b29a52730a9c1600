"""What a check found, as a page of its own."""

from __future__ import annotations

from opstally.checks import CheckResult
from opstally.render import plainpage
from opstally.render.plainpage import Sheet


def page(found: CheckResult, project: str, day: object) -> str:
    """One self-contained HTML file; every text of the project is escaped."""
    problems = [("definition", p.file, f"{p.line}" if p.line else "", p.message) for p in found.problems]
    findings = [
        (f.severity, f"{f.table}.{f.column}" if f.column else f.table, f"{f.count:,}", f.reason, f.first)
        for f in found.findings
    ]
    severities = ["soft" if severity == "note" else severity for severity, *_ in findings]
    written = Sheet(
        "Problems in the definitions", ("Kind", "File", "Line", "What"), problems, frozenset({"Line"}),
        ["error"] * len(problems),
    )  # fmt: skip
    loaded = Sheet(
        "Found in the data", ("Severity", "Where", "Rows", "What", "First"), findings, frozenset({"Rows"}), severities
    )
    sheets = [sheet for sheet in (written, loaded) if sheet.rows]
    about = f"{project}, {day}"
    return plainpage.page("Data quality", about, sheets, "No problems in the definitions, none in the data.")
