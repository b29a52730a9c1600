"""A result as a table for the terminal: cells, alignment, and folding where the window is narrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import TYPE_CHECKING, Final

from opstally.render.document import base_of, comparison, grain_column, grain_of, heading, is_partial, together
from opstally.render.numbers import show
from opstally.render.status import Tone, against_target, change_text, of_change
from opstally.result import Column, Interval, Result, Value

if TYPE_CHECKING:
    from rich.text import Text

STYLES: Final[dict[Tone, str]] = {"good": "color(36)", "bad": "color(208)", "neutral": ""}
"""Teal and orange: told apart by every kind of colour vision, on dark and on light."""
DIM: Final = "dim"
ACCENT: Final = "color(67)"
WEAK: Final = "*"
PARTIAL: Final = "…"

_GAP: Final = 2
_INDENT: Final = 4
_WIDEST_TEXT: Final = 44
_NARROWEST_TEXT: Final = 12
_LONGEST_WORD: Final = 30
_HEADING_LINES: Final = 3


@dataclass(frozen=True)
class Cell:
    """A shape with its style, then text with its own."""

    text: str
    style: str = ""
    shape: str = ""
    shape_style: str = ""

    @property
    def width(self) -> int:
        from rich.cells import cell_len

        return cell_len(self.text) + (2 if self.shape and self.text else 1 if self.shape else 0)


@dataclass(frozen=True)
class Lane:
    """One column of the table: its heading, its cells from top to bottom, and how they stand."""

    heading: str
    cells: tuple[Cell, ...]
    is_right: bool
    is_dimension: bool = False
    joins: bool = False
    """Stays beside the lane before it, as `change` stays beside what has changed."""

    @property
    def full(self) -> int:
        """What its widest cell takes."""
        return max((cell.width for cell in self.cells), default=0)

    @property
    def width(self) -> int:
        """What it takes with the heading broken between words, into few lines."""
        content = min(self.full, _WIDEST_TEXT)
        width = max([content, *(len(word) for word in self.heading.split())])
        while len(wrap(self.heading, width or 1)) > _HEADING_LINES:
            width += 1
        return width

    @property
    def least(self) -> int:
        """What it can be squeezed to: text folds between words, numbers do not."""
        if self.is_right:
            return self.width
        words = [word for text in (self.heading, *(cell.text for cell in self.cells)) for word in text.split()]
        longest = max((len(word) for word in words), default=0)
        return min(self.width, max(_NARROWEST_TEXT, min(longest, _LONGEST_WORD)))


@dataclass(frozen=True)
class Grid:
    """Lanes, and the marks that their cells use."""

    lanes: tuple[Lane, ...]
    marks: frozenset[str]


def grid(result: Result, currency: str, rows: Sequence[int], group: bool) -> Grid:
    """The rows with these positions; the total, where there is one, comes last.

    group: leave out a first dimension's value where it is that of the row above.
    """
    marks: set[str] = set()
    lanes = tuple(_lane(result, at, currency, rows, marks) for at in together(result.columns))
    if group and sum(lane.is_dimension for lane in lanes) > 1 and lanes[0].is_dimension:
        lanes = (_grouped(lanes[0]), *lanes[1:])
    return Grid(lanes, frozenset(marks))


def fold(lanes: Sequence[Lane], width: int) -> list[list[Lane]]:
    """Blocks that fit the width, each with all dimensions; a single block where everything fits."""
    if _taken(lanes) <= width:
        return [list(lanes)]
    dimensions = [lane for lane in lanes if lane.is_dimension]
    blocks: list[list[Lane]] = []
    block: list[Lane] = []
    for unit in _units([lane for lane in lanes if not lane.is_dimension]):
        fits = _taken([*dimensions, *unit], squeezed=True) <= width
        for part in [unit] if fits else [[lane] for lane in unit]:
            if block and _taken([*dimensions, *block, *part], squeezed=True) > width:
                blocks.append([*dimensions, *block])
                block = []
            block.extend(part)
    return [*blocks, [*dimensions, *block]]


def text_below(lanes: Sequence[Lane], width: int) -> int:
    """How many texts at the end must give way so that the others fit; 0 where numbers would have to."""
    for kept in range(len(lanes) - 1, 0, -1):
        if lanes[kept].is_right:
            return 0
        # A sentence in a lane as narrow as a word is worse than one below.
        if sum(max(lane.least, lane.width // 2) + _GAP for lane in lanes[:kept]) - _GAP <= width:
            return len(lanes) - kept
    return 0


def to_table(lanes: Sequence[Lane], width: int, below: Sequence[Lane] = ()) -> Text:
    """The table as text, with one rule, under the headings; `below` stand under each row, a line each.

    Written here rather than with the library's table: widths are known, and a page of numbers then takes a tenth of
    a second less.
    """
    from rich.text import Text

    widths = _squeezed(lanes, width)
    drawn = Text(no_wrap=True, overflow="ignore")
    for line in _headings(lanes, widths):
        drawn.append(f"{line}\n", style=DIM)
    drawn.append(f"{'─' * (sum(widths) + _GAP * (len(widths) - 1))}\n", style=DIM)
    for at, row in enumerate(zip(*(lane.cells for lane in lanes), strict=True)):
        _append_row(drawn, row, lanes, widths)
        _append_below(drawn, [(lane.heading, lane.cells[at]) for lane in below], width)
    drawn.right_crop(1)
    return drawn


def _headings(lanes: Sequence[Lane], widths: Sequence[int]) -> Iterator[str]:
    """Their lines, standing on the rule."""
    stacks = [_wrapped(lane.heading, wide) for lane, wide in zip(lanes, widths, strict=True)]
    tallest = max(len(stack) for stack in stacks)
    for at in range(tallest):
        parts = []
        for lane, stack, wide in zip(lanes, stacks, widths, strict=True):
            line = stack[at - tallest + len(stack)] if at >= tallest - len(stack) else ""
            parts.append(_blank(line, wide) + line if lane.is_right else line + _blank(line, wide))
        yield (" " * _GAP).join(parts).rstrip()


def _append_row(drawn: Text, row: Sequence[Cell], lanes: Sequence[Lane], widths: Sequence[int]) -> None:
    """One row; where a text is folded, its further lines below."""
    stacks = [[c.text] if lane.is_right else _wrapped(c.text, w) for c, lane, w in zip(row, lanes, widths, strict=True)]
    for at in range(max(len(stack) for stack in stacks)):
        waiting = ""
        for cell, lane, stack, wide in zip(row, lanes, stacks, widths, strict=True):
            line = stack[at] if at < len(stack) else ""
            shape = cell.shape if at == 0 else ""
            shown = f"{shape} {line}" if shape and line else shape or line
            blank = _blank(shown, wide)
            drawn.append(waiting + (blank if lane.is_right else ""))
            if shape:
                drawn.append(shape, style=cell.shape_style)
                drawn.append(" " if line else "")
            drawn.append(line, style=cell.style)
            waiting = ("" if lane.is_right else blank) + " " * _GAP
        drawn.append("\n")


def _append_below(drawn: Text, named: Sequence[tuple[str, Cell]], width: int) -> None:
    """Texts under a row, each beside its name and folded under itself."""
    start = max((len(name) for name, _ in named), default=0) + _INDENT + _GAP
    for name, cell in named:
        for at, line in enumerate(_wrapped(cell.text, width - start) if cell.text else ()):
            drawn.append((" " * _INDENT + name).ljust(start) if at == 0 else " " * start, style=DIM)
            drawn.append(f"{line}\n", style=cell.style)


def _wrapped(text: str, width: int) -> list[str]:
    """The text's lines; letters that are two wide are counted as such."""
    from rich.cells import cell_len, chop_cells

    if cell_len(text) <= width:
        return [text]
    return [part for line in wrap(text, max(1, width)) for part in chop_cells(line, max(1, width))]


