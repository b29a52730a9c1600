"""What the words of help desks and status pages mean: the packaged names, and a project's own before them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from opstally.derive.step import Given
from opstally.quoting import text
from opstally.yamlfile import read

WORDS: Final = Path(__file__).with_name("words.yml")
UNKNOWN: Final = "unknown"


@cache
def _packaged() -> Mapping[str, Any]:
    return read(WORDS, "words.yml").data


def pairs(kind: str, own: Mapping[str, str]) -> list[tuple[str, str]]:
    """(pattern, meaning) in the order in which they decide. `kind` is a section of words.yml."""
    packaged = [(_plain(word), meaning) for meaning, words in _packaged()[kind].items() for word in words]
    # An exact name says more than a pattern, wherever it stands.
    packaged.sort(key=lambda pair: "*" in pair[0])
    return [*((_plain(word), meaning) for word, meaning in own.items()), *packaged]


def meaning(name: str, known: Iterable[tuple[str, str]]) -> str | None:
    """What a name means by the first pattern that fits it, or None."""
    plain = _plain(name)
    return next((means for pattern, means in known if _fits(plain, pattern)), None)


def translate(given: Given, table: str, kind: str, own: Mapping[str, str], names: str) -> list[str]:
    """Make the temporary table `<table>(name, meaning)` for every name that the query gives; tells those unknown.

    `name` is as it stands in the data; unknown names mean "unknown".
    """
    known = pairs(kind, own)
    found = sorted({str(name) for (name,) in given.run(names) if name is not None})
    meanings = {name: meaning(name, known) for name in found}
    given.run(f"CREATE OR REPLACE TEMP TABLE {table} (name VARCHAR, meaning VARCHAR)")
    if meanings:
        rows = ", ".join(f"({text(name)}, {text(means or UNKNOWN)})" for name, means in meanings.items())
        given.run(f"INSERT INTO {table} VALUES {rows}")
    return [name for name, means in meanings.items() if means is None]


def few(names: Sequence[str]) -> str:
    """Names for a sentence, not too many."""
    shown = ", ".join(repr(name) for name in names[:10])
    return f"{shown} and {len(names) - 10} more" if len(names) > 10 else shown


def _fits(plain: str, pattern: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), plain) is not None


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("_", " ").replace("-", " ").split())
