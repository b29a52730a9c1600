"""JSON: documents rewritten as one record a line, and the SQL that reads records as text columns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from opstally.errors import LoadError
from opstally.ingest.delimited import line_scan
from opstally.ingest.files import DataFile, Format, unreadable
from opstally.ingest.nested import json_path
from opstally.quoting import text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


WHOLE: Final = "."
"""The path of a document that is one record itself, although it holds lists."""

# Two conditions joined by `and` may be computed in any order, and json_type fails on what is not JSON.
_IS_OBJECT = "CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' END"


def as_lines(file: DataFile, path: Path, records: str | None, scratch: Path) -> Path:
    """The records of a JSON document, one a line; the file itself where it already is so.

    Pages of an API, one a line or in a list, are put together. Raises LoadError naming the place where it is not JSON,
    or where its list of records is not.
    """
    document = _document(DataFile(path, file.shown), records is not None)
    if document is None:
        return path
    target = scratch / f"{hashlib.sha256(file.shown.encode()).hexdigest()[:16]}.jsonl"
    with open(target, "w", encoding="utf-8") as lines:
        for record in _records(file, document, records):
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")
    return target


def _document(file: DataFile, pages: bool) -> Any:
    """What a JSON file holds; None for one with a record a line or, where lines may be pages, the list of them."""
    content = ""
    try:
        with file.open() as stream:
            content = stream.read().decode("utf-8-sig")
        return _parsed(content)
    except json.JSONDecodeError as problem:
        if problem.msg == "Extra data" and problem.lineno > 1:
            return _lines(file, content) if pages else None
        raise _no_json(file, problem.lineno, problem) from None
    except UnicodeDecodeError as problem:
        raise LoadError(
            f"{file.shown} is not UTF-8 text ({problem.reason}). Set options.encoding to the file's own."
        ) from None
    except _NotJson as problem:
        raise LoadError(f"{file.shown} holds {problem}, which is no JSON value. Export the file again.") from None
    except (OSError, EOFError) as problem:
        raise unreadable(file, problem) from problem


def _lines(file: DataFile, content: str) -> list[Any]:
    found = []
    for number, line in enumerate(content.splitlines(), 1):
        try:
            found += [_parsed(line)] if line.strip() else []
        except json.JSONDecodeError as problem:
            raise _no_json(file, number, problem) from None
    return found


def _parsed(content: str) -> Any:
    return json.loads(content, parse_constant=_no_constant)


def _no_json(file: DataFile, line: int, problem: json.JSONDecodeError) -> LoadError:
    return LoadError(f"{file.shown}:{line}: this is not JSON ({problem.msg}). Export the file again.")


def parsed_document(file: DataFile, format_: Format) -> Any:
    """What a JSON or YAML file holds, as data. Raises LoadError where it is none."""
    return yaml_documents(file) if format_ == "yaml" else _document(file, pages=True)


def yaml_documents(file: DataFile) -> list[Any]:
    """The records in a file's YAML documents, all values as the text that stands there."""
    import yaml  # lazy: 0.05 s, and few exports are YAML

    try:
        with file.open() as stream:
            documents = list(yaml.load_all(stream, yaml.BaseLoader))
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        said = str(getattr(problem, "problem", None) or problem).splitlines()[0]
        raise LoadError(f"{file.shown} is not YAML ({said}). Export the file again.") from None
    return [one for document in documents for one in (document if isinstance(document, list) else [document])]


class _NotJson(Exception):
    pass


def _no_constant(name: str) -> NoReturn:
    raise _NotJson(name)


def _records(file: DataFile, document: Any, path: str | None) -> list[Any]:
    if path == WHOLE:
        return document if isinstance(document, list) else [document]
    if path is None:
        if isinstance(document, list):
            return document
        if isinstance(document, dict) and not list_paths(document):
            return [document]
        raise LoadError(f"{file.shown}: the document is no list of records.{_lists(document)}")
    if isinstance(document, list):
        pages = all(isinstance(page, dict) and isinstance(_at(page, path), list) for page in document)
        return [record for page in document for record in _at(page, path)] if pages else document
    found = _at(document, path)
    if found is None:
        raise LoadError(f"{file.shown} has no {path!r}.{_lists(document)}")
    if not isinstance(found, list):
        raise LoadError(f"{file.shown}: {path!r} is no list of records.{_lists(document)}")
    return found


def _at(document: Any, path: str) -> Any:
    for step in path.split("."):
        if not isinstance(document, dict) or step not in document:
            return None
        document = document[step]
    return document


def _lists(document: Any) -> str:
    paths = list(list_paths(document))
    return (
        f" Set options.records to {' or '.join(map(repr, paths[:3]))}."
        if paths
        else " It holds no list of records at all."
    )


def list_paths(document: Any, before: str = "") -> dict[str, list[Any]]:
    """The lists of objects in a document by their dotted paths, down to three levels."""
    found: dict[str, list[Any]] = {}
    for key, value in document.items() if isinstance(document, dict) and before.count(".") < 3 else ():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            found[before + key] = value
        found |= list_paths(value, f"{before}{key}.")
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
    # A key of the record itself is taken as it is, even if it is a number or has dots.
    return json_path(name.split(".")) if name in nested else '$."' + name.replace('"', '\\"') + '"'