def _blank(text: str, width: int) -> str:
    from rich.cells import cell_len

    return " " * max(0, width - cell_len(text))


def _squeezed(lanes: Sequence[Lane], width: int) -> list[int]:
    """The lanes' widths; where they do not fit, the widest text gives way first."""
    widths = [max(lane.full, lane.width) for lane in lanes]
    if sum(widths) + _GAP * (len(lanes) - 1) <= width:
        return widths
    widths = [lane.width for lane in lanes]
    over = sum(widths) + _GAP * (len(lanes) - 1) - width
    while over > 0:
        slack = [(w - lane.least, at) for at, (w, lane) in enumerate(zip(widths, lanes, strict=True)) if w > lane.least]
        if not slack:
            return widths
        widths[max(slack)[1]] -= 1
        over -= 1
    return widths


def _taken(lanes: Sequence[Lane], squeezed: bool = False) -> int:
    return sum((lane.least if squeezed else lane.width) + _GAP for lane in lanes) - _GAP


def _units(lanes: Sequence[Lane]) -> list[list[Lane]]:
    """Lanes that stay together."""
    units: list[list[Lane]] = []
    for lane in lanes:
        if lane.joins and units:
            units[-1].append(lane)
        else:
            units.append([lane])
    return units


def _grouped(lane: Lane) -> Lane:
    cells = [Cell("") if at and cell == lane.cells[at - 1] else cell for at, cell in enumerate(lane.cells)]
    return Lane(lane.heading, tuple(cells), lane.is_right, lane.is_dimension)


