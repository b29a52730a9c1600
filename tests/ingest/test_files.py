"""What is told of a file before it is read."""

from __future__ import annotations

import gzip
import hashlib
from itertools import chain
from pathlib import Path

import pytest

from opstally.errors import LoadError
from opstally.ingest.files import DataFile, as_utf8, count_lines, encoding_of, look, matching, natural


def given(tmp_path: Path, content: bytes, name: str = "a.csv") -> DataFile:
    path = tmp_path / name
    path.write_bytes(content)
    return DataFile(path, name)


@pytest.mark.parametrize(
    ("content", "lines", "spans"),
    [
        (b"", 0, False),
        (b"a,b", 1, False),
        (b"a,b\n1,2\n", 2, False),
        (b'a,b\n"1","2"\n', 2, False),
        (b'a,b\n"1""",2\n', 2, False),
        (b'a,b\n"1\n1",2\n', 3, True),
        (b'a,b\r\n"1","2"\r\n', 2, False),
        (b'a,b\n"1\r1",2\n', 2, True),
        (b'a,b\r"1\r1",2\r', 1, True),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_lines_and_quotes(tmp_path: Path, content: bytes, lines: int, spans: bool, zipped: bool) -> None:
    raw = gzip.compress(content) if zipped else content
    file = given(tmp_path, raw, "a.csv.gz" if zipped else "a.csv")
    seen = look(file, '"')
    assert (seen.bytes, seen.sha256) == (len(raw), hashlib.sha256(raw).hexdigest())
    if content.endswith(b"\r"):
        assert seen.spans is spans
    else:
        assert (seen.lines, seen.spans, count_lines(file)) == (lines, spans, lines)


def test_no_quotes_no_spans(tmp_path: Path) -> None:
    assert not look(given(tmp_path, b'a\n"\n'), "").spans


@pytest.mark.parametrize("damage", [lambda z: z[: len(z) // 2], lambda z: z[:-6] + b"\0\0\0\0\0\0", lambda z: b"x" + z])
def test_a_damaged_archive_is_refused(tmp_path: Path, damage: object) -> None:
    zipped = damage(gzip.compress(b"a,b\n" + b"1,2\n" * 10_000))  # type: ignore[operator]
    with pytest.raises(
        LoadError, match=r"^a\.csv\.gz cannot be read: .*\. Mend or replace the file, then load again\.$"
    ):
        look(given(tmp_path, zipped, "a.csv.gz"), '"')


def test_formats_by_extension(tmp_path: Path) -> None:
    names = ["a.csv", "a.tsv.gz", "a.CSV", "a.parquet", "a.json", "a.ndjson", "a.jsonl.GZ", "a.xlsx", "a"]
    formats = [given(tmp_path, b"", name).format() for name in names]
    assert formats == ["csv", "csv", "csv", "parquet", "json", "jsonl", "jsonl", None, None]
    assert given(tmp_path, b"", "a.json").format("jsonl") == "jsonl"
    assert given(tmp_path, b"", "a.log").format("csv") == "csv"
    assert given(tmp_path, b"", "a.parquet").format("csv") == "parquet"


def test_encodings(tmp_path: Path) -> None:
    assert encoding_of(given(tmp_path, b"a"), "cp1252") == "cp1252"
    assert encoding_of(given(tmp_path, "a".encode("utf-16")), "utf-8") == "utf-16"
    with pytest.raises(
        LoadError, match=r"a\.csv: there is no encoding 'utf-9'\. Set options\.encoding to one such as utf-8"
    ):
        encoding_of(given(tmp_path, b"a"), "utf-9")


def test_text_in_another_encoding_is_rewritten(tmp_path: Path) -> None:
    text = "a,ü\n" * 3_000_000  # longer than a piece
    assert as_utf8(given(tmp_path, text.encode("cp1252")), "cp1252", tmp_path).read_text("utf-8") == text


def test_text_that_is_not_in_its_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(
        LoadError, match=r"^a\.csv:3: this is not ascii text\. Set options\.encoding to the file's own\.$"
    ):
        as_utf8(given(tmp_path, b"a\nb\nc\xff\n"), "ascii", tmp_path)


def test_globs_give_each_file_once_in_natural_order(tmp_path: Path) -> None:
    for name in ("data/e-10.csv", "data/e-2.csv", "data/deep/e-1.csv", "data/b.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    found = [f.shown for f in matching(tmp_path, ("data/**/*.csv", "data/e-2.csv", "nowhere/*"))]
    assert found == ["data/deep/e-1.csv", "data/e-2.csv", "data/e-10.csv"]
    assert [f.shown for f in matching(tmp_path / "data", (str(tmp_path / "data/b.txt"),))] == ["b.txt"]


def test_natural_order_is_total() -> None:
    names = ["e", "e1", "e01", "e2", "e10", "10", "e1.csv", "é"]
    files = [DataFile(Path(n), n) for n in names]
    assert len({str(natural(f)) for f in files}) == len(names)
    assert sorted(files, key=natural) == sorted(chain(files[4:], files[:4]), key=natural)
