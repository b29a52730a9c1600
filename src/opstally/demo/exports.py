"""Writes the raw exports: CSV and JSON lines as the company's tools would, from columns and SQL expressions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from opstally.demo.frame import Array, Frame, length
from opstally.demo.truth import Truth
from opstally.quoting import text

if TYPE_CHECKING:
    import duckdb

Columns = Mapping[str, str]
"""Column of the export → SQL expression over the frame's columns."""

ISO = "%Y-%m-%dT%H:%M:%SZ"


def label(column: str, names: Sequence[str]) -> str:
    """The names for a column of positions; a negative position is no value."""
    listed = ", ".join(text(name) for name in names)
    return f"[{listed}][{column} + 1]"


def numbered(prefix: str, column: str, width: int = 5) -> str:
    """Identifiers such as C-00042 for a column of numbers; a negative number is no value."""
    return f"CASE WHEN {column} >= 0 THEN printf('{prefix}%0{width}d', {column}) END"


def whole(column: str) -> str:
    """Floating numbers written without a point; NaN is no value."""
    return f"{column}::BIGINT"


def day(column: str) -> str:
    """The day of an instant."""
    return f"{column}::DATE"


def written(column: str, how: str = ISO) -> str:
    """An instant in the tool's own way of writing times."""
    return f"strftime({column}, '{how}')"


def worded(column: str, yes: str, no: str) -> str:
    """The tool's own words for true and false."""
    return f"CASE WHEN {column} THEN {text(yes)} ELSE {text(no)} END"


def same(*names: str) -> dict[str, str]:
    """Columns that are exported as they are."""
    return {name: name for name in names}


@dataclass(frozen=True)
class Exports:
    """The project folder being written; counts what goes into it."""

    folder: Path
    truth: Truth
    connection: duckdb.DuckDBPyConnection = field(repr=False)

    def table(self, table: str, rows: Frame, columns: Columns, part: str = "") -> None:
        """A file in the canonical table's own shape, which needs no mapping."""
        path = f"data/{table}/{part}.csv" if part else f"data/{table}.csv"
        self.csv(path, table, table, rows, columns)

    def csv(
        self, path: str, source: str, table: str, rows: Frame, columns: Columns, delimiter: str = ",", ragged: int = 0
    ) -> None:
        """A CSV file of a source; `ragged` lines with too few or too many fields follow the good ones."""
        self._copy(path, rows, columns, f"FORMAT csv, HEADER true, DELIMITER '{delimiter}'")
        if ragged:
            with (self.folder / path).open("a", encoding="utf-8", newline="") as file:
                file.writelines(delimiter.join(line) + "\n" for line in _ragged_lines(len(columns), ragged))
        self.truth.written(source, table, length(rows) + ragged)
        self.truth.soiled(source, table, rows.get("fault"), ragged)

    def jsonl(self, path: str, source: str, table: str, rows: Frame, columns: Columns) -> None:
        """A file with one JSON object a line."""
        self._copy(path, rows, columns, "FORMAT json, ARRAY false")
        self.truth.written(source, table, length(rows))
        self.truth.soiled(source, table, rows.get("fault"))

    def _copy(self, path: str, rows: Frame, columns: Columns, how: str) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        frame = {name: _scannable(values) for name, values in rows.items() if values.ndim == 1}
        chosen = ", ".join(f'{expression} AS "{name}"' for name, expression in columns.items())
        self.connection.register("frame", frame)
        self.connection.execute(f"COPY (SELECT {chosen} FROM frame) TO {text(str(target))} ({how})")
        self.connection.unregister("frame")


def _scannable(values: Array) -> Array:
    """DuckDB reads instants from numpy, but not days."""
    return values.astype("datetime64[s]") if values.dtype == np.dtype("datetime64[D]") else values


def _ragged_lines(width: int, count: int) -> list[list[str]]:
    """By turns, records that were cut off and records with a field too many."""
    return [["interrupted"] * (max(2, width // 3) if turn % 2 == 0 else width + 1) for turn in range(count)]
