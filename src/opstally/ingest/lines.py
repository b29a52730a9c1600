"""Delimited text that no ordinary reader takes as it is: each line looked at by itself, good records copied out."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from opstally.ingest.delimited import Shape
from opstally.ingest.files import LONGEST, DataFile

TOO_LONG: Final = f"is longer than {LONGEST} bytes"


@dataclass(frozen=True)
class Broken:
    """A line that is no record: its number, its text, and why."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True)
class _Good:
    line: int
    cells: list[str]


def mend(file: DataFile, path: Path, shape: Shape, copy: Path) -> tuple[Shape, list[Broken]]:
    """Write the good records of a file, each with its line as last cell, and return the copy's layout and the rest.

    A record that goes over several lines is one when its quotes close and its columns are as many as the header's;
    otherwise only its first line is broken, and the next line is looked at afresh: a stray quote costs one line, not
    the rest of the file.
    """
    broken: list[Broken] = []
    with DataFile(path, file.shown).open() as stream, open(copy, "w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
        for found in _records(io.TextIOWrapper(stream, "utf-8-sig", "surrogateescape", newline=""), shape):
            if isinstance(found, _Good):
                writer.writerow([*found.cells, found.line])
            else:
                broken.append(found)
    return Shape(shape.names, ",", '"', header=False), broken


def _records(stream: io.TextIOWrapper, shape: Shape) -> Iterator[_Good | Broken]:
    waiting: deque[tuple[int, str]] = deque()
    numbered = enumerate(stream, 1)
    for _ in range(shape.before):
        next(numbered, None)
    while (first := waiting.popleft() if waiting else next(numbered, None)) is not None:
        line, text = first
        if not text.strip():
            continue
        found = _single(line, text, shape)
        if isinstance(found, Broken) and shape.quote and text.count(shape.quote) & 1:
            found = _several(line, text, shape, waiting, numbered) or found
        yield found


def _single(line: int, text: str, shape: Shape) -> _Good | Broken:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return Broken(line, _shown(text), "is not UTF-8 text; set options.encoding to the file's own")
    if size > LONGEST:
        return Broken(line, _shown(text), TOO_LONG)
    plain = not (shape.quote and shape.quote in text)
    cells = text.rstrip("\r\n").split(shape.delimiter) if plain else _cells([text], shape)
    if cells is None:
        return Broken(line, _shown(text), "has a quote that is not closed, or text after a closing quote")
    if len(cells) != len(shape.names):
        return Broken(line, _shown(text), column_count(len(cells), len(shape.names)))
    return _Good(line, cells)


def _several(
    line: int, text: str, shape: Shape, waiting: deque[tuple[int, str]], numbered: Iterator[tuple[int, str]]
) -> _Good | None:
    """The record that starts here and goes on over the next lines; None, and they wait again, where there is none."""
    lines, quotes, size = [text], text.count(shape.quote), len(text)
    taken: list[tuple[int, str]] = []
    while size < LONGEST and (more := waiting.popleft() if waiting else next(numbered, None)) is not None:
        taken.append(more)
        lines.append(more[1])
        size += len(more[1])
        quotes += more[1].count(shape.quote)
        if quotes & 1:
            continue
        cells = _cells(lines, shape)
        if cells is not None and len(cells) == len(shape.names) and all(c.isprintable() or _encodes(c) for c in cells):
            return _Good(line, cells)
        break
    waiting.extendleft(reversed(taken))
    return None


def _cells(lines: list[str], shape: Shape) -> list[str] | None:
    """The cells of one record, None where its quoting is wrong or it is more than one."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if shape.quote else csv.QUOTE_NONE
    reader = csv.reader(lines, delimiter=shape.delimiter, quotechar=shape.quote or None, quoting=quoting, strict=True)
    try:
        cells, *others = reader
    except (csv.Error, ValueError):
        return None
    return None if others else cells


def _encodes(cell: str) -> bool:
    try:
        cell.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(text: str) -> str:
    return text.rstrip("\r\n").encode(errors="surrogateescape").decode(errors="replace")


def column_count(found: int, wanted: int) -> str:
    """Why a record with too few or too many columns is none."""
    return f"has {found} column{'s' if found != 1 else ''} instead of {wanted}"
