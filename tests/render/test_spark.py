"""Block sparklines."""

from __future__ import annotations

from opstally.render.spark import spark


def test_from_least_to_largest() -> None:
    assert spark([1, 2, 3, 4, 5, 6, 7, 8]) == "▁▂▃▄▅▆▇█"


def test_from_zero() -> None:
    assert spark([7, 14], zero_based=True) == "▅█"


def test_a_gap_is_a_dot_and_not_a_zero() -> None:
    assert spark([0, None, 7]) == "▁·█"


def test_only_the_last_points() -> None:
    assert spark([9, 0, 7], width=2) == "▁█"


def test_nothing_known() -> None:
    assert spark([None, None]) == "··"
    assert spark([]) == ""


def test_a_series_that_does_not_move() -> None:
    assert spark([5, 5]) == "▄▄"
    assert spark([0, 0]) == "▁▁"
