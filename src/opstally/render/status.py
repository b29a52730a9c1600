"""Good or bad, as a shape and a word; colour only repeats it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from opstally.render.numbers import MISSING, show_change, show_number
from opstally.result import Column, Value

Tone = Literal["good", "bad", "neutral"]

MET: Final = "✓"
MISSED: Final = "✗"


@dataclass(frozen=True)
class Status:
    """A shape, what it means, and its tone."""

    shape: str
    word: str
    tone: Tone


NONE: Final = Status("", "", "neutral")


def against_target(value: Value, column: Column) -> Status:
    """Whether the value reaches its target; nothing where there is no target, no value, or no good direction."""
    if column.target is None or not _is_number(value) or column.good == "neutral":
        return NONE
    assert isinstance(value, int | float)
    met = value >= column.target if column.good == "up" else value <= column.target
    return Status(MET, "on target", "good") if met else Status(MISSED, "off target", "bad")


def of_change(change: Value, base: Column) -> Status:
    """Up or down, coloured by whether that is good."""
    if not _is_number(change):
        return NONE
    assert isinstance(change, int | float)
    if change == 0:
        return Status("=", "unchanged", "neutral")
    up = change > 0
    tone: Tone = "neutral" if base.good == "neutral" else "good" if up == (base.good == "up") else "bad"
    return Status("▲" if up else "▼", "up" if up else "down", tone)


def change_text(change: Value, before: Value, base: Column, currency: str) -> str:
    """`▲ 5.8%`, `▼ 2.5 pt`, or a dash."""
    if not _is_number(change):
        return MISSING
    assert isinstance(change, int | float)
    was = float(before) if isinstance(before, int | float) else None
    return f"{of_change(change, base).shape} {show_change(change, was, base.unit, currency)}"


def target_text(column: Column, currency: str) -> str:
    """`≥ 90.0%`."""
    if column.target is None:
        return ""
    sign = {"up": "≥ ", "down": "≤ "}.get(column.good, "")
    return sign + show_number(column.target, column.unit, column.decimals, currency)


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
