"""Student's t: how unlikely a value is, and the value that is so unlikely.

Our own few lines because importing scipy for them costs a second, more than any report takes; the tests hold them to
scipy's digits.
"""

from __future__ import annotations

import math

_TINY = 1e-300
_PRECISE = 1e-16


def tail(t: float, freedom: int) -> float:
    """P(|T| ≥ |t|) for T with so many degrees of freedom (at least 1).

    To 1e-10 of itself up to 1,000 degrees of freedom, also where it is tiny.

    It is the incomplete beta function I(ν/2, ½) at ν / (ν + t²) (DLMF 8.17, Abramowitz & Stegun 26.7.1).
    """
    square = t * t
    return _beta_share(freedom / 2, 0.5, freedom / (freedom + square), square / (freedom + square))


def point(freedom: int, share: float = 0.05) -> float:
    """The t with tail(t) = share, by Newton's method on the logarithm of the tail, which is nearly straight in t."""
    t = 1.0
    for _ in range(100):
        mass = tail(t, freedom)
        step = math.log(mass / share) * mass / (2 * _density(t, freedom))
        t = max(t + step, t / 2)
        if abs(step) <= 1e-14 * t:
            break
    return t


def _density(t: float, freedom: int) -> float:
    half = freedom / 2
    scale = math.exp(math.lgamma(half + 0.5) - math.lgamma(half)) / math.sqrt(freedom * math.pi)
    return scale * math.exp(-(half + 0.5) * math.log1p(t * t / freedom))


def _beta_share(a: float, b: float, x: float, rest: float) -> float:
    """The regularised incomplete beta function I(a, b) at x = 1 − rest (DLMF 8.17.22, on the side that converges)."""
    if x <= 0 or rest <= 0:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(a * math.log(x) + b * math.log(rest) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b))
    if x < (a + 1) / (a + b + 2):
        return front / (a * _fraction(a, b, x))
    return 1 - front / (b * _fraction(b, a, rest))


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction 1 + d₁/(1 + d₂/(1 + …)) of the incomplete beta function, by Lentz's method."""
    value, upper, lower = 1.0, 1.0, 0.0
    for n in range(1, 10_000):
        m = n // 2
        if n % 2:
            term = -(a + m) * (a + b + m) * x / ((a + n - 1) * (a + n))
        else:
            term = m * (b - m) * x / ((a + n - 1) * (a + n))
        lower = 1 / (1 + term * lower or _TINY)
        upper = 1 + term / upper or _TINY
        value *= upper * lower
        if abs(upper * lower - 1) < _PRECISE * 10:
            break
    return value
