"""What kind of values the columns of an export hold, told by the first records of a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from opstally.ingest.exports import Export, records

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ENOUGH: Final = 200
"""Records that are looked at."""

_KINDS: Final = (
    ("numbers", re.compile(r"[+-]?(\d+([.,]\d+)?|\.\d+)([eE][+-]?\d+)?")),
    ("dates", re.compile(r"(\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[-/.](\d{1,2}|[A-Za-z]{3})[-/.]\d{2,4})\b.*")),
    ("yes or no", re.compile(r"true|false|yes|no", re.IGNORECASE)),
)


def sample(connection: DuckDBPyConnection, export: Export) -> tuple[tuple[str, ...], ...]:
    """The texts of each column in the first records, without blank ones; nothing for a file that cannot be read.

    What is wrong with such a file is told when all of it is read.
    """
    import duckdb  # lazy: 0.15 s

    # What is wrong with lines is noted when all of the file is read, and such notes are of one reading only.
    read = records([export]).sql.replace("store_rejects = true", "ignore_errors = true")
    listed = ", ".join(f"CAST(r{i} AS VARCHAR)" for i in range(len(export.names)))
    try:
        found = connection.execute(f"SELECT {listed} FROM {read} LIMIT {ENOUGH}").fetchall()
    except duckdb.Error:
        found = []
    if not found:
        return ((),) * len(export.names)
    return tuple(tuple(v.strip() for v in column if v is not None and v.strip()) for column in zip(*found, strict=True))


def kind(values: Iterable[str], nulls: Sequence[str]) -> str:
    """What the values are: "numbers", "dates", "yes or no" or "text"; "" where there are none."""
    absent = {null.strip() for null in nulls}
    known = {value for value in values if value not in absent}
    if not known:
        return ""
    for name, pattern in _KINDS:
        if all(pattern.fullmatch(value) for value in known):
            return name
    return "text"


_OFFSET: Final = re.compile(r".*\d[ ]?(Z|z|UTC|GMT|[+-]\d{2}(:?\d{2})?)")


def without_offset(values: Iterable[str]) -> str | None:
    """The first text with a digit that ends in no offset from UTC, so that it does not say which instant it is."""
    return next((v for v in values if re.search(r"\d", v) and not (":" in v and _OFFSET.fullmatch(v))), None)
