"""Student's t against values from tables and against scipy."""

from __future__ import annotations

import math

import pytest
from scipy.special import stdtr, stdtrit

from opstally.methods.student import point, tail

FREEDOMS = [1, 2, 3, 4, 5, 10, 24, 29, 30, 31, 100, 1000]


@pytest.mark.parametrize(
    ("t", "freedom", "expected"),
    [
        (1.0, 1, 0.5),  # the quartile of the Cauchy distribution
        (0.0, 7, 1.0),
        (math.sqrt(2), 2, 1 - math.sqrt(0.5)),  # 1 − t / √(t² + 2)
        (-2.228138851986274, 10, 0.05),  # 2.228 in any table
    ],
)
def test_known_values(t: float, freedom: int, expected: float) -> None:
    assert tail(t, freedom) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("freedom", FREEDOMS)
@pytest.mark.parametrize("t", [0.01, 0.5, 1.0, 1.9, 2.5, 4.0, 8.0, 15.0, 60.0, 1e6])
def test_the_tail_has_scipys_digits(t: float, freedom: int) -> None:
    expected = 2 * float(stdtr(freedom, -t))
    assert tail(t, freedom) == pytest.approx(expected, rel=1e-10, abs=1e-290)
    assert tail(-t, freedom) == tail(t, freedom)


@pytest.mark.parametrize("freedom", FREEDOMS)
@pytest.mark.parametrize("share", [0.9, 0.5, 0.1, 0.05, 0.01, 1e-6])
def test_the_point_has_scipys_digits(freedom: int, share: float) -> None:
    assert point(freedom, share) == pytest.approx(-float(stdtrit(freedom, share / 2)), rel=1e-9)
    assert tail(point(freedom, share), freedom) == pytest.approx(share, rel=1e-11)
