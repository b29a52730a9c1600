"""The units that a column or metric can have."""

from __future__ import annotations

from typing import Literal

Unit = Literal[
    "count", "percent", "ratio", "score", "currency",
    "milliseconds", "seconds", "minutes", "hours", "days",
    "bytes", "per_day", "per_week", "per_month", "text",
]  # fmt: skip
"""percent is 0–100, ratio 0–1; currency is the project's; text is for metrics that are a word."""

ColumnType = Literal["text", "integer", "number", "boolean", "date", "timestamp"]
"""timestamp is an instant in UTC, date a day; number is a double."""
