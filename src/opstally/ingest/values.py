"""Text as exports write it → typed values: the SQL for each type, and the words for what cannot be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from opstally.ingest.zones import to_utc
from opstally.model.unit import ColumnType
from opstally.period import EARLIEST, LATEST
from opstally.quoting import text

_TRUE: Final = ("true", "t", "yes", "y", "1", "1.0", "on")
_FALSE: Final = ("false", "f", "no", "n", "0", "0.0", "off")

_FULL: Final = "'____-__-_____:__:__'"
"""LIKE pattern of YYYY-MM-DD HH:MM:SS, which leaves no room for an offset: the quick way for most rows."""
_WITH_OFFSET: Final = (
    r"'^\d{4}[-/]\d{1,2}[-/]\d{1,2}[ T]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)? ?(Z|z|UTC|GMT|[+-](0\d|1[0-5])(:?[0-5]\d)?)$'"
)
_WITHOUT: Final = r"'^\d{4}[-/]\d{1,2}[-/]\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?)?$'"


@dataclass(frozen=True)
class Writing:
    """How an export writes a value: strptime format, zone of times without offset, decimal sign, factor to our unit."""

    format: str | None = None
    zone: str = "UTC"
    decimal: str = "."
    scale: float | None = None
    epoch: str | None = None
    """The timestamp from which offsets count."""
    nul: bool = True
    """Whether a text may hold a NUL character."""


@dataclass(frozen=True)
class Reading:
    """SQL of a typed value, NULL where the text is none; a condition on the value that makes it sound; what else it is.

    In `sound`, `{0}` stands for the value. `otherwise` completes "'x' …", as does `unsound` for a value that is not
    sound, where that is another matter. With a `local`, the value is what `value` gives, or else the UTC time of
    `local`, which has to be computed first, as the zone's rules name it many times.
    """

    value: str
    otherwise: str
    sound: str = ""
    unsound: str = ""
    local: str = ""
    zone: str = "UTC"

    def finish(self, value: str, local: str) -> str:
        """SQL of the value, from the names under which `value` and `local` were computed."""
        return f"coalesce({value}, {to_utc(local, self.zone)})" if self.local else value


def reading(raw: str, type_: ColumnType, how: Writing, allowed: Sequence[str] | None = None) -> Reading:
    """How the text in the SQL expression `raw` (trimmed, NULL where there is no value) is read as a type."""
    match type_:
        case "text":
            return _text(raw, how, allowed)
        case "integer" | "number":
            return _number(raw, type_, how)
        case "boolean":
            yes, no = f"lower({raw}) IN {_list(_TRUE)}", f"lower({raw}) IN {_list(_FALSE)}"
            value = f"CASE WHEN {yes} THEN true WHEN {no} THEN false END"
            return Reading(value, "is neither yes nor no (true, false, yes, no, 1, 0)")
        case "date":
            return _date(raw, how)
        case "timestamp":
            return _timestamp(raw, how)


def mapped(raw: str, names: Mapping[str, str], otherwise: str | None) -> str:
    """SQL of the mapped text, NULL for what the map does not name."""
    whens = " ".join(f"WHEN {text(theirs.strip().lower())} THEN {text(ours)}" for theirs, ours in names.items())
    rest = f" ELSE CASE WHEN {raw} IS NOT NULL THEN {text(otherwise)} END" if otherwise is not None else ""
    return f"CASE lower({raw}) {whens}{rest} END"


def listed(names: Sequence[str], most: int = 12) -> str:
    """Names for a sentence."""
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def _list(values: Sequence[str]) -> str:
    return f"({', '.join(map(text, values))})"


def _text(raw: str, how: Writing, allowed: Sequence[str] | None) -> Reading:
    if allowed is None:
        # DuckDB stores such a text; PostgreSQL refuses it, and other software ends it there.
        return Reading(raw, "holds a NUL character, which is no text", "NOT contains({0}, chr(0))" if how.nul else "")
    # The quick way for most rows is the declared spelling; only the others are lower-cased.
    declared = " ".join(f"WHEN {text(a)} THEN {text(a)}" for a in allowed)
    spelled = " ".join(f"WHEN {text(a.lower())} THEN {text(a)}" for a in allowed)
    value = f"CASE {raw} {declared} ELSE CASE lower({raw}) {spelled} END END"
    return Reading(value, f"is not one of {listed(allowed)}")


def _number(raw: str, type_: ColumnType, how: Writing) -> Reading:
    plain = raw if how.decimal == "." else f"CASE WHEN NOT contains({raw}, '.') THEN replace({raw}, ',', '.') END"
    factor = f" * CAST({how.scale!r} AS DOUBLE)" if how.scale is not None else ""
    sign = "" if how.decimal == "." else " with a decimal comma"
    if type_ == "number":
        value = f"TRY_CAST({plain} AS DOUBLE){factor}"
        return Reading(
            value, f"is not a number{sign} (write it without thousands separators or units)", "isfinite({0})"
        )
    # The cast rounds, so the whole number must equal what was written.
    written = f"TRY_CAST({plain} AS DOUBLE){factor}"
    whole = f"TRY_CAST({plain if not factor else written} AS BIGINT)"
    value = f"CASE WHEN {written} = CAST({whole} AS DOUBLE) THEN {whole} END"
    return Reading(value, "is not a whole number (write it without thousands separators or units)")


_IN_RANGE: Final = f"{{0}} BETWEEN {{1}} '{EARLIEST}' AND {{1}} '{LATEST}'"
_OUT_OF_RANGE: Final = (
    f"is not between {EARLIEST} and {LATEST} (where it stands for none, list it in the source's options.null)"
)


def _date(raw: str, how: Writing) -> Reading:
    if how.format in _COUNTED:
        value = f"CAST({_counted(raw, how)} AS DATE)"
    elif how.format:
        value = f"CAST(try_strptime({raw}, {text(how.format)}) AS DATE)"
    else:
        # The cast takes more than dates: years before Christ, and times with it.
        iso = f"regexp_matches({raw}, {_WITHOUT}) OR regexp_matches({raw}, {_WITH_OFFSET})"
        value = f"CASE WHEN {raw} LIKE '____-__-__' OR {iso} THEN TRY_CAST({raw} AS DATE) END"
    otherwise = f"is not a date ({_wanted(how, 'such as 2026-10-31')})"
    return Reading(value, otherwise, _IN_RANGE.replace("{1}", "DATE"), _OUT_OF_RANGE)


def _timestamp(raw: str, how: Writing) -> Reading:
    wanted = _wanted(how, "such as 2026-10-31 14:05:00 or 2026-10-31T14:05:00+01:00")
    skipped = "" if how.zone == "UTC" else f", or is skipped by the clocks of {how.zone}"
    otherwise, sound = f"is not a timestamp ({wanted}){skipped}", _IN_RANGE.replace("{1}", "TIMESTAMP")
    if how.format in _COUNTED:
        return Reading(_counted(raw, how), otherwise, sound, _OUT_OF_RANGE)
    if how.format:
        value = f"CAST(try_strptime({raw}, {text(how.format)}) AS TIMESTAMP)"
        exact, local = (value, "") if "%z" in how.format else ("CAST(NULL AS TIMESTAMP)", value)
    else:
        exact, local = _iso(raw)
    if not local or how.zone == "UTC":
        return Reading(f"coalesce({local}, {exact})" if local else exact, otherwise, sound, _OUT_OF_RANGE)
    return Reading(exact, otherwise, sound, _OUT_OF_RANGE, local, how.zone)


def _iso(raw: str) -> tuple[str, str]:
    """SQL of the UTC timestamp where an offset is written, and of the timestamp as it stands where none is."""
    dotted = f"replace({raw}, ',', '.')"
    # A cast to TIMESTAMP would drop an offset without a word; one to TIMESTAMPTZ needs seconds, and no space.
    seconds = f"regexp_replace({dotted}, '([ T]\\d{{1,2}}:\\d{{2}})([^:\\d])', '\\1:00\\2')"
    zoned = f"replace(regexp_replace({seconds}, ' ([+-])', '\\1'), 'z', 'Z')"
    exact = f"CAST(TRY_CAST({zoned} AS TIMESTAMPTZ) AS TIMESTAMP)"
    return (
        f"CASE WHEN {raw} NOT LIKE {_FULL} AND regexp_matches({raw}, {_WITH_OFFSET}) THEN {exact} END",
        f"CASE WHEN {raw} LIKE {_FULL} THEN TRY_CAST({raw} AS TIMESTAMP) "
        f"WHEN regexp_matches({raw}, {_WITHOUT}) THEN TRY_CAST({dotted} AS TIMESTAMP) END",
    )


_EPOCHS: Final = {"epoch": 1_000_000, "epoch_ms": 1_000}
"""Formats of numbers that count from 1970 → microseconds of one."""


OFFSET: Final = "offset"
"""The format of numbers that count seconds from a declared moment, or to it where their scale is negative."""
_COUNTED: Final = (*_EPOCHS, OFFSET)


def _counted(raw: str, how: Writing) -> str:
    if how.format == OFFSET:
        microseconds = f"CAST(CAST({raw} AS DECIMAL(30, 6)) * {round((how.scale or 1) * 1_000_000)} AS BIGINT)"
        return f"TRY(TIMESTAMP {text(how.epoch or '')} + to_microseconds({microseconds}))"
    return f"TRY(make_timestamp(CAST(CAST({raw} AS DECIMAL(30, 6)) * {_EPOCHS[how.format or '']} AS BIGINT)))"


def _wanted(how: Writing, usual: str) -> str:
    if how.format == OFFSET:
        return f"expected seconds since {how.epoch}"
    if how.format in _EPOCHS:
        return f"expected {'seconds' if how.format == 'epoch' else 'milliseconds'} since 1970"
    return f"expected {how.format}" if how.format else usual
