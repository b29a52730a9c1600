"""A document as one JSON object: exact values, half-open period, ISO 8601, null for what is missing."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import Any

from opstally.period import Period
from opstally.render.document import Document
from opstally.result import Column, Interval, Receipt, Result, SectionResult, Value


def render(document: Document) -> str:
    """The object's text, ending in a newline."""
    return dump(to_object(document))


def dump(value: object) -> str:
    """Any plain data, with days and instants, as the same kind of text."""
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False, default=_moment) + "\n"


def _moment(value: object) -> object:
    if isinstance(value, dt.date):
        return plain(value)
    raise TypeError(f"{type(value).__name__} is not plain data")


def to_object(document: Document) -> dict[str, Any]:
    """The document as plain data."""
    return {
        "report": document.name,
        "title": document.title,
        "question": document.question,
        "as_of": document.as_of.isoformat(),
        "period": _period(document.period),
        "assumptions": document.assumptions,
        "notes": list(document.notes),
        "sections": [_section(section) for section in document.sections],
    }


def plain(value: Value) -> str | int | float | bool | None:
    """A value as JSON has it. Instants are UTC; a number that is not finite is missing."""
    if isinstance(value, dt.datetime):
        return value.isoformat() + ("Z" if value.tzinfo is None else "")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def receipt_object(receipt: Receipt) -> dict[str, Any]:
    """Where the numbers come from."""
    return {
        "period": _period(receipt.period),
        "compared": _period(receipt.compared),
        "as_of": receipt.as_of.isoformat(),
        "timezone": receipt.timezone,
        "filters": list(receipt.filters),
        "definitions": [
            {
                "metric": d.metric,
                "label": d.label,
                "value": d.value,
                "where": d.where,
                "settled": d.settled,
                "version": d.version,
                "file": d.file,
            }
            for d in receipt.definitions
        ],
        "uses": [
            {
                "metric": u.metric,
                "table": u.table,
                "time_basis": u.time_basis,
                "period_rows": u.period_rows,
                "used": u.used,
                "excluded": u.excluded,
            }
            for u in receipt.uses
        ],
        "freshness": [
            {"table": f.table, "rows": f.rows, "newest": plain(f.newest), "loaded_at": plain(f.loaded_at)}
            for f in receipt.freshness
        ],
        "assumptions": receipt.assumptions,
        "engine": receipt.engine,
        "sql": list(receipt.sql),
        "notes": list(receipt.notes),
    }


def _period(period: Period | None) -> dict[str, str] | None:
    return None if period is None else {"start": period.start.isoformat(), "end": period.end.isoformat()}


def _section(section: SectionResult) -> dict[str, Any]:
    head = {"title": section.title, "description": section.description}
    if section.result is None:
        return {**head, "columns": [], "rows": [], "needs": list(section.needs), "receipt": None}
    result = section.result
    names = [column.name for column in result.columns]
    return {
        **head,
        "columns": [_column(column) for column in result.columns],
        "rows": [_record(names, row) for row in result.rows],
        "total": None if result.total is None else _record(names, result.total),
        "intervals": _intervals(result),
        "notes": list(result.notes),
        "receipt": receipt_object(result.receipt),
    }


def _record(names: list[str], row: tuple[Value, ...]) -> dict[str, Any]:
    return {name: plain(value) for name, value in zip(names, row, strict=True)}


def _column(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "label": column.label,
        "type": column.type,
        "unit": column.unit,
        "metric": column.metric,
        "good": column.good,
        "target": column.target,
    }


def _intervals(result: Result) -> list[dict[str, Any]]:
    """For each row, column → interval."""
    return [{name: _interval(interval) for name, interval in row.items()} for row in result.intervals]


def _interval(interval: Interval) -> dict[str, Any]:
    return {
        "n": interval.n,
        "low": plain(interval.low),
        "high": plain(interval.high),
        "method": interval.method,
        "state": interval.state,
        "reason": interval.reason,
    }
