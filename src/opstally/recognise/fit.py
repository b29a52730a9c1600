"""Which canonical table an export fits best, and which of its columns is which of ours, with the reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from opstally.ingest.records import squashed
from opstally.model.table import Column, Table
from opstally.recognise.kinds import Kind
from opstally.recognise.names import alike, tokens, unaccented, unit_of, words

NOT_ENOUGH: Final = 2.4
"""A fit below this is none: a few columns of any file are called like some of ours."""

_SAME, _ALIAS, _SIMILAR, _BY_VALUES = 1.0, 0.9, 0.6, 0.3
_KINDS: Final = {
    "timestamp": {"timestamp", "date", "empty"},
    "date": {"date", "timestamp", "empty"},
    "number": {"integer", "number", "empty"},
    "integer": {"integer", "empty"},
    "boolean": {"boolean", "empty"},
    "text": {"text", "integer", "boolean", "number", "empty"},
}
_ALIKE: Final = 0.65
"""Names less alike than this are not."""
_ANYWHERE: Final = frozenset(
    {"id", "name", "type", "status", "state", "date", "time", "timestamp", "description", "url"}
)
"""Names that any file may have."""
_MILLISECONDS: Final = {"milliseconds": 1, "seconds": 1000, "minutes": 60_000, "hours": 3_600_000, "days": 86_400_000}
"""Whole numbers, so that a second is a thousand milliseconds and not a little less."""


@dataclass(frozen=True)
class Matched:
    """One column of theirs that is one of ours. `how` has what is beyond the name: format, map, scale, …"""

    ours: str
    theirs: str
    score: float
    reason: str
    how: Mapping[str, Any] = field(default_factory=dict)
    question: str = ""
    unmapped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fit:
    """How an export fits a table. `digest`: our key that a digest of the record stands for."""

    table: Table
    score: float
    matched: tuple[Matched, ...]
    digest: str = ""


def fits(tables: Mapping[str, Table], columns: Mapping[str, Kind], file: str) -> list[Fit]:
    """The tables that an export may feed, the best first."""
    common = _common(tables)
    found = [_fit(table, columns, file, common) for table in tables.values() if table.columns and not table.made_from]
    good = [fit for fit in found if fit is not None and fit.score >= NOT_ENOUGH]
    return sorted(good, key=lambda fit: (-fit.score, fit.table.table))


def _common(tables: Mapping[str, Table]) -> dict[str, int]:
    """In how many tables a column of this name stands: the more, the less it tells."""
    counted: dict[str, int] = {}
    for table in tables.values():
        for spelled in {squashed(s) for name, c in table.columns.items() for s in (name, *c.aliases)}:
            counted[spelled] = counted.get(spelled, 0) + 1
    return counted


def _fit(table: Table, columns: Mapping[str, Kind], file: str, common: Mapping[str, int]) -> Fit | None:
    candidates = [
        matched
        for ours, column in table.columns.items()
        if column.reconciles is None  # only who knows the vendor can say that a value is the vendor's own
        for theirs, kind in columns.items()
        if (matched := _match(table, ours, column, theirs, kind)) is not None
    ]
    taken: dict[str, Matched] = {}
    used: set[str] = set()
    theirs, ours = list(columns), list(table.columns)  # of ours, the plainer ones are declared first
    for one in sorted(candidates, key=lambda m: (-m.score, theirs.index(m.theirs), ours.index(m.ours))):
        if one.ours not in taken and one.theirs not in used:
            taken[one.ours] = one
            used.add(one.theirs)
    digest = _digest(table, taken)
    needed = {*table.key, *(name for name, c in table.columns.items() if c.required)}
    if any(name not in taken and name != digest and not table.columns[name].fill for name in needed):
        return None
    if not any(_telling(table, one) for one in taken.values()) or _few(taken, columns, digest):
        return None
    if len(table.key) == 1 and table.recency not in taken and _repeats(taken.get(table.key[0]), columns):
        return None  # of the rows with one identifier all but one would be lost
    score = sum(_weight(table, one, common) * one.score for one in taken.values())
    score -= 1.0 if digest else 0.0
    score += 2.0 if tokens(table.table) & tokens(file) - {"when", "id"} else 0.0
    ordered = tuple(taken[name] for name in table.columns if name in taken)
    return Fit(table, score, ordered, digest)


def _few(taken: Mapping[str, Matched], columns: Mapping[str, Kind], digest: str) -> bool:
    """Whether so little of an export fits that it is about something else."""
    return len(taken) < 5 and (len(taken) < 0.3 * len(columns) or (bool(digest) and len(taken) < 3))


def _repeats(key: Matched | None, columns: Mapping[str, Kind]) -> bool:
    return key is not None and not columns[key.theirs].unique and columns[key.theirs].name != "empty"


def _telling(table: Table, one: Matched) -> bool:
    """Whether a column says that this is the table, and not just any: an identifier and times do not."""
    anywhere = {*table.key, table.at, table.recency} | {n for n, c in table.columns.items() if c.type == "timestamp"}
    return one.score >= _SIMILAR and one.ours not in anywhere and squashed(one.theirs) not in _ANYWHERE


def _weight(table: Table, one: Matched, common: Mapping[str, int]) -> float:
    important = 2.0 if one.ours == table.at or table.columns[one.ours].required else 1.0
    return float(important / max(common.get(squashed(one.theirs), 1), 1) ** 0.5)


def _digest(table: Table, taken: Mapping[str, Matched]) -> str:
    """Our key, where the export has no identifier and a digest of the record can stand for it."""
    [*others, last] = table.key
    if others or last in taken or table.columns[last].type != "text" or table.columns[last].fill or table.recency:
        return ""
    return last


def _match(table: Table, ours: str, column: Column, theirs: str, kind: Kind) -> Matched | None:
    epoch = column.type in ("timestamp", "date") and kind.format in ("epoch", "epoch_ms")
    said = _said(column, kind)
    if kind.name not in _KINDS[column.type] and not epoch and not _zero_one(column, kind) and not said:
        return None
    if column.type == "date" and ours in table.key and (epoch or kind.name == "timestamp"):
        return None  # several times a day would be one row, and all but one of them lost
    score, reason = _named(ours, column, theirs, table.table)
    if not score and column.required and column.allowed and len(translate(column.allowed, kind.words)[0]) > 1:
        score, reason = _BY_VALUES, f"called otherwise than {ours}"
    if not score:
        return None
    if table.key == (ours,) and not kind.unique and kind.name != "empty" and not table.recency:
        score *= 0.5
    if column.type == "text" and kind.name in ("number", "boolean") and column.allowed is None:
        score *= 0.6
    how: dict[str, Any] = {}
    question = ""
    unmapped: tuple[str, ...] = ()
    if column.type in ("timestamp", "date"):
        how |= {"format": kind.format} if kind.format else {}
        question = kind.doubt
        reason += f", holds {'times' if kind.name == 'timestamp' or epoch else 'days'}" if kind.name != "empty" else ""
    elif column.type in ("number", "integer"):
        how |= {"decimal": ","} if kind.comma else {}
        scale, question = _unit(column, theirs, kind)
        how |= {"scale": scale} if scale is not None else {}
        question = question or kind.doubt
    elif said:
        how["map"] = said
    elif column.allowed is not None and kind.name != "empty":
        translated, unmapped = translate(column.allowed, kind.words)
        if not kind.words or (unmapped and len(unmapped) > len(kind.words) / 2):
            return None
        reason += f", its values are among {', '.join(sorted(set(translated.values())))}"
        score = min(1.0, score + 0.2)
        if any(theirs_.lower() != ours_ for theirs_, ours_ in translated.items()) or unmapped:
            how["map"] = translated
        if unmapped:
            question = (
                f"what do {', '.join(map(repr, unmapped))} mean? Rows with them are put aside until the map says so."
            )
    return Matched(ours, theirs, score, reason, how, question, unmapped)


def _zero_one(column: Column, kind: Kind) -> bool:
    return column.type == "boolean" and kind.name == "integer" and set(kind.words) <= {"0", "1"}


def _said(column: Column, kind: Kind) -> dict[str, str]:
    """Words for yes and no that only people understand → those that a load does."""
    if column.type != "boolean" or kind.name != "text":
        return {}
    found, unknown = translate(("true", "false"), kind.words)
    return {} if unknown else found


def _named(ours: str, column: Column, theirs: str, about: str) -> tuple[float, str]:
    # Of a name inside an object the last part says what it is: attributes.company_name.
    spellings = {theirs, theirs.rpartition(".")[2]} - {""}
    return max(_named_alike(ours, column, spelled, about) for spelled in spellings)


def _named_alike(ours: str, column: Column, theirs: str, about: str) -> tuple[float, str]:
    if squashed(theirs) == squashed(ours):
        return _SAME, "called the same"
    for alias in column.aliases:
        if squashed(theirs) == squashed(alias):
            return _ALIAS, f"another name of {ours}"
    best = max(((alike(spelled, theirs, about), spelled) for spelled in (ours, *column.aliases)), default=(0.0, ours))
    if best[0] >= 0.99:
        return _SIMILAR + 0.2, f"says the same as {best[1]}"
    return (_SIMILAR * best[0], f"sounds like {best[1]}") if best[0] >= _ALIKE else (0.0, "")


def _unit(column: Column, theirs: str, kind: Kind) -> tuple[float | None, str]:
    """The factor from their unit to ours, and what to ask where the name does not tell it."""
    unit = unit_of(theirs)
    if column.unit == "percent":
        if kind.largest is not None and kind.largest <= 1 and unit != "percent":
            return 100, f"{theirs!r} goes up to {kind.largest:g}: is it a share, so that 1 is 100 %?"
        return None, ""
    if column.unit not in _MILLISECONDS:
        return None, ""
    if unit in _MILLISECONDS:
        factor = _MILLISECONDS[unit] / _MILLISECONDS[column.unit]
        return (factor if factor != 1 else None), ""
    spelled = {squashed(theirs)} & {squashed(s) for s in column.aliases}
    told = f"up to {kind.largest:g}" if kind.largest is not None else "empty here"
    return (
        None,
        "" if spelled and column.unit in theirs else f"is {theirs!r} ({told}) in {column.unit}? Else give a scale.",
    )


def translate(allowed: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Their value → ours, and those that nobody has explained."""
    found, unknown = {}, []
    for value in theirs:
        means = _means(allowed).get(_plain(value))
        if means is None:
            unknown.append(value)
        else:
            found[value] = means
    return found, tuple(unknown)


@cache
def _means(allowed: tuple[str, ...]) -> dict[str, str]:
    known: dict[str, str] = {}
    for ours in allowed:
        known.setdefault(_plain(ours), ours)
    for ours in allowed:
        for spelled in words("values").get(ours, ()):
            known.setdefault(_plain(spelled), ours)
    return known


def _plain(value: str) -> str:
    return " ".join(unaccented(value).lower().replace("_", " ").replace("-", " ").split())
