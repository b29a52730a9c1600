"""Files of exports: which there are, in which format, and what must be known of them before they are read."""

from __future__ import annotations

import codecs
import glob
import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Literal

from opstally.errors import LoadError

Format = Literal["csv", "parquet", "json", "jsonl", "xes", "yaml", "prometheus"]

FORMATS: Final[dict[str, Format]] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xes": "xes",
    ".yml": "yaml",
    ".yaml": "yaml",
}
_CHUNK: Final = 4 << 20
LONGEST: Final = 8_000_000
"""Bytes of the longest record. What is longer goes to quarantine: most often it is a quote that was never closed."""
_UTF16: Final = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True)
class DataFile:
    """A file of an export. `shown` is the path that people see."""

    path: Path
    shown: str

    @property
    def zipped(self) -> bool:
        return self.path.suffix.lower() == ".gz"

    @property
    def suffix(self) -> str:
        """The extension that tells the format, without `.gz`."""
        return Path(self.path.stem).suffix.lower() if self.zipped else self.path.suffix.lower()

    @property
    def stem(self) -> str:
        """The name without extensions."""
        return Path(self.path.stem).stem if self.zipped else self.path.stem

    def format(self, declared: Format | None = None) -> Format | None:
        """The format that the extension tells; the declared one where it tells none."""
        told = FORMATS.get(self.suffix)
        if told == "json" and declared == "prometheus":
            return declared
        # A JSON document is often named .json although it has a record a line, and the other way round.
        return declared if told is None or {told, declared} == {"json", "jsonl"} else told

    def open(self) -> IO[bytes]:
        """The bytes, unzipped. Raises LoadError where it cannot be read."""
        try:
            return gzip.open(self.path, "rb") if self.zipped else open(self.path, "rb")  # type: ignore[return-value]
        except OSError as problem:
            raise unreadable(self, problem) from problem


@dataclass(frozen=True)
class Look:
    """What reading a file through tells. Lines and records are those of its content, unzipped, with the header."""

    bytes: int
    sha256: str
    lines: int
    records: int | None = None
    """Where quoted values go over several lines: how many records that makes, by the quotes alone. The engine loses
    what follows a quote that is never closed, without a word; then it has read fewer."""
    nul: bool = False
    """Whether there is a NUL byte in it."""
    lengthy: bool = False
    """Whether a line is too long to be a record. The engine skips one that is longer than what it reads at once, and
    says nothing."""

    @property
    def spans(self) -> bool:
        """Whether a quoted value may go over several lines, so that a line's end need not be a record's."""
        return self.records is not None


def unreadable(file: DataFile, problem: Exception) -> LoadError:
    """The sentence for a file that the system or its compression refuses."""
    reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
    return LoadError(f"{file.shown} cannot be read: {reason}. Mend or replace the file, then load again.")


def size(file: DataFile) -> int:
    """The bytes of a file; 0 where it has gone, which is told when it is read."""
    try:
        return file.path.stat().st_size
    except OSError:
        return 0


