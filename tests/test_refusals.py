"""What disks and databases say, in sentences."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from opstally.refusals import disk_error, first_line, refusal

STORE = Path("project/opstally.duckdb")


def test_the_first_line_of_an_error() -> None:
    assert first_line(duckdb.Error("IO Error: No space left on device.\nLINE 1: …")) == "No space left on device"
    assert first_line(duckdb.Error("")) == "Error"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("IO Error: No space left on device", "The disk of project is full. All is there. Make room on it, then load"),
        (
            "Failed to offload data block",
            "The disk of project is full. All is there. Make room on it, then load again.",
        ),
        (
            "[Errno 30] Read-only file system",
            "The disk of project is read-only. All is there. Make it writable, or copy",
        ),
        (
            "[Errno 5] Input/output error",
            "The disk of project fails. All is there. Have it looked at, then load again.",
        ),
    ],
)
def test_a_disk_that_takes_nothing(said: str, sentence: str) -> None:
    assert str(disk_error(STORE, OSError(said), "All is there.")).startswith(sentence)


def test_other_problems_are_not_the_disk() -> None:
    assert disk_error(STORE, duckdb.Error("Binder Error: no such column"), "All is there.") is None


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            "IO Error: Could not set lock on file: Conflicting lock is held in x (PID 7)",
            "is in use by another process (PID 7)",
        ),
        ("IO Error: Could not set lock on file", "is in use by another process. Wait"),
        (
            "IO Error: The file exists, but it is not a valid DuckDB database file!",
            "is not a DuckDB database. Move it away",
        ),
        ("Serialization Error: it has a newer version number", "was written by a later DuckDB than this one."),
        ("IO Error: Cannot open file: Permission denied", "cannot be written: project is read-only for you."),
        (
            "IO Error: Corrupt database file: checksum 1 is not 2",
            "is damaged: Corrupt database file: checksum 1 is not 2.",
        ),
        ("IO Error: something else.", "cannot be opened: something else."),
    ],
)
def test_why_a_database_is_not_opened(said: str, sentence: str) -> None:
    assert refusal(STORE, said).startswith(f"{STORE} {sentence}")
