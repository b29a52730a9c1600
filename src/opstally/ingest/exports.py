"""Files of an export made ready: looked at, in UTF-8, their columns known, and those alike put together."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from opstally.errors import LoadError
from opstally.ingest.delimited import Shape, csv_scan, shape
from opstally.ingest.documents import as_lines, json_scan, keys, yaml_documents
from opstally.ingest.files import LONGEST, DataFile, Format, Look, as_utf8, count_lines, encoding_of, look, unreadable
from opstally.ingest.nested import dotted
from opstally.ingest.prometheus import samples
from opstally.ingest.records import Records, whole_record
from opstally.ingest.xes import events
from opstally.model.source import Source
from opstally.quoting import filename, quoted
from opstally.refusals import first_line

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Export:
    """A file that can be read: `path` is the file itself, or its copy in UTF-8 or with one record a line."""

    file: DataFile
    path: Path
    format: Format
    look: Look
    names: tuple[str, ...]
    native: tuple[str, ...]
    shape: Shape | None = None
    """How delimited text is laid out."""
    nested: tuple[str, ...] = ()
    """Those of `names` that lie below keys of a JSON record."""
    written: tuple[str, ...] = ()
    """The names in the file, where the source knows some of them by others."""
    lacking: frozenset[str] = frozenset()
    """Columns that earlier files had, and that this one may lack."""
    refused: str = ""
    """Why none of its records are taken, where the source's contract says so."""

    @property
    def before(self) -> int:
        """Lines before the first record."""
        return self.shape.before if self.shape else 0

    @property
    def header(self) -> int:
        """Records before the first record: 1 for a header, over however many lines."""
        return int(self.shape.header) if self.shape else 0

    @property
    def alike(self) -> tuple[object, ...]:
        """What files must share to be read by one query."""
        scanned = (self.look.spans, self.look.nul) if self.format == "csv" else ()
        return self.format, self.names, self.native, self.shape, scanned, self.written, self.lacking, self.refused

    def lines(self) -> int:
        """The lines of `path`; -1 for what has no lines."""
        if self.format == "parquet":
            return -1
        if self.format == "csv" or self.path == self.file.path:
            return self.look.lines
        return count_lines(DataFile(self.path, self.file.shown))


def exports(files: Iterable[DataFile], source: Source, scratch: Path, connection: DuckDBPyConnection) -> list[Export]:
    """The files made ready, in their order. Raises LoadError for one that cannot be read at all."""
    found = []
    for file in files:
        try:
            found.append(_export(file, source, scratch, connection))
        except (gzip.BadGzipFile, EOFError, zlib.error) as problem:
            raise unreadable(file, problem) from problem
    return _with_all_keys(found, dotted(source))


def _export(file: DataFile, source: Source, scratch: Path, connection: DuckDBPyConnection) -> Export:
    match file.format(source.format) or source.format:
        case "parquet":
            return _parquet(file, connection)
        case "csv":
            return _delimited(file, source, scratch)
        case format_:
            return _json(file, format_, source, scratch, connection)


def _with_all_keys(found: list[Export], wanted: set[str]) -> list[Export]:
    """JSON leaves out what is empty: each file of it gets the keys of all, and those nested that are asked for."""
    top = {name for export in found if export.format == "jsonl" for name in export.names}
    nested = tuple(sorted(name for name in wanted - top if name.split(".")[0] in top))
    names = (*sorted(top), *nested)
    return [
        replace(e, names=names, native=("VARCHAR",) * len(names), nested=nested) if e.format == "jsonl" else e
        for e in found
    ]


def _delimited(file: DataFile, source: Source, scratch: Path) -> Export:
    seen = look(file, source.options.quote)
    path = _in_utf8(file, source, scratch)
    if path != file.path:
        rewritten = look(DataFile(path, file.shown), source.options.quote)
        seen = replace(rewritten, bytes=seen.bytes, sha256=seen.sha256)
    laid = shape(file, path, source.options)
    return Export(file, path, "csv", seen, laid.names, ("VARCHAR",) * len(laid.names), laid)


def _in_utf8(file: DataFile, source: Source, scratch: Path) -> Path:
    encoding = encoding_of(file, source.options.encoding)
    return (
        file.path
        if encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig")
        else as_utf8(file, encoding, scratch)
    )


def _json(file: DataFile, format_: Format, source: Source, scratch: Path, connection: DuckDBPyConnection) -> Export:
    seen = look(file, "")
    if seen.bytes == 0:
        raise LoadError(f"{file.shown} is empty. Export it again, or remove it.")
    if reader := _READERS.get(format_):
        path = scratch / f"{seen.sha256[:16]}.jsonl"
        with open(path, "w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in reader(file))
    else:
        path = _in_utf8(file, source, scratch)
    if format_ == "json":
        path = as_lines(file, path, source.options.records, scratch)
    if path != file.path or seen.lengthy:
        _refuse_longest(file, path)
    names = keys(connection, [path])
    if not names and count_lines(DataFile(path, file.shown)):
        raise LoadError(f"{file.shown} holds no JSON objects, which are what records are. Export it again.")
    return Export(file, path, "jsonl", seen, names, ("VARCHAR",) * len(names))


def _refuse_longest(file: DataFile, path: Path) -> None:
    with DataFile(path, file.shown).open() as lines:
        for number, line in enumerate(lines, 1):
            if len(line) > LONGEST:
                raise LoadError(
                    f"{file.shown}: record {number} is longer than {LONGEST} bytes. Take it out, or shorten what it "
                    "holds, then load again."
                )


_READERS: Final[Mapping[Format, Callable[[DataFile], Iterable[Any]]]] = {
    "xes": events,
    "yaml": yaml_documents,
    "prometheus": samples,
}
"""Formats whose records are written down again, one a line."""


def _parquet(file: DataFile, connection: DuckDBPyConnection) -> Export:
    import duckdb  # lazy: 0.15 s

    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({filename(file.path)})").fetchall()
    except duckdb.Error as problem:
        raise LoadError(f"{file.shown} cannot be read as Parquet: {first_line(problem)}.") from problem
    return Export(
        file, file.path, "parquet", look(file, ""), tuple(d[0] for d in described), tuple(d[1] for d in described)
    )


def groups(ready: Sequence[Export]) -> list[list[Export]]:
    """Neighbours that one query can read, in the order given."""
    return [list(alike) for _, alike in groupby(ready, key=lambda e: e.alike)]


def records(group: Sequence[Export]) -> Records:
    """The records of files that are alike."""
    return replace(_records(group), lacking=group[0].lacking, refused=group[0].refused)


def _records(group: Sequence[Export]) -> Records:
    first, paths = group[0], [export.path for export in group]
    stems = tuple(export.file.stem for export in group)
    if first.format == "csv" and first.shape is not None:
        sql = csv_scan(paths, first.shape, together=not first.look.spans)
        return Records(
            sql, first.names, first.file.shown, first.native, whole_record(first.names), stems=stems,
            width=len(first.names), delimiter=first.shape.delimiter, nul=first.look.nul,
        )  # fmt: skip
    if first.format == "jsonl":
        sql = json_scan(paths, first.names, first.nested)
        return Records(sql, first.names, first.file.shown, first.native, "line", broken="broken", stems=stems)
    taken = ", ".join(f"{quoted(name)} AS r{i}" for i, name in enumerate(first.written or first.names))
    sql = f"(SELECT {taken}, file_index FROM read_parquet([{', '.join(map(filename, paths))}]))"
    raw = whole_record(first.names, typed=True)
    return Records(sql, first.names, first.file.shown, first.native, raw, stems=stems)
