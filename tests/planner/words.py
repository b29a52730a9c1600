"""The vocabulary in plain Python: every word on values, None being NULL."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from functools import cmp_to_key
from typing import Any

Value = Any


def seconds(start: Value, end: Value) -> float:
    return (end - start) / dt.timedelta(microseconds=1) / 1e6


def _known(values: list[Value]) -> list[Value]:
    return [v for v in values if v is not None]


def quantile(values: list[Value], share: float) -> float | None:
    known = sorted(_known(values))
    if not known:
        return None
    at = share * (len(known) - 1)
    low = math.floor(at)
    high = min(low + 1, len(known) - 1)
    return float(known[low] + (known[high] - known[low]) * (at - low))


def ranks(n: int, share: float) -> tuple[int, int]:
    """The places, from 1, of the values in order that miss the quantile with at most 2.5 % each, by the binomial.

    0 and n + 1 where there are none.
    """
    below = [0.0]  # the chance that fewer than k values are
    for k in range(n + 1):
        ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        below.append(below[-1] + math.exp(ways + k * math.log(share) + (n - k) * math.log1p(-share)))
    low = max(k for k in range(n + 1) if below[k] <= 0.025)
    return low, min((k for k in range(1, n + 1) if 1 - below[k] <= 0.025), default=n + 1)


def bounds(values: list[Value], share: float) -> tuple[set[float | None], set[float | None]]:
    """What may bound the quantile of the values from below and from above: those values, or the next ones out."""
    known = sorted(_known(values))
    low, high = ranks(len(known), share)
    lows = {known[k - 1] for k in (low, low - 1) if k >= 1}
    highs = {known[k - 1] for k in (high, high + 1) if k <= len(known)}
    return lows or {None}, highs or {None}


def _variance(values: list[Value]) -> float | None:
    known = _known(values)
    if len(known) < 2:
        return None
    mean = math.fsum(known) / len(known)
    return math.fsum((x - mean) ** 2 for x in known) / (len(known) - 1)


def picked(values: list[Value], by: list[Value], last: bool) -> Value:
    pairs = [(b, v) for v, b in zip(values, by, strict=True) if v is not None and b is not None]
    if not pairs:
        return None
    return (max if last else min)(pairs, key=cmp_to_key(lambda a, b: (a > b) - (a < b)))[1]


def _sum(values: list[Value]) -> Value:
    known = _known(values)
    if not known:
        return None
    return sum(known) if all(isinstance(v, int) for v in known) else math.fsum(known)


def _average(values: list[Value]) -> float | None:
    known = _known(values)
    return math.fsum(known) / len(known) if known else None


OVER_VALUES: dict[str, Callable[[list[Value]], Value]] = {
    "count": lambda vs: len(_known(vs)),
    "count_if": lambda vs: sum(v is True for v in vs),
    "count_distinct": lambda vs: len(set(_known(vs))),
    "sum": _sum,
    "avg": _average,
    "min": lambda vs: min(_known(vs), default=None),
    "max": lambda vs: max(_known(vs), default=None),
    "variance": _variance,
}
AGGREGATES = frozenset({*OVER_VALUES, "quantile", "last", "first"})


def _and(args: list[Value]) -> bool | None:
    return False if False in args else None if None in args else True


def _or(args: list[Value]) -> bool | None:
    return True if True in args else None if None in args else False


def _in(args: list[Value]) -> bool | None:
    value, *others = args
    return None if value is None else _or([None if other is None else value == other for other in others])


def _case(args: list[Value]) -> Value:
    for condition, value in zip(args[:-1:2], args[1:-1:2], strict=True):
        if condition is True:
            return value
    return args[-1]


THREE_VALUED: dict[str, Callable[[list[Value]], Value]] = {
    "and": _and,
    "or": _or,
    "in": _in,
    "case": _case,
    "is_null": lambda args: args[0] is None,
    "coalesce": lambda args: next(iter(_known(args)), None),
    "least": lambda args: min(_known(args), default=None),
    "greatest": lambda args: max(_known(args), default=None),
}


def _add_days(moment: Value, count: float) -> Value:
    if isinstance(moment, dt.datetime):
        return moment + dt.timedelta(microseconds=round(count * 86_400e6))
    return moment + dt.timedelta(days=math.floor(count))


STRICT: dict[str, Callable[..., Value]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: float(a) / float(b) if b else None,
    "neg": lambda a: -a,
    "not": lambda a: not a,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "abs": abs,
    "floor": lambda a: float(math.floor(a)),
    "ceil": lambda a: float(math.ceil(a)),
    "ln": lambda a: math.log(a) if a > 0 else None,
    "lower": lambda a: a.lower(),
    "contains": lambda a, b: b in a,
    "starts_with": lambda a, b: a.startswith(b),
    "seconds_between": seconds,
    "minutes_between": lambda a, b: seconds(a, b) / 60,
    "hours_between": lambda a, b: seconds(a, b) / 3600,
    "days_between": lambda a, b: seconds(a, b) / 86400,
    "add_days": _add_days,
    "add_minutes": lambda a, b: a + dt.timedelta(microseconds=round(b * 60e6)),
}
