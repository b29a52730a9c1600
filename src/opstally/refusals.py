"""What a disk or the database refuses, in sentences."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from opstally.errors import DiskError

_TROUBLE: Final = {
    "is full": r"no space left|file too large|quota exceeded|failed to offload|max_temp_directory_size|write all bytes",
    "is read-only": r"read-only file system",
    "fails": r"\[errno 5\]|(?:write|truncate|sync).*input/output error|fsync failed|could not sync",
}
"""What is wrong with a disk, by what the system and the database say."""

_NEXT: Final = {
    "is full": "Make room on it",
    "is read-only": "Make it writable, or copy the project to a folder of your own",
    "fails": "Have it looked at",
}
DAMAGED: Final = "Corrupt database file"
"""How DuckDB's message begins when what is in a file contradicts itself."""


def disk_error(path: Path, problem: BaseException, outcome: str) -> DiskError | None:
    """The sentences for a disk that does not take what is written to it; None where that is not the problem.

    outcome: what has become of the data.
    """
    said = str(problem)
    for trouble, pattern in _TROUBLE.items():
        if re.search(pattern, said, re.IGNORECASE | re.DOTALL):
            return DiskError(f"The disk of {path.parent} {trouble}. {outcome} {_NEXT[trouble]}, then load again.")
    return None


def refusal(path: Path, said: str) -> str:
    """Why DuckDB could not open a database, by what it says, in one sentence."""
    if re.search(r"\block\b", said, re.IGNORECASE):
        holder = re.search(r"PID (\d+)", said)
        who = f"another process ({holder[0]})" if holder else "another process"
        return f"{path} is in use by {who}. Wait until it is done, or end it, and try again."
    if "not a valid DuckDB" in said:
        return (
            f"{path} is not a DuckDB database. Move it away; 'opstally load' makes a new one from the project's data."
        )
    if DAMAGED in said:
        return (
            f"{path} is damaged: {first_line(Exception(said))}. Restore it from a backup; without one, move it away, "
            "and 'opstally load' makes a new one from the project's data."
        )
    if "newer" in said.lower() or "version number" in said:
        return f"{path} was written by a later DuckDB than this one. Update Opstally and its duckdb to open it."
    if path.exists() and not os.access(path, os.R_OK):
        return f"{path} cannot be read: you lack the permission. Ask its owner for it."
    if re.search(r"permission denied|read-only file system|read-only mode", said, re.IGNORECASE):
        return (
            f"{path} cannot be written: {path.parent} is read-only for you. "
            "Change its permissions, or copy the project to a folder of your own."
        )
    return f"{path} cannot be opened: {first_line(Exception(said))}."


def first_line(problem: BaseException) -> str:
    """What an error of the database says, in one line without its end stop."""
    lines = str(problem).strip().splitlines()
    return re.sub(r"^[A-Z]\w+(?: \w+)* Error: ", "", lines[0]).rstrip(".") if lines else type(problem).__name__
