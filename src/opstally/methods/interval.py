"""How sure a proportion or a mean is: 95 % intervals from counts and variances."""

from __future__ import annotations

import math

Z = 1.959963984540054
"""The 97.5 % point of the normal distribution."""

_T = (
    12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139,
    2.200985, 2.178813, 2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922, 2.093024, 2.085963,
    2.079614, 2.073873, 2.068658, 2.063899, 2.059539, 2.055529, 2.051831, 2.048407, 2.045230, 2.042272,
)  # fmt: skip
"""The 97.5 % points of Student's t for 1 to 30 degrees of freedom; importing a library for them costs a second."""


def proportion(successes: float, n: int) -> tuple[float, float] | None:
    """Wilson's score interval of a share, 0–1; None without observations.

    Source: E. B. Wilson (1927), Journal of the American Statistical Association 22, 209–212.
    """
    if n <= 0 or not 0 <= successes <= n:
        return None
    share, z2 = successes / n, Z * Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def mean(value: float, variance: float | None, n: int) -> tuple[float, float] | None:
    """Student's interval of a mean from the sample variance; None below two observations.

    Assumes independent observations; from about 30 on it holds for skewed durations too.
    """
    if n < 2 or variance is None or variance < 0:
        return None
    half = t_point(n - 1) * math.sqrt(variance / n)
    return value - half, value + half


def t_point(freedom: int) -> float:
    """The 97.5 % point of Student's t, to 1e-5.

    Above 30 degrees of freedom by the Cornish–Fisher expansion (Abramowitz & Stegun 26.7.5).
    """
    if freedom <= len(_T):
        return _T[freedom - 1]
    z = Z
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / float(freedom) ** (power + 1) for power, term in enumerate(terms))
