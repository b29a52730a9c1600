"""The trend line: hand-computed values, guards, and what it says about series whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opstally.methods.trend import FEW, FEWEST, trend


def test_by_hand() -> None:
    """x 0…4: Sxx 10, Sxy 8, slope 0.8; residuals −0.4 0.8 −1 1.2 −0.6, their squares 3.6, s² 1.2, error √0.12."""
    found = trend([1.0, 3.0, 2.0, 5.0, 4.0])
    error, t = math.sqrt(0.12), 3.182446305284263  # 97.5 % point of t with 3 degrees of freedom
    assert found.n == 5
    assert found.slope == pytest.approx(0.8)
    assert found.low == pytest.approx(0.8 - t * error)
    assert found.high == pytest.approx(0.8 + t * error)
    assert found.p_value == pytest.approx(0.10408803866182788)


def test_a_gap_passes_without_a_point() -> None:
    """With the gap closed up the slope would be 4."""
    assert trend([0.0, None, 4.0, 6.0, 8.0]).slope == pytest.approx(2.0)
    assert trend([0.0, None, 4.0, 6.0, 8.0]).n == 4


def test_an_exact_line_is_certain_and_a_level_one_is_no_trend() -> None:
    rising, level = trend([0.1 * n + 0.3 for n in range(26)]), trend([0.1 + 0.2] * 26)
    assert (rising.slope, rising.p_value) == (pytest.approx(0.1), 0.0)
    assert rising.low == rising.slope == rising.high
    assert (level.slope, level.p_value, level.state) == (0.0, 1.0, "ok")


@pytest.mark.parametrize("series", [[], [None] * 20, [1.0, 2.0, 3.0], [1.0, None, 2.0, None, 3.0]])
def test_too_few_points_are_refused(series: list[float | None]) -> None:
    found = trend(series)
    assert found.state == "refused"
    assert found.slope is None
    assert f"of at least {FEWEST} points" in found.reason


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_refused(bad: float) -> None:
    found = trend([1.0, 2.0, bad, 4.0, 5.0])
    assert (found.state, found.slope) == ("refused", None)


def test_few_points_are_weak() -> None:
    noisy = [1.0, 3.0, 2.0, 5.0, 3.0, 6.0, 4.0, 8.0]
    assert trend(noisy[: FEW - 1]).state == "weak"
    assert trend(noisy).state == "ok"


def test_residuals_that_move_together_are_weak() -> None:
    wave = [math.sin(n / 4) for n in range(26)]
    found = trend(wave)
    assert found.state == "weak"
    assert "move together" in found.reason


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=FEWEST, max_size=60),
    st.floats(-1e3, 1e3),
    st.floats(0.01, 100),
)
def test_shifting_moves_nothing_and_scaling_scales(series: list[float], shift: float, scale: float) -> None:
    plain, other = trend(series), trend([scale * (y + shift) for y in series])
    size = max(1.0, *(abs(y) for y in series))
    assert plain.slope is not None
    assert other.slope == pytest.approx(scale * plain.slope, rel=1e-6, abs=1e-8 * scale * (size + abs(shift)))


def test_the_interval_covers_the_true_slope_as_often_as_it_says() -> None:
    """1,000 series of 26 weeks with slope 0.5: about 950 intervals hold it (99.9 % between 927 and 971)."""
    noise = np.random.default_rng(11).normal(0, 4, (1000, 26))
    found = [trend(list(0.5 * np.arange(26) + row)) for row in noise]
    assert 927 <= sum(f.low <= 0.5 <= f.high for f in found if f.low is not None and f.high is not None) <= 971
    assert np.mean([f.slope for f in found]) == pytest.approx(0.5, abs=0.02)


def test_false_alarms_and_power() -> None:
    """Without a trend 5 % are significant (99.9 % of runs: 2.9 to 7.3 %); a slope of four standard errors mostly is."""
    noise = np.random.default_rng(12).normal(0, 4, (1000, 26))
    error = 4 / math.sqrt(26 * (26**2 - 1) / 12)
    rising = noise + 4 * error * np.arange(26)
    assert 29 <= sum(_p(trend(list(row))) < 0.05 for row in noise) <= 73
    assert sum(_p(trend(list(row))) < 0.05 for row in rising) >= 950


def test_the_guard_sees_series_whose_interval_is_too_narrow() -> None:
    """Residuals that keep 0.8 of the last one: no trend, and yet many are significant; nearly all are marked weak."""
    shocks = np.random.default_rng(13).normal(0, 1, (400, 52))
    walk = np.zeros_like(shocks)
    walk[:, 0] = shocks[:, 0]
    for week in range(1, 52):
        walk[:, week] = 0.8 * walk[:, week - 1] + shocks[:, week]
    found = [trend(list(row)) for row in walk]
    assert sum(_p(f) < 0.05 for f in found) > 120
    assert sum(f.state == "weak" for f in found) > 380
    independent = [trend(list(row)) for row in shocks]
    assert sum(f.state == "weak" for f in independent) < 20


def _p(found: object) -> float:
    value = getattr(found, "p_value", None)
    assert isinstance(value, float)
    return value
