"""A look at the beginning of a file: which records it holds, under which names, so that its kind can be told."""

from __future__ import annotations

import csv
import io
import itertools
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from opstally.errors import LoadError
from opstally.ingest.delimited import Shape, shape
from opstally.ingest.documents import list_paths, parsed_document
from opstally.ingest.files import DataFile, Format, encoding_of
from opstally.ingest.records import squashed
from opstally.ingest.xes import events
from opstally.model.source import Options, Source
from opstally.quoting import filename

ENOUGH: Final = 200
"""Records that are looked at."""


@dataclass(frozen=True)
class Glance:
    """What a file begins with. `records`: dotted path of a list in a JSON document ("" for the document itself, and for
    all other formats) → its first records."""

    file: DataFile
    format: Format
    records: Mapping[str, Sequence[Mapping[str, Any]]]
    names: tuple[str, ...] = ()
    """The columns, in their order, of what has a header or a schema."""
    shape: Shape | None = None
    encoding: str = "utf-8"

    def columns(self, path: str | None = None) -> tuple[str, ...]:
        """The names in the records at a path."""
        return self.names or tuple(dict.fromkeys(key for record in self.at(path) for key in record))

    def at(self, path: str | None) -> Sequence[Mapping[str, Any]]:
        """The records at a path; those of the document where it has no such list, as when somebody cut it out."""
        return self.records[path] if path is not None and path in self.records else self.records[""]

    def has(self, name: str, path: str | None) -> bool:
        """Whether records have a column, or hold it in one of their columns."""
        spelled = {squashed(known) for known in self.columns(path)}
        return squashed(name) in spelled or any(_within(record, name) for record in self.at(path))


def matches(source: Source, glance: Glance) -> bool:
    """Whether a file has all the columns that tell a source's exports."""
    wanted, path = source.match.columns, _path(source, glance)
    if source.match.exact and {squashed(name) for name in glance.columns(path)} != {squashed(name) for name in wanted}:
        return False
    return bool(wanted) and all(glance.has(name, path) for name in wanted)


def _path(source: Source, glance: Glance) -> str | None:
    return source.options.records if glance.format == "json" else None


def _within(record: Mapping[str, Any], name: str) -> bool:
    found: Any = record
    for step in name.split("."):
        if isinstance(found, list) and step.lstrip("-").isdecimal() and found:
            found = found[0]
        elif isinstance(found, dict) and step in found:
            found = found[step]
        else:
            return False
    return True


def peek(file: DataFile, options: Options | None = None) -> Glance | None:
    """A look into a file; None for what is none of the formats, or cannot be read."""
    format_ = file.format()
    try:
        match format_:
            case None:
                return None
            case "csv":
                return _delimited(file, options)
            case "parquet":
                return _parquet(file)
            case "xes":
                return Glance(file, format_, {"": list(itertools.islice(events(file), ENOUGH))})
            case _:
                return _json(file, format_)
    except (LoadError, OSError, EOFError, ValueError, csv.Error, zlib.error):
        return None  # whoever loads the file says what is wrong with it


def _delimited(file: DataFile, options: Options | None) -> Glance:
    chosen = options or Options(repeated="number")
    encoding = encoding_of(file, chosen.encoding)
    with file.open() as stream:
        begun = stream.read(1 << 20)
    if options is None and encoding == "utf-8" and not _is_utf8(begun):
        encoding = "cp1252"
    laid = shape(file, file.path, chosen, "utf-8-sig" if encoding == "utf-8" else encoding)
    beginning = io.StringIO(begun.decode(encoding, "replace"), newline="")
    rows = csv.reader(beginning, delimiter=laid.delimiter, quotechar=laid.quote or None)
    records = [dict(zip(laid.names, row, strict=False)) for row in _some(rows, laid.before)]
    return Glance(file, "csv", {"": records}, laid.names, laid, encoding)


def _some(rows: Iterable[list[str]], skipped: int) -> Iterable[list[str]]:
    # The last row may have been cut off, and a row more costs nothing.
    return [row for row in itertools.islice(rows, 1, ENOUGH + skipped) if row][: ENOUGH - 1]


def _is_utf8(begun: bytes) -> bool:
    try:
        begun[:-4].decode("utf-8")  # a character may have been cut in two at the end
    except UnicodeDecodeError as problem:
        return problem.start > len(begun) - 8
    return True


def _parquet(file: DataFile) -> Glance:
    import duckdb  # lazy: 0.15 s

    with duckdb.connect() as connection:
        try:
            found = connection.execute(f"SELECT * FROM read_parquet({filename(file.path)}) LIMIT {ENOUGH}")
            names = tuple(column[0] for column in found.description or ())
            records = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        except duckdb.Error as problem:
            raise LoadError(str(problem)) from problem
    return Glance(file, "parquet", {"": records}, names)


def _json(file: DataFile, format_: Format) -> Glance:
    if format_ == "jsonl":
        with file.open() as stream:
            lines = [json.loads(line) for line in itertools.islice(stream, ENOUGH) if line.strip()]
        return Glance(file, "jsonl", {"": _objects(lines)})
    document = parsed_document(file, format_)
    if isinstance(document, list):
        first_page = list_paths(document[0] if document else None)
        pages = {path: _objects(found[:ENOUGH]) for path, found in first_page.items()}
        return Glance(file, format_, {**pages, "": _objects(document[:ENOUGH])})
    found = {path: _objects(records[:ENOUGH]) for path, records in list_paths(document).items()}
    return Glance(file, format_, {"": _objects([document]), **found})


def _objects(found: Iterable[Any]) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)]
