"""Block sparklines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_GAP: Final = "·"


def spark(values: Sequence[float | None], width: int = 60, zero_based: bool = False) -> str:
    """One block for each of the last `width` values, a dot where there is none.

    From the least to the largest of them, or from zero; a series that does not move is a flat middle.
    """
    shown = list(values)[-width:]
    known = [v for v in shown if v is not None]
    if not known:
        return _GAP * len(shown)
    low = min(0.0, *known) if zero_based else min(known)
    return "".join(_GAP if v is None else _block(v, low, max(known)) for v in shown)


def _block(value: float, low: float, high: float) -> str:
    if high == low:
        return _BLOCKS[3] if high else _BLOCKS[0]
    return _BLOCKS[round((value - low) / (high - low) * (len(_BLOCKS) - 1))]
