"""How values look: units, decimals, dates and periods in words. Only for display; data are never rounded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

from opstally.period import Period
from opstally.render.plain import plain
from opstally.result import Column, Interval, Value

MISSING: Final = "–"
"""What stands where there is no value. Never 0."""

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_SYMBOLS: Final = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
_SUFFIX: Final = {
    "milliseconds": " ms", "seconds": " s", "minutes": " min", "hours": " h", "days": " d",
    "per_day": "/day", "per_week": "/week", "per_month": "/month",
}  # fmt: skip
_DECIMALS: Final = {"score": 2, "ratio": 2, "milliseconds": 0}
_STEPS: Final = ((1e3, "k"), (1e6, "M"), (1e9, "B"), (1e12, "T"))
_BYTES: Final = ((2.0**40, "TiB"), (2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"))


def show(value: Value, column: Column, currency: str = "USD") -> str:
    """A value as a table shows it: `12.3k`, `70.6%`, `26.0 h`, `$48.2k`, `4.06`, `03 Aug 2026`."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.date):
        return show_moment(value, column.name)
    if isinstance(value, str):
        return plain(value)
    return show_number(value, column.unit, column.decimals, currency)


def show_bounds(interval: Interval, column: Column, currency: str = "USD") -> str:
    """`68.9% – 72.3%`; `68.9% or more`, `72.3% or less` where there is only one bound, nothing where there is none."""
    low, high = show(interval.low, column, currency), show(interval.high, column, currency)
    match interval.low, interval.high:
        case None, None:
            return ""
        case None, _:
            return f"{high} or less"
        case _, None:
            return f"{low} or more"
    return f"{low} – {high}"


def show_number(value: float, unit: str | None, decimals: int | None = None, currency: str = "USD") -> str:
    """A number with its unit; `decimals` overrides the unit's own."""
    if value != value or value in (float("inf"), float("-inf")):
        return MISSING
    sign = "-" if value < 0 else ""
    text = _UNSIGNED.get(unit or "", _plain)(abs(value), unit or "", decimals, currency)
    return sign + text if any(digit in text for digit in "123456789") else text


def show_change(change: float, before: float | None, unit: str | None, currency: str = "USD") -> str:
    """The size of a change: points of a percentage, else relative to what was before, else in the unit."""
    size = abs(change)
    if unit == "percent":
        return f"{size:.{1 if size >= 0.095 or size == 0 else 2}f} pt"
    if before:
        return show_number(100 * size / abs(before), "percent")
    return show_number(size, unit, None, currency)


def show_moment(moment: dt.date, name: str = "") -> str:
    """A day as `03 Aug 2026`, an instant as `03 Aug 2026 14:05`, a whole month, where `name` says so, as `Aug 2026`."""
    if isinstance(moment, dt.datetime):
        return f"{show_moment(moment.date())} {moment:%H:%M}"
    if name in ("month", "quarter") and moment.day == 1:
        return f"{MONTHS[moment.month - 1]} {moment.year:04}"
    return f"{moment.day:02} {MONTHS[moment.month - 1]} {moment.year:04}"


def show_period(period: Period) -> str:
    """A period with its last day included: `01 Aug – 30 Oct 2026`."""
    first, last = period.start, period.last_day
    if first == last:
        return show_moment(first)
    shown = f"{first.day:02} {MONTHS[first.month - 1]}" if first.year == last.year else show_moment(first)
    return f"{shown} – {show_moment(last)}"


def currency_symbol(currency: str) -> str:
    """What stands before an amount: `$`, or the code and a space."""
    return _SYMBOLS.get(currency, f"{currency} ")


def show_count(count: int) -> str:
    """A whole number with thousands separated."""
    return f"{count:,}"


def _plain(value: float, unit: str, decimals: int | None, _currency: str) -> str:
    if decimals is None:
        decimals = _DECIMALS.get(unit, 0 if float(value).is_integer() and unit in ("", "count") else 1)
    return _compact(value, decimals) + _SUFFIX.get(unit, "")


def _percent(value: float, _unit: str, decimals: int | None, _currency: str) -> str:
    digits = 1 if decimals is None else decimals
    # 99.97 % is not 100 %, and 0.02 % is not 0 %: as many digits as it takes to see that.
    while digits < 4 and value not in (0, 100) and round(value, digits) in (0, 100):
        digits += 1
    return f"{value:,.{digits}f}%" if value < 10_000 else f"{_compact(value, 1)}%"


def _money(value: float, _unit: str, decimals: int | None, currency: str) -> str:
    if decimals is None:
        decimals = 2 if value < 100 and not float(value).is_integer() else 0
    return currency_symbol(currency) + _compact(value, decimals)


def _bytes(value: float, _unit: str, decimals: int | None, _currency: str) -> str:
    for size, name in _BYTES:
        if value >= size:
            return f"{value / size:.{1 if decimals is None else decimals}f} {name}"
    return f"{value:.0f} B"


def _compact(value: float, decimals: int) -> str:
    """Up to 9,999 in full, above that in thousands, millions, …"""
    if round(value, decimals) < 10_000:
        return f"{value:,.{decimals}f}"
    size, letter = next((step for step in _STEPS if round(value / step[0], 1) < 1_000), _STEPS[-1])
    return f"{value / size:,.1f}{letter}"


_UNSIGNED: Final[dict[str, Callable[[float, str, int | None, str], str]]] = {
    "percent": _percent,
    "currency": _money,
    "bytes": _bytes,
}
