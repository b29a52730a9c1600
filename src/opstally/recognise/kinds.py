"""What the values of a column are: times in which writing, numbers, yes or no, one of a few words, or text."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

KindName = Literal["empty", "boolean", "integer", "number", "date", "timestamp", "text"]

NULLS: Final = ("null", "none", "nan", "n/a", "na", "-", "--", "?", "nil", "undefined", r"\n")
"""Texts that stand for no value, where the other values of the column are of a kind that they are not."""

FEW: Final = 25
"""Different values that may still be a list of words."""

_ISO: Final = re.compile(
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}"
    r"(?P<time>[ T]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?(?P<offset> ?(Z|z|UTC|GMT|[+-]\d{2}(:?\d{2})?))?)?"
)
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COMMA: Final = re.compile(r"[+-]?\d+,\d+")
_THOUSANDS: Final = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
"""Numbers whose comma may as well stand between thousands."""
_BOOLEANS: Final = frozenset({"true", "false", "yes", "no", "t", "f", "y", "n"})
_DATES: Final = (
    ("%d/%m/%Y", "%m/%d/%Y"), ("%d-%m-%Y", "%m-%d-%Y"), ("%d.%m.%Y", "%m.%d.%Y"), ("%d/%m/%y", "%m/%d/%y"),
    ("%d.%m.%y", "%m.%d.%y"), ("%d-%b-%y", ""), ("%d-%b-%Y", ""), ("%d/%b/%y", ""), ("%d/%b/%Y", ""),
    ("%d %b %Y", ""), ("%b %d, %Y", ""), ("%Y%m%d", ""),
)  # fmt: skip
"""Formats of days with, where the order of day and month may be doubted, the other way round."""
_TIMES: Final = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", " - %H:%M")


@dataclass(frozen=True)
class Kind:
    """What is known of a column from its first values. `doubt` is a question about how they are written."""

    name: KindName
    format: str | None = None
    comma: bool = False
    offset: bool = False
    doubt: str = ""
    words: tuple[str, ...] = ()
    """The different values, where they are few."""
    nulls: tuple[str, ...] = ()
    unique: bool = False
    largest: float | None = None
    example: str = ""

    @property
    def naive(self) -> bool:
        """Whether these are times whose zone nobody has written down."""
        return self.name == "timestamp" and not self.offset and self.format not in ("epoch", "epoch_ms")


def kind_of(values: Iterable[Any]) -> Kind:
    """The kind of a column by its values, as text or typed."""
    given = [value for value in values if value is not None and str(value).strip()]
    if not given:
        return Kind("empty")
    typed = _typed(given)
    if typed is not None:
        return typed
    texts = [_text(value) for value in given]
    for absent in (frozenset[str](), frozenset(NULLS)):
        rest = [text for text in texts if text.lower() not in absent]
        nulls = tuple(sorted({text for text in texts if text.lower() in absent}))
        found = _of_texts(rest) if rest else Kind("empty")
        if found.name not in ("text", "empty") and (not absent or nulls):
            return _told(found, rest, nulls)
    return _told(Kind("text"), texts, ())


def _told(kind: Kind, texts: Sequence[str], nulls: tuple[str, ...]) -> Kind:
    counted = Counter(texts)
    few = tuple(sorted(counted)) if len(counted) <= FEW else ()
    unique = len(counted) == len(texts) and len(texts) > 1
    return Kind(kind.name, kind.format, kind.comma, kind.offset, kind.doubt, few, nulls, unique, kind.largest, texts[0])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).strip()


def _typed(given: Sequence[Any]) -> Kind | None:
    """The kind of values that a typed file has; None for text, which has to be looked at."""
    if all(isinstance(value, dt.datetime) for value in given):
        aware = all(value.tzinfo is not None for value in given)
        return Kind("timestamp", offset=aware, example=str(given[0]))
    if all(isinstance(value, dt.date) for value in given):
        return Kind("date", example=str(given[0]))
    return None


def _of_texts(texts: Sequence[str]) -> Kind:
    for look in (_boolean, _iso, _dates, _numbers):
        found = look(texts)
        if found is not None:
            return found
    return Kind("text")


def _boolean(texts: Sequence[str]) -> Kind | None:
    different = {text.lower() for text in texts}
    return Kind("boolean") if different <= _BOOLEANS and len(different) <= 2 else None


def _iso(texts: Sequence[str]) -> Kind | None:
    matches = [_ISO.fullmatch(text) for text in texts]
    if not all(matches):
        return None
    found = [match for match in matches if match]
    if not any(match["time"] for match in found):
        return Kind("date")
    return Kind("timestamp", offset=all(match["offset"] for match in found if match["time"]))


def _dates(texts: Sequence[str]) -> Kind | None:
    if all(text.isdecimal() and len(text) == 8 for text in texts) and not _read(texts, "%Y%m%d"):
        return None
    for one, other in _DATES:
        for time in _TIMES:
            name: KindName = "timestamp" if time else "date"
            if _read(texts, one + time):
                doubt = ""
                if other and "." not in one and _read(texts, other + time):  # with dots, the day comes first
                    doubt = f"does {texts[0]!r} begin with the day, or with the month ({other + time})?"
                return Kind(name, one + time, doubt=doubt)
            if other and _read(texts, other + time):
                return Kind(name, other + time)
    return None


def _read(texts: Sequence[str], format_: str) -> bool:
    try:
        return all(1900 < dt.datetime.strptime(text, format_).year < 2100 for text in texts)
    except ValueError:
        return False


def _numbers(texts: Sequence[str]) -> Kind | None:
    comma = any(_COMMA.fullmatch(text) for text in texts)
    plain = [text.replace(",", ".") if _COMMA.fullmatch(text) else text for text in texts]
    if not all(_NUMBER.fullmatch(text) for text in plain):
        return None
    if any(len(text) > 1 and text[0] == "0" and text.isdecimal() for text in plain):
        return None  # leading zeros make it a code
    numbers = [float(text) for text in plain]
    whole = all(text.lstrip("+-").isdecimal() for text in plain)
    largest = max(abs(number) for number in numbers)
    for format_, low, high in (("epoch", 9e8, 2.2e9), ("epoch_ms", 9e11, 2.2e12)):
        if whole and all(low < number < high for number in numbers):
            return Kind("integer", format_, largest=largest)
    written = [text for text in texts if _COMMA.fullmatch(text)]
    thousands = bool(written) and all(_THOUSANDS.fullmatch(text) for text in written)
    doubt = f"is the comma in {written[0]!r} the decimal sign?" if thousands else ""
    return Kind("integer" if whole and not comma else "number", comma=comma, doubt=doubt, largest=largest)
