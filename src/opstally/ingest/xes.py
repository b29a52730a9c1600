"""XES, the XML of event logs: one record an event, in the names that event logs in CSV use, read as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any, Final
from xml.etree import ElementTree

from opstally.errors import LoadError
from opstally.ingest.files import DataFile, unreadable

NAME: Final = "concept:name"
SEQUENCE: Final = "event:index"
"""The event's place in its trace, from 1."""

_VALUES: Final = frozenset({"string", "date", "int", "float", "boolean", "id"})


def events(file: DataFile) -> Iterator[dict[str, Any]]:
    """The events of a log, read while they are taken.

    An event has its own attributes by their keys, those of its trace with `case:` before them, those of the log with
    `log:`, and its place as `event:index`. A log without a name has that of its file. Nested attributes are left out.
    Raises LoadError for what is not XES.
    """
    try:
        with file.open() as stream:
            yield from _events(stream, file)
    except ElementTree.ParseError as problem:
        line = problem.position[0]
        raise LoadError(f"{file.shown}:{line}: this is not XML ({problem.msg}). Export the log again.") from None
    except (OSError, EOFError) as problem:
        raise unreadable(file, problem) from problem


def _events(stream: IO[bytes], file: DataFile) -> Iterator[dict[str, Any]]:
    parsing = ElementTree.iterparse(stream, events=("start", "end"))
    _, root = next(parsing)
    if _tag(root) != "log":
        raise LoadError(f"{file.shown} is XML, but no event log: it begins with <{_tag(root)}> instead of <log>.")
    log: dict[str, str] = {f"log:{NAME}": file.stem}
    depth = 0
    for what, element in parsing:
        depth += 1 if what == "start" else -1
        if what == "start" or depth:
            continue
        if _tag(element) == "trace":
            case = {f"case:{key}": value for key, value in _attributes(element)}
            inside = [child for child in element if _tag(child) == "event"]
            for place, event in enumerate(inside, 1):
                yield {**log, **case, **dict(_attributes(event)), SEQUENCE: place}
        elif _tag(element) == "event":
            yield {**log, **dict(_attributes(element))}
        elif _tag(element) in _VALUES and element.get("key"):
            log[f"log:{element.get('key')}"] = element.get("value", "")
        root.clear()  # what was read is not needed any more; logs may be larger than memory


def _attributes(element: ElementTree.Element) -> Iterator[tuple[str, str]]:
    for child in element:
        key = child.get("key")
        if key and _tag(child) in _VALUES:
            yield key, child.get("value", "")


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
