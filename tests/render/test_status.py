"""Targets and changes: shape and tone."""

from __future__ import annotations

from typing import Literal

import pytest

from opstally.render.status import against_target, change_text, of_change, target_text
from opstally.result import Column, Value

Good = Literal["up", "down", "neutral"]


def column(good: Good, target: float | None = 90.0) -> Column:
    return Column("x", "X", "number", "percent", "x", good=good, target=target)


@pytest.mark.parametrize(
    ("value", "good", "shape"),
    [
        (90.0, "up", "✓"),
        (89.9, "up", "✗"),
        (90.0, "down", "✓"),
        (90.1, "down", "✗"),
        (None, "up", ""),
        (90.0, "neutral", ""),
    ],
)
def test_against_target(value: Value, good: Good, shape: str) -> None:
    assert against_target(value, column(good)).shape == shape


def test_no_target_no_status() -> None:
    assert against_target(1.0, column("up", None)).shape == ""


@pytest.mark.parametrize(
    ("change", "good", "tone"),
    [
        (1.0, "up", "good"),
        (-1.0, "up", "bad"),
        (1.0, "down", "bad"),
        (-1.0, "down", "good"),
        (1.0, "neutral", "neutral"),
        (0.0, "up", "neutral"),
        (None, "up", "neutral"),
    ],
)
def test_tone_is_good_or_bad_not_up_or_down(change: Value, good: Good, tone: str) -> None:
    assert of_change(change, column(good)).tone == tone


def test_words() -> None:
    assert change_text(-2.5, 73.1, column("up"), "USD") == "▼ 2.5 pt"
    assert change_text(0.0, 73.1, column("up"), "USD") == "= 0.0 pt"
    assert change_text(None, None, column("up"), "USD") == "–"
    assert target_text(column("up"), "USD") == "≥ 90.0%"
    assert target_text(column("down"), "USD") == "≤ 90.0%"
    assert target_text(column("up", None), "USD") == ""
