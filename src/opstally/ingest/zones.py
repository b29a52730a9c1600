"""Local times → UTC, from the system's own time-zone rules."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from opstally.period import Calendar

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Span = tuple[dt.datetime, int | None]
"""(Local time from which, seconds east of UTC); None seconds where the local times do not exist."""

_FROM: Final = dt.datetime(1970, 1, 1)
_UPTO: Final = dt.datetime(2070, 1, 1)
"""Changes of offset are looked for between these; before and after, the nearest known offset is taken."""

_USUAL: Final = dt.datetime(2005, 1, 1), dt.datetime(2035, 1, 1)
"""Times between these are found by a few comparisons; all others by a list, which takes a hundred times as long."""


def prepare(connection: DuckDBPyConnection, zones: Iterable[str]) -> None:
    """Give a connection the rules that the SQL of `to_utc` looks up."""
    for zone in set(zones) - {"UTC"}:
        listed = ", ".join(f"{{'at': TIMESTAMP '{at}', 'offset': {_sql(offset)}}}" for at, offset in _spans(zone))
        connection.execute(f"SET VARIABLE {_variable(zone)} = [{listed}]")


def to_utc(local: str, zone: str) -> str:
    """SQL of the UTC timestamp of a local one; NULL for a time that the zone skipped.

    A time that came twice, when clocks were put back, is the first one. The engine's own conversion takes the second,
    and shifts skipped times silently. The connection has to be prepared for the zone.
    """
    if zone == "UTC":
        return local
    first, last = _USUAL
    usual = _pick(local, _within(_spans(zone), first, last))
    other = f'list_last(list_filter(getvariable({_variable(zone)!r}), lambda span: span."at" <= {local}))."offset"'
    seconds = f"CASE WHEN {local} >= TIMESTAMP '{first}' AND {local} < TIMESTAMP '{last}' THEN {usual} ELSE {other} END"
    return f"({local} - to_seconds({seconds}))"


@lru_cache(maxsize=64)
def _spans(zone: str) -> tuple[Span, ...]:
    (_, offset), *changes = Calendar(zone).offsets(_FROM, _UPTO)
    spans: list[Span] = [(dt.datetime.min, offset)]
    for instant, after in changes:
        before_stops, after_starts = (instant + dt.timedelta(seconds=o) for o in (offset, after))
        spans.append((before_stops, after if after_starts <= before_stops else None))
        if after_starts > before_stops:
            spans.append((after_starts, after))
        offset = after
    return tuple(spans)


def _within(spans: tuple[Span, ...], first: dt.datetime, last: dt.datetime) -> tuple[Span, ...]:
    before = [span for span in spans if span[0] <= first]
    return (before[-1], *(span for span in spans if first < span[0] < last))


def _pick(local: str, spans: tuple[Span, ...]) -> str:
    """A decision tree: six comparisons find one of some sixty spans."""
    if len(spans) == 1:
        return _sql(spans[0][1])
    middle = len(spans) // 2
    before, after = _pick(local, spans[:middle]), _pick(local, spans[middle:])
    return f"CASE WHEN {local} < TIMESTAMP '{spans[middle][0]}' THEN {before} ELSE {after} END"


def _sql(seconds: int | None) -> str:
    return "NULL" if seconds is None else str(seconds)


def _variable(zone: str) -> str:
    return "zone_" + re.sub(r"\W", "_", zone).lower()
