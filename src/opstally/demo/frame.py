"""Columns of rows in the making: named arrays of one length."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Frame = dict[str, Array]

NOT_A_TIME = np.datetime64("NaT", "s")
DAY = np.timedelta64(1, "D")  # NumPy is about to refuse bare numbers as days


def stream(seed: int, *name: str | int) -> np.random.Generator:
    """The random numbers of one part of the company: adding a part does not change the others."""
    return np.random.default_rng([seed, *(zlib.crc32(str(word).encode()) for word in name)])


def length(frame: Frame) -> int:
    """How many rows."""
    return len(next(iter(frame.values()))) if frame else 0


def take(frame: Frame, rows: Array) -> Frame:
    """The rows chosen by a mask or by positions."""
    return {name: values[rows] for name, values in frame.items()}


def concat(frames: Sequence[Frame]) -> Frame:
    """The rows of all frames, which have the same columns."""
    return {name: np.concatenate([frame[name] for frame in frames]) for name in frames[0]}


def seconds(amount: Array | float) -> Array:
    """Numbers of seconds as durations."""
    return np.asarray(np.round(amount)).astype("timedelta64[s]")


def minutes(amount: Array | float) -> Array:
    """Numbers of minutes as durations, to the second."""
    return seconds(np.asarray(amount) * 60.0)


def hours(amount: Array | float) -> Array:
    """Numbers of hours as durations, to the second."""
    return seconds(np.asarray(amount) * 3600.0)


def minutes_between(start: Array, end: Array) -> Array:
    """Elapsed minutes; NaN where either instant is missing."""
    elapsed = (end - start).astype("timedelta64[s]")
    return np.where(np.isnat(elapsed), np.nan, elapsed.astype(np.int64) / 60.0)


def at_random(rng: np.random.Generator, weights: Sequence[float] | Array, n: int) -> Array:
    """n positions drawn with the given weights."""
    reach = np.cumsum(np.asarray(weights, dtype=float))
    return np.asarray(np.searchsorted(reach, rng.random(n) * reach[-1], side="right").astype(np.int64))


def lognormal(rng: np.random.Generator, median: Array | float, sigma: float, n: int) -> Array:
    """n draws around a median, or around n medians."""
    return np.asarray(median) * np.exp(sigma * rng.standard_normal(n))