def digest(file: DataFile) -> str:
    """The SHA-256 of a file as it lies there. Raises LoadError where it cannot be read."""
    try:
        with open(file.path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as problem:
        raise unreadable(file, problem) from problem


def look(file: DataFile, quote: str) -> Look:
    """Size, digest, lines and quoting of a file. Raises LoadError where it, or its compression, is broken.

    A zipped file is unzipped to its end: the engine takes a truncated one for a shorter one, without a word.
    """
    digest, size, content = hashlib.sha256(), 0, _Content(quote.encode())
    try:
        with open(file.path, "rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                if not file.zipped:
                    content.add(chunk)
        if file.zipped:
            with file.open() as stream:
                while chunk := stream.read(_CHUNK):
                    content.add(chunk)
        records = _records(file, quote.encode()) if content.spans else None
        return Look(size, digest.hexdigest(), content.lines, records, content.nul, content.lengthy)
    except (OSError, EOFError, zlib.error) as problem:
        raise unreadable(file, problem) from problem


class _Content:
    """The lines of a file, and whether a value in quotes may go over several of them, told piece by piece."""

    def __init__(self, mark: bytes) -> None:
        self.mark, self.ends, self.rest, self.ended = mark, 0, b"", True
        self.length = 0  # of the line that is not over
        self.spanning = self.nul = self.lengthy = False

    def add(self, chunk: bytes) -> None:
        self.nul = self.nul or b"\0" in chunk
        ends = _line_ends(chunk)
        self.ends += ends
        self.ended = chunk.endswith(b"\n")
        # A piece is shorter than that, so that no line within one is too long.
        self.lengthy = self.lengthy or self.length + (chunk.find(b"\n") if ends else len(chunk)) >= LONGEST
        self.length = len(chunk) - chunk.rindex(b"\n") if ends else self.length + len(chunk)
        if not self.mark or self.spanning or self.lengthy:
            return
        if not ends:
            self.rest += chunk
            return
        begin, end = chunk.index(b"\n") + 1, chunk.rindex(b"\n") + 1
        self._look(self.rest + chunk[:begin])
        self.rest = chunk[end:]
        # Lines without quotes, often all but a few, cost next to nothing.
        found = chunk.find(self.mark, begin, end)
        while found >= 0 and not self.spanning:
            after = chunk.index(b"\n", found) + 1
            self._look(chunk[chunk.rfind(b"\n", 0, found) + 1 : after])
            found = chunk.find(self.mark, after, end)

    def _look(self, line: bytes) -> None:
        """A line with an odd number of quotes, or one that ends within, may be part of a record."""
        if self.mark in line:
            self.spanning = bool(line.count(self.mark) & 1) or b"\r" in line.rstrip(b"\r\n")

    @property
    def spans(self) -> bool:
        if self.rest and not self.spanning:
            self._look(self.rest)
        return self.spanning

    @property
    def lines(self) -> int:
        return self.ends + (not self.ended)


def _line_ends(chunk: bytes) -> int:
    import numpy as np  # lazy: 0.15 s; ten times as fast as bytes.count

    return int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == 10))


def _records(file: DataFile, mark: bytes) -> int:
    """The records of a file, by the quotes alone."""
    records, inside = 0, 0
    with file.open() as stream:
        for line in stream:
            blank = not inside and line in (b"\n", b"\r\n")
            inside ^= line.count(mark) & 1
            records += not inside and not blank
    return records + inside


def count_lines(file: DataFile) -> int:
    """The lines of a file, unzipped."""
    content = _Content(b"")
    with file.open() as stream:
        while chunk := stream.read(_CHUNK):
            content.add(chunk)
    return content.lines


def encoding_of(file: DataFile, declared: str) -> str:
    """The declared encoding, or UTF-16 where the first bytes prove it. Raises LoadError for an unknown name."""
    try:
        codecs.lookup(declared)
    except LookupError:
        raise LoadError(
            f"{file.shown}: there is no encoding {declared!r}. Set options.encoding to one such as utf-8 or cp1252."
        ) from None
    with file.open() as stream:
        first = stream.read(2)
    return _UTF16.get(first, declared)


def as_utf8(file: DataFile, encoding: str, scratch: Path) -> Path:
    """A copy of a file in UTF-8. Raises LoadError naming the line that is not in the encoding."""
    target = scratch / f"{hashlib.sha256(file.shown.encode()).hexdigest()[:16]}{file.suffix or '.csv'}"
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    with file.open() as source, open(target, "wb") as copy:
        while True:
            chunk = source.read(_CHUNK)
            try:
                piece = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as problem:
                good = chunk[: problem.start].decode(encoding, errors="ignore")
                raise LoadError(
                    f"{file.shown}:{lines + good.count(chr(10))}: this is not {encoding} text. "
                    "Set options.encoding to the file's own."
                ) from None
            lines += piece.count("\n")
            copy.write(piece.encode())
            if not chunk:
                return target


def matching(folder: Path, patterns: Iterable[str]) -> list[DataFile]:
    """The files that any of the globs names, each once, in the natural order of their names."""
    found: dict[Path, DataFile] = {}
    for pattern in patterns:
        for name in glob.glob(os.path.join(glob.escape(str(folder)), pattern), recursive=True):
            path = Path(name)
            if path.is_file():
                found.setdefault(path.resolve(), DataFile(path, shown(path, folder)))
    return sorted(found.values(), key=natural)


def shown(path: Path, folder: Path) -> str:
    """A path below the project folder as such, any other as it is."""
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def natural(file: DataFile) -> tuple[list[tuple[int, str]], str]:
    """Sorts export-2 before export-10, the same everywhere."""
    parts = re.split(r"(\d+)", file.shown)
    return [(int(part), "") if i % 2 else (-1, part) for i, part in enumerate(parts)], file.shown
