"""Results of Prometheus queries: one record for each moment of each set of labels, with a column for each metric."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from opstally.errors import LoadError
from opstally.ingest.documents import parsed_document
from opstally.ingest.files import DataFile

TIME: Final = "time"
UNNAMED: Final = "value"
"""The column of a result without a name, such as that of a function."""


def samples(file: DataFile) -> Iterator[dict[str, Any]]:
    """The samples of a range query (a matrix) or an instant one (a vector), the metrics of equal labels side by side.

    Series that were asked for in one query and at the same steps meet in one record, so that a probe's success and its
    duration make one check. Raises LoadError for what is no such result.
    """
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    document = parsed_document(file, "json")
    for result in document if isinstance(document, list) else [document]:
        for series in _series(file, result):
            labels = dict(series.get("metric") or {})
            name = labels.pop("__name__", UNNAMED)
            for moment, value in series.get("values") or [series.get("value") or (None, None)]:
                if moment is not None:
                    key = (moment, *sorted(labels.items()))
                    found.setdefault(key, {**labels, TIME: moment})[name] = value
    yield from found.values()


def _series(file: DataFile, result: Any) -> list[dict[str, Any]]:
    data = result.get("data") if isinstance(result, dict) else None
    if isinstance(result, dict) and result.get("status") == "error":
        raise LoadError(f"{file.shown} holds an error of the query: {result.get('error', 'unknown')}. Ask again.")
    if not isinstance(data, dict) or data.get("resultType") not in ("matrix", "vector"):
        raise LoadError(
            f"{file.shown} is no result of a Prometheus query: it has no data.resultType matrix or vector. "
            "Save the whole answer of /api/v1/query_range."
        )
    return [one for one in data.get("result", []) if isinstance(one, dict)]
