"""Names and texts as SQL of the project's database."""

from __future__ import annotations


def quoted(name: str) -> str:
    """A name, as SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text constant, as SQL."""
    return "'" + value.replace("'", "''") + "'"
