"""One YAML file: its data, and the line of every key and item in it.

YAML as people expect it (the 1.2 reading): only true and false are booleans; `on`, `no` and dates are text; keys are
always text. What could surprise is refused with its line: a key given twice, aliases of lists and mappings, tags,
several documents.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml

from opstally.errors import DefinitionError, Problem

Steps = tuple[str | int, ...]
"""Where something is in a file: keys and positions, from the outside in."""

LARGEST: Final = 1_000_000
"""Bytes. Definitions are written by hand; what is larger is another kind of file."""

DEEPEST: Final = 50
"""Levels of nesting, far more than any declaration has."""

_SUSPICIOUS: Final = 20_000
"""Characters, more than definitions have and fewer than it takes to nest dangerously deep."""

_TAG: Final = "tag:yaml.org,2002:"
_SafeLoader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class YamlFile:
    """A mapping read from a file. `shown` is the path that people see."""

    data: dict[str, Any]
    shown: str
    text: str

    def line(self, steps: Steps) -> int:
        """The line, from 1, of a key or item; of the nearest thing around it where it is not in the file."""
        while steps not in self._lines:
            steps = steps[:-1]
        return self._lines[steps]

    @cached_property
    def _lines(self) -> dict[Steps, int]:
        return {(): 1} | dict(_positions(_compose(self.text), ()))


def read(path: Path, shown: str) -> YamlFile:
    """Read a file that holds one mapping.

    Raises:
        DefinitionError: it cannot be read, is not UTF-8, not YAML, or not one mapping; with one Problem.
    """
    text = _text(path, shown)
    try:
        if len(text) > _SUSPICIOUS:
            _refuse_depth(text)
        node = _compose(text)
        if not isinstance(node, yaml.MappingNode):
            raise _Refused(node, "is empty" if node is None else "does not hold a mapping (key: value)")
        return YamlFile(_Builder().value(node, 0), shown, text)
    except _Refused as refused:
        raise _problem(shown, refused.line, refused.message) from None
    except yaml.MarkedYAMLError as error:
        raise _problem(shown, _line_of(error), _words(error, text)) from None
    except yaml.YAMLError:
        raise _problem(shown, *_control_character(text)) from None


class _Refused(Exception):
    def __init__(self, node: yaml.Node | yaml.Event | None, message: str) -> None:
        self.line = _line(node) if node is not None else 1
        self.message = message


_PLAIN: Final = re.compile(
    r"(?P<bool>true|True|TRUE|false|False|FALSE)|(?P<null>~|null|Null|NULL|)"
    # A number with leading zeros is a code, and stays text.
    r"|(?P<int>[-+]?(?:0|[1-9][0-9]*))"
    r"|(?P<float>[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
)
"""Texts without quotes that are not text."""


class _Loader(_SafeLoader):  # type: ignore[misc, valid-type]
    """Composes nodes with the tags of YAML 1.2's core schema."""

    def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> str:
        """The tag of a node that has none. PyYAML's own search took a third of the time of loading the catalogue."""
        if kind is not yaml.ScalarNode:
            return _TAG + ("seq" if kind is yaml.SequenceNode else "map")
        match = _PLAIN.fullmatch(value) if implicit[0] else None
        return _TAG + (match.lastgroup or "str") if match else _TAG + "str"


_SCALARS: Final[dict[str, Callable[[str], Any]]] = {
    _TAG + "str": str,
    _TAG + "bool": lambda text: text.lower() == "true",
    _TAG + "null": lambda _: None,
    _TAG + "int": int,
    _TAG + "float": float,
}
_COLLECTIONS: Final = {_TAG + "map", _TAG + "seq"}


def _compose(text: str) -> yaml.Node | None:
    loader = _Loader(text)
    try:
        node: yaml.Node | None = loader.get_single_node()
        return node
    finally:
        loader.dispose()


class _Builder:
    """Makes data of nodes, refusing what the module says."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def value(self, node: yaml.Node, depth: int) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self._seen:
            raise _Refused(node, "an alias (*name) of a list or mapping is not supported; write it out at each place")
        if depth > DEEPEST:
            raise _Refused(node, f"is nested deeper than {DEEPEST} levels")
        if node.tag not in _COLLECTIONS:
            raise _Refused(node, f"the tag {_shown_tag(node)} is not supported")
        self._seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, depth + 1) for item in node.value]
        return self._mapping(node, depth)

    def _mapping(self, node: yaml.Node, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _Refused(key, "a key must be text; a text that starts with { or [ needs quotes")
            if key.value in found:
                raise _Refused(key, f"the key {key.value!r} is given twice")
            found[key.value] = self.value(value, depth + 1)
        return found

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        make = _SCALARS.get(node.tag)
        if make is None:
            raise _Refused(node, f"the tag {_shown_tag(node)} is not supported")
        try:
            return make(node.value)
        except ValueError:
            raise _Refused(node, f"{node.value[:40]!r} cannot be read as {_shown_tag(node)}") from None


def _positions(node: yaml.Node | None, steps: Steps) -> Iterator[tuple[Steps, int]]:
    """Every key's and item's line; of a key, the line of the key itself."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*steps, key.value), _line(key)
            yield from _positions(value, (*steps, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for at, item in enumerate(node.value):
            yield (*steps, at), _line(item)
            yield from _positions(item, (*steps, at))


def _line(node: yaml.Node | yaml.Event) -> int:
    mark = node.start_mark
    return mark.line + 1 if mark is not None else 0


def _text(path: Path, shown: str) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise _problem(shown, 0, f"cannot be read: {error.strerror}") from None
    if len(raw) > LARGEST:
        raise _problem(shown, 0, f"is larger than {LARGEST:,} bytes; a definition is a short text")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _problem(shown, line, f"is not UTF-8 text (byte 0x{raw[error.start]:02x}); save it as UTF-8") from None
    return text


def _refuse_depth(text: str) -> None:
    """Refuse what nests too deep, before it is composed: YAML's parser recurses, and takes gigabytes where told to."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise _Refused(event, f"is nested deeper than {DEEPEST} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _problem(shown: str, line: int, message: str) -> DefinitionError:
    return DefinitionError([Problem(shown, line, message)])


def _shown_tag(node: yaml.Node) -> str:
    return str(node.tag).replace(_TAG, "!!")


def _line_of(error: yaml.MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark is not None else 0


def _words(error: yaml.MarkedYAMLError, text: str) -> str:
    if "single document" in (error.context or ""):
        return "holds several documents (---); write one file for each"
    if "cannot start any token" in (error.problem or ""):
        return _unstartable(error, text)
    said = error.problem or "it cannot be parsed"
    return f"is not YAML: {said}" + (f" ({error.context})" if error.context else "")


def _unstartable(error: yaml.MarkedYAMLError, text: str) -> str:
    mark = error.problem_mark
    found = text.splitlines()[mark.line][mark.column : mark.column + 1] if mark is not None else ""
    if found == "\t":
        return "a tab is used for indentation; use spaces"
    return f"is not YAML: a text that starts with {found} needs quotes"


def _control_character(text: str) -> tuple[int, str]:
    """The line, and what is wrong with it, where the reader refuses a character."""
    match = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    if match is None:
        return 0, "has a character that YAML cannot hold"
    return text.count("\n", 0, match.start()) + 1, f"has the control character {match[0]!r}; remove it"
