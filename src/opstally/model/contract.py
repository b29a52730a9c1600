"""A contract with a source: what happens when its exports are no longer what they were."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from opstally.model.declaration import Declaration

Answer = Literal["evolve", "freeze", "quarantine"]
"""evolve: go on, and say so. freeze: refuse the load, the last good data stay. quarantine: put its rows aside."""


class Contract(Declaration):
    """Columns are compared with those of the files that were loaded before, where there are some."""

    new: Answer = "evolve"
    """A column that no earlier file had."""
    missing: Answer | None = None
    """A column that the source reads is gone: `freeze`, but `evolve` for files that name their columns themselves.
    What a row cannot be without is always refused."""
    renamed: Answer = "freeze"
    """A column is gone, and a new one looks like it; `evolve` reads the new one in its place."""
    retyped: Literal["freeze", "quarantine"] = "quarantine"
    """A column holds another kind of values, such as text where numbers were. `quarantine`: as ever, only the rows
    whose value cannot be read."""
    max_bad_share: float = field(default=0.5, metadata={"ge": 0, "le": 1})
    """Share of faulty rows above which a load is refused: the export is then not what its source says."""
    max_gone_share: float = field(default=0.2, metadata={"ge": 0, "le": 1})
    """Share of the rows that a complete export may lack against the one before; with more it counts as incomplete."""
    unit_factor: float = field(default=30.0, metadata={"ge": 2})
    """A number column whose quartiles all grew or shrank so many times is taken for one in another unit."""
    accept: tuple[str, ...] = ()
    """Columns of ours whose doubted unit is right, such as first_response_minutes."""
