"""A receipt in words: rows used and excluded, freshness, engine, assumptions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from opstally.render.document import Document, humanize
from opstally.render.numbers import show_count, show_moment, show_number
from opstally.result import Freshness, Receipt, Use

_REASONS: Final = 3


def rows_text(uses: Sequence[Use]) -> list[str]:
    """A phrase a table: `8,204 rows of support_tickets, left out: 41 pending`.

    Several metrics of one table leave out different rows; each reason is said once, with its largest count.
    """
    return [_table_text(table, [u for u in uses if u.table == table]) for table in _in_order(u.table for u in uses)]


def fresh_text(freshness: Sequence[Freshness]) -> str:
    """`data to 31 Oct 2026`, the oldest first where tables differ."""
    known = [(f.newest, f.table) for f in freshness if f.newest is not None]
    if not known:
        return ""
    days = {table: show_moment(newest).split(":")[0][:11] for newest, table in known}
    if len(set(days.values())) == 1:
        return f"data to {next(iter(days.values()))}"
    oldest = min(known, key=lambda pair: str(pair[0]))
    newest = max(known, key=lambda pair: str(pair[0]))
    return f"data to {days[oldest[1]]} ({oldest[1]}) … {days[newest[1]]} ({newest[1]})"


def versions_text(receipt: Receipt) -> str:
    """`4 definitions`, or the one with its version."""
    if len(receipt.definitions) == 1:
        only = receipt.definitions[0]
        return f"{only.metric} {only.version}"
    return f"{len(receipt.definitions)} definitions"


def assumption_texts(assumptions: dict[str, float]) -> list[str]:
    """`Support hourly cost 50`."""
    return [f"{humanize(name)} {_assumed(value)}" for name, value in assumptions.items()]


def summary(document: Document) -> list[str]:
    """The phrases of the one line under a document."""
    receipts = document.receipts()
    if not receipts:
        return []
    uses = [use for receipt in receipts for use in receipt.uses]
    freshness = {f.table: f for receipt in receipts for f in receipt.freshness}
    parts = [*rows_text(uses), fresh_text(list(freshness.values())), *_in_order(r.engine for r in receipts)]
    return [part for part in parts if part]


def _table_text(table: str, uses: Sequence[Use]) -> str:
    rows = max(use.period_rows for use in uses)
    noun = "row" if rows == 1 else "rows"
    return f"{show_count(rows)} {noun} of {table}{_excluded_text(uses)}"


def _excluded_text(uses: Sequence[Use]) -> str:
    largest: dict[str, int] = {}
    for use in uses:
        for reason, count in use.excluded.items():
            largest[reason] = max(count, largest.get(reason, 0))
    reasons = sorted(((r, n) for r, n in largest.items() if n), key=lambda pair: (-pair[1], pair[0]))
    if not reasons:
        return ""
    shown = ", ".join(f"{show_count(count)} {reason}" for reason, count in reasons[:_REASONS])
    more = len(reasons) - _REASONS
    rest = f" and {more} more {'reasons' if more > 1 else 'reason'}" if more > 0 else ""
    return f" (left out: {shown}{rest})"


def _assumed(value: float) -> str:
    return show_number(value, None) if float(value).is_integer() else f"{value:g}"


def _in_order(names: Iterable[str]) -> list[str]:
    """Without repetition, in the order of first appearance."""
    return list(dict.fromkeys(names))
