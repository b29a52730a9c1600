"""The faults that real exports have, planted on copies of good rows so that nothing good is lost."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from opstally.demo.frame import Frame, concat, length, take

KINDS = (
    "exact_duplicate",
    "older_version",
    "bad_date",
    "unknown_value",
    "negative_duration",
    "not_a_number",
    "missing_key",
)
"""What can be wrong with a row; its fault is the position here plus one, and 0 is a good row."""

DUPLICATES = ("exact_duplicate", "older_version", "late_update")
"""Kinds of rows that a load gives up for another version of the same row; all other kinds must end in quarantine."""


def fault(kind: str) -> int:
    """The number that stands for a kind in the column `fault`."""
    return KINDS.index(kind) + 1


def spoiled(kind: str, expression: str, instead: str) -> str:
    """SQL for a column that rows with this fault have wrong."""
    return f"CASE WHEN fault = {fault(kind)} THEN {instead} ELSE ({expression})::VARCHAR END"


def plan(rng: np.random.Generator, rows: int, rates: Mapping[str, float], at_least: int = 0) -> dict[str, int]:
    """How many rows of each kind to plant among so many good ones."""
    least = at_least if rows else 0
    return {kind: max(least, int(rng.binomial(rows, rate))) for kind, rate in rates.items()}


def soil(rng: np.random.Generator, rows: Frame, planned: Mapping[str, int]) -> Frame:
    """The rows, with copies that have a fault strewn among them; the column `fault` says which."""
    n = length(rows)
    extra = np.concatenate([np.full(count, fault(kind), dtype=np.int8) for kind, count in planned.items()])
    picked = rng.integers(0, max(n, 1), len(extra))
    copies = take(rows, picked) | {"fault": extra}
    return strew(rng, concat([rows | {"fault": np.zeros(n, dtype=np.int8)}, copies]), len(extra))


def strew(rng: np.random.Generator, rows: Frame, last: int) -> Frame:
    """The rows with the last so many of them moved to random places."""
    n = length(rows)
    place = np.concatenate([np.arange(n - last, dtype=float), rng.uniform(0, n - last, last)])
    return take(rows, np.argsort(place, kind="stable"))
