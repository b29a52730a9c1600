"""JSON: documents rewritten as one record a line, and the SQL that reads records as text columns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from opstally.errors import LoadError
from opstally.ingest.delimited import line_scan
from opstally.ingest.files import DataFile, unreadable
from opstally.store import text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


# Two conditions joined by `and` may be computed in any order, and json_type fails on what is not JSON.
_IS_OBJECT = "CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' END"


def as_lines(file: DataFile, path: Path, records: str | None, scratch: Path) -> Path:
    """The records of a JSON document, one a line; the file itself where it already is so.

    Raises LoadError naming the place where it is not JSON, or where its list of records is not.
    """
    try:
        with DataFile(path, file.shown).open() as stream:
            document = json.loads(stream.read().decode("utf-8-sig"), parse_constant=_no_constant)
    except json.JSONDecodeError as problem:
        if problem.msg == "Extra data" and problem.lineno > 1 and records is None:
            return path
        raise LoadError(
            f"{file.shown}:{problem.lineno}: this is not JSON ({problem.msg}). Export the file again."
        ) from None
    except UnicodeDecodeError as problem:
        raise LoadError(
            f"{file.shown} is not UTF-8 text ({problem.reason}). Set options.encoding to the file's own."
        ) from None
    except _NotJson as problem:
        raise LoadError(f"{file.shown} holds {problem}, which is no JSON value. Export the file again.") from None
    except (OSError, EOFError) as problem:
        raise unreadable(file, problem) from problem
    target = scratch / f"{hashlib.sha256(file.shown.encode()).hexdigest()[:16]}.jsonl"
    with open(target, "w", encoding="utf-8") as lines:
        for record in _records(file, document, records):
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")
    return target


class _NotJson(Exception):
    pass


def _no_constant(name: str) -> NoReturn:
    raise _NotJson(name)


def _records(file: DataFile, document: Any, path: str | None) -> list[Any]:
    found = document
    for step in path.split(".") if path else ():
        if not isinstance(found, dict) or step not in found:
            raise LoadError(f"{file.shown} has no {path!r}.{_lists(document)}")
        found = found[step]
    if isinstance(found, list):
        return found
    if path is None and isinstance(found, dict) and not _paths(document):
        return [found]
    what = f"{path!r} is" if path else "the document is"
    raise LoadError(f"{file.shown}: {what} no list of records.{_lists(document)}")


def _lists(document: Any) -> str:
    paths = _paths(document)
    return (
        f" Set options.records to {' or '.join(map(repr, paths[:3]))}."
        if paths
        else " It holds no list of records at all."
    )


def _paths(document: Any, before: str = "") -> list[str]:
    """Dotted paths of the lists of objects in a document, down to three levels."""
    found: list[str] = []
    for key, value in document.items() if isinstance(document, dict) and before.count(".") < 3 else ():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            found.append(before + key)
        found += _paths(value, f"{before}{key}.")
    return found


def keys(connection: DuckDBPyConnection, paths: Sequence[Path]) -> tuple[str, ...]:
    """The keys that any record has, sorted."""
    found = connection.execute(
        f"SELECT DISTINCT unnest(CASE WHEN {_IS_OBJECT} THEN json_keys(line) END) AS key "
        f"FROM {line_scan(paths)} ORDER BY key"
    ).fetchall()
    return tuple(str(key) for (key,) in found)


def json_scan(paths: Sequence[Path], names: Sequence[str], nested: Sequence[str]) -> str:
    """SQL of the records as text columns r0, r1, …, with `line` as it stands and `broken` where it is no object.

    A `nested` name goes down into objects at its dots.
    """
    listed = ", ".join(text(_path(name, nested)) for name in names)
    columns = ", ".join(f"taken[{i + 1}] AS r{i}" for i in range(len(names)))
    return (
        f"(SELECT {columns}, line, taken IS NULL AND line IS NOT NULL AS broken, file_index "
        f"FROM (SELECT line, file_index, "
        f"CASE WHEN {_IS_OBJECT} THEN json_extract_string(line, [{listed}]) END AS taken "
        f"FROM {line_scan(paths)}))"
    )


def _path(name: str, nested: Sequence[str]) -> str:
    steps = name.split(".") if name in nested else [name]
    return "$" + "".join('."' + step.replace('"', '\\"') + '"' for step in steps)
