"""Local times → UTC, from the system's own time-zone rules."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Final

from opstally.period import Calendar

_FROM: Final = dt.datetime(1970, 1, 1)
_UPTO: Final = dt.datetime(2070, 1, 1)
"""Changes of offset are looked for between these; before and after, the nearest known offset is taken."""


def to_utc(local: str, zone: str) -> str:
    """SQL of the UTC timestamp of a local one; NULL for a time that the zone skipped.

    A time that came twice, when clocks were put back, is the first one. The engine's own conversion takes the second,
    and shifts skipped times silently.
    """
    spans = _spans(zone)
    if spans == ((None, 0),):
        return local
    return f"({local} - to_seconds({_pick(local, spans)}))"


@lru_cache(maxsize=64)
def _spans(zone: str) -> tuple[tuple[dt.datetime | None, int | None], ...]:
    """(Local time from which, seconds east of UTC); None seconds where the local times do not exist."""
    (_, offset), *changes = Calendar(zone).offsets(_FROM, _UPTO)
    spans: list[tuple[dt.datetime | None, int | None]] = [(None, offset)]
    for instant, after in changes:
        before_stops, after_starts = (instant + dt.timedelta(seconds=o) for o in (offset, after))
        if after_starts > before_stops:
            spans.append((before_stops, None))
            spans.append((after_starts, after))
        else:
            spans.append((before_stops, after))
        offset = after
    return tuple(spans)


def _pick(local: str, spans: tuple[tuple[dt.datetime | None, int | None], ...]) -> str:
    """A decision tree rather than a join: nine comparisons find one of some 280 spans."""
    if len(spans) == 1:
        seconds = spans[0][1]
        return "NULL" if seconds is None else str(seconds)
    middle = len(spans) // 2
    starts = spans[middle][0]
    before, after = _pick(local, spans[:middle]), _pick(local, spans[middle:])
    return f"CASE WHEN {local} < TIMESTAMP '{starts}' THEN {before} ELSE {after} END"
