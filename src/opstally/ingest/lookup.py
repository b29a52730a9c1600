"""Exports beside an export, that say more about its records: the name of a group, the kind of a resource."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from opstally.errors import LoadError
from opstally.ingest.exports import Export, exports, groups, records
from opstally.ingest.files import DataFile, matching
from opstally.ingest.records import Records
from opstally.model.source import Lookup, Source
from opstally.quoting import quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def joined(
    read: Records, group: Sequence[Export], source: Source, connection: DuckDBPyConnection, scratch: Path
) -> Records:
    """The records with the columns of each lookup, as `<lookup>.<column>`, where files of it lie in the same folders.

    A record has what the first of the lookup's records with its key says, and nothing where there is none.
    """
    for name, lookup in source.lookups.items():
        files = _files(lookup, [export.file for export in group])
        if files:
            read = _joined(read, name, lookup, files, source, connection, scratch)
    return read


def fingerprint(source: Source, wanted: Sequence[DataFile]) -> str:
    """Of what the lookups hold; as these change, so does what the export's records mean."""
    digest = hashlib.sha256()
    for lookup in source.lookups.values():
        for file in _files(lookup, wanted):
            digest.update(file.path.read_bytes())
    return digest.hexdigest()


def _files(lookup: Lookup, beside: Sequence[DataFile]) -> list[DataFile]:
    folders = dict.fromkeys(file.path.parent for file in beside)
    own = {file.path.resolve() for file in beside}
    found = [file for folder in folders for file in matching(Path(glob.escape(str(folder))), lookup.files)]
    return [file for file in found if file.path.resolve() not in own]


def _joined(
    read: Records, name: str, lookup: Lookup, files: Sequence[DataFile], source: Source,
    connection: DuckDBPyConnection, scratch: Path,
) -> Records:  # fmt: skip
    read = _with_lines(read)
    table, columns = _table(name, lookup, files, source, connection, scratch)
    nulls = source.options.null
    same = " AND ".join(f"{_cleaned(read, ours, nulls)} = k.k{i}" for i, ours in enumerate(lookup.on.values()))
    added = ", ".join(f"k.c{i} AS r{len(read.names) + i}" for i in range(len(columns)))
    return replace(
        read,
        sql=f"(SELECT m.*, {added} FROM {read.sql} AS m LEFT JOIN {table} AS k ON {same})",
        names=(*read.names, *(f"{name}.{column}" for column in columns)),
        native=(*read.native, *("VARCHAR" for _ in columns)),
    )


def _cleaned(read: Records, name: str, nulls: Sequence[str]) -> str:
    return read.cleaned(read.position(name), nulls)


def _with_lines(read: Records) -> Records:
    """A join may change the order of records, which then no longer tells their lines; text is read again by lines."""
    if read.numbered or not read.broken:
        return read
    counted = f"(SELECT *, row_number() OVER () AS _at FROM {read.sql})"
    numbered = f"(SELECT * EXCLUDE (_at), _at - min(_at) OVER (PARTITION BY file_index) + 1 AS _line FROM {counted})"
    return replace(read, sql=numbered, numbered=True)


def _table(
    name: str, lookup: Lookup, files: Sequence[DataFile], source: Source, connection: DuckDBPyConnection, scratch: Path
) -> tuple[str, tuple[str, ...]]:
    """A temporary table of a lookup, one record a key, and its columns."""
    plain = Source(source=source.source, label=source.label, format=lookup.format, options=lookup.options, targets=())
    found = [export for export in exports(files, plain, scratch, connection) if export.names]
    columns = tuple(dict.fromkeys(column for export in found for column in export.names))
    queries = []
    for group in groups(found):
        read = records(group)
        keys = [f"{_cleaned(read, theirs, lookup.options.null)} AS k{i}" for i, theirs in enumerate(lookup.on)]
        values = [
            f"{_cleaned(read, column, lookup.options.null) if column in read.names else 'NULL'} AS c{i}"
            for i, column in enumerate(columns)
        ]
        queries.append(f"SELECT {', '.join([*keys, *values])} FROM {read.sql}")
    if not queries:
        raise LoadError(f"{files[0].shown} holds no records to look {name} up in.")
    keys_only = ", ".join(f"k{i}" for i in range(len(lookup.on)))
    table = f"temp.{quoted(f'lookup {name}')}"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {quoted(f'lookup {name}')} AS "
        f"SELECT * FROM ({' UNION ALL '.join(queries)}) AS found "
        f"QUALIFY row_number() OVER (PARTITION BY {keys_only} ORDER BY hash(found), found) = 1"
    )
    return table, columns