def _lane(result: Result, at: int, currency: str, rows: Sequence[int], marks: set[str]) -> Lane:
    column = result.columns[at]
    cells = [_cell(result, at, row, currency, marks) for row in rows]
    if result.total is not None:
        cells.append(_total_cell(result, at, currency))
    if any(cell.text.endswith(WEAK) for cell in cells):
        # So that the digits of the others stand in line.
        cells = [cell if cell.text.endswith(WEAK) else replace(cell, text=f"{cell.text} ") for cell in cells]
    is_right = not column.is_dimension and column.type in ("integer", "number")
    if is_right and any(cell.shape for cell in cells):
        # So that the shapes stand in line too.
        widest = max(len(cell.text) for cell in cells)
        cells = [replace(cell, text=cell.text.rjust(widest)) if cell.shape else cell for cell in cells]
    joins = comparison(column, result.columns) is not None
    return Lane(_heading(column, result.columns), tuple(cells), is_right, column.is_dimension, joins)


def _cell(result: Result, at: int, row: int, currency: str, marks: set[str]) -> Cell:
    column, value = result.columns[at], result.rows[row][at]
    if column.is_dimension:
        return _dimension_cell(result, at, value, currency, marks)
    base = base_of(column, result.columns)
    if base is not None:
        at_now, at_before = base
        compared = result.columns[at_now]
        text = change_text(value, result.rows[row][at_before], compared, currency)
        return Cell(text, STYLES[of_change(value, compared).tone])
    text = show(value, column, currency)
    if value is not None and is_weak(_interval(result, row, column), column):
        marks.add(WEAK)
        text += WEAK
    status = against_target(value, column)
    style = DIM if value is None or comparison(column, result.columns) == "before" else ""
    return Cell(text, style, status.shape, STYLES[status.tone])


def _dimension_cell(result: Result, at: int, value: Value, currency: str, marks: set[str]) -> Cell:
    column = result.columns[at]
    text = show(value, column, currency)
    grain = grain_of(column)
    if at == grain_column(result.columns) and grain and is_partial(value, grain, result.receipt.period):
        marks.add(PARTIAL)
        return Cell(f"{text} {PARTIAL}", DIM)
    return Cell(text, DIM if value is None else "")


def _total_cell(result: Result, at: int, currency: str) -> Cell:
    assert result.total is not None
    column, value = result.columns[at], result.total[at]
    if column.is_dimension:
        return Cell("Total" if at == 0 else "", "bold")
    base = base_of(column, result.columns)
    if base is not None:
        at_now, at_before = base
        return Cell(change_text(value, result.total[at_before], result.columns[at_now], currency), "bold")
    return Cell(show(value, column, currency), "bold")


def is_weak(interval: Interval | None, column: Column) -> bool:
    """Whether a value rests on too few rows. A count or a sum is what it is, also when it is 0."""
    if interval is None or interval.state != "weak":
        return False
    return column.unit not in ("count", "currency") or interval.low is not None


def _interval(result: Result, row: int, column: Column) -> Interval | None:
    return result.intervals[row].get(column.name) if row < len(result.intervals) else None


def _heading(column: Column, columns: Sequence[Column]) -> str:
    compared = comparison(column, columns)
    return compared.capitalize() if compared else heading(column)
