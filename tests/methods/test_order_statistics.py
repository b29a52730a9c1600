"""Which values in order bound a quantile, and from how many values on; the ranks themselves are tested as SQL."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from opstally.methods.order_statistics import enough, fewest, lacking

SHARES = [0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 1 / 3, 0.5, 0.6, 0.75, 0.9, 0.95, 0.98, 0.99, 0.999]


@pytest.mark.parametrize("share", SHARES)
def test_the_fewest_values_that_bound(share: float) -> None:
    least = fewest(share)
    assert binom.pmf(0, least, share) <= 0.025
    assert least == 1 or binom.pmf(0, least - 1, share) > 0.025


def test_seventy_two_values_bound_the_95th_percentile_from_above() -> None:
    assert (fewest(1 - 0.95), fewest(0.5), fewest(0.95)) == (72, 6, 2)


@pytest.mark.parametrize("share", SHARES)
def test_in_large_groups_the_bounds_are_near(share: float) -> None:
    """Both ranks are among the values from the interpolated quantile at share − 0.02 to that at share + 0.02."""
    n = np.arange(enough(share, 0.02), 50_000, 7)
    low, high = binom.ppf(0.025, n, share) - 1, binom.ppf(0.975, n, share) + 2  # at most one further out
    first, last = np.ceil((share - 0.02) * (n - 1)) + 1, np.floor((share + 0.02) * (n - 1)) + 1
    assert share <= 0.02 or (first <= low).all()
    assert share >= 0.98 or (high <= last).all()


def test_what_is_said_of_bounds_that_there_are_not() -> None:
    assert lacking(40, (0.95,), low=True, high=False) == "at least 72 values are needed for an upper bound"
    assert lacking(5, (0.5,), low=False, high=False) == "at least 6 values are needed for a lower and an upper bound"
    assert lacking(1, (0.9,), low=False, high=False) == (
        "at least 2 values are needed for a lower bound; at least 36 values are needed for an upper bound"
    )
    assert lacking(40, (0.05, 0.95), low=False, high=True) == "at least 72 values are needed for a lower bound"
    assert lacking(100, (0.95,), low=True, high=True) == ""
