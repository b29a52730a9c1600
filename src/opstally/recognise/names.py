"""How alike two column names are, whatever the spelling, and what unit a name tells."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from opstally.yamlfile import read

_WORDS: Final = Path(__file__).with_name("words")
_FIRST: Final = "english.yml"
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[#%]")
_JOINTS: Final = ("", "s", "n", "en", "es")
"""What German puts between the words of a compound."""
_SHORTEST: Final = 3
"""Letters of a word in a compound."""
_LIGHT: Final = frozenset({"when", "id", "name"})
_LITTLE: Final = 0.3


@cache
def words(section: str) -> Mapping[str, Sequence[str]]:
    """A section of all languages' files: what is meant → the words for it, without accents."""
    found: dict[str, list[str]] = {}
    for path in sorted(_WORDS.glob("*.yml"), key=lambda path: (path.name != _FIRST, path.name)):
        for means, alike in read(path, path.name).data.get(section, {}).items():
            found.setdefault(means, []).extend(map(unaccented, alike))
    return found


def unaccented(text: str) -> str:
    """Text as keyboards without accents write it: "gelöst" is "geloest", "créé" is "cree"."""
    text = unicodedata.normalize("NFC", text).translate(_UMLAUTS)
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


@cache
def _meaning() -> dict[str, str]:
    return _by_word("names")


@cache
def _units() -> dict[str, str]:
    return _by_word("units")


def _by_word(section: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for means, alike in words(section).items():
        for word in alike:
            found.setdefault(word, means)
    return found


@cache
def _noise() -> frozenset[str]:
    return frozenset(words("noise")["words"])


@cache
def parts(name: str) -> tuple[str, ...]:
    """The words of a name, lower case and without accents: "createdAt" and "Created at" have the same."""
    return tuple(part.lower() for part in _PARTS.findall(unaccented(name).replace("_", " ")))


@cache
def tokens(name: str) -> frozenset[str]:
    """The words of a name, those that say the same being one, without its unit."""
    meaning, units = _meaning(), _units()
    found = [word for part in parts(name) if part not in _noise() for word in _taken_apart(part) or (part,)]
    return frozenset(_meant(part, meaning) for part in found if part not in units or len(found) == 1)


def _meant(part: str, meaning: Mapping[str, str]) -> str:
    single = part[:-1] if len(part) > 3 and part.endswith("s") else part
    return meaning.get(part) or meaning.get(single) or single


@cache
def _taken_apart(part: str) -> tuple[str, ...]:
    """The known words that one is, or is made of without spaces, as "ticketnummer" is; none where it is not."""
    known = _meaning()
    if part in known or part in _units():
        return (part,)
    for end in range(len(part) - _SHORTEST, _SHORTEST - 1, -1):
        rest = part[end:]
        joints = [joint for joint in _JOINTS if rest.startswith(joint)] if part[:end] in known else []
        for others in (
            _taken_apart(rest.removeprefix(joint)) for joint in joints if len(rest) - len(joint) >= _SHORTEST
        ):
            if others:
                return (part[:end], *others)
    return ()


def unit_of(name: str) -> str | None:
    """The unit that a name ends with, such as "Reply (h)" or "duration_min"."""
    found = [word for part in parts(name) for word in _taken_apart(part) or (part,)]
    return _units().get(found[-1]) if len(found) > 1 else None


def alike(ours: str, theirs: str, about: str = "") -> float:
    """How alike two names are by their words, 0 to 1. Words that nearly every name has, and those of what the table is
    `about`, count little: a ticket's "solved" is its "ticket_solved_at"."""
    one, other, light = tokens(ours), tokens(theirs), _LIGHT | tokens(about)
    heavy = [sum(_LITTLE if token in light else 1.0 for token in found) for found in (one, other, one & other)]
    if heavy[2] < 1:
        return 1.0 if one and one == other else 0.0
    return 2 * heavy[2] / (heavy[0] + heavy[1])
