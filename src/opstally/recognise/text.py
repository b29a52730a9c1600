"""A proposed source as YAML that a person reads and edits: each line with its reason, each doubt as a question."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opstally.ingest.files import DataFile
from opstally.recognise.fit import Fit, Matched
from opstally.recognise.kinds import Kind

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_ ./-]*(?<! )")
_SAID: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_NAMED: Final = 16
"""Columns named in a comment."""
_AT: Final = 58
"""The column at which reasons stand."""


def quoted(value: str) -> str:
    """A text as YAML, in quotes only where it needs them."""
    plain = _PLAIN.fullmatch(value) and value.lower() not in _SAID
    return value if plain else json.dumps(value, ensure_ascii=False)


def flow(value: Any) -> str:
    """Plain data as YAML in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{quoted(str(k))}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.17g}" if isinstance(value, float) else quoted(value) if isinstance(value, str) else str(value)


def source_text(
    name: str, files: Sequence[str], looked_at: DataFile, format_: str, options: Mapping[str, Any],
    columns: Mapping[str, Kind], best: Fit, next_best: Sequence[Fit], zone: str | None,
) -> str:  # fmt: skip
    """The text of sources/<name>.yml."""
    lines = [
        f"# Proposed from the first records of {looked_at.shown}: read it, answer each QUESTION, then 'opstally load'.",
        f"source: {name}",
        f"label: {quoted(name.replace('_', ' ').capitalize())}",
        f"files: {flow(list(files))}",
        f"format: {format_}",
        *([f"options: {flow(options)}"] if options else []),
        *_zone(columns, best, zone),
        f"match: {flow({'columns': [m.theirs for m in best.matched if '.' not in m.theirs][:8]})}",
        "targets:",
        _with(
            f"  - table: {best.table.table}", f"{len(best.matched)} of {len(columns)} columns fit{_others(next_best)}"
        ),
        "    columns:",
    ]
    if best.digest:
        lines.append(
            _with(f'      {best.digest}: "*"', "no column tells records apart, so a digest of the record does")
        )
    for one in best.matched:
        lines += _column(one)
    rest = [column for column in columns if column not in {m.theirs for m in best.matched}]
    if rest:
        lines.append(f"# Not used: {', '.join(rest)}.")
    filled = {best.digest, *(m.ours for m in best.matched)}
    offered = [name for name, column in best.table.columns.items() if not column.fill and column.reconciles is None]
    empty = [name for name in offered if name not in filled]
    if empty:
        more = ", …" if len(empty) > _NAMED else ""
        lines.append(f"# {best.table.table} also has a place for: {', '.join(empty[:_NAMED])}{more}.")
    return "\n".join(lines) + "\n"


def _zone(columns: Mapping[str, Kind], best: Fit, zone: str | None) -> list[str]:
    naive = [
        m.theirs for m in best.matched if columns[m.theirs].naive and best.table.columns[m.ours].type == "timestamp"
    ]
    if not naive:
        return []
    if zone is not None:
        return [f"timezone: {zone}"]
    example = columns[naive[0]].example
    return [
        f"# QUESTION: in which time zone is {naive[0]!r} ({example!r}) written? Its times have no offset. Say it here:",
        "# timezone: UTC",
    ]


def _others(next_best: Sequence[Fit]) -> str:
    return f"; next best: {', '.join(fit.table.table for fit in next_best[:2])}" if next_best else ""


def _column(one: Matched) -> list[str]:
    how = quoted(one.theirs) if not one.how else flow({"from": one.theirs, **one.how})
    lines = [_with(f"      {one.ours}: {how}", one.reason)]
    return [f"      # QUESTION: {one.question}", *lines] if one.question else lines


def _with(line: str, comment: str) -> str:
    return f"{line:<{_AT}}  # {comment}"
