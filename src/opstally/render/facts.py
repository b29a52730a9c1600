"""Named facts and plain tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from opstally.render.grid import Cell, Lane, fold, text_below, to_table
from opstally.render.plain import plain

if TYPE_CHECKING:
    from rich.console import RenderableType


def facts(pairs: Iterable[tuple[str, str]]) -> RenderableType:
    """Names on the left, texts beside them, folded under themselves."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in pairs:
        grid.add_row(Text(name, style="dim"), Text(text))
    return grid


def table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], width: int, right: Sequence[bool] = ()
) -> RenderableType:
    """Texts in columns. Where they do not fit, texts at the end stand below their row, and numbers in a table below."""
    from rich.text import Text

    lanes = [
        Lane(
            heading,
            tuple(Cell(plain(row[at])) for row in rows),
            is_right=at < len(right) and right[at],
            is_dimension=at == 0,
        )
        for at, heading in enumerate(headings)
    ]
    blocks = fold(lanes, width)
    below = text_below(lanes, width) if len(blocks) > 1 else 0
    if below:
        return to_table(lanes[:-below], width, lanes[-below:])
    return Text("\n\n", no_wrap=True, overflow="ignore").join(to_table(block, width) for block in blocks)
