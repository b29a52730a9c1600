"""Random row-level expressions, as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

Draw = Callable[..., Any]
Scope = Mapping[str, Sequence[str]]
"""Kind of value → the names that have it."""

LITERALS = {
    "text": ["'a'", "'B'", "''", "'é'"],
    "number": ["0", "1", "2.5", "-1", "setting('limit')"],
    "boolean": ["true", "false"],
    "date": ["as_of_date()", "date '2026-03-08'"],
    "timestamp": ["as_of()", "timestamp '2026-03-29 01:00:00'"],
}
PER_HOUR = " / hours_between(timestamp '2026-01-01 00:00:00', timestamp '2026-01-01 01:00:00')"
PER_DAY = " / days_between(date '2026-01-01', date '2026-01-02')"
"""So that numbers have no units, which could not be mixed."""
_SHAPES = {
    "number": [
        "({number} + {number})",
        "({number} - {number})",
        "({number} * {number})",
        "{number} / ({number})",
        "-({number})",
        "abs({number})",
        "floor({number})",
        "ceil({number})",
        "coalesce({number}, {number})",
        "least({number}, {number})",
        "greatest({number}, {number})",
        "case when {boolean} then {number} else {number} end",
        "hours_between({timestamp}, {timestamp})" + PER_HOUR,
        "days_between({date}, {date})" + PER_DAY,
        "weekday_of({date})",
        "weekday_of({timestamp})",
        "hour_of({timestamp})",
    ],
    "boolean": [
        "{number} > {number}",
        "{number} <= {number}",
        "{number} = {number}",
        "{text} = {text}",
        "{text} < {text}",
        "{text} >= {text}",
        "{text} in ({text}, {text})",
        "{text} not in ('a', 'B')",
        "({boolean}) and ({boolean})",
        "{boolean} and null",
        "({boolean}) or ({boolean})",
        "not ({boolean})",
        "({boolean}) is null",
        "{text} is not null",
        "{date} >= {date}",
        "{timestamp} < {timestamp}",
        "contains({text}, 'a')",
        "{number} between 0 and 2",
        "({boolean}) = ({boolean})",
        "({boolean}) or null",
    ],
    "text": [
        "lower({text})",
        "coalesce({text}, {text})",
        "case when {boolean} then {text} end",
        "least({text}, {text})",
    ],
    "date": [
        "add_days({date}, {number})",
        "date_of({timestamp})",
        "coalesce({date}, {date})",
        "greatest({date}, {date})",
    ],
    "timestamp": ["add_minutes({timestamp}, 90.5)", "add_days({timestamp}, -1)", "coalesce({timestamp}, {timestamp})"],
}
KINDS = ("number", "boolean", "text", "date", "timestamp")


@st.composite
def expression(draw: Draw, kind: str, scope: Scope, depth: int) -> str:
    """A row-level expression of the kind, as text."""
    names = list(scope[kind])
    if depth == 0 or draw(st.integers(0, 2)) == 0:
        return str(draw(st.sampled_from(names * 3 + LITERALS[kind])))
    shape = str(draw(st.sampled_from(_SHAPES[kind])))
    for inner in KINDS:
        while f"{{{inner}}}" in shape:
            shape = shape.replace(f"{{{inner}}}", draw(expression(inner, scope, depth - 1)), 1)
    return shape
