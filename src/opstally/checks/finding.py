"""One thing that a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["error", "warning", "note"]
"""A note is nothing wrong, but to be known."""

SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "note")
"""From the worst on."""


@dataclass(frozen=True)
class Finding:
    """One kind of thing in one column: how many rows, and the first of them."""

    severity: Severity
    table: str
    column: str
    reason: str
    count: int
    first: str


def shown(values: list[object]) -> str:
    """Values of one row, for a person."""
    return ", ".join("nothing" if v is None else str(v) for v in values)
