"""Which of the values in order bound a quantile at 95 %: by their number alone, whatever their distribution.

How many of n values lie below the quantile at p is binomial, which gives the ranks of the values that miss it with at
most 2.5 % on either side (W. J. Conover, Practical Nonparametric Statistics, 3rd edition, 1999, section 3.2). With
s = √(p(1 − p)) they are ⌊np + c − zs√n⌋ and ⌈np + c + zs√n⌉, c = 1/2 + (z² − 1)(1 − 2p)/6: the normal distribution,
corrected for steps and for skewness (the first term of Cornish and Fisher's expansion). The tests compare them with the
binomial itself: they are its ranks, or seldom one further out, and at no n miss with more than 2.5 %.
"""

from __future__ import annotations

import math

from opstally.methods.interval import Z

_MISSED = 0.025


def spread(share: float) -> float:
    """How far from the middle between them the ranks are, as a multiple of √n."""
    return Z * math.sqrt(share * (1 - share))


def centre(share: float) -> float:
    """How far from np the middle between the ranks is."""
    return 0.5 + (Z * Z - 1) / 6 * (1 - 2 * share)


def fewest(share: float) -> int:
    """The fewest values with which the least of them bounds the quantile at `share` (0–1, both excluded) from below.

    With a share of 1 − p it is the fewest with which the greatest bounds the quantile at p from above.
    """
    return max(1, math.ceil(math.log(_MISSED) / math.log1p(-share)))


def enough(share: float, around: float) -> int:
    """From how many values on both ranks surely lie between the quantiles at share − around and share + around."""
    half = spread(share)
    return math.ceil(((half + math.sqrt(half * half + 12 * around)) / (2 * around)) ** 2)


def lacking(n: int, shares: tuple[float, ...], *, low: bool, high: bool) -> str:
    """What is said where a bound is not there (`low`, `high`: whether it is); empty where nothing is missing.

    `shares` are those of which the quantile is one.
    """
    needs: dict[int, list[str]] = {}
    for is_there, what, sides in (
        (low, "a lower", shares),
        (high, "an upper", tuple(1 - share for share in shares)),
    ):
        if not is_there:
            needed = [fewest(side) for side in sides]
            needs.setdefault(min((k for k in needed if k > n), default=max(needed)), []).append(what)
    return "; ".join(f"at least {k} values are needed for {' and '.join(what)} bound" for k, what in needs.items())
