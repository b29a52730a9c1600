"""What is rendered: a report, or a query put in the shape of one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from opstally.model.report import Chart
from opstally.period import GRAINS, Calendar, Grain, Period
from opstally.result import Column, Receipt, ReportResult, Result, SectionResult, Value


@dataclass(frozen=True)
class Document:
    """Sections of numbers with their receipts. `name` is the report's slug, None for a query."""

    name: str | None
    title: str
    question: str
    as_of: dt.date
    period: Period | None
    sections: tuple[SectionResult, ...]
    assumptions: dict[str, float]
    notes: tuple[str, ...] = ()
    currency: str = "USD"

    def receipts(self) -> tuple[Receipt, ...]:
        """Those of the sections that have data."""
        return tuple(section.result.receipt for section in self.sections if section.result is not None)

    def filters(self) -> tuple[str, ...]:
        """Those that all sections with data share."""
        told = [receipt.filters for receipt in self.receipts()]
        return tuple(f for f in told[0] if all(f in other for other in told)) if told else ()


def of_report(report: ReportResult, currency: str = "USD") -> Document:
    """A report as it is."""
    return Document(
        report.report, report.title, report.question, report.as_of, report.period,
        report.sections, report.assumptions, report.notes, currency,
    )  # fmt: skip


def of_query(result: Result, currency: str = "USD") -> Document:
    """A query as a document of one section, with a chart where it is over time."""
    title = query_title(result.columns)
    section = SectionResult(title="", description="", result=result, chart=_series_chart(result))
    receipt = result.receipt
    return Document(
        None, title, "", receipt.as_of, receipt.period, (section,), receipt.assumptions, (), currency
    )  # fmt: skip


def query_title(columns: Sequence[Column]) -> str:
    """`CSAT, Reopen rate by team, by week`."""
    metrics = [c.label or humanize(c.name) for c in columns if c.metric and comparison(c, columns) is None]
    dimensions = [c.label or humanize(c.name) for c in columns if c.is_dimension]
    named = ", ".join(metrics[:3]) + (f" and {len(metrics) - 3} more" if len(metrics) > 3 else "")
    return named + "".join(f", by {d[:1].lower() + d[1:]}" for d in dimensions)


def humanize(name: str) -> str:
    """`avg_handle_hours` as `Avg handle hours`."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def heading(column: Column) -> str:
    """What stands over a column."""
    return column.label or humanize(column.name)


def comparison(column: Column, columns: Iterable[Column]) -> str | None:
    """`before` or `change` where the column is that of another one of the columns."""
    name, _, last = column.name.rpartition("_")
    return last if last in ("before", "change") and any(c.name == name for c in columns) else None


def base_of(column: Column, columns: Sequence[Column]) -> tuple[int, int] | None:
    """For a `_change` column, where the columns are that it is the change of: now, and before."""
    if comparison(column, columns) != "change":
        return None
    name = column.name.removesuffix("_change")
    places = {c.name: at for at, c in enumerate(columns)}
    before = places.get(f"{name}_before")
    return (places[name], before) if before is not None else None


def together(columns: Sequence[Column]) -> list[int]:
    """The columns' places, each followed by those of its `_before` and `_change`."""
    places = {c.name: at for at, c in enumerate(columns)}
    found: list[int] = []
    for at, column in enumerate(columns):
        if comparison(column, columns) is None:
            pair = (places.get(f"{column.name}_before"), places.get(f"{column.name}_change"))
            found += [at, *(place for place in pair if place is not None)]
    return found


def needs_text(needs: Sequence[str]) -> str:
    """Why a section is empty."""
    noun = "table" if len(needs) == 1 else "tables"
    return f"no data: needs {noun} {', '.join(needs)}"


def grain_column(columns: Sequence[Column]) -> int | None:
    """Where the column is that says the day, week, … of each row."""
    for at, column in enumerate(columns):
        if column.is_dimension and column.type == "date" and grain_of(column) is not None:
            return at
    return None


def grain_of(column: Column) -> Grain | None:
    """The grain that a time column's name tells: `week`, `metric_day`."""
    last = column.name.rsplit("_", 1)[-1]
    return next((grain for grain in GRAINS if grain == last), None)


def next_start(start: dt.date, grain: Grain) -> dt.date:
    """Where the bucket after the one that starts then begins."""
    if grain == "week":
        return start + dt.timedelta(weeks=1)
    months = {"month": 1, "quarter": 3, "year": 12}.get(grain)
    if months is None:
        return start + dt.timedelta(days=1)
    # Any calendar does for the length: the start is already that of the project's week or fiscal quarter.
    day = start
    for _ in range(months):
        day = Calendar().next_bucket(day, "month")
    return day


def is_partial(start: Value, grain: Grain, period: Period | None) -> bool:
    """Whether the bucket that starts then is only partly in the period."""
    if period is None or not isinstance(start, dt.date):
        return False
    return start < period.start or next_start(start, grain) > period.end


def only_sections(document: Document, sections: Iterable[SectionResult]) -> Document:
    """The same with other sections."""
    return replace(document, sections=tuple(sections))


def _series_chart(result: Result) -> Chart | None:
    """A line of the first number over time, one for each value of the one other dimension."""
    at = grain_column(result.columns)
    numbers = [c for c in result.columns if c.metric and c.type in ("integer", "number")]
    others = [c for i, c in enumerate(result.columns) if c.is_dimension and i != at]
    if at is None or not numbers or len(others) > 1:
        return None
    color = others[0].name if others else None
    return Chart(kind="line", x=result.columns[at].name, y=numbers[0].name, color=color, title="")
