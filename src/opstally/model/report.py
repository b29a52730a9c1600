"""A report: a title, the question it answers, its window, and sections that name metrics."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from opstally.model.declaration import Declaration, Expression, Name, Slug

GrainName = Literal["day", "week", "month", "quarter", "year"]


class Chart(Declaration):
    """A chart drawn from the section's rows; names are columns of the section."""

    kind: Literal["line", "bar", "stacked_bar", "heat"]
    x: Name
    y: Name
    color: Name | None = None
    title: str = ""


class Transform(Declaration):
    """A step on the section's rows by a method of `opstally.methods`; `options` are its keyword arguments."""

    method: Name
    options: dict[str, Any] = {}


class Section(Declaration):
    """One table of a report."""

    title: str
    description: str = ""
    by: dict[Name, str] | tuple[str, ...] = ()
    """Dimensions, or output column → dimension."""
    grain: GrainName | None = None
    columns: dict[Name, Name]
    """Output column → metric, in the order shown."""
    where: Expression | None = None
    window: str | None = None
    """Other than the report's."""
    transform: Transform | None = None
    shown: tuple[Name, ...] = ()
    """The output columns and their order, where a transform changes them; all otherwise."""
    sort: tuple[str, ...] = ()
    """Output columns, `-` before one for descending."""
    members: bool = True
    """Show dimension members that have no facts."""
    compare: Literal["previous", "year"] | None = None
    """Adds `<column>_before` and `<column>_change` for every metric column."""
    chart: Chart | None = None


class Report(Declaration):
    """See the module."""

    report: Slug
    title: str
    question: str
    audience: str = ""
    window: str
    """Complete periods that ended by `as_of`: "13 weeks", "30 days", "6 months", "1 month"."""
    sections: tuple[Section, ...] = Field(min_length=1)
    notes: tuple[str, ...] = ()
