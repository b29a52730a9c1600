"""What a load did, in numbers that add up, and how it tells how far it has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Protocol

from opstally.derive import Made
from opstally.ingest.restated import Restated


@dataclass(frozen=True)
class Loaded:
    """The rows of one source for one table, by fate: read = merged + unchanged + duplicate + quarantined.

    merged: new in the table, or newer than what it held. unchanged: as the table held them. duplicate: the same key
    came more than once, or the table held a newer version. quarantined: could not be taken as they are.
    `left_out` records of the export are not rows of this table, and not among those read.
    """

    source: str
    table: str
    read: int
    merged: int
    unchanged: int
    duplicate: int
    quarantined: int
    left_out: int = 0
    removed: int = 0
    """Rows of the table that the source has deleted: out of it, or marked."""
    known: int = 0
    """Of those read, the rows of files that an earlier load has read and that have not changed since: they were not
    read again, and count as they did, those merged as unchanged."""
    restated: tuple[Restated, ...] = ()


def together(parts: Sequence[tuple[int, Loaded]]) -> list[Loaded]:
    """One line for each target of a source, of the parts in which it was merged, each with its target's place."""
    found: dict[int, Loaded] = {}
    for place, part in parts:
        before = found.get(place)
        if before is not None:
            sums = {f.name: getattr(before, f.name) + getattr(part, f.name) for f in fields(part)[2:]}
            part = replace(part, **sums)
        found[place] = part
    return [found[place] for place in sorted(found)]


@dataclass(frozen=True)
class LoadedFile:
    """A file that was read; `path` as people see it, below the project folder where it is."""

    source: str
    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class LoadSummary:
    """All sources of one load. `errors` are sentences about sources of which nothing was taken; the others are in."""

    loaded: tuple[Loaded, ...]
    files: tuple[LoadedFile, ...]
    notes: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    made: tuple[Made, ...] = ()
    """What was made from the loaded rows afterwards."""

    @property
    def exit_code(self) -> int:
        """0 when every source was taken in, else 1."""
        return 1 if self.errors else 0


class Progress(Protocol):
    """Told how far a load has come; a front end draws it."""

    def source(self, name: str, files: int, bytes: int) -> None:
        """A source begins: how many files, how large together."""

    def step(self, what: str, share: float) -> None:
        """What is being done for that source now, and the share of it that is done, 0 to 1."""

    def done(self, loaded: Sequence[Loaded]) -> None:
        """The source is in, or, with nothing, was refused."""


class Silent:
    """Progress that nobody watches."""

    def source(self, name: str, files: int, bytes: int) -> None: ...

    def step(self, what: str, share: float) -> None: ...

    def done(self, loaded: Sequence[Loaded]) -> None: ...
