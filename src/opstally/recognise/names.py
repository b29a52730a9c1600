"""How alike two column names are, whatever the spelling, and what unit a name tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from opstally.yamlfile import read

_WORDS: Final = Path(__file__).with_name("words.yml")
_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[#%]")
_LIGHT: Final = frozenset({"when", "id", "name"})
_LITTLE: Final = 0.3
_NOISE: Final = frozenset({"is", "was", "has", "the", "of", "a", "utc", "flag", "value"})


@cache
def words() -> Mapping[str, Mapping[str, Any]]:
    """The file words.yml."""
    return read(_WORDS, "words.yml").data


@cache
def _meaning() -> dict[str, str]:
    return {word: means for means, alike in words()["names"].items() for word in alike}


@cache
def _units() -> dict[str, str]:
    return {word: unit for unit, alike in words()["units"].items() for word in alike}


@cache
def parts(name: str) -> tuple[str, ...]:
    """The words of a name, lower case: "createdAt" and "Created at" have the same."""
    return tuple(part.lower() for part in _PARTS.findall(name.replace("_", " ")))


@cache
def tokens(name: str) -> frozenset[str]:
    """The words of a name, those that say the same being one, without its unit."""
    meaning, units = _meaning(), _units()
    found = [part for part in parts(name) if part not in _NOISE]
    return frozenset(_meant(part, meaning) for part in found if part not in units or len(found) == 1)


def _meant(part: str, meaning: Mapping[str, str]) -> str:
    single = part[:-1] if len(part) > 3 and part.endswith("s") else part
    return meaning.get(part) or meaning.get(single) or single


def unit_of(name: str) -> str | None:
    """The unit that a name ends with, such as "Reply (h)" or "duration_min"."""
    found = parts(name)
    return _units().get(found[-1]) if len(found) > 1 else None


def alike(ours: str, theirs: str, about: str = "") -> float:
    """How alike two names are by their words, 0 to 1. Words that nearly every name has, and those of what the table is
    `about`, count little: a ticket's "solved" is its "ticket_solved_at"."""
    one, other, light = tokens(ours), tokens(theirs), _LIGHT | tokens(about)
    heavy = [sum(_LITTLE if token in light else 1.0 for token in found) for found in (one, other, one & other)]
    if heavy[2] < 1:
        return 1.0 if one and one == other else 0.0
    return 2 * heavy[2] / (heavy[0] + heavy[1])
