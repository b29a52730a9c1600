"""Delimited text: its header, and the SQL that reads it as text columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from opstally.errors import LoadError
from opstally.ingest.files import LONGEST, DataFile
from opstally.model.source import Options
from opstally.quoting import filename, text

_PADDED: Final = ("null_padding = true", "nullstr = '\x02\x03'")
"""Records that are too short are completed with NULL: as rejects, each lacking value would take memory and time. As no
text holds these control characters, no other value is NULL."""

_DELIMITERS: Final = ",;\t|"
csv.field_size_limit(LONGEST)


@dataclass(frozen=True)
class Shape:
    """How a file is laid out: `skip` lines before its header, or before its first record where it has no header."""

    names: tuple[str, ...]
    delimiter: str
    quote: str
    header: bool
    skip: int = 0

    @property
    def before(self) -> int:
        """Lines before the first record."""
        return self.skip + self.header


def shape(file: DataFile, path: Path, options: Options, encoding: str = "utf-8-sig") -> Shape:
    """The layout of a file, from its first lines. `path` is its copy in an encoding, or the file itself.

    Raises LoadError for a file without a header, or with one that cannot be used.
    """
    with (
        DataFile(path, file.shown).open() as stream,
        io.TextIOWrapper(stream, encoding, "replace", newline="") as lines,
    ):
        skip, first = 0, lines.readline(LONGEST)
        while first and not first.strip():
            skip, first = skip + 1, lines.readline(LONGEST)
        if not first:
            raise LoadError(f"{file.shown} is empty: it has not even a header. Export it again, or remove it.")
        # A header may go over several lines in quotes.
        start = (
            [first, *(lines.readline(LONGEST) for _ in range(20))]
            if options.quote and options.quote in first
            else [first]
        )
    delimiter = options.delimiter or _delimiter(start, options.quote, file)
    cells = _record(start, delimiter, options.quote)
    if not options.header:
        return Shape(tuple(f"column{i + 1}" for i in range(len(cells))), delimiter, options.quote, False, skip)
    lengthy = options.quote and any("\n" in cell or "\r" in cell for cell in cells)
    return Shape(
        _names(file, cells, options.repeated == "number"),
        delimiter,
        options.quote,
        True,
        skip + (sum(c.count("\n") for c in cells) if lengthy else 0),
    )


def _delimiter(start: Sequence[str], quote: str, file: DataFile) -> str:
    if file.suffix == ".tsv":
        return "\t"
    return max(_DELIMITERS, key=lambda d: len(_record(start, d, quote)))


def _record(start: Sequence[str], delimiter: str, quote: str) -> list[str]:
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    return next(csv.reader(iter(start), delimiter=delimiter, quotechar=quote or None, quoting=quoting), [])


def _names(file: DataFile, cells: Sequence[str], number: bool) -> tuple[str, ...]:
    names = [" ".join(cell.split()) or f"column{i + 1}" for i, cell in enumerate(cells)]
    if any("\ufffd" in name for name in names):
        raise LoadError(
            f"{file.shown}:1: the header is not UTF-8 text. Set options.encoding to the file's own, such as cp1252."
        )
    if any("\0" in name for name in names):
        raise LoadError(
            f"{file.shown}:1: the header holds NUL characters. Set options.encoding to the file's own, such as "
            "utf-16-le; where that is UTF-8, export it again."
        )
    if number:
        before = [names[:i].count(name) for i, name in enumerate(names)]
        names = [f"{name}.{n + 1}" if n else name for name, n in zip(names, before, strict=True)]
    for name in names:
        if names.count(name) > 1:
            raise LoadError(
                f"{file.shown}:1: the header has the column {name!r} more than once. Rename one of them, "
                "or number them with options: {repeated: number} in their source."
            )
    return tuple(names)


def csv_scan(paths: Sequence[Path], shape: Shape, together: bool, numbered: bool = False) -> str:
    """SQL of the records as text columns r0, r1, …, with the file's position in `file_index`.

    Empty values are empty texts; the values that a record lacks at its end, and only those, are NULL.
    together: several threads may read one file at once, which is right only where no quoted value goes over lines.
    numbered: a last column, `_line`, holds the line of each record.
    """
    columns = [f"'r{i}': 'VARCHAR'" for i in range(len(shape.names))] + ["'_line': 'BIGINT'"] * numbered
    longest = LONGEST * 3 if numbered else LONGEST  # a copy's quotes may be doubled
    read = _read_csv(paths, columns, shape.delimiter, shape.quote, shape.before, together, _PADDED, longest)
    return f"(SELECT *, file_index FROM {read})"


def line_scan(paths: Sequence[Path]) -> str:
    """SQL of the lines of text files, whole, as the column `line`; NULL for a blank one."""
    # No text holds this control character, so a line is one column whatever stands in it.
    return _read_csv(paths, ["'line': 'VARCHAR'"], "\x01", "", 0, True, [])


def _read_csv(
    paths: Sequence[Path], columns: Sequence[str], delimiter: str, quote: str, skip: int, together: bool,
    more: Sequence[str], longest: int = LONGEST,
) -> str:  # fmt: skip
    listed = ", ".join(map(filename, paths))
    options = [
        f"columns = {{{', '.join(columns)}}}",
        "auto_detect = false",
        f"delim = {text(delimiter)}",
        f"quote = {text(quote)}",
        f"escape = {text(quote)}",
        "header = false",  # the lines before the first record are skipped
        f"skip = {skip}",
        f"parallel = {str(together).lower()}",
        f"max_line_size = {longest}",
        f"buffer_size = {LONGEST * 4}",
        "store_rejects = true",
        *more,
    ]
    return f"read_csv([{listed}], {', '.join(options)})"
