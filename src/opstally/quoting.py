"""Names and texts as SQL of the project's database."""

from __future__ import annotations

import glob
from pathlib import Path


def quoted(name: str) -> str:
    """A name, as SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text constant, as SQL."""
    return "'" + value.replace("'", "''") + "'"


def filename(path: Path) -> str:
    """A file for the engine to read, as SQL: that one alone, also where its name is a pattern too, as x[1].csv is."""
    return text(glob.escape(str(path)))
